import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FaultCode, Job, State } from "../src/lib/api/types";
import { arranging } from "../src/lib/live/arranging.svelte";
import { board } from "../src/lib/live/board.svelte";
import { cancel, last, retry } from "../src/lib/steering";
import { toasts } from "../src/lib/ui/toasts.svelte";
import { en } from "../src/lib/words/en";
import { language } from "../src/lib/words/words.svelte";
import { job, snapshot } from "./fakes";

/** Line is a server with a line, as far as moving in it goes. */
class Line {
  jobs: Job[] = [];
  states: Record<string, State> = {};
  asked: string[] = [];
  refuses: boolean | string = false; // all, or one verb
  code: FaultCode = "job_running";
  history: { verb: string }[] = [];
  gate: Promise<void> = Promise.resolve();

  answer = async (request: Request): Promise<Response> => {
    const { pathname, searchParams } = new URL(request.url);
    const [, , , , id = "", verb = "get"] = pathname.split("/");
    if (pathname.endsWith("/board")) return json(snapshot(1, { next: [...this.jobs] }));
    const body = request.method === "POST" ? await request.text() : "";
    if (verb === "history") return json({ events: this.history });
    if (id === "") return json({ jobs: this.jobs.slice(Number(searchParams.get("from") ?? 1) - 1) });
    if (request.method === "POST") this.asked.push(`${id} ${verb}${body && ` ${body}`}`);
    await this.gate;
    if (request.method === "POST" && (this.refuses === true || this.refuses === verb)) {
      const problem = { status: 409, title: "", code: this.code, detail: "It runs.", hint: "" };
      return new Response(JSON.stringify(problem), { status: 409 });
    }
    const all = this.jobs.filter((j) => j.id !== id);
    const one = this.jobs.find((j) => j.id === id) ?? job(id, { state: this.states[id] ?? "canceled" });
    if (verb === "retry") {
      const ahead = all.filter((j) => j.priority >= one.priority);
      return json({ ...one, state: "queued", position: ahead.length + 1 });
    }
    if (verb === "move") {
      const { before } = JSON.parse(body) as { before?: string };
      const end = all.findLastIndex((j) => j.priority >= one.priority) + 1;
      const at = before ? all.findIndex((j) => j.id === before) : end;
      this.jobs = all.toSpliced(at, 0, one);
      return json({ ...one, position: at + 1 });
    }
    return json({ ...one, position: this.jobs.indexOf(one) + 1 || undefined });
  };
}

const json = (body: unknown) =>
  new Response(JSON.stringify(body), { headers: { "Content-Type": "application/json" } });

let line: Line;
const ids = () => arranging.arranged(board.snapshot?.next ?? []).map((j) => j.id);
const places = () => arranging.arranged(board.snapshot?.next ?? []).map((j) => j.position);

beforeEach(() => {
  language.choose("en");
  line = new Line();
  line.jobs = ["a", "b", "c"].map((id, i) => job(id, { position: i + 1 }));
  board.snapshot = snapshot(1, { next: [...line.jobs] });
  vi.stubGlobal("fetch", line.answer);
});

afterEach(async () => {
  await vi.waitFor(() => expect(arranging.arranged(line.jobs)).toBe(line.jobs)); // nothing is on its way
  toasts.all = [];
  board.snapshot = undefined;
});

describe("a job that is moved", () => {
  it("stands in its new place at once, and stays there until a snapshot knows", async () => {
    let letGo = () => {};
    line.gate = new Promise((go) => (letGo = go));
    expect(arranging.move(line.jobs, "c", 0, false)).toBe(true);
    expect(ids()).toEqual(["c", "a", "b"]);
    expect(places()).toEqual([1, 2, 3]);
    board.snapshot = snapshot(2, { next: [...line.jobs] }); // read before
    expect(ids()).toEqual(["c", "a", "b"]);
    letGo();
    await vi.waitFor(() => expect(board.snapshot?.next.map((j) => j.id)).toEqual(["c", "a", "b"]));
    expect(ids()).toEqual(["c", "a", "b"]);
    expect(line.asked).toEqual(['c move {"before":"a"}']);
  });

  it("stays there while what is shown of the line is older than the snapshot, and can be moved on", async () => {
    const [shown, old] = [[...line.jobs], board.shown];
    arranging.move(shown, "c", 0, false);
    await vi.waitFor(() => expect(board.snapshot?.next.map((j) => j.id)).toEqual(["c", "a", "b"]));
    const seen = arranging.arranged(shown, old);
    expect(seen.map((j) => j.id)).toEqual(["c", "a", "b"]);
    expect(arranging.move(seen, "c", 2, false, old)).toBe(true);
    expect(arranging.arranged(shown, old).map((j) => j.id)).toEqual(["a", "b", "c"]);
    await vi.waitFor(() => expect(line.asked).toEqual(['c move {"before":"a"}', 'c move {"to":"back"}']));
  });

  it("goes back where it was when the server refuses, which is told", async () => {
    line.refuses = true;
    arranging.move(line.jobs, "c", 0, false);
    await vi.waitFor(() => expect(toasts.all.map((x) => x.text)).toEqual([en.faults.job_running.message]));
    expect(ids()).toEqual(["a", "b", "c"]);
  });

  it("is told to the server only where it was put last", async () => {
    let letGo = () => {};
    line.gate = new Promise((go) => (letGo = go));
    const put = (to: number) => arranging.move(arranging.arranged(line.jobs), "c", to, false);
    put(1);
    await vi.waitFor(() => expect(line.asked).toHaveLength(1));
    put(0);
    put(1);
    put(0);
    expect(ids()).toEqual(["c", "a", "b"]);
    letGo();
    await vi.waitFor(() => expect(line.jobs.map((j) => j.id)).toEqual(["c", "a", "b"]));
    expect(line.asked).toEqual(['c move {"before":"b"}', 'c move {"before":"a"}']);
  });

  it.each([
    ["to the end of the line", 2, false, ['a move {"to":"back"}']],
    ["before the first that is not shown", 1, true, ['a move {"before":"c"}']],
  ])("goes %s", async (_, to, more, asked) => {
    const shown = more ? line.jobs.slice(0, 2) : line.jobs;
    arranging.move(shown, "a", to, more);
    await vi.waitFor(() => expect(line.asked).toEqual(asked));
  });

  it("takes the priority of those at whose end it goes", async () => {
    line.jobs[2] = job("c", { priority: -10 });
    arranging.move(line.jobs, "a", 2, false);
    await vi.waitFor(() =>
      expect(line.asked).toEqual(['a priority {"priority":-10}', 'a move {"to":"back"}']),
    );
  });

  it("keeps its priority at the end of it", async () => {
    line.jobs = [job("u", { priority: 10 }), job("v", { priority: 10 }), job("a")];
    board.snapshot = snapshot(1, { next: [...line.jobs] });
    arranging.move(line.jobs, "u", 1, false);
    expect(arranging.arranged(line.jobs).map((j) => j.priority)).toEqual([10, 10, 0]);
    await vi.waitFor(() => expect(line.asked).toEqual(['u move {"to":"back"}']));
  });

  it("keeps its priority at the end of it, when those of another one are not shown", async () => {
    line.jobs = [job("u", { priority: 10 }), job("v", { priority: 10 }), job("a")];
    arranging.move(line.jobs.slice(0, 2), "u", 1, true);
    await vi.waitFor(() => expect(line.asked).toEqual(['u move {"to":"back"}']));
  });

  it("goes to the back of its own priority, which is told", async () => {
    line.jobs = [job("u", { priority: 10 }), job("v", { priority: 10 }), job("a")];
    await last(line.jobs[0] as Job);
    expect(line.asked).toEqual(['u move {"to":"back"}']);
    expect(toasts.all.map((x) => x.text)).toEqual([en.queue.movedTo("Title of u", 2)]);
  });

  it.each([
    ["above the first", "a", -1],
    ["below the last", "c", 3],
    ["where it is", "b", 1],
    ["without being there", "x", 0],
  ])("moves nowhere: %s", (_, id, to) => {
    expect(arranging.move(line.jobs, id, to, false)).toBe(false);
    expect(ids()).toEqual(["a", "b", "c"]);
  });
});

describe("a cancel that is undone", () => {
  /** undo cancels a job and takes that back. */
  async function undo(which: Job, after?: Job[]): Promise<string[]> {
    await cancel(which, after);
    line.asked = [];
    flushSync();
    toasts.all.at(-1)?.offer?.run();
    await vi.waitFor(() => expect(line.asked.length).toBeGreaterThan(0));
    await new Promise((done) => setTimeout(done, 50));
    return line.asked;
  }

  it("puts the job before the one that followed it", async () => {
    const [gone] = line.jobs.splice(0, 1);
    expect(await undo(gone as Job)).toEqual(["a retry {}", 'a move {"before":"b"}']);
  });

  it("passes by those that have left the line meanwhile", async () => {
    const [a, b, c] = line.jobs.splice(0, 2).concat(line.jobs);
    line.states.b = "running";
    expect(await undo(a as Job, [b, c] as Job[])).toEqual(["a retry {}", 'a move {"before":"c"}']);
  });

  it("leaves it at the end of its priority when only others of another one followed", async () => {
    const urgent = job("u", { priority: 10 });
    expect(await undo(urgent, line.jobs)).toEqual(["u retry {}"]);
  });

  it.each([
    ["held", { reason: "held" }, '{"hold":true}'],
    [
      "scheduled",
      { reason: "scheduled", until: "2030-01-31T22:00:00Z" },
      '{"not_before":"2030-01-31T22:00:00Z"}',
    ],
    ["tried again later", { reason: "backoff", until: "2030-01-31T22:00:00Z" }, "{}"],
  ] as const)("lets a job wait as it did that was %s", async (_, more, body) => {
    expect(await undo(job("h", more), [])).toEqual([`h retry ${body}`]);
  });

  it("puts a job that ran first among those of its priority", async () => {
    expect(await undo(job("r", { state: "running" }))).toEqual(["r retry {}", 'r move {"to":"front"}']);
  });

  it("does not move a job that is first by itself", async () => {
    line.jobs = [];
    expect(await undo(job("r", { state: "running" }))).toEqual(["r retry {}"]);
  });

  it.each(["job_running", "job_final", "request_invalid"] as const)(
    "is done when its place is none any more: %s",
    async (code) => {
      [line.refuses, line.code] = ["move", code];
      await undo(job("r", { state: "running" }));
      expect(toasts.all.filter((x) => x.tone === "problem")).toEqual([]);
    },
  );

  it("only restores the place of what somebody has put in line again", async () => {
    const [a] = line.jobs;
    line.states.a = "queued";
    line.jobs.splice(0, 1);
    expect(await undo(a as Job)).toEqual(['a move {"before":"b"}']);
  });

  it("leaves alone what somebody has begun again, and what runs", async () => {
    line.states.r = "running";
    line.history = [{ verb: "cancel" }, { verb: "retry" }, { verb: "take" }];
    await cancel(job("r", { state: "running" }));
    line.asked = [];
    toasts.all.at(-1)?.offer?.run();
    await new Promise((done) => setTimeout(done, 50));
    expect(line.asked).toEqual([]);
    expect(toasts.all.filter((x) => x.tone === "problem")).toEqual([]);
  });
});

describe("a button that is pressed twice", () => {
  it("has put the job in line once", async () => {
    line.states.x = "queued";
    [line.refuses, line.code] = [true, "job_live"];
    expect((await retry(job("x", { state: "failed" })))?.state).toBe("queued");
    expect(toasts.all).toEqual([]);
  });

  it("has canceled the job once", async () => {
    [line.refuses, line.code] = [true, "job_final"];
    await cancel(job("x"));
    expect(toasts.all).toEqual([]);
  });

  it("tells that a job has ended before it was canceled", async () => {
    line.states.x = "done";
    [line.refuses, line.code] = [true, "job_final"];
    await cancel(job("x"));
    expect(toasts.all).toHaveLength(1);
  });
});
