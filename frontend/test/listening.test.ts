import { cleanup, fireEvent, render, screen, within } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { components } from "../src/lib/api/schema";
import type { Job, Segment, Summary, Transcript } from "../src/lib/api/types";
import { clock } from "../src/lib/clock.svelte";
import { board } from "../src/lib/live/board.svelte";
import { router } from "../src/lib/route.svelte";
import { shell } from "../src/lib/shell/shell";
import { toasts } from "../src/lib/ui/toasts.svelte";
import { en } from "../src/lib/words/en";
import { language } from "../src/lib/words/words.svelte";
import JobView from "../src/views/Job.svelte";
import { job, segment, withDialogs } from "./fakes";

const now = Date.UTC(2026, 2, 14, 9, 0);
const words = en.reading;

const done = job("a", {
  state: "done",
  title: "Harbour master",
  finished_at: "2026-03-14T08:58:00Z",
  translate_to: ["ko"],
  quality: { warnings: [], lines: { ko: { done: 3, total: 3 } } },
});
const spoken = [
  segment(0, "The water came.", 1),
  segment(3000, "We waited.", 2),
  segment(9000, "<b>Then</b> it fell.", 3),
];
const korean = ["물이 들어왔다.", "우리는 기다렸다.", "그리고 물이 빠졌다."];
const whole = (lang: string, segments: Segment[]): Transcript => ({
  language: lang,
  complete: true,
  segments,
});

type Attempt = components["schemas"]["Attempt"];
type Served = { job?: Job; summary?: Summary; attempts?: Attempt[] };

/** What was asked, with what it carried. */
let asked: { what: string; body: unknown }[];

async function show({ job = done, summary, attempts = [] }: Served = {}): Promise<void> {
  const texts: Record<string, Segment[]> = {
    "": spoken,
    ko: spoken.map((s, i) => ({ ...s, text: korean[i] ?? "" })),
  };
  vi.stubGlobal("fetch", async (request: Request) => {
    const { pathname, searchParams } = new URL(request.url);
    const lang = searchParams.get("lang") ?? "";
    const body: unknown = request.method === "GET" ? undefined : await request.json();
    asked.push({ what: `${request.method} ${pathname.replace("/api/v1/jobs/a", "")}`, body });
    const json = (body: unknown) =>
      new Response(JSON.stringify(body), { headers: { "Content-Type": "application/json" } });
    if (pathname.endsWith("/attempts")) return json({ attempts });
    if (pathname.endsWith("/summary")) return json(summary ?? null);
    if (!pathname.endsWith("/transcript")) return json(job);
    for (const edit of (body as { edits: { id: number; text: string }[] } | undefined)?.edits ?? []) {
      texts[lang] = (texts[lang] ?? []).map((s) =>
        s.id === edit.id ? { ...s, text: edit.text, edited: true, original: s.text } : s,
      );
    }
    return json(whole(lang || "en", texts[lang] ?? []));
  });
  render(JobView, { id: "a" });
  await settled();
}

async function settled(ms = 50): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  flushSync();
}

/** Sound stands in for what plays in a real browser. */
let paused = true;
let place = 0;

/** hear lets the recording come to a place, in seconds. */
async function hear(seconds: number): Promise<void> {
  place = seconds;
  await fireEvent(document.querySelector("video") as HTMLElement, new Event("timeupdate"));
  await settled();
}

/** listen opens the player. */
async function listen(): Promise<void> {
  await fireEvent.click(screen.getByRole("button", { name: words.play }));
  await settled();
  await fireEvent(document.querySelector("video") as HTMLElement, new Event("loadedmetadata"));
  await settled();
}

const marked = () =>
  [...document.querySelectorAll("[aria-current=true][data-line]")].map((x) => x.textContent?.trim());
const press = (key: string, at: Element | Window = window) => fireEvent.keyDown(at, { key });

beforeEach(() => {
  vi.useFakeTimers({ now });
  clock.now = now;
  language.choose("en");
  localStorage.clear();
  asked = [];
  [paused, place] = [true, 0];
  Element.prototype.scrollIntoView = vi.fn();
  const media = HTMLMediaElement.prototype;
  vi.spyOn(media, "play").mockImplementation(async () => void (paused = false));
  vi.spyOn(media, "pause").mockImplementation(() => void (paused = true));
  vi.spyOn(media, "paused", "get").mockImplementation(() => paused);
  vi.spyOn(media, "readyState", "get").mockReturnValue(4);
  vi.spyOn(media, "duration", "get").mockReturnValue(60);
  vi.spyOn(media, "currentTime", "get").mockImplementation(() => place);
  vi.spyOn(media, "currentTime", "set").mockImplementation((to) => void (place = to));
  withDialogs();
});

afterEach(() => {
  cleanup();
  board.snapshot = undefined;
  router.route = { place: "queue", job: "" };
  toasts.all = [];
  vi.useRealTimers();
});

describe("listening", () => {
  it("begins where the text was opened, from the address that the shell knows", async () => {
    router.route = { place: "job", job: "a", at: 2 };
    vi.spyOn(shell(), "media").mockResolvedValue("http://127.0.0.1:7584/media?ticket=1");
    await show();
    expect(document.querySelector("video")).toBeNull();
    await listen();
    expect(document.querySelector("video")?.getAttribute("src")).toBe("http://127.0.0.1:7584/media?ticket=1");
    expect([place, paused]).toEqual([3, false]);
  });

  it("marks the line that is heard, also in both texts beside each other", async () => {
    await show();
    await listen();
    await hear(4);
    expect(marked()).toEqual(["We waited."]);
    await fireEvent.click(screen.getByRole("checkbox", { name: en.job.beside }));
    await settled();
    await hear(9.5);
    expect(marked()).toHaveLength(1);
    expect(marked()[0]).toContain("<b>Then</b> it fell.");
    expect(marked()[0]).toContain(korean[2]);
    expect(document.querySelector("b")).toBeNull();
  });

  it("goes where a time, a double click, a chapter or a note says", async () => {
    const chapters = [{ start_ms: 9000, title: "The fall" }];
    const summary: Summary = {
      language: "en",
      title: "Water",
      text: "It came and went.",
      key_points: [],
      action_items: [],
      chapters,
      coverage_percent: 100,
    } as unknown as Summary;
    const warnings = [{ code: "text_repeats", at_ms: 3500, text: "Again." }];
    await show({ job: { ...done, summarize: true, quality: { warnings } }, summary });
    await fireEvent.click(screen.getByRole("link", { name: /The fall/ }));
    expect(place).toBe(0); // nobody listens
    await listen();
    await fireEvent.click(screen.getByRole("link", { name: /The fall/ }));
    expect(place).toBe(9);
    await fireEvent.click(screen.getByRole("link", { name: "0:03" }));
    expect(place).toBe(3.5);
    await fireEvent.click(screen.getByRole("button", { name: words.playFrom("0:09") }));
    expect(place).toBe(9);
    await fireEvent.dblClick(screen.getByText("We waited."));
    expect(place).toBe(3);
  });

  it("hears its keys only where they are not letters", async () => {
    await show();
    await listen();
    await press("k");
    expect(paused).toBe(true);
    await press(" ");
    expect(paused).toBe(false);
    await hear(20);
    await press("j");
    expect(place).toBe(10);
    await press("ArrowRight");
    expect(place).toBe(20);
    const field = screen.getByRole("searchbox");
    for (const key of ["k", " ", "j", "ArrowLeft"]) await press(key, field);
    await press(" ", screen.getByRole("button", { name: en.common.copy }));
    expect([place, paused]).toEqual([20, false]);
  });

  it("follows no more when somebody scrolls, and again when asked", async () => {
    await show();
    await listen();
    await hear(4);
    document.body.className = "view";
    await fireEvent.wheel(screen.getByText("We waited."));
    await settled();
    const follow = screen.getByRole("button", { name: en.job.newest });
    await fireEvent.click(follow);
    await settled();
    expect(screen.queryByRole("button", { name: en.job.newest })).toBeNull();
  });

  it("goes along with the places that were found while it is still", async () => {
    await show();
    await listen();
    await press("k");
    await fireEvent(document.querySelector("video") as HTMLElement, new Event("pause"));
    await fireEvent.input(screen.getByRole("searchbox"), { target: { value: "fell" } });
    await settled(200);
    expect(place).toBe(9);
  });
});

describe("correcting", () => {
  const open = async () => {
    await fireEvent.click(screen.getByRole("button", { name: words.correct }));
    await settled();
  };

  it("is possible in the text that is read, with what was there", async () => {
    await show();
    await fireEvent.click(screen.getByRole("radio", { name: "Korean" }));
    await settled();
    await open();
    await press("F2", screen.getByText(korean[1] ?? ""));
    await settled();
    const field = screen.getByRole<HTMLTextAreaElement>("textbox", { name: words.field("0:03") });
    await fireEvent.input(field, { target: { value: "우리는\n오래 기다렸다." } });
    await fireEvent.keyDown(field, { key: "Enter", isComposing: true });
    expect(asked.some((x) => x.what.startsWith("PATCH"))).toBe(false);
    await press("Enter", field);
    await settled();
    expect(asked.find((x) => x.what.startsWith("PATCH"))?.body).toEqual({
      edits: [{ id: 2, text: "우리는 오래 기다렸다.", was: korean[1] }],
    });
    expect(screen.getByText("우리는 오래 기다렸다.")).toBeTruthy();
    await fireEvent.click(screen.getByRole("button", { name: words.corrected }));
    expect(screen.getByText(words.wasTranslated)).toBeTruthy();
  });

  it("opens either text beside the other", async () => {
    await show();
    await fireEvent.click(screen.getByRole("checkbox", { name: en.job.beside }));
    await settled();
    const buttons = screen.getAllByRole("button", { name: words.correctLine });
    expect(buttons).toHaveLength(6);
    await fireEvent.click(buttons[1] as HTMLElement);
    await settled();
    expect(screen.getByRole<HTMLTextAreaElement>("textbox", { name: words.field("0:00") }).value).toBe(
      korean[0],
    );
  });

  it("asks before what was written is left", async () => {
    location.hash = "#/job/a";
    await settled();
    await show();
    await open();
    await fireEvent.click(screen.getAllByRole("button", { name: words.correctLine })[0] as HTMLElement);
    await settled();
    await fireEvent.input(screen.getByRole("textbox", { name: words.field("0:00") }), {
      target: { value: "Mine." },
    });
    location.hash = "#/machine";
    await settled();
    expect([location.hash, router.route.place]).toEqual(["#/job/a", "job"]);
    const question = screen.getByRole("dialog", { name: words.leaveTitle });
    await fireEvent.click(within(question).getByRole("button", { name: words.leave }));
    await settled();
    expect([location.hash, router.route.place]).toEqual(["#/machine", "machine"]);
  });

  it("is not possible while the job runs", async () => {
    await show({ job: { ...done, state: "running", stage: "translate" } });
    expect(screen.queryByRole("button", { name: words.correct })).toBeNull();
    await press("F2", screen.getByText("We waited."));
    await settled();
    expect(screen.queryByRole("textbox", { name: words.field("0:03") })).toBeNull();
  });
});

describe("what else can be done", () => {
  const choose = async (name: string) => {
    await fireEvent.click(screen.getByRole("button", { name: en.job.actions }));
    await fireEvent.click(screen.getByRole("menuitem", { name }));
    await settled();
  };

  it("copies the text with its times", async () => {
    const copy = vi.spyOn(shell(), "copy").mockResolvedValue();
    await show();
    await choose(words.copyTimes);
    expect(copy).toHaveBeenCalledWith("0:00 The water came.\n0:03 We waited.\n0:09 <b>Then</b> it fell.");
  });

  it("shows the file in its folder only where the shell can", async () => {
    await show();
    await fireEvent.click(screen.getByRole("button", { name: en.job.actions }));
    expect(screen.queryByRole("menuitem", { name: words.folder })).toBeNull();
    cleanup();
    const reveal = vi.fn().mockRejectedValue(new Error("No."));
    Object.assign(shell(), { reveal });
    await show();
    await choose(words.folder);
    expect(reveal).toHaveBeenCalledWith("a");
    expect(toasts.all.map((x) => x.text)).toEqual([words.revealFailed]);
    delete (shell() as { reveal?: unknown }).reveal;
  });

  it("tells of the tries that failed, with the log, when asked", async () => {
    const copy = vi.spyOn(shell(), "copy").mockResolvedValue();
    const attempt: Attempt = {
      stage: "transcribe",
      number: 2,
      started_at: "2026-03-14T08:50:00Z",
      finished_at: "2026-03-14T08:50:41Z",
      kind: "crash",
      code: "engine_crashed",
      message: "The speech engine crashed.",
      hint: "It is tried again.",
      log_tail: "<b>ggml</b>: abort",
    };
    await show({ job: { ...done, crashes: 1 }, attempts: [attempt] });
    expect(asked.some((x) => x.what.endsWith("attempts"))).toBe(false);
    await fireEvent.click(screen.getByText(words.attempts));
    await settled();
    expect(screen.getByText(words.attempt(2))).toBeTruthy();
    expect(screen.getByText(words.kinds.crash)).toBeTruthy();
    expect(screen.getByText(/41 s$/)).toBeTruthy();
    expect(screen.getByText("<b>ggml</b>: abort")).toBeTruthy();
    await fireEvent.click(screen.getByRole("button", { name: words.copyLog, hidden: true }));
    expect(copy).toHaveBeenCalledWith("<b>ggml</b>: abort");
  });
});
