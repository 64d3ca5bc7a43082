import { cleanup, render, screen, within } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { clock } from "../src/lib/clock.svelte";
import { adding } from "../src/lib/adding.svelte";
import type { Job } from "../src/lib/api/types";
import { board } from "../src/lib/live/board.svelte";
import { parse } from "../src/lib/route.svelte";
import { toasts } from "../src/lib/ui/toasts.svelte";
import { language } from "../src/lib/words/words.svelte";
import Line from "../src/views/queue/Line.svelte";
import Queue from "../src/views/Queue.svelte";
import Refusals from "../src/views/queue/Refusals.svelte";
import { job, reading, segment, snapshot, withDialogs } from "./fakes";

const running = job("run", {
  state: "running",
  title: "<b>Harbour</b> master",
  stage: "transcribe",
  duration_ms: 3_725_000,
  progress: { stage: "transcribe", fraction: 0.42, eta_seconds: 720 },
  eta_seconds: 720,
  stages: [{ stage: "extract", started_at: "2026-03-14T09:00:00Z" }],
});
const short = job("short", {
  reason: "memory",
  reason_text: "needs 6.9 GB, 4.2 GB free",
  need_bytes: 6.9e9,
  position: 1,
  duration_ms: 600_000,
});
const mute = job("mute", {
  state: "failed",
  finished_at: "2026-03-14T09:30:00Z",
  error: {
    code: "no_audio_track",
    message: "The file has no sound.",
    hint: "Choose a file with an audio track.",
  },
});

/** asked answers every request and keeps it. The board, which is fetched anew on the side, stays what it is. */
function asked(body: unknown = {}): Request[] {
  const all: Request[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    all.push(request);
    const answer = request.url.endsWith("/api/v1/board") ? (board.snapshot ?? snapshot(1)) : body;
    return new Response(JSON.stringify(answer), {
      status: 200,
      headers: { "Content-Type": "application/json" },
    });
  });
  return all;
}

function show(): void {
  board.snapshot = snapshot(1, {
    running: [running],
    next: [short, job("next", { position: 2 })],
    last: [mute, job("gone", { state: "canceled" })],
    memory: reading({ level: "warn", available_bytes: 4.2e9 }),
    gate: { state: "waiting" },
  });
  board.readAt = Date.now();
  board.live = { job: "run", segments: [segment(0, "The water comes in."), segment(7000, "And goes.")] };
  render(Queue);
}

beforeEach(() => {
  language.choose("en");
  withDialogs();
});

afterEach(() => {
  cleanup();
  adding.dismiss();
  board.snapshot = undefined;
  toasts.all = [];
});

describe("the queue", () => {
  it("asks for files in one sentence when it is empty", () => {
    board.snapshot = snapshot(1);
    render(Queue);
    expect(screen.getByText("Drop audio or video here")).toBeTruthy();
    expect(screen.getAllByRole("button", { name: "Add files" })).toHaveLength(1);
  });

  it("shows the running job with number, estimate and stages", () => {
    show();
    expect(screen.getByRole("progressbar").getAttribute("aria-valuenow")).toBe("42");
    expect(screen.getByText("42% · about 12 min left")).toBeTruthy();
    expect(screen.getAllByText(/^done about/).length).toBeGreaterThan(0);
    const stages = within(screen.getByRole("list", { name: "Stages" })).getAllByRole("listitem");
    expect(stages.map((s) => s.textContent?.replace(/\s+/g, " ").trim())).toEqual([
      "Extract sound done",
      "Transcribe now",
    ]);
    expect(screen.getByText("The water comes in.")).toBeTruthy();
  });

  it("says of which stage the percent is, as long as that is not the last", () => {
    const progress = { stage: "extract" as const, fraction: 0.9, eta_seconds: 3 };
    board.snapshot = snapshot(1, { running: [{ ...running, stage: "extract", progress }] });
    board.readAt = Date.now();
    render(Queue);
    expect(screen.getByText("Extract sound, 90% · about 12 min left")).toBeTruthy();
  });

  it("shows the stages of languages, and how many lines are translated", () => {
    const progress = { stage: "translate" as const, fraction: 0.29, eta_seconds: 200 };
    const wanted = { translate_to: ["ko", "de"], summarize: true, llm_model: "gemma3:4b" };
    const lines = { ko: { done: 412, total: 412 }, de: { done: 120, total: 412 } };
    const quality = { warnings: [], lines };
    board.snapshot = snapshot(1, {
      running: [{ ...running, ...wanted, quality, stage: "translate", progress }],
    });
    board.readAt = Date.now();
    render(Queue);
    const stages = within(screen.getByRole("list", { name: "Stages" })).getAllByRole("listitem");
    expect(stages.map((s) => s.textContent?.replace(/\s+/g, " ").trim())).toEqual([
      "Extract sound done",
      "Transcribe done",
      "Translate now",
      "Summarize comes next",
    ]);
    expect(screen.getByText("Translate, 29% · German 120/412 lines · about 12 min left")).toBeTruthy();
    expect(screen.getByText(/gemma3:4b/)).toBeTruthy();
    expect(screen.queryByText(/large-v3-turbo/)).toBeNull();
  });

  it("takes the estimate of a job's last stage for that of the job", () => {
    const progress = { stage: "summarize" as const, fraction: 0.5, eta_seconds: 300 };
    board.snapshot = snapshot(1, {
      running: [{ ...running, summarize: true, stage: "summarize", progress }],
    });
    board.readAt = Date.now();
    render(Queue);
    expect(screen.getByText("50% · about 5 min left")).toBeTruthy();
  });

  it("counts an estimate from the moment it was made, and tells none that is past", () => {
    vi.useFakeTimers({ now: new Date(2026, 2, 14, 9, 0) });
    clock.now = Date.now();
    show();
    const said = () => screen.queryAllByText(/^done about/).map((x) => x.textContent);
    expect(said()[0]).toBe("done about 09:12");
    vi.setSystemTime(new Date(2026, 2, 14, 9, 10));
    clock.now = Date.now();
    flushSync();
    expect(said()[0]).toBe("done about 09:12");
    clock.now = new Date(2026, 2, 14, 9, 13).getTime();
    flushSync();
    expect(said()).toEqual([]);
    vi.useRealTimers();
  });

  it("does not count the time a job waited between its stages", () => {
    const stages = [
      { stage: "extract" as const, started_at: "2026-03-14T06:00:00Z", finished_at: "2026-03-14T06:01:00Z" },
      {
        stage: "transcribe" as const,
        started_at: "2026-03-14T09:00:00Z",
        finished_at: "2026-03-14T09:05:00Z",
      },
    ];
    const last = job("last", {
      state: "done",
      stages,
      started_at: "2026-03-14T06:00:00Z",
      finished_at: "2026-03-14T09:05:00Z",
    });
    board.snapshot = snapshot(1, { last: [last] });
    render(Queue);
    expect(screen.getByText("took 6 min")).toBeTruthy();
  });

  it("takes titles for text, never for markup", () => {
    show();
    expect(screen.getByText("<b>Harbour</b> master")).toBeTruthy();
    expect(document.querySelector("b")).toBeNull();
  });

  it("says why jobs wait and why they failed", () => {
    show();
    expect(screen.getByText("Waiting for memory: needs 6.9 GB, 4.2 GB free")).toBeTruthy();
    expect(screen.getByText("Waiting for its turn")).toBeTruthy();
    expect(screen.getByText("The file has no sound. Choose a file with an audio track.")).toBeTruthy();
    const canceled = screen.getByText("Title of gone").closest("li") as HTMLElement;
    expect(within(canceled).getByText("Canceled")).toBeTruthy();
    expect(within(canceled).getByRole("button", { name: "Try again" })).toBeTruthy();
  });

  it.each([
    ["en", "43% done"],
    ["ko", "43% 완료"],
  ] as const)("says how far what is back in the line came, in %s", (code, said) => {
    language.choose(code);
    const progress = { stage: "transcribe" as const, fraction: 0.43 };
    const next = [job("back", { reason: "memory", progress }), job("new", { reason: "memory" })];
    board.snapshot = snapshot(1, { next });
    render(Queue);
    const row = (title: string) => screen.getByText(title).closest("li") as HTMLElement;
    expect(within(row("Title of back")).getByText(said)).toBeTruthy();
    expect(row("Title of new").textContent).not.toContain("%");
  });

  it("says all of it in Korean", () => {
    language.choose("ko");
    show();
    expect(screen.getByRole("heading", { name: "대기열" })).toBeTruthy();
    expect(screen.getByText("42% · 약 12분 남음")).toBeTruthy();
    expect(screen.getByText("메모리 대기: 6.9 GB 필요, 지금 4.2 GB 여유")).toBeTruthy();
    expect(screen.getByText("파일에 소리가 없습니다. 소리가 있는 파일을 고르세요.")).toBeTruthy();
    expect(screen.queryByText(/Waiting|Choose|Add files/)).toBeNull();
  });

  it("follows a change of language", () => {
    show();
    language.choose("ko");
    flushSync();
    expect(screen.getByRole("heading", { name: "대기열" })).toBeTruthy();
  });

  it("cancels a waiting job at once and offers to undo that", async () => {
    const all = asked(short);
    show();
    screen.getByRole("button", { name: "Cancel Title of short" }).click();
    await vi.waitFor(() => expect(toasts.all).toHaveLength(1));
    expect(all[0]?.url).toMatch(/\/jobs\/short\/cancel$/);
    expect(toasts.all[0]).toMatchObject({
      text: "Canceled “\u2068Title of short\u2069”",
      offer: { label: "Undo" },
    });
  });

  it("asks once before it cancels the running job", async () => {
    const all = asked(running);
    show();
    screen.getByRole("button", { name: "Cancel <b>Harbour</b> master" }).click();
    flushSync();
    expect(all).toHaveLength(0);
    const dialog = screen.getByRole("dialog", { name: "Cancel this job?" });
    within(dialog).getByRole("button", { name: "Cancel job" }).click();
    await vi.waitFor(() => expect(toasts.all).toHaveLength(1));
    expect(all[0]?.url).toMatch(/\/jobs\/run\/cancel$/);
  });

  it("lists files that were not added by name, until dismissed", () => {
    board.snapshot = snapshot(1);
    render(Refusals);
    adding.tell({
      jobs: [{ ...job("a") }, { ...job("b") }, { ...job("c"), existing: true }],
      refused: [
        {
          path: "/x/notes.txt",
          name: "notes.txt",
          code: "not_media",
          message: "No media.",
          hint: "Convert.",
        },
      ],
    });
    flushSync();
    expect(toasts.all[0]?.text).toBe("2 added, 1 already in line");
    const panel = screen.getByRole("alert");
    expect(within(panel).getByText("notes.txt")).toBeTruthy();
    expect(within(panel).getByText("No media. Convert.")).toBeTruthy();
    within(panel).getByRole("button", { name: "Dismiss" }).click();
    flushSync();
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("moves the focus with the arrow keys", () => {
    show();
    const [first, second] = [screen.getByText("Title of short"), screen.getByText("Title of next")];
    first.focus();
    first.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true }));
    expect(document.activeElement).toBe(second);
  });

  it("says of a job that is held or scheduled no more than that, each with a picture of its own", () => {
    vi.useFakeTimers({ now: new Date(2026, 2, 14, 9, 0) });
    clock.now = Date.now();
    const until = new Date(2026, 2, 14, 22, 0).toISOString();
    board.snapshot = snapshot(1, {
      next: [
        job("held", { reason: "held", position: 1 }),
        job("late", { reason: "scheduled", until, position: 2 }),
        job("next", { position: 3 }),
      ],
    });
    render(Queue);
    const held = screen.getByText("Held").closest(".why") as HTMLElement;
    expect(held.title).toBe("It keeps its place and does not start until you let it.");
    const late = screen.getByText("Starts not before 22:00").closest(".why") as HTMLElement;
    expect(late.title).toContain("14 Mar 2026, 22:00");
    const pictures = [...document.querySelectorAll(".why > svg path")].map((p) => p.getAttribute("d"));
    expect(new Set(pictures).size).toBe(3);
    vi.useRealTimers();
  });

  const release = "Start when its turn comes";

  it.each([
    ["short", {}, ["Hold", "Start later…"], "Normal priority"],
    ["held", { reason: "held", priority: 5 }, [release, "Start later…"], "High priority"],
    ["late", { reason: "backoff", priority: -10 }, [release, "Hold", "Start later…"], "Low priority"],
    ["soon", { reason: "scheduled" }, [release, "Hold", "Change start time…"], "Normal priority"],
  ] as const)("offers for a waiting job what can be done to it: %s", (id, more, waits, urgency) => {
    board.snapshot = snapshot(1, { next: [job("a"), job(id, more), job("z")] });
    render(Queue);
    screen.getByRole("button", { name: `What to do with Title of ${id}` }).click();
    flushSync();
    const said = screen.getAllByRole("menuitem").map((x) => x.querySelector("span")?.textContent);
    expect(said).toEqual(["Move to front", "Move up", "Move down", "Move to back", ...waits, "Cancel"]);
    const chosen = screen.getAllByRole("menuitemradio", { checked: true });
    expect(chosen.map((x) => x.textContent?.trim())).toEqual([urgency]);
  });

  it("keeps a menu in use while its job comes to the end of the line", () => {
    board.snapshot = snapshot(1, { next: [short, job("next", { position: 2 })] });
    render(Queue);
    screen.getByRole("button", { name: "What to do with Title of short" }).click();
    flushSync();
    const down = screen.getByRole("menuitem", { name: /^Move down/ }) as HTMLButtonElement;
    expect(document.activeElement).toBe(down);

    // The number of jobs is told before the line is.
    board.snapshot.counts = { ...board.snapshot.counts, queued: 1 };
    flushSync();
    expect(down.disabled).toBe(false);
    expect(document.activeElement).toBe(down);

    board.snapshot = snapshot(1, { next: [short] });
    flushSync();
    expect(down.disabled).toBe(true);
    const menu = screen.getByRole("menu");
    expect(document.activeElement).toBe(menu);
    menu.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowUp", bubbles: true }));
    expect(document.activeElement?.textContent).toContain("Cancel");
  });

  it("asks once before it clears, with the number and what is lost", async () => {
    const all = asked({ count: 12 });
    const counts = { queued: 0, running: 0, done: 12, failed: 0, canceled: 3 };
    board.snapshot = snapshot(1, { last: [mute], counts });
    render(Queue);
    screen.getByRole("button", { name: "Tidy up" }).click();
    flushSync();
    const [done, failed] = screen.getAllByRole("menuitem") as HTMLButtonElement[];
    expect(failed?.disabled).toBe(true);
    done?.click();
    flushSync();
    expect(all).toHaveLength(0);
    const dialog = screen.getByRole("dialog", { name: "Delete all 12 jobs that are done?" });
    expect(dialog.textContent).toMatch(/transcripts are deleted/);
    within(dialog).getByRole("button", { name: "Delete 12 jobs" }).click();
    await vi.waitFor(() => expect(toasts.all.map((x) => x.text)).toEqual(["12 jobs deleted"]));
    expect(await all[0]?.json()).toEqual({ state: "done" });
  });

  it("keeps a title that writes backwards from turning a sentence around", () => {
    board.snapshot = snapshot(1, { running: [{ ...running, title: "in\u202efdp\u2069.exe" }] });
    render(Queue);
    screen.getByRole("button", { name: /^Cancel in/ }).click();
    flushSync();
    expect(screen.getByRole("dialog").textContent).toContain(
      "“\u2068in\u202efdp.exe\u2069” is being worked on.",
    );
  });

  it("lets nothing be dragged", () => {
    show();
    for (const a of document.querySelectorAll("a, img")) expect(a.getAttribute("draggable")).toBe("false");
  });
});

describe("the line beyond the board", () => {
  const line: Job[] = Array.from({ length: 132 }, (_, i) => job(`j${i}`, { position: i + 1 }));
  const now = snapshot(1, { next: line.slice(0, 50), counts: { ...snapshot(1).counts, queued: 132 } });

  it("is drawn as far as it is looked at, and is as long as it is", () => {
    asked({ jobs: [] });
    board.snapshot = now;
    render(Line, { now, later: () => {} });
    const rows = screen.getAllByRole("listitem");
    expect(rows.length).toBeLessThan(50);
    expect(rows[3]?.getAttribute("aria-posinset")).toBe("4");
    expect(rows[3]?.getAttribute("aria-setsize")).toBe("132");
    // Tab comes to one row only.
    const reached = [...document.querySelectorAll("ol a, ol button")].filter(
      (e) => (e as HTMLElement).tabIndex === 0,
    );
    expect(reached.every((e) => e.closest("li") === rows[0])).toBe(true);
  });

  it("keeps the focus in the line when a row goes", async () => {
    asked(job("x"));
    board.snapshot = now;
    const { rerender } = render(Line, { now, later: () => {} });
    const cancel = screen.getByRole("button", { name: "Cancel Title of j3" });
    cancel.focus();
    cancel.click();
    await rerender({ now: snapshot(2, { next: line.slice(0, 50).filter((j) => j.id !== "j3") }) });
    expect(document.activeElement?.textContent).toBe("Title of j4");
  });
});

describe("addresses", () => {
  it.each([
    ["", "queue", ""],
    ["#/machine", "machine", ""],
    ["#/job/01K6", "job", "01K6"],
    ["#/job/", "queue", ""],
    ["#/job/%E0%A4%A", "queue", ""],
    ["#/nowhere", "queue", ""],
  ])("reads %s", (hash, place, id) => expect(parse(hash)).toEqual({ place, job: id }));
});
