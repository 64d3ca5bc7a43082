import { cleanup, fireEvent, render, screen, within } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type {
  Holder,
  MachineNow,
  PastRun,
  PastWait,
  Sample,
  Snapshot,
  Throughput,
} from "../src/lib/api/types";
import { board } from "../src/lib/live/board.svelte";
import { language } from "../src/lib/words/words.svelte";
import { rowsOf, wholeOf } from "../src/views/machine/holders";
import { whileVisible } from "../src/lib/visible";
import Machine from "../src/views/Machine.svelte";
import { job, reading, snapshot } from "./fakes";

const now = Date.UTC(2026, 2, 14, 9, 0);
const iso = (minutesAgo: number) => new Date(now - minutesAgo * 60_000).toISOString();

/** jsdom lays nothing out. */
class NoResizes {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

const holders: Holder[] = [
  { kind: "engine", name: "large-v3-turbo", bytes: 3.1e9, count: 1 },
  { kind: "sluice", name: "Sluice", bytes: 90e6, count: 1 },
  { kind: "ollama", name: "Ollama", bytes: 2e9, count: 2 },
  ...[0.1e9, 0.2e9, 0.3e9, 0.4e9, 0.5e9, 0.6e9].map((bytes, i): Holder => ({
    kind: "other",
    name: `<i>Program ${i}</i>`,
    bytes,
    count: i,
  })),
];

function machine(more: Partial<MachineNow> = {}): MachineNow {
  return {
    memory: reading({ at: iso(0), available_bytes: 4.2e9, swap_used_bytes: 1.3e9 }),
    ceiling_bytes: 10.2e9,
    holders,
    worker: { state: "idle", since: iso(12) },
    process: { pid: 42, version: "1.2.3", started_at: iso(185), resident_bytes: 48e6, cpu_seconds: 75 },
    ...more,
  };
}

function samples(): Sample[] {
  return Array.from({ length: 60 }, (_, i) => ({
    at: iso(59 - i),
    level: i === 30 ? "critical" : "normal",
    free_percent: i === 30 ? 7 : 55,
    available_bytes: 9e9,
    depth: i === 40 ? 5 : 1,
    running: 0,
    engine_bytes: 0,
  }));
}

const nothing: Throughput = {
  hours: Array.from({ length: 24 }, (_, i) => ({
    at: iso(60 * (23 - i)),
    done: 0,
    failed: 0,
    canceled: 0,
    media_ms: 0,
    busy_ms: 0,
  })),
  failures: [],
  stages: [],
};

type Past = { runs?: PastRun[]; waits?: PastWait[]; figures?: Throughput };

/** serving answers the view's questions and keeps their addresses. */
function serving(m: MachineNow | number, points: Sample[] = samples(), past: Past = {}): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const { pathname, search } = new URL(request.url);
    asked.push(pathname + search);
    if (pathname === "/api/v1/doctor") return Response.json({ findings: [], budget: [] });
    if (pathname === "/api/v1/throughput") return Response.json(past.figures ?? nothing);
    const { runs = [], waits = [] } = past;
    const body = pathname === "/api/v1/history" ? { points, runs, waits } : m;
    if (typeof body === "number") {
      const problem = {
        status: body,
        title: "",
        code: "internal",
        detail: "It broke.",
        hint: "Look at the log.",
      };
      return new Response(JSON.stringify(problem), { status: body });
    }
    return new Response(JSON.stringify(body), { headers: { "Content-Type": "application/json" } });
  });
  return asked;
}

async function settled(): Promise<void> {
  await vi.advanceTimersByTimeAsync(50);
  flushSync();
}

beforeEach(() => {
  vi.useFakeTimers({ now });
  vi.stubGlobal("ResizeObserver", NoResizes);
  language.choose("en");
});

afterEach(() => {
  cleanup();
  board.snapshot = undefined;
  vi.useRealTimers();
});

describe("the machine view", () => {
  it("tells the level, what it means for the line, and the numbers", async () => {
    serving(
      machine({
        memory: reading({ at: iso(0), level: "critical", available_bytes: 0.9e9, swap_used_bytes: 1.3e9 }),
      }),
    );
    render(Machine);
    await settled();
    expect(screen.getByText("Memory is critically short")).toBeTruthy();
    expect(screen.getByText("Nothing starts until there is more again.")).toBeTruthy();
    expect(screen.getByText("1.3 GB")).toBeTruthy();
    expect(screen.getByText("18.0 GB")).toBeTruthy();
  });

  it("names who holds memory, as text, and what is free", async () => {
    serving(machine());
    render(Machine);
    await settled();
    const rows = screen.getAllByRole("listitem").map((li) => li.textContent?.replace(/\s+/g, " ").trim());
    expect(rows).toContain("Speech engine large-v3-turbo 3.1 GB");
    expect(rows).toContain("Ollama 2 processes 2.0 GB");
    expect(rows).toContain("<i>Program 5</i> 5 processes 600 MB");
    expect(rows.at(-1)).toBe("Free for a job 4.2 GB");
    expect(document.querySelector("i")).toBeNull();
    expect(screen.getByRole("img", { name: "13.8 GB of 18.0 GB in use" })).toBeTruthy();
    expect(screen.getByText(/A job may use up to 10.2 GB;/)).toBeTruthy();
  });

  it.each([
    ["That is enough: it starts next.", { gate: { state: "open" } }],
    ["There is room for it, but the gate is shut.", { gate: { state: "shut" } }],
    ["There is room for it; the gate opens in a moment.", { gate: { state: "waiting" } }],
    ["There is room for it, but the line is paused.", { gate: { state: "open" }, paused: true }],
  ] as [string, Partial<Snapshot>][])("says of enough memory: %s", async (said, line) => {
    serving(machine());
    const first = job("first", { reason: "memory", need_bytes: 1e9, position: 1 });
    board.snapshot = snapshot(1, { next: [first], memory: reading({ at: iso(-1000) }), ...line });
    render(Machine);
    await settled();
    expect(screen.getByText((text) => text.endsWith(said))).toBeTruthy();
  });

  it("promises nothing for what is missing while the gate is shut", async () => {
    serving(machine());
    const first = job("first", { reason: "memory", need_bytes: 6.9e9, position: 1 });
    board.snapshot = snapshot(1, { next: [first], memory: reading({ at: iso(1) }), gate: { state: "shut" } });
    render(Machine);
    await settled();
    expect(screen.getByText((text) => text.endsWith("2.7 GB short, and the gate is shut."))).toBeTruthy();
  });

  it("holds the need of the first in line against what is free", async () => {
    serving(machine());
    const first = job("first", {
      title: "First <b>film</b>",
      reason: "memory",
      need_bytes: 6.9e9,
      position: 1,
    });
    board.snapshot = snapshot(1, { next: [first], memory: reading({ at: iso(1) }) });
    render(Machine);
    await settled();
    expect(
      screen.getByText(/Needs 6.9 GB, 4.2 GB free. A job may use up to 10.2 GB. 2.7 GB short/),
    ).toBeTruthy();
    expect(screen.getByRole("link", { name: "First <b>film</b>" }).getAttribute("href")).toBe("#/job/first");
  });

  it("says that the first in line waits for power", async () => {
    serving(machine());
    const aside = job("aside", { reason: "held", position: 1 });
    const first = job("first", { reason: "power", position: 2 });
    board.snapshot = snapshot(1, { next: [aside, first], memory: reading({ at: iso(1) }) });
    render(Machine);
    await settled();
    expect(screen.getByRole("link", { name: "Title of first" })).toBeTruthy();
    expect(screen.getByText("On battery, starts when plugged in")).toBeTruthy();
    expect(screen.queryByText(/^Needs/)).toBeNull();
  });

  it("says nothing of a need that nobody has", async () => {
    serving(machine());
    board.snapshot = snapshot(1, { next: [job("first", { position: 1 })], memory: reading({ at: iso(1) }) });
    render(Machine);
    await settled();
    expect(screen.queryByText("First in line")).toBeNull();
  });

  it("sums the chart up in a sentence", async () => {
    serving(machine());
    render(Machine);
    await settled();
    const name = screen.getByRole("img", { name: /^Memory and line, last 1 h/ }).getAttribute("aria-label");
    expect(name).toContain("critically short for 1 min");
    expect(name).toContain("Least free: 7%");
    expect(name).toContain("Longest line: 5, now 1");
    expect(name).not.toContain("Not running");
  });

  it("asks for another time when another range is chosen", async () => {
    const asked = serving(machine());
    render(Machine);
    await settled();
    await fireEvent.click(screen.getByRole("radio", { name: "24 h" }));
    await settled();
    expect(asked.at(-1)).toBe("/api/v1/history?minutes=1440&points=300");
  });

  it("adds what happens live to the chart", async () => {
    serving(machine());
    render(Machine);
    await settled();
    board.snapshot = snapshot(2, {
      next: [job("a"), job("b"), job("c")],
      memory: reading({ at: iso(-1), level: "warn", free_percent: 21, available_bytes: 3.8e9 }),
    });
    await settled();
    expect(screen.getByRole("slider").getAttribute("aria-valuetext")).toMatch(
      /Tight · 21% free \(3.8 GB\) · 3 in line$/,
    );
    expect(screen.getByText("Memory is tight")).toBeTruthy();
  });

  it("looks again every five seconds, and not while nobody sees it", async () => {
    const asked = serving(machine());
    const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(false);
    const count = () => asked.filter((a) => a === "/api/v1/machine").length;
    render(Machine);
    await settled();
    expect(count()).toBe(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(count()).toBe(3);
    hidden.mockReturnValue(true);
    document.dispatchEvent(new Event("visibilitychange"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(count()).toBe(3);
    hidden.mockReturnValue(false);
    document.dispatchEvent(new Event("visibilitychange"));
    await settled();
    expect(count()).toBe(4);
  });

  it("says what is wrong when the memory cannot be read", async () => {
    serving(500);
    render(Machine);
    await settled();
    expect(screen.getByText(/could not be read. It broke. Look at the log./)).toBeTruthy();
  });

  it("speaks Korean", async () => {
    language.choose("ko");
    serving(machine());
    const { container } = render(Machine);
    await settled();
    const holds = screen.getByRole("heading", { name: "메모리를 쓰는 것" }).closest("section") as HTMLElement;
    expect(within(holds).getByText("음성 엔진")).toBeTruthy();
    expect(container.textContent).not.toMatch(/\b(Free|Needs|Memory|Over time|in line)\b/);
    language.choose("en");
  });
});

describe("the rows", () => {
  it("add up to all of the memory", () => {
    const m = machine();
    const rows = rowsOf(m);
    expect(rows.reduce((sum, r) => sum + r.bytes, 0)).toBe(m.memory.total_bytes);
    expect(rows.map((r) => r.kind)).toEqual([
      "engine",
      "sluice",
      "ollama",
      ...["other", "other", "other", "other"],
      "rest",
      "available",
    ]);
    expect(rows.filter((r) => r.kind === "other").map((r) => r.name)).toEqual(
      [5, 4, 3, 2].map((i) => `<i>Program ${i}</i>`),
    );
  });

  it("never hold less than nothing where programs share memory", () => {
    const m = machine({ holders: [{ kind: "other", name: "all", bytes: 17e9, count: 9 }] });
    const rows = rowsOf(m);
    expect(rows.map((r) => r.kind)).toEqual(["other", "available"]);
    expect(wholeOf(m, rows)).toBe(21.2e9);
  });
});

describe("what is done while visible", () => {
  it("ends when it is stopped", () => {
    const run = vi.fn();
    const stop = whileVisible(1000, run);
    vi.advanceTimersByTime(2500);
    expect(run).toHaveBeenCalledTimes(3);
    stop();
    vi.advanceTimersByTime(5000);
    document.dispatchEvent(new Event("visibilitychange"));
    expect(run).toHaveBeenCalledTimes(3);
  });
});
