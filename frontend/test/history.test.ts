import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { en } from "../src/lib/words/en";
import { ko } from "../src/lib/words/ko";
import { language } from "../src/lib/words/words.svelte";
import { sayEvent, type JobEvent } from "../src/views/job/facts";
import { job } from "./fakes";

const { schemas } = (
  JSON.parse(readFileSync("src/lib/api/openapi.json", "utf8")) as {
    components: { schemas: Record<string, { enum?: string[] }> };
  }
).components;

describe("what happened", () => {
  beforeEach(() => language.choose("en"));

  const at = "2026-03-14T08:50:00Z";

  it.each<[Partial<JobEvent> & Pick<JobEvent, "verb" | "to">, string]>([
    [{ verb: "begin", to: "running", stage: "transcribe" }, "Stage began: Transcribe"],
    [{ verb: "defer", to: "queued", reason: "memory" }, "Had to wait: Waiting for memory"],
    [{ verb: "cancel", from: "running", to: "running" }, "Cancel was asked for"],
    [{ verb: "cancel", from: "queued", to: "canceled" }, "Canceled"],
    [{ verb: "settle", to: "done" }, "Done"],
    [{ verb: "settle", to: "failed", code: "no_audio_track" }, "Failed: The file has no sound."],
    [{ verb: "settle", to: "queued", reason: "memory" }, "Put back in line: Waiting for memory"],
    [{ verb: "recover", to: "queued", reason: "turn" }, "Sluice had stopped meanwhile: Put back in line"],
  ])("is told in plain words: %o", (e, said) => expect(sayEvent({ at, ...e }, job("a"))).toBe(said));

  it("knows a file on the web from one that is here", () => {
    const away = { at, verb: "defer", to: "queued", reason: "source" } as const;
    const source = { kind: "url", name: "talk.mp4", size: 0 } as const;
    expect(sayEvent(away, job("a"))).toBe("Had to wait: Waiting for its file");
    expect(sayEvent(away, job("a", { source }))).toBe("Had to wait: Waiting for the server of its address");
  });

  it("has words for every verb and state in both languages", () => {
    const verbs = schemas.Verb?.enum ?? [];
    expect(verbs.length).toBeGreaterThan(10);
    for (const words of [en.job, ko.job]) {
      for (const verb of verbs) expect((words.verbs as Record<string, string>)[verb]).toBeTruthy();
      for (const state of schemas.State?.enum ?? [])
        expect((words.settled as Record<string, string>)[state]).toBeTruthy();
    }
    expect(Object.values(ko.job.verbs).join("")).not.toMatch(/[A-Za-z]/);
  });
});
