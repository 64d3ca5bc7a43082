import { describe, expect, it } from "vitest";
import { hashOf, parse } from "../src/lib/route.svelte";

describe("the address", () => {
  it.each([
    ["", { place: "queue", job: "" }],
    ["#/library", { place: "library", job: "" }],
    ["#/nowhere", { place: "queue", job: "" }],
    ["#/job/a%2Fb", { place: "job", job: "a/b" }],
    ["#/job/a?at=17", { place: "job", job: "a", at: 17 }],
    ["#/job/a%3Fat=2?at=17", { place: "job", job: "a?at=2", at: 17 }],
    ["#/job/a?at=-1", { place: "job", job: "a" }],
    ["#/job/a?at=1.5", { place: "job", job: "a" }],
    ["#/job/a?at=%E0%A4", { place: "job", job: "a" }],
    ["#/job/%E0%A4", { place: "queue", job: "" }],
  ])("%s leads to a place", (hash, route) => expect(parse(hash)).toEqual(route));

  it.each([
    ["job", "a/b?c#d", 17],
    ["job", "a", undefined],
    ["library", "", undefined],
  ] as const)("of %s %s reads back as it was written", (place, job, at) =>
    expect(parse(hashOf(place, job, at))).toEqual({ place, job, ...(at ? { at } : {}) }),
  );
});
