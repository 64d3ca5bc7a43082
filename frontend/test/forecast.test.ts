import { beforeEach, describe, expect, it } from "vitest";
import { forecast, sayForecast } from "../src/lib/forecast";
import { timeOfDay } from "../src/lib/format";
import { language } from "../src/lib/words/words.svelte";
import { job } from "./fakes";

const now = Date.parse("2026-03-14T09:00:00Z");
const line = { depth: 12, running: 1, readAt: now - 10_000 };
const ran = [{ stage: "transcribe" as const, started_at: "2026-03-14T08:56:00Z" }];

describe("the forecast of a job", () => {
  beforeEach(() => language.choose("en"));

  it("counts its place in the whole line, and what was known a while ago from then", () => {
    const waiting = job("a", { position: 2, eta_seconds: 730, created_at: "2026-03-14T08:55:00Z" });
    const f = forecast(waiting, line, now);
    expect(f).toEqual({ place: 3, depth: 12, since: 300, left: 720, doneAt: now + 720_000 });
    expect(f && sayForecast(f, now)).toEqual([
      "3/12 in line",
      "waiting for 5 min",
      "about 12 min left",
      `done about ${timeOfDay(now + 720_000)}`,
    ]);
  });

  it("takes the newest estimate while the last stage runs, and the whole one before", () => {
    const running = { state: "running" as const, stages: ran, eta_seconds: 610 };
    const hears = { stage: "transcribe" as const, fraction: 0.5, eta_seconds: 60 };
    const last = job("a", { ...running, stage: "transcribe", progress: hears });
    expect(forecast(last, line, now)).toMatchObject({ place: 1, worked: 240, left: 60 });
    const more = forecast({ ...last, summarize: true }, line, now);
    expect(more).toMatchObject({ left: 600 });
  });

  it("leaves out what is not known or is past, and says nothing of a job that is over", () => {
    const late = job("a", { position: 1, eta_seconds: 5 });
    expect(Object.keys(forecast(late, line, now) ?? {})).toEqual(["place", "depth", "since"]);
    expect(forecast(job("a", { position: 1 }), { ...line, depth: 0 }, now)).toMatchObject({
      place: 2,
      depth: 2,
    });
    expect(forecast(job("a", { state: "done" }), line, now)).toBeUndefined();
  });

  it("speaks Korean", () => {
    language.choose("ko");
    const f = forecast(job("a", { state: "running", stages: ran }), line, now);
    expect(f && sayForecast(f, now)).toEqual(["대기열 1/12", "4분 경과"]);
    language.choose("en");
  });
});
