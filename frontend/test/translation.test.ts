import { cleanup, fireEvent, render, screen, within } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Delivery, Job, Segment, Summary, Transcript } from "../src/lib/api/types";
import { clock } from "../src/lib/clock.svelte";
import { wholeIn } from "../src/lib/jobs";
import { board } from "../src/lib/live/board.svelte";
import { router } from "../src/lib/route.svelte";
import { shell } from "../src/lib/shell/shell";
import { toasts } from "../src/lib/ui/toasts.svelte";
import { en } from "../src/lib/words/en";
import { ko } from "../src/lib/words/ko";
import { language } from "../src/lib/words/words.svelte";
import { paired } from "../src/views/job/texts.svelte";
import JobView from "../src/views/Job.svelte";
import { job, segment, snapshot, withDialogs } from "./fakes";

const now = Date.UTC(2026, 2, 14, 9, 0);

const spoken = [segment(0, "The water came."), segment(3000, "We waited."), segment(9000, "Then it fell.")];
const korean = ["물이 들어왔다.", "우리는 기다렸다.", "그리고 물이 빠졌다."];
const inKorean = (n: number, untranslated: number[] = []): Segment[] =>
  spoken.slice(0, n).map((s, i) => {
    const left = untranslated.includes(i);
    return { ...s, text: left ? s.text : (korean[i] ?? ""), ...(left ? { untranslated: true } : {}) };
  });

const done = job("a", {
  state: "done",
  title: "Harbour master",
  finished_at: "2026-03-14T08:58:00Z",
  translate_to: ["ko", "de"],
  llm_model: "gemma3:4b",
  quality: { warnings: [], lines: { ko: { done: 3, total: 3 }, de: { done: 3, total: 3 } } },
});

type Served = {
  job: Job;
  texts: Record<string, Transcript>;
  summary?: Summary | null;
  deliveries?: Delivery[];
};
let asked: string[];

function serving(served: Served): void {
  asked = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const { pathname, searchParams } = new URL(request.url);
    asked.push(
      `${request.method} ${pathname}${searchParams.get("lang") ? `:${searchParams.get("lang")}` : ""}`,
    );
    const json = (body: unknown, status = 200) =>
      new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
    if (pathname.endsWith("/board")) return json(board.snapshot ?? snapshot(1));
    if (pathname.endsWith("/redeliver")) {
      const [first] = served.deliveries ?? [];
      const again = { ...first, state: "pending", attempts: 0, last_error: undefined } as Delivery;
      served.deliveries = [again];
      return json(again);
    }
    if (pathname.endsWith("/deliveries")) return json({ deliveries: served.deliveries ?? [] });
    if (pathname.endsWith("/summary")) {
      if (served.summary !== undefined) return json(served.summary);
      return json({ code: "not_ready", detail: "Not yet.", title: "", status: 409 }, 409);
    }
    if (pathname.endsWith("/transcript")) {
      const lang = searchParams.get("lang") ?? "";
      return json(served.texts[lang] ?? { language: lang, complete: false, segments: [] });
    }
    return json(served.job);
  });
}

async function settled(ms = 50): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  flushSync();
}

async function show(served: Served): Promise<void> {
  serving(served);
  render(JobView, { id: "a" });
  await settled();
}

const whole = (lang: string, segments: Segment[]): Transcript => ({
  language: lang,
  complete: true,
  segments,
});
const original = whole("en", spoken);
const said = () => [...document.querySelectorAll(".said")].map((x) => x.textContent?.trim());
const marks = () => [...document.querySelectorAll("mark")].map((x) => x.textContent);
const choose = async (name: string) => {
  await fireEvent.click(screen.getByRole("radio", { name }));
  await settled();
};
const beside = async () => {
  await fireEvent.click(screen.getByRole("checkbox", { name: en.job.beside }));
  await settled();
};

beforeEach(() => {
  vi.useFakeTimers({ now });
  clock.now = now;
  language.choose("en");
  Element.prototype.scrollIntoView = vi.fn();
  withDialogs();
});

afterEach(() => {
  cleanup();
  board.snapshot = undefined;
  router.route = { place: "queue", job: "" };
  toasts.all = [];
  vi.useRealTimers();
});

describe("a job with translations", () => {
  const texts = { "": original, ko: whole("ko", inKorean(3)), de: whole("de", spoken) };

  it("shows the original first, and another text only when it is chosen", async () => {
    await show({ job: done, texts });
    expect(said()).toEqual(["The water came.", "We waited.", "Then it fell."]);
    expect(asked).not.toContain("GET /api/v1/jobs/a/transcript:ko");
    await choose("Korean");
    expect(said()).toEqual(korean);
    expect(
      screen.getByRole("region", { name: en.job.text }).querySelector(".text")?.getAttribute("lang"),
    ).toBe("ko");
    await choose("Original");
    expect(said()[0]).toBe("The water came.");
  });

  it("says how many lines each has", async () => {
    const lines = { ko: { done: 3, total: 3 }, de: { done: 2, total: 3 } };
    await show({ job: { ...done, quality: { warnings: [], lines } }, texts });
    expect(screen.getByText("Korean 3/3 lines")).toBeTruthy();
    expect(screen.getByText("German 2/3 lines, 1 as it was said")).toBeTruthy();
  });

  it("marks the lines that are not translated with a word", async () => {
    await show({ job: done, texts: { ...texts, ko: whole("ko", inKorean(3, [1])) } });
    await choose("Korean");
    expect(said()[1]).toMatch(/^Not translated\s*We waited\.$/);
    expect(screen.getAllByText(en.job.untranslated)).toHaveLength(1);
    await beside();
    expect(screen.getAllByText(en.job.untranslated)).toHaveLength(1);
  });

  it("puts the original and a translation side by side, line by line", async () => {
    await show({ job: done, texts });
    await beside(); // the first language, when none was chosen
    expect(said()).toEqual(spoken.flatMap((s, i) => [s.text, korean[i]]));
    expect(screen.getByRole<HTMLInputElement>("radio", { name: "Korean" }).checked).toBe(true);
    await choose("German");
    expect(said()[1]).toBe("The water came.");
    await choose("Original");
    expect(said()).toHaveLength(3);
    expect(screen.getByRole<HTMLInputElement>("checkbox", { name: en.job.beside }).checked).toBe(false);
  });

  it("finds words in what is shown, in both columns", async () => {
    await show({ job: done, texts });
    await fireEvent.input(screen.getByRole("searchbox"), { target: { value: "물이" } });
    await settled(200);
    expect(marks()).toEqual([]);
    await choose("Korean");
    expect(marks()).toEqual(["물이", "물이"]);
    await beside();
    expect(marks()).toEqual(["물이", "물이"]);
    expect(document.querySelectorAll("mark.current")).toHaveLength(1);
  });

  it("copies what is shown", async () => {
    const copy = vi.spyOn(shell(), "copy").mockResolvedValue();
    await show({ job: done, texts });
    await choose("Korean");
    await fireEvent.click(screen.getByRole("button", { name: "Copy" }));
    await beside();
    await fireEvent.click(screen.getByRole("button", { name: "Copy" }));
    expect(copy.mock.calls.map(([text]) => text)).toEqual([
      korean.join("\n\n"),
      spoken.map((s, i) => `${s.text}\n${korean[i]}`).join("\n\n"),
    ]);
  });

  it("marks the segment of the address in whichever text is read", async () => {
    await show({ job: done, texts });
    router.route = { place: "job", job: "a", at: 2 };
    await settled();
    expect(marks()).toEqual(["We waited."]);
    await choose("Korean");
    expect(marks()).toEqual([korean[1]]);
    await beside();
    expect(marks()).toEqual(["We waited."]);
  });

  it("exports each language that is whole", async () => {
    const save = vi.spyOn(shell(), "saveText").mockResolvedValue(true);
    const lines = { ko: { done: 3, total: 3 }, de: { done: 1, total: 3 } };
    const warnings = [{ code: "not_translated", at_ms: 0, text: "Ollama did not answer." }];
    await show({ job: { ...done, quality: { warnings, lines } }, texts });
    await fireEvent.click(screen.getByRole("button", { name: "Export" }));
    expect(screen.getAllByRole("menuitem")).toHaveLength(10);
    await fireEvent.click(screen.getByRole("menuitem", { name: /^Korean: Subtitles/ }));
    expect(save.mock.calls.map(([j, ...how]) => [j.id, ...how])).toEqual([["a", "srt", { lang: "ko" }]]);
    await settled();
    expect(toasts.all.map((x) => x.text)).toEqual([en.job.saved("Korean: Subtitles")]);
  });

  it("reads a translation again as its lines grow", async () => {
    const making = (n: number): Job => ({
      ...done,
      state: "running",
      stage: "translate",
      finished_at: undefined,
      quality: { warnings: [], lines: { ko: { done: n, total: 3 } } },
    });
    const served: Served = {
      job: making(1),
      texts: { "": original, ko: { ...texts.ko, complete: false, segments: inKorean(1) } },
    };
    board.snapshot = snapshot(1, { running: [making(1)] });
    await show(served);
    await choose("Korean");
    expect(said()).toEqual([korean[0]]);
    expect(screen.getByText("Korean 1/3 lines")).toBeTruthy();

    served.texts.ko = { ...texts.ko, complete: false, segments: inKorean(2) };
    board.snapshot = snapshot(2, { running: [making(2)] });
    await settled();
    expect(said()).toEqual(korean.slice(0, 2));
    const reads = asked.filter((x) => x.endsWith(":ko")).length;
    board.snapshot = snapshot(3, { running: [making(2)] });
    await settled();
    expect(asked.filter((x) => x.endsWith(":ko"))).toHaveLength(reads);

    served.texts.ko = texts.ko;
    board.snapshot = snapshot(4, { last: [done] });
    await settled();
    expect(said()).toEqual(korean);
    expect(screen.getByText("Korean 3/3 lines")).toBeTruthy();
  });

  it.each<[string, Partial<Job>, boolean, string]>([
    ["is still to be heard", { state: "running", stage: "transcribe" }, false, en.job.translatesLater],
    ["is being translated", { state: "running", stage: "translate" }, true, en.job.translating],
    ["waits for Ollama", { state: "queued", stage: "translate", reason: "ollama" }, true, en.job.translating],
    ["ended without it", { state: "done" }, true, en.job.noTranslation],
  ])("says where a translation is when the text %s", async (_, more, complete, words) => {
    const quality = { warnings: [] };
    await show({ job: { ...done, quality, ...more }, texts: { "": { ...original, complete } } });
    await choose("Korean");
    expect(screen.getByText(words)).toBeTruthy();
  });

  it("knows which translations are whole", () => {
    const of = (n: number, ...codes: string[]) =>
      wholeIn(
        {
          ...done,
          quality: {
            lines: { ko: { done: n, total: 3 } },
            warnings: codes.map((code) => ({ code, at_ms: 0, text: "" })),
          },
        },
        "ko",
      );
    expect([of(3), of(3, "not_translated"), of(2, "untranslated"), of(2, "not_translated")]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(wholeIn(job("a"), "ko")).toBe(false);
  });

  it("pairs lines by their times, also of a translation that is not whole", () => {
    expect(paired(spoken, inKorean(3, [2]).slice(1)).map((p) => [p.translated, p.untranslated])).toEqual([
      [undefined, false],
      [korean[1], false],
      ["Then it fell.", true],
    ]);
  });
});

describe("the summary of a job", () => {
  const asks = { ...done, translate_to: undefined, summarize: true, quality: { warnings: [] } };
  const texts = { "": original };
  const summary: Summary = {
    language: "en",
    title: "<b>High</b> water",
    text: "It rose.\n\nIt fell.",
    key_points: ["The gate was shut."],
    chapters: [
      { start_ms: 0, title: "The flood" },
      { start_ms: 9000, title: "The ebb" },
    ],
    action_items: ["Mend the gate."],
    coverage_percent: 96,
  };

  const section = () => within(screen.getByRole("region", { name: en.summary.title }));

  it("is told with its points, tasks and chapters, and how much was read for it", async () => {
    await show({ job: asks, texts, summary });
    expect(section().getByRole("heading", { name: "<b>High</b> water" })).toBeTruthy();
    for (const words of ["It rose.", "It fell.", "The gate was shut.", "Mend the gate."])
      expect(section().getByText(words)).toBeTruthy();
    expect(section().getByText("The summary covers 96% of the transcript.")).toBeTruthy();
    expect(document.querySelector("section b")).toBeNull();
  });

  it("leads from a chapter to its place in the text", async () => {
    await show({ job: asks, texts, summary });
    const links = section().getAllByRole("link");
    expect(links.map((a) => [a.textContent?.replace(/\s+/g, " ").trim(), a.getAttribute("href")])).toEqual([
      ["0:00 The flood", "#/job/a?at=1"],
      ["0:09 The ebb", "#/job/a?at=3"],
    ]);
  });

  it("is exported as Markdown and as text", async () => {
    const save = vi.spyOn(shell(), "saveText").mockResolvedValue(true);
    await show({ job: asks, texts, summary });
    for (const name of [/^Summary: Markdown/, /^Summary: Text/]) {
      await fireEvent.click(screen.getByRole("button", { name: "Export" }));
      await fireEvent.click(screen.getByRole("menuitem", { name }));
    }
    expect(save.mock.calls.map(([, ...how]) => how)).toEqual([
      ["md", { part: "summary" }],
      ["txt", { part: "summary" }],
    ]);
  });

  it.each(["no_summary", "not_summarized"])("says why there is none: %s", async (code) => {
    const warnings = [{ code, at_ms: 0, text: "The model went round in circles." }];
    await show({ job: { ...asks, quality: { warnings } }, texts, summary: null });
    expect(section().getByText(`${en.summary.none}.`)).toBeTruthy();
    expect(section().getByText("The model went round in circles.")).toBeTruthy();
    expect(screen.queryByText(en.job.remarks)).toBeNull();
    language.choose("ko");
    flushSync();
    expect(screen.getByText(ko.job.remark[code] ?? "?")).toBeTruthy();
  });

  it("is waited for while the job runs, and read when it is there", async () => {
    const running: Job = { ...asks, state: "running", stage: "transcribe" };
    const served: Served = { job: running, texts };
    board.snapshot = snapshot(1, { running: [running] });
    await show(served);
    expect(section().getByText(en.summary.comes)).toBeTruthy();
    served.summary = summary;
    board.snapshot = snapshot(2, { last: [asks] });
    await settled();
    expect(section().getByText("It rose.")).toBeTruthy();
  });

  it("is not asked for where nobody wanted one", async () => {
    await show({ job: { ...asks, summarize: undefined }, texts, summary });
    expect(asked.join()).not.toContain("summary");
  });
});

describe("the deliveries of a job", () => {
  const delivery = (id: string, more: Partial<Delivery> = {}): Delivery => ({
    id,
    job_id: "a",
    event: "job.done",
    to: `https://${id}.example.com/hook?…`,
    state: "delivered",
    attempts: 1,
    created_at: "2026-03-14T08:58:00Z",
    delivered_at: "2026-03-14T08:58:00Z",
    ...more,
  });
  const parked = delivery("old", {
    state: "parked",
    attempts: 12,
    last_status: 503,
    last_error: "The receiver answered 503 Service Unavailable.",
    delivered_at: undefined,
  });
  const waiting = delivery("new", {
    state: "pending",
    attempts: 2,
    last_error: "The receiver does not answer.",
    next_at: "2026-03-14T09:05:00Z",
    delivered_at: undefined,
  });
  const told = { ...done, translate_to: undefined, webhook: "https://new.example.com/hook?…" };
  const texts = { "": original };
  const reads = () => asked.filter((x) => x === "GET /api/v1/deliveries").length;

  it("say to whom, how it stands, what went wrong and when it is tried again", async () => {
    await show({ job: told, texts, deliveries: [waiting, parked, delivery("good")] });
    const rows = [...screen.getByRole("region", { name: en.deliveries.title }).querySelectorAll("li")];
    const text = rows.map((r) => r.textContent?.replace(/\s+/g, " ").trim());
    expect(text[0]).toMatch(/new\.example\.com.*Waiting to be sent.*2 attempts.*next try.*does not answer/);
    expect(text[1]).toMatch(/old\.example\.com.*Given up.*12 attempts.*503 Service Unavailable/);
    expect(text[2]).toMatch(/good\.example\.com.*Delivered.*2 min ago.*1 attempt/);
    for (const row of rows) expect(row.querySelector("svg")).toBeTruthy();
    language.choose("ko");
    flushSync();
    expect(rows[1]?.textContent).toContain(ko.deliveries.answered(503));
    expect(rows[0]?.textContent).toContain(ko.deliveries.silent);
  });

  it("are looked at again only while one is still to be sent", async () => {
    const served: Served = { job: told, texts, deliveries: [waiting] };
    await show(served);
    const before = reads();
    await settled(9000);
    expect(reads()).toBeGreaterThan(before);
    served.deliveries = [delivery("new")];
    await settled(5000);
    expect(screen.getByText("Delivered")).toBeTruthy();
    const then = reads();
    await settled(60_000);
    expect(reads()).toBe(then);
  });

  it("are sent again when somebody asks for it", async () => {
    await show({ job: told, texts, deliveries: [parked] });
    await fireEvent.click(screen.getByRole("button", { name: en.deliveries.againTo(parked.to) }));
    await settled(10);
    expect(asked).toContain("POST /api/v1/deliveries/old/redeliver");
    expect(toasts.all.map((x) => x.text)).toEqual([en.deliveries.asked]);
    expect(screen.getByText(en.deliveries.state.pending ?? "?")).toBeTruthy();
  });

  it("are not asked for where nobody is told", async () => {
    await show({ job: { ...told, webhook: undefined }, texts, deliveries: [parked] });
    expect(reads()).toBe(0);
    expect(screen.queryByText(en.deliveries.title)).toBeNull();
  });
});
