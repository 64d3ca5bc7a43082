import { cleanup, fireEvent, render, screen, within } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Job, Segment, Transcript } from "../src/lib/api/types";
import { clock } from "../src/lib/clock.svelte";
import { board } from "../src/lib/live/board.svelte";
import { shell } from "../src/lib/shell/shell";
import { toasts } from "../src/lib/ui/toasts.svelte";
import { language } from "../src/lib/words/words.svelte";
import { workSeconds } from "../src/lib/jobs";
import { languageName } from "../src/lib/languages";
import { sayRemark, type JobEvent } from "../src/views/job/facts";
import JobView from "../src/views/Job.svelte";
import { event, job, segment, snapshot, withDialogs } from "./fakes";

const now = Date.UTC(2026, 2, 14, 9, 0);

const done = job("a", {
  state: "done",
  title: "<b>Harbour</b> master",
  duration_ms: 3_725_000,
  finished_at: "2026-03-14T08:58:00Z",
  stages: [
    { stage: "extract", started_at: "2026-03-14T08:50:00Z", finished_at: "2026-03-14T08:50:04Z" },
    { stage: "transcribe", started_at: "2026-03-14T08:52:00Z", finished_at: "2026-03-14T08:58:00Z" },
  ],
});
const running = job("a", {
  state: "running",
  stage: "transcribe",
  progress: { stage: "transcribe", fraction: 0.42 },
});

function whole(...segments: Segment[]): Transcript {
  return { language: "en", complete: true, segments };
}

function partial(...segments: Segment[]): Transcript {
  return { language: "en", complete: false, segments };
}

type Served = { job: Job | number; transcript: Transcript | number; history?: JobEvent[] };

/** What the last requests carried. */
let bodies: unknown[] = [];

/** serving answers with what it is set to, and keeps what was asked. */
function serving(served: Served): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const { pathname } = new URL(request.url);
    asked.push(`${request.method} ${pathname}`);
    const sent = request.method === "POST" ? await request.text() : "";
    if (sent) bodies.push(JSON.parse(sent));
    const history = pathname.endsWith("/history") && { events: served.history };
    const body = history || (pathname.endsWith("/transcript") ? served.transcript : served.job);
    if (typeof body === "number") {
      const code = body === 404 ? "job_unknown" : "internal";
      const problem = { status: body, title: "", code, detail: "It broke.", hint: "Do this." };
      return new Response(JSON.stringify(problem), { status: body });
    }
    return new Response(JSON.stringify(body), { headers: { "Content-Type": "application/json" } });
  });
  return asked;
}

async function settled(ms = 50): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  flushSync();
}

async function show(served: Served): Promise<string[]> {
  const asked = serving(served);
  render(JobView, { id: "a" });
  await settled();
  return asked;
}

const said = () => [...document.querySelectorAll(".said")].map((x) => x.textContent);
const marks = () => [...document.querySelectorAll("mark")].map((x) => x.textContent);

beforeEach(() => {
  vi.useFakeTimers({ now });
  clock.now = now;
  language.choose("en");
  bodies = [];
  Element.prototype.scrollIntoView = vi.fn();
  withDialogs();
});

afterEach(() => {
  cleanup();
  board.snapshot = undefined;
  board.live = { job: "", segments: [] };
  board.gone.clear();
  toasts.all = [];
  vi.useRealTimers();
});

describe("a job that is done", () => {
  const text = whole(
    segment(0, "The water came."),
    segment(1000, "We waited."),
    segment(62_000, "<i>Then</i> it fell."),
  );

  it("is read in paragraphs with their times, and nothing in it is markup", async () => {
    await show({ job: done, transcript: text });
    expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("<b>Harbour</b> master");
    expect(said()).toEqual(["The water came. We waited.", "<i>Then</i> it fell."]);
    expect([...document.querySelectorAll("p .time")].map((x) => x.textContent)).toEqual(["0:00", "1:02"]);
    expect(document.querySelector("b, i")).toBeNull();
  });

  it("tells its facts", async () => {
    await show({ job: done, transcript: text });
    const facts = Object.fromEntries(
      [...document.querySelectorAll("dl div")].map((d) => [
        d.querySelector("dt")?.textContent,
        d.querySelector("dd")?.textContent,
      ]),
    );
    expect(facts).toEqual({
      File: "a.mp4",
      Length: "1:02:05",
      Language: "English",
      Model: "large-v3-turbo",
      Finished: "2 min ago",
      Took: "6 min",
    });
    expect(screen.getByText("Done")).toBeTruthy();
  });

  it("lists what to know about the text, with the place", async () => {
    const warnings = [{ code: "text_repeats", at_ms: 754_000, text: "The same words again." }];
    await show({ job: { ...done, quality: { warnings } }, transcript: text });
    const remarks = screen.getByRole("heading", { name: "Notes" }).closest("section") as HTMLElement;
    expect(within(remarks).getByRole("link", { name: "12:34" }).getAttribute("href")).toMatch(
      /^#\/job\/.+\?at=\d+$/,
    );
    expect(within(remarks).getByText("The same words again.")).toBeTruthy();
  });

  it("finds words, marks and counts them, and walks among them", async () => {
    await show({ job: done, transcript: text });
    const field = screen.getByRole("searchbox", { name: "Find in the text" });
    await fireEvent.keyDown(window, { key: "f", ctrlKey: true });
    expect(document.activeElement).toBe(field);
    await fireEvent.input(field, { target: { value: "W" } });
    await settled(200);
    expect(marks()).toEqual(["w", "W", "w"]);
    expect(screen.getByText("1 of 3")).toBeTruthy();
    await fireEvent.keyDown(field, { key: "Enter" });
    expect(screen.getByText("2 of 3")).toBeTruthy();
    await fireEvent.keyDown(field, { key: "Enter", shiftKey: true });
    await fireEvent.keyDown(field, { key: "Enter", shiftKey: true });
    expect(screen.getByText("3 of 3")).toBeTruthy();
    expect(document.querySelectorAll("mark.current")).toHaveLength(1);
    expect(said()[0]).toBe("The water came. We waited.");
    await fireEvent.input(field, { target: { value: "zzz" } });
    await settled(200);
    expect(screen.getByText("Not found")).toBeTruthy();
    await fireEvent.keyDown(field, { key: "Escape" });
    await settled();
    expect(marks()).toEqual([]);
  });

  it("copies its text", async () => {
    const copy = vi.spyOn(shell(), "copy").mockResolvedValue();
    await show({ job: done, transcript: text });
    await fireEvent.click(screen.getByRole("button", { name: "Copy" }));
    await settled();
    expect(copy).toHaveBeenCalledWith("The water came. We waited.\n\n<i>Then</i> it fell.");
    expect(toasts.all.map((x) => x.text)).toEqual(["The text is copied"]);
  });

  it("exports in every format", async () => {
    const save = vi.spyOn(shell(), "saveText").mockResolvedValue(true);
    await show({ job: done, transcript: text });
    for (const i of [0, 1, 2, 3, 4]) {
      await fireEvent.click(screen.getByRole("button", { name: "Export" }));
      await fireEvent.click(screen.getAllByRole("menuitem")[i] as HTMLElement);
    }
    expect(save.mock.calls.map(([j, format]) => [j.id, format])).toEqual(
      ["txt", "md", "srt", "vtt", "json"].map((f) => ["a", f]),
    );
  });

  it("says why a file was not saved", async () => {
    vi.spyOn(shell(), "saveText").mockRejectedValue(new Error("The disk is full."));
    await show({ job: done, transcript: text });
    await fireEvent.click(screen.getByRole("button", { name: "Export" }));
    await fireEvent.click(screen.getAllByRole("menuitem")[0] as HTMLElement);
    await settled();
    expect(toasts.all[0]).toMatchObject({ tone: "problem", text: "The file could not be saved." });
  });

  it("says that nobody spoke, once", async () => {
    const warnings = [{ code: "no_speech", at_ms: 0, text: "No speech was found." }];
    await show({ job: { ...done, quality: { warnings } }, transcript: whole() });
    expect(screen.getByText("No speech was found")).toBeTruthy();
    expect(screen.queryByText("Notes")).toBeNull();
    expect(screen.queryByRole("button", { name: "Export" })).toBeNull();
  });

  it("brings a long text in slices, and all of it", async () => {
    const many = Array.from({ length: 1200 }, (_, i) => segment(i * 5000, `Sentence ${i}.`));
    serving({ job: done, transcript: whole(...many) });
    render(JobView, { id: "a" });
    await vi.waitFor(() => expect(said().length).toBeGreaterThan(0));
    expect(said().length).toBeLessThan(1200);
    await settled(500);
    expect(said()).toHaveLength(1200);
  });

  it("offers to read the text again when that failed", async () => {
    const served: Served = { job: done, transcript: 500 };
    await show(served);
    expect(screen.getByText("The text could not be read.")).toBeTruthy();
    served.transcript = text;
    await fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    await settled();
    expect(said()).toHaveLength(2);
  });
});

describe("a job that runs", () => {
  function live(...segments: Segment[]): void {
    board.live = { job: "a", segments };
    flushSync();
  }

  it("shows how far it is, follows what is heard, and takes the whole text at the end", async () => {
    board.snapshot = snapshot(1, { running: [running] });
    const served: Served = { job: running, transcript: partial(segment(0, "One.")) };
    await show(served);
    expect(screen.getByText("Transcribe, 42%")).toBeTruthy();
    expect(screen.getByRole("progressbar").getAttribute("aria-valuenow")).toBe("42");
    live(segment(0, "One."), segment(1000, "Two."));
    expect(said()).toEqual(["One. Two."]);

    served.transcript = whole(segment(0, "One."), segment(1000, "Two."), segment(9000, "Three."));
    served.job = done;
    board.snapshot = snapshot(2, { last: [done] });
    await settled();
    expect(said()).toEqual(["One. Two.", "Three."]);
    expect(screen.queryByRole("progressbar")).toBeNull();
  });

  it("reads again when the row of live events broke", async () => {
    board.snapshot = snapshot(1, { running: [running] });
    const served: Served = { job: running, transcript: partial(segment(0, "One.")) };
    await show(served);
    live(segment(9000, "Lost."));
    expect(said()).toEqual(["One.", "Lost."]);
    served.transcript = partial(segment(0, "One."), segment(1000, "Two."));
    board.live = { job: "", segments: [] };
    await settled();
    expect(said()).toEqual(["One. Two."]);
  });

  it("mends a text that has a hole as soon as it is kept", async () => {
    board.snapshot = snapshot(1, { running: [running] });
    const served: Served = { job: running, transcript: partial(segment(0, "One.")) };
    const asked = await show(served);
    live(segment(0, "One."), segment(2000, "Three."));
    served.transcript = partial(segment(0, "One."), segment(1000, "Two."), segment(2000, "Three."));
    await settled(16_000);
    expect(said()).toEqual(["One. Two. Three."]);
    const reads = asked.length;
    await settled(60_000);
    expect(asked.length).toBe(reads);
  });

  it("can be canceled, and cannot be exported yet", async () => {
    board.snapshot = snapshot(1, { running: [running] });
    const asked = await show({ job: running, transcript: partial(segment(0, "One.")) });
    expect((screen.getByRole("button", { name: "Export" }) as HTMLButtonElement).disabled).toBe(true);
    await fireEvent.click(screen.getByRole("button", { name: "Cancel job" }));
    await settled();
    expect(asked).not.toContain("POST /api/v1/jobs/a/cancel");
    const question = screen.getByRole("dialog", { name: "Cancel this job?" });
    await fireEvent.click(within(question).getByRole("button", { name: "Cancel job" }));
    await settled();
    expect(asked).toContain("POST /api/v1/jobs/a/cancel");
  });

  it("takes the question back when it ends meanwhile", async () => {
    board.snapshot = snapshot(1, { running: [running] });
    await show({ job: done, transcript: partial(segment(0, "One.")) });
    await fireEvent.click(screen.getByRole("button", { name: "Cancel job" }));
    expect(screen.queryByRole("dialog")).not.toBeNull();
    board.snapshot = snapshot(2, { last: [done] });
    await settled();
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("tells its state aloud, but not every percent", async () => {
    board.snapshot = snapshot(1, { running: [running] });
    await show({ job: running, transcript: partial() });
    const aloud = screen.getAllByRole("status").map((x) => x.textContent?.trim());
    expect(aloud).toContain("Running");
    expect(aloud.join()).not.toContain("%");
  });
});

describe("any job", () => {
  it("that failed says what happened, where, and what to do", async () => {
    const failed = job("a", {
      state: "failed",
      finished_at: "2026-03-14T08:58:00Z",
      error: {
        code: "file_damaged",
        message: "The file is damaged.",
        hint: "Export it again.",
        stage: "extract",
      },
    });
    await show({ job: failed, transcript: partial() });
    expect(screen.getByText("The file is damaged.")).toBeTruthy();
    expect(screen.getByText("In the stage “Extract sound”.")).toBeTruthy();
    expect(screen.getByText("Export it again.")).toBeTruthy();
    expect(screen.getByText(/There is no text/)).toBeTruthy();
  });

  it("that waits says why, and where it stands", async () => {
    const waiting = job("a", { reason: "memory", reason_text: "needs 6.9 GB, 4.2 GB free", position: 3 });
    board.snapshot = snapshot(1, { next: [waiting] });
    await show({ job: waiting, transcript: partial() });
    expect(screen.getByText(/^3\/3 in line/)).toBeTruthy();
    expect(screen.getByText("Waiting for memory: needs 6.9 GB, 4.2 GB free")).toBeTruthy();
  });

  it("that is back in the line says how far it came", async () => {
    const progress = { stage: "transcribe" as const, fraction: 0.43 };
    const back = job("a", { reason: "memory", reason_text: "needs 6.9 GB, 4.2 GB free", progress });
    board.snapshot = snapshot(1, { next: [back] });
    await show({ job: back, transcript: partial() });
    expect(screen.getByText("43% done")).toBeTruthy();
    expect(screen.queryByRole("progressbar")).toBeNull();
  });

  it("that stands in line beyond the board is read again when the line moves, but not at every move", async () => {
    board.snapshot = snapshot(1);
    const served: Served = { job: job("a", { position: 70 }), transcript: partial() };
    const asked = await show(served);
    const reads = () => asked.filter((x) => x === "GET /api/v1/jobs/a").length;
    expect(screen.getByText(/^70\/70 in line/)).toBeTruthy();
    served.job = job("a", { position: 69 });
    for (const wait of [300, 400, 500]) {
      board.readAt = Date.now();
      await settled(wait);
    }
    expect(reads()).toBe(1);
    await settled(2000);
    expect(reads()).toBe(2);
    expect(screen.getByText(/^69\/69 in line/)).toBeTruthy();
  });

  it("that was canceled can be tried again", async () => {
    const asked = await show({ job: job("a", { state: "canceled" }), transcript: partial() });
    await fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    await settled();
    expect(asked).toContain("POST /api/v1/jobs/a/retry");
  });

  it.each([
    ["Transcribe again", { from_stage: "transcribe" }],
    ["Start over from the file", { from_stage: "extract" }],
  ])("that is done can be done anew: %s", async (label, body) => {
    const asked = await show({ job: done, transcript: whole(segment(0, "One.")) });
    await fireEvent.click(screen.getByRole("button", { name: "More about this job" }));
    await fireEvent.click(screen.getByRole("menuitem", { name: label }));
    await settled();
    expect(asked.filter((x) => x.startsWith("POST"))).toEqual(["POST /api/v1/jobs/a/retry"]);
    expect(bodies).toEqual([body]);
  });

  it("that waits can be held, and one that is held can be let go", async () => {
    const served: Served = { job: job("a", { position: 70, reason: "turn" }), transcript: partial() };
    board.snapshot = snapshot(1);
    const asked = await show(served);
    served.job = job("a", { position: 70, reason: "held" });
    await fireEvent.click(screen.getByRole("button", { name: "Hold" }));
    await settled();
    expect(asked).toContain("POST /api/v1/jobs/a/hold");
    expect(screen.getByText("Held")).toBeTruthy();
    await fireEvent.click(screen.getByRole("button", { name: "Start when its turn comes" }));
    await settled();
    expect(asked).toContain("POST /api/v1/jobs/a/release");
  });

  it("that is deleted while it is read says so, and leads back", async () => {
    board.snapshot = snapshot(1, { last: [done] });
    await show({ job: done, transcript: whole(segment(0, "One.")) });
    board.apply(event(2, "gone", { job_id: "a" }));
    await settled();
    expect(screen.getByText("This job was deleted")).toBeTruthy();
    expect(screen.queryByText("One.")).toBeNull();
    await fireEvent.click(screen.getByRole("button", { name: "Back to the queue" }));
    expect(location.hash).toBe("#/queue");
  });

  it("is read again after events were missed, also when it has ended", async () => {
    board.snapshot = snapshot(1);
    const served: Served = { job: done, transcript: whole(segment(0, "One.")) };
    await show(served);
    served.job = 404;
    board.breaks++;
    board.readAt = Date.now();
    await settled(3000);
    expect(screen.getByText("This job was deleted")).toBeTruthy();
  });

  it("tells what happened to it when asked, and again when it has changed", async () => {
    const history: JobEvent[] = [{ at: "2026-03-14T08:50:00Z", verb: "submit", to: "queued" }];
    board.snapshot = snapshot(1, { next: [job("a")] });
    const asked = await show({ job: job("a"), transcript: partial(), history });
    expect(asked.join()).not.toContain("history");
    await fireEvent.click(screen.getByText("What happened"));
    await settled();
    expect(screen.getAllByRole("cell").map((x) => x.textContent)).toContain("Added to the line");
    history.push({ at: "2026-03-14T08:51:00Z", verb: "hold", from: "queued", to: "queued", reason: "held" });
    board.snapshot = snapshot(2, { next: [job("a", { reason: "held" })] });
    await settled();
    expect(screen.getAllByRole("cell").map((x) => x.textContent)).toContain("Held");
  });

  it("that is not there says so", async () => {
    await show({ job: 404, transcript: 404 });
    expect(screen.getByText("This job is not here")).toBeTruthy();
    expect(screen.getByRole("link", { name: "Queue" }).getAttribute("href")).toBe("#/queue");
  });

  it("lists how long each stage took", async () => {
    const reused = { stage: "extract" as const, started_at: "2026-03-14T08:50:00Z", reused: true };
    const stages = [{ ...reused, finished_at: "2026-03-14T08:50:00Z" }, ...done.stages.slice(1)];
    await show({ job: { ...done, stages }, transcript: whole(segment(0, "One.")) });
    const rows = [...document.querySelectorAll("tr")].map((r) =>
      [...r.cells].map((c) => c.textContent?.trim()),
    );
    expect(rows[1]?.toSpliced(1, 1)).toEqual(["Extract sound", "0 s", "Taken from an earlier job"]);
    expect(rows[2]?.toSpliced(1, 1)).toEqual(["Transcribe", "6 min", ""]);
  });

  it("speaks Korean", async () => {
    language.choose("ko");
    const error = { code: "file_damaged", message: "The file is damaged.", hint: "Export it again." };
    await show({ job: { ...done, title: "제목", state: "failed", model: "", error }, transcript: partial() });
    document.querySelectorAll("dd, .code").forEach((x) => x.remove());
    expect(document.body.textContent).toMatch(/파일이 손상/);
    expect(document.body.textContent).not.toMatch(/[A-Za-z]{4}/);
    language.choose("en");
  });
});

describe("facts", () => {
  it("count the work and not the waiting, nor what was taken over", () => {
    expect(workSeconds(done, now)).toBe(364);
    const open = { stage: "transcribe" as const, started_at: "2026-03-14T08:59:00Z" };
    const taken = { ...open, finished_at: "2026-03-14T09:00:00Z", reused: true };
    expect(workSeconds(job("x", { stages: [taken, open] }), now)).toBe(60);
  });

  it("name a language in the language of the page, and leave what is none", () => {
    expect([languageName("ko"), languageName("no such language")]).toEqual(["Korean", "no such language"]);
    language.choose("ko");
    expect(languageName("en")).toBe("영어");
  });

  it("tell a warning by its code where the server's sentence is foreign", () => {
    const known = { code: "text_repeats", at_ms: 0, text: "Again and again." };
    expect(sayRemark(known)).toBe("Again and again.");
    language.choose("ko");
    expect(sayRemark(known)).toMatch(/되풀이/);
    expect(sayRemark({ ...known, code: "new_one" })).toBe("Again and again.");
  });
});
