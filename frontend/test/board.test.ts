import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Board } from "../src/lib/live/board.svelte";
import type { Listener } from "../src/lib/live/source";
import { event, job, reading, segment, Server, snapshot } from "./fakes";

let server: Server;
let board: Board;
let wire: Listener;
let stop: () => void;

/** pass lets time go by, and what waits on answers go on. */
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(async () => {
  vi.useFakeTimers();
  server = new Server();
  server.now = snapshot(10, {
    running: [job("a", { state: "running", stage: "extract" })],
    next: [job("b")],
  });
  board = new Board(server);
  stop = board.connect({
    start(to) {
      wire = to;
      return () => {};
    },
  });
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

async function opened(): Promise<void> {
  wire.opened();
  await pass(1);
}

describe("the board", () => {
  it("listens first and reads the snapshot when events flow", async () => {
    await pass(5000);
    expect(server.asked).toBe(0);
    expect(board.link).toBe("connecting");
    await opened();
    expect(server.asked).toBe(1);
    expect(board.link).toBe("live");
    expect(board.depth).toBe(2);
    expect(board.running?.id).toBe("a");
  });

  it("tells who watches of every job that changes, shown or not, until they stop", async () => {
    await opened();
    const told: string[] = [];
    const unwatch = board.watch((j) => told.push(`${j.id} ${j.state}`));
    const changed = (n: number) =>
      wire.event(event(n, "job", { job_id: "far", job: job("far", { state: "queued" }) }));
    changed(11);
    changed(11); // once more
    unwatch();
    changed(12);
    expect(told).toEqual(["far queued"]);
  });

  it("applies progress at once and asks for nothing", async () => {
    await opened();
    wire.event(event(11, "progress", { job_id: "a", progress: { stage: "transcribe", fraction: 0.4 } }));
    expect(board.running?.progress?.fraction).toBe(0.4);
    expect(board.running?.stage).toBe("transcribe");
    await pass(1000);
    expect(server.asked).toBe(1);
  });

  it("ignores what the snapshot already contains", async () => {
    await opened();
    wire.event(event(10, "progress", { job_id: "a", progress: { stage: "extract", fraction: 0.9 } }));
    expect(board.running?.progress).toBeUndefined();
  });

  it("ignores an event that comes twice", async () => {
    await opened();
    wire.event(event(11, "progress", { job_id: "a", progress: { stage: "extract", fraction: 0.5 } }));
    wire.event(event(12, "progress", { job_id: "a", progress: { stage: "extract", fraction: 0.6 } }));
    wire.event(event(11, "progress", { job_id: "a", progress: { stage: "extract", fraction: 0.5 } }));
    expect(board.running?.progress?.fraction).toBe(0.6);
    await pass(1000);
    expect(server.asked).toBe(1);
  });

  it("joins many changes of the line into one read", async () => {
    await opened();
    server.now = snapshot(13, { next: [job("b"), job("c")] });
    wire.event(
      event(11, "job", { job: job("c"), counts: { queued: 2, running: 1, done: 0, failed: 0, canceled: 0 } }),
    );
    wire.event(event(12, "line"));
    wire.event(event(13, "gone", { job_id: "a" }));
    expect(board.waiting).toBe(2);
    await pass(299);
    expect(server.asked).toBe(1);
    await pass(2);
    expect(server.asked).toBe(2);
    expect(board.snapshot?.next.map((j) => j.id)).toEqual(["b", "c"]);
  });

  it("takes a job away as soon as it is deleted, and does not show it again", async () => {
    server.now = snapshot(10, { last: [job("d", { state: "done" }), job("e", { state: "done" })] });
    await opened();
    wire.event(event(11, "gone", { job_id: "d" }));
    expect(board.ended.map((j) => j.id)).toEqual(["e"]);
    expect(board.find("d")).toBeUndefined();
    expect(board.gone.has("d")).toBe(true);
    await pass(301); // what is read may still be older
    expect(board.ended.map((j) => j.id)).toEqual(["e"]);
  });

  it("takes nothing for deleted any more when it may have missed what happened", async () => {
    await opened();
    wire.event(event(11, "gone", { job_id: "d" }));
    const { breaks } = board;
    wire.event(event(11, "reset"));
    expect([board.gone.size, board.breaks]).toEqual([0, breaks + 1]);
  });

  it("keeps both of two segments that begin in the same moment, and replaces them when they are heard again", async () => {
    await opened();
    const [one, two] = [segment(0, "One."), { ...segment(0, "Two."), end_ms: 2000 }];
    const texts = () => board.live.segments.map((s) => s.text);
    wire.event(event(11, "segment", { job_id: "a", segment: one }));
    wire.event(event(12, "segment", { job_id: "a", segment: two }));
    expect(texts()).toEqual(["One.", "Two."]);
    wire.event(event(13, "segment", { job_id: "a", segment: one }));
    expect(texts()).toEqual(["One."]);
  });

  it("reads again after a gap", async () => {
    await opened();
    wire.event(event(11, "memory", { memory: reading() }));
    wire.event(event(14, "memory", { memory: reading() }));
    await pass(1);
    expect(server.asked).toBe(2);
  });

  it("reads again when the first event leaves a gap to the snapshot", async () => {
    await opened();
    wire.event(event(15, "memory", { memory: reading() }));
    await pass(1);
    expect(server.asked).toBe(2);
  });

  it("reads again when the server was started anew", async () => {
    await opened();
    wire.event({ ...event(1, "memory", { memory: reading() }), id: "other-1" });
    await pass(1);
    expect(server.asked).toBe(2);
  });

  it("reads again on reset", async () => {
    await opened();
    wire.event(event(10, "reset"));
    await pass(1);
    expect(server.asked).toBe(2);
  });

  it("takes memory as it comes and reads again only when the level changes", async () => {
    await opened();
    wire.event(event(11, "memory", { memory: reading({ available_bytes: 5e9 }) }));
    expect(board.snapshot?.memory.available_bytes).toBe(5e9);
    await pass(1000);
    expect(server.asked).toBe(1);
    wire.event(event(12, "memory", { memory: reading({ level: "warn" }) }));
    expect(board.snapshot?.memory.level).toBe("warn");
    await pass(301);
    expect(server.asked).toBe(2);
  });

  it("does not lose progress that came while a snapshot was on its way", async () => {
    await opened();
    let letGo = () => {};
    server.gate = new Promise((go) => (letGo = go));
    wire.event(event(11, "line"));
    await pass(301);
    wire.event(event(12, "progress", { job_id: "a", progress: { stage: "extract", fraction: 0.7 } }));
    letGo();
    await pass(1);
    expect(board.running?.progress?.fraction).toBe(0.7);
  });

  it("reads once more when the line moved while a snapshot was on its way", async () => {
    await opened();
    let letGo = () => {};
    server.gate = new Promise((go) => (letGo = go));
    wire.event(event(11, "line"));
    await pass(301);
    wire.event(event(12, "line"));
    letGo();
    await pass(1);
    expect(server.asked).toBe(2);
    await pass(301);
    expect(server.asked).toBe(3);
  });

  it("keeps the live text of the running job, in order", async () => {
    await opened();
    wire.event(event(11, "segment", { job_id: "a", segment: segment(0) }));
    wire.event(event(12, "segment", { job_id: "a", segment: segment(1000) }));
    expect(board.live.segments.map((s) => s.start_ms)).toEqual([0, 1000]);
  });

  it("replaces what is heard again", async () => {
    await opened();
    for (const [i, at] of [0, 1000, 2000].entries()) {
      wire.event(event(11 + i, "segment", { job_id: "a", segment: segment(at) }));
    }
    wire.event(event(14, "segment", { job_id: "a", segment: segment(1000, "better") }));
    expect(board.live.segments.map((s) => s.text)).toEqual(["at 0", "better"]);
  });

  it("bounds the live text", async () => {
    await opened();
    for (let i = 0; i < 700; i++) {
      wire.event(event(11 + i, "segment", { job_id: "a", segment: segment(i * 1000) }));
    }
    expect(board.live.segments).toHaveLength(500);
    expect(board.live.segments.at(-1)?.start_ms).toBe(699_000);
  });

  it("recalls what was heard before it came to listen", async () => {
    server.heard = [segment(0, "early", 1), segment(1000, "then", 2)];
    await opened();
    wire.event(event(11, "segment", { job_id: "a", segment: segment(2000, "now") }));
    await pass(1);
    expect(board.live.segments.map((s) => s.text)).toEqual(["early", "then", "now"]);
  });

  it("drops the live text when another job runs", async () => {
    await opened();
    wire.event(event(11, "segment", { job_id: "a", segment: segment(0) }));
    server.now = snapshot(12, { running: [job("b", { state: "running" })] });
    wire.event(event(12, "line"));
    await pass(301);
    expect(board.live).toEqual({ job: "b", segments: [] });
  });

  it("says that the server is away only when it stays away, and recovers by itself", async () => {
    await opened();
    wire.lost();
    await pass(1000);
    expect(board.link).toBe("live");
    await pass(600);
    expect(board.link).toBe("away");
    await opened();
    expect(board.link).toBe("live");
  });

  it("asks again when the snapshot cannot be read", async () => {
    server.away = true;
    await opened();
    expect(board.link).toBe("away");
    await pass(2001);
    expect(server.asked).toBe(2);
    server.away = false;
    await pass(2001);
    expect(board.link).toBe("live");
    expect(board.depth).toBe(2);
  });

  it("reads the estimates of a running job anew, but not while nobody looks", async () => {
    await opened();
    await pass(30_001);
    expect(server.asked).toBe(2);
    const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    document.dispatchEvent(new Event("visibilitychange"));
    await pass(120_000);
    expect(server.asked).toBe(2);
    hidden.mockReturnValue(false);
    document.dispatchEvent(new Event("visibilitychange"));
    await pass(1);
    expect(server.asked).toBe(3);
  });
});
