import { cleanup, render } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Transcript } from "../src/lib/api/types";
import { Reader } from "../src/lib/reader.svelte";
import { router } from "../src/lib/route.svelte";
import { placeOf, segmentAt } from "../src/views/job/at";
import { Corrections } from "../src/views/job/corrections.svelte";
import { find } from "../src/views/job/find";
import { Player } from "../src/views/job/player.svelte";
import { Texts } from "../src/views/job/texts.svelte";
import TranscriptView from "../src/views/job/Transcript.svelte";
import { job, segment } from "./fakes";

const text: Transcript = {
  language: "en",
  complete: true,
  segments: [
    segment(0, " The water came. ", 1),
    segment(1000, "We  waited.", 2),
    segment(2000, "", 3),
    segment(3000, "Cafe\u0301.", 4),
    segment(60_000, "它開了。", 5),
    segment(61_000, "門。", 6),
  ],
};

afterEach(() => {
  cleanup();
  router.route = { place: "queue", job: "" };
});

describe("a segment's place", () => {
  it("is where its words stand in the paragraph", async () => {
    const reader = new Reader("a", async () => text);
    await reader.load();
    const words = (n: number) => {
      const place = placeOf(reader, n);
      return place && reader.paragraphs[place.paragraph]?.text.slice(place.start, place.end);
    };
    expect([1, 2, 4, 5, 6].map(words)).toEqual([
      "The water came.",
      "We waited.",
      "Café.",
      "它開了。",
      "門。",
    ]);
    expect([0, 3, 7].map(words)).toEqual([undefined, undefined, undefined]);
    expect(placeOf(reader, undefined)).toBeUndefined();
  });
});

describe("a time", () => {
  it("leads to the segment that has begun by then", () => {
    const at = (ms: number) => segmentAt(text.segments, ms);
    expect([0, 999, 1000, 59_999, 60_000, 99_999].map(at)).toEqual([1, 1, 2, 4, 5, 6]);
    expect(segmentAt(text.segments.slice(1), 0)).toBe(1);
  });
});

describe("a text that is opened at a segment", () => {
  it("marks it, brings it into view and gives it the focus, once", async () => {
    const seen = vi.fn();
    Element.prototype.scrollIntoView = seen;
    const focused = () => document.activeElement?.textContent;
    const marks = () => [...document.querySelectorAll("mark")].map((m) => m.textContent);
    const texts = new Texts("a", async () => text);
    const reader = texts.original;
    const hands = {
      player: new Player("a", () => reader.lines),
      corrections: new Corrections({ done() {}, refused() {} }),
      editable: false,
    };
    const still = { job: job("a", { state: "done" }), texts, hands, matches: [], at: -1 };
    router.route = { place: "job", job: "a", at: 2 };
    const { rerender } = render(TranscriptView, still);
    await reader.load();
    await vi.waitFor(() => expect(focused()).toBe("We waited."));
    expect(marks()).toEqual(["We waited."]);
    expect(document.querySelector("mark.current")).toBeNull();
    expect(seen).toHaveBeenCalled();

    // Looking for words shows those, and what is being typed keeps the focus.
    const field = document.body.appendChild(document.createElement("input"));
    field.focus();
    const matches = find(
      reader.paragraphs.map((p) => p.text),
      "wa",
    );
    await rerender({ ...still, matches, at: 0 });
    expect(marks()).toEqual(["wa", "wa"]);
    await rerender(still);
    expect(marks()).toEqual(["We waited."]);
    await new Promise((done) => setTimeout(done, 100));
    expect(document.activeElement).toBe(field);
    field.remove();

    router.route = { place: "job", job: "a", at: 5 };
    await vi.waitFor(() => expect(focused()).toBe("它開了。"));
    router.route = { place: "job", job: "a", at: 99 };
    flushSync();
    expect(marks()).toEqual([]);
  });
});
