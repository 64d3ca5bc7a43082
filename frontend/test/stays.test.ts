import { describe, expect, it, vi } from "vitest";
import type { PastRun, PastWait, Throughput } from "../src/lib/api/types";
import { blocksOf, covered, jobsOf, reasonsOf, runsOf, toneOf, troubles, waitsOf } from "../src/lib/stays";
import { atTurns, turnOf } from "../src/views/machine/turns";
import { busiest, endedIn, eventful, times, totalOf } from "../src/views/machine/throughput";
import { job, snapshot } from "./fakes";

const minute = 60_000;
const span = { from: 0, to: 60 * minute };
const at = (m: number): string => new Date(m * minute).toISOString();

function run(id: string, from: number, to: number | undefined, more: Partial<PastRun> = {}): PastRun {
  return {
    job_id: id,
    title: `Title of ${id}`,
    stage: "transcribe",
    started_at: at(from),
    ...(to === undefined ? {} : { finished_at: at(to) }),
    outcome: to === undefined ? "running" : "done",
    ...more,
  };
}

function wait(id: string, reason: PastWait["reason"], from: number, to?: number): PastWait {
  return { job_id: id, title: id, reason, from: at(from), ...(to === undefined ? {} : { to: at(to) }) };
}

function first<T>(all: readonly T[]): T {
  const [one] = all;
  if (one === undefined) throw new Error("there is none");
  return one;
}

describe("stays", () => {
  it("are those that touch the span, oldest first; what goes on ends with it", () => {
    const stays = runsOf([run("c", 50, undefined), run("a", -20, -10), run("b", -5, 5)], span);
    expect(stays.map((s) => [s.job, s.from / minute, s.to / minute, s.open])).toEqual([
      ["b", -5, 5, false],
      ["c", 50, 60, true],
    ]);
  });

  it("leave out what a clock that was wrong has made", () => {
    expect(runsOf([run("a", 10, 5), run("b", 70, 80)], span)).toEqual([]);
  });
});

describe("blocks", () => {
  it("are one for each run that is long enough, cut to the span", () => {
    const blocks = blocksOf(
      runsOf([run("a", -5, 10), run("b", 10, 20), run("c", 30, 40)], span),
      span,
      minute,
    );
    expect(blocks.map((b) => [b.from / minute, b.to / minute])).toEqual([
      [0, 10],
      [10, 20],
      [30, 40],
    ]);
  });

  it("put together what overlaps and what is too short to point at", () => {
    const overlapping = blocksOf(runsOf([run("a", 0, 10), run("a", 5, 20)], span), span, minute);
    expect(overlapping).toHaveLength(1);
    const many = Array.from({ length: 500 }, (_, i) => run(`j${i}`, i / 10, i / 10 + 0.05));
    const blocks = blocksOf(runsOf(many, span), span, minute);
    expect(blocks).toHaveLength(50);
    expect(blocks.flatMap((b) => b.stays)).toHaveLength(500);
    expect(jobsOf(first(blocks))).toHaveLength(10);
  });

  it("never are more than fit, however much there is", () => {
    const many = Array.from({ length: 500 }, (_, i) => run(`j${i}`, (i * 60) / 500, (i * 60) / 500 + 0.01));
    expect(blocksOf(runsOf(many, span), span, span.to / 75).length).toBeLessThanOrEqual(75);
  });

  it("look like the worst of their runs", () => {
    const tone = (...outcomes: PastRun["outcome"][]) => {
      const stays = runsOf(
        outcomes.map((outcome) => run("a", 1, 2, { outcome })),
        span,
      );
      return toneOf(first(blocksOf(stays, span, minute)));
    };
    expect(tone("done", "running")).toBe("ran");
    expect(tone("done", "crashed")).toBe("failed");
    expect(tone("yielded", "canceled")).toBe("back");
    expect(tone("yielded", "done")).toBe("ran");
    const failed = runsOf([run("a", 1, 2, { outcome: "failed" })], span);
    expect(troubles(first(blocksOf(failed, span, 0)))).toBe(1);
  });

  it("name each reason of their waits once", () => {
    const stays = waitsOf(
      [wait("a", "ollama", 1, 9), wait("b", "memory", 2), wait("c", "ollama", 3, 4)],
      span,
    );
    const block = first(blocksOf(stays, span, minute));
    expect(reasonsOf(block)).toEqual(["ollama", "memory"]);
    expect(block.open).toBe(true);
    expect(covered(stays, span)).toBe(59 * minute);
  });
});

describe("throughput", () => {
  const hours: Throughput["hours"] = [0, 60, 120].map((m, i) => ({
    at: at(m),
    done: [0, 3, 3][i] ?? 0,
    failed: [0, 1, 0][i] ?? 0,
    canceled: 0,
    media_ms: [0, 90, 10][i] ?? 0,
    busy_ms: [0, 40, 5][i] ?? 0,
  }));

  it("is summed up", () => {
    expect(totalOf(hours)).toEqual({ done: 6, failed: 1, canceled: 0, media: 100, busy: 45 });
    expect(busiest(hours)?.at).toBe(at(60));
    expect(endedIn(first(hours.slice(1)))).toBe(4);
    expect(eventful(hours).map((h) => h.at)).toEqual([at(120), at(60)]);
  });

  it("has no busiest hour when nothing ended", () => {
    expect(busiest(hours.slice(0, 1))).toBeUndefined();
    expect(busiest([])).toBeUndefined();
  });

  it("says a speed no finer than matters", () => {
    expect([0.04, 0.84, 9.94, 12.4, 140].map(times)).toEqual(["0.04", "0.8", "9.9", "12", "140"]);
  });
});

describe("turns", () => {
  it("come when a job goes on to its next stage or ends, not with progress", () => {
    const runs = (stage: "extract" | "transcribe") =>
      snapshot(1, { running: [job("a", { state: "running", stage })] });
    expect(turnOf(runs("extract"))).toBe(turnOf(runs("extract")));
    expect(turnOf(runs("extract"))).not.toBe(turnOf(runs("transcribe")));
    expect(turnOf(undefined)).toBe("");
  });

  it("are told a moment later, and not of what was there at first", () => {
    vi.useFakeTimers();
    let told = 0;
    const mind = atTurns(() => told++);
    mind("a");
    vi.advanceTimersByTime(5000);
    expect(told).toBe(0);
    const forget = mind("b");
    vi.advanceTimersByTime(1000);
    expect(told).toBe(1);
    forget();
    mind("c")();
    vi.advanceTimersByTime(5000);
    expect(told).toBe(1);
    vi.useRealTimers();
  });
});
