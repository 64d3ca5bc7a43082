import { describe, expect, test } from "vitest";
import type { Sample } from "../src/lib/api/types";
import {
  append,
  area,
  bands,
  gaps,
  line,
  nearest,
  pointOf,
  pointsOf,
  reachOf,
  roof,
  scale,
  stepArea,
  steps,
  stretches,
  summarize,
  ticks,
  within,
  type Level,
  type Point,
} from "../src/lib/series";

const minute = 60_000;

function point(at: number, more: Partial<Point> = {}): Point {
  return { at, level: "normal", free: 60, available: 6e9, depth: 1, running: 0, engine: 0, ...more };
}

function every(pace: number, from: number, to: number, more: Partial<Point> = {}): Point[] {
  const out: Point[] = [];
  for (let t = from; t <= to; t += pace) out.push(point(t, more));
  return out;
}

function sample(at: string, more: Partial<Sample> = {}): Sample {
  return {
    at,
    level: "normal",
    free_percent: 50,
    available_bytes: 1,
    depth: 0,
    running: 0,
    engine_bytes: 0,
    ...more,
  };
}

describe("points", () => {
  test("come out oldest first, and what has no time is left out", () => {
    const got = pointsOf([sample("2026-03-14T10:01:00Z"), sample("never"), sample("2026-03-14T10:00:00Z")]);
    expect(got.map((p) => p.at)).toEqual([Date.UTC(2026, 2, 14, 10, 0), Date.UTC(2026, 2, 14, 10, 1)]);
  });

  test("keep percent and depth inside their bounds", () => {
    const [got] = pointsOf([sample("2026-03-14T10:00:00Z", { free_percent: 140, depth: -3 })]);
    expect(got).toMatchObject({ free: 100, depth: 0 });
  });

  test("of a reading take the line from the board", () => {
    const reading = {
      at: "2026-03-14T10:00:00Z",
      level: "warn" as Level,
      total_bytes: 10,
      available_bytes: 4,
      free_percent: 40,
      swap_used_bytes: 0,
      confined: false,
    };
    expect(pointOf(reading, 3, 1)).toMatchObject({ level: "warn", free: 40, depth: 3, running: 1 });
  });

  test("of a machine that was not read yet do not exist", () => {
    const reading = {
      at: "0001-01-01T00:00:00Z",
      level: "normal" as Level,
      total_bytes: 0,
      available_bytes: 0,
      free_percent: 0,
      swap_used_bytes: 0,
      confined: false,
    };
    expect(pointOf(reading, 0, 0)).toBeUndefined();
  });
});

describe("live points", () => {
  test("of the same share of the time become the worst of them", () => {
    const one = append([], point(10_000, { free: 50, depth: 1, engine: 7 }), 10_000);
    const two = append(
      one,
      point(12_000, { free: 20, depth: 3, level: "critical", engine: undefined }),
      10_000,
    );
    const three = append(two, point(14_000, { free: 60, depth: 2 }), 10_000);
    expect(three).toHaveLength(1);
    expect(three[0]).toMatchObject({ at: 14_000, free: 20, depth: 3, level: "critical" });
    expect(two[0]?.engine).toBe(7);
  });

  test("of the next share are added", () => {
    expect(append([point(10_000)], point(20_000), 10_000)).toHaveLength(2);
  });

  test("that are not newer change nothing", () => {
    expect(append([point(10_000)], point(10_000, { free: 1 }), 10_000)).toEqual([point(10_000)]);
  });
});

describe("stretches and gaps", () => {
  const points = [...every(minute, 0, 10 * minute), ...every(minute, 30 * minute, 40 * minute)];
  const reach = reachOf(points, minute);
  const span = { from: 0, to: 60 * minute };

  test("a pause of the app cuts the line", () => {
    const parts = stretches(points, reach);
    expect(parts.map((p) => [p[0], p.at(-1)].map((x) => (x?.at ?? NaN) / minute))).toEqual([
      [0, 10],
      [30, 40],
    ]);
  });

  test("what no stretch covers is a gap, the end too", () => {
    expect(gaps(stretches(points, reach), span, reach).map((g) => [g.from / minute, g.to / minute])).toEqual([
      [10, 30],
      [40, 60],
    ]);
  });

  test("the time before the first sample is a gap", () => {
    const late = every(minute, 20 * minute, 60 * minute);
    expect(gaps(stretches(late, reach), span, reach)).toEqual([{ from: 0, to: 20 * minute }]);
  });

  test("without any point all of it is a gap", () => {
    expect(gaps([], span, reach)).toEqual([span]);
  });

  test("a sample that is a little late is no gap", () => {
    expect(stretches([point(0), point(minute), point(3 * minute), point(4 * minute)], reach)).toHaveLength(1);
  });

  test("samples kept less densely than asked for belong together", () => {
    const sparse = every(5 * minute, 0, 60 * minute);
    expect(stretches(sparse, reachOf(sparse, 3000))).toHaveLength(1);
  });

  test("the point before the span is kept, so that the line reaches the edge", () => {
    const got = within(points, { from: 5.5 * minute, to: 8 * minute });
    expect(got.map((p) => p.at / minute)).toEqual([5, 6, 7, 8]);
  });
});

describe("bands", () => {
  test("run from the point before to the last of their level", () => {
    const part = [point(0), point(10), point(20, { level: "warn" }), point(30, { level: "warn" }), point(40)];
    expect(bands([part], { from: 0, to: 40 })).toEqual([
      { from: 0, to: 10, level: "normal" },
      { from: 10, to: 30, level: "warn" },
      { from: 30, to: 40, level: "normal" },
    ]);
  });

  test("never cross a gap and stay inside the span", () => {
    const got = bands(
      [
        [point(0), point(10)],
        [point(100), point(110)],
      ],
      { from: 5, to: 105 },
    );
    expect(got).toEqual([
      { from: 5, to: 10, level: "normal" },
      { from: 100, to: 105, level: "normal" },
    ]);
  });
});

describe("shapes", () => {
  const part = [point(0, { free: 100, depth: 0 }), point(10, { free: 50, depth: 2 })];
  const x = (p: Point): number => p.at;
  const free = (p: Point): number => p.free;
  const depth = (p: Point): number => p.depth;

  test("a line joins the points", () => expect(line(part, x, free)).toBe("M0 100L10 50"));
  test("an area is closed at the floor", () => expect(area(part, x, free, 0)).toBe("M0 100L10 50L10 0L0 0Z"));
  test("steps go up before they go on", () => expect(steps(part, x, depth)).toBe("M0 0V2H10"));
  test("their area is closed too", () => expect(stepArea(part, x, depth, 0)).toBe("M0 0V2H10V0H0Z"));
  test("nothing has no shape", () =>
    expect([area([], x, free, 0), stepArea([], x, depth, 0)]).toEqual(["", ""]));

  test("a scale maps ends to ends, and an empty range to its start", () => {
    const s = scale(0, 100, 142, 22);
    expect([s(0), s(100), scale(5, 5, 1, 9)(5)]).toEqual([142, 22, 1]);
  });
});

describe("the axis", () => {
  test("has round times of the local clock and not too many", () => {
    const from = Date.UTC(2026, 2, 14, 9, 7);
    const got = ticks({ from, to: from + 60 * minute }, 7, 0);
    expect(got.map((t) => new Date(t).toISOString().slice(11, 16))).toEqual([
      "09:10",
      "09:20",
      "09:30",
      "09:40",
      "09:50",
      "10:00",
    ]);
  });

  test("counts hours from local midnight where the clock is half an hour off", () => {
    const from = Date.UTC(2026, 2, 14, 9, 7);
    const got = ticks({ from, to: from + 360 * minute }, 6, 330 * minute);
    expect(got.map((t) => new Date(t).toISOString().slice(11, 16))).toEqual([
      "09:30",
      "10:30",
      "11:30",
      "12:30",
      "13:30",
      "14:30",
    ]);
  });

  test.each([
    [0, 2],
    [1, 2],
    [4, 4],
    [7, 8],
    [11, 20],
    [70, 80],
    [1234, 2000],
  ])("of a line of %i jobs ends at %i", (deepest, want) => {
    expect(roof([point(0, { depth: deepest })])).toBe(want);
  });
});

test("the nearest point is found from both sides", () => {
  const points = [point(0), point(10), point(20)];
  expect([-5, 4, 6, 16, 99].map((t) => nearest(points, t))).toEqual([0, 0, 1, 2, 2]);
  expect(nearest([], 5)).toBe(-1);
});

describe("the summary", () => {
  test("tells time at each level, the least free, the deepest line and what is missing", () => {
    const points = [
      ...every(minute, 0, 10 * minute),
      point(11 * minute, { level: "critical", free: 8, depth: 4 }),
      point(12 * minute),
      ...every(minute, 30 * minute, 40 * minute, { depth: 2 }),
    ];
    const got = summarize(points, { from: 0, to: 40 * minute }, reachOf(points, minute));
    expect(got?.spent).toEqual({ normal: 21 * minute, warn: 0, critical: minute });
    expect(got?.missing).toBe(18 * minute);
    expect(got?.least).toMatchObject({ at: 11 * minute, free: 8 });
    expect(got?.deepest.depth).toBe(4);
    expect(got?.last.depth).toBe(2);
  });

  test("does not count what was before the span", () => {
    const points = [point(0, { free: 1, depth: 9 }), point(50 * minute), point(51 * minute)];
    const got = summarize(points, { from: 40 * minute, to: 51 * minute }, 2 * minute);
    expect([got?.least.free, got?.deepest.depth]).toEqual([60, 1]);
  });

  test("of nothing is nothing", () => {
    expect(summarize([], { from: 0, to: 1 }, 1)).toBeUndefined();
  });
});
