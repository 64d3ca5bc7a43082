import { cleanup, fireEvent, render, screen, within } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Found, Hit } from "../src/lib/api/types";
import { board } from "../src/lib/live/board.svelte";
import { language } from "../src/lib/words/words.svelte";
import { Search, search } from "../src/views/library/search.svelte";
import Library from "../src/views/Library.svelte";
import { snapshot } from "./fakes";

const named = (job: string, title = `Title of ${job}`): Hit => ({ job_id: job, title, text: title });
const said = (job: string, segment: number, text: string): Hit => ({
  job_id: job,
  title: `Title of ${job}`,
  segment_id: segment,
  start_ms: segment * 61_000,
  text,
});

/** serving answers searches by their words and cursor; the list of the library is empty. */
function serving(pages: Record<string, Found | number>): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const { pathname, searchParams } = new URL(request.url);
    const json = (body: unknown, status = 200) =>
      new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
    if (pathname === "/api/v1/jobs") return json({ jobs: [] });
    const key = [searchParams.get("q"), searchParams.get("cursor")].filter(Boolean).join("|");
    asked.push(key);
    const page = pages[key] ?? { hits: [] };
    if (typeof page !== "number") return json(page);
    if (page === 0) throw new TypeError("nobody there");
    return json({ status: page, title: "", code: "internal", detail: "It broke.", hint: "" }, page);
  });
  return asked;
}

async function settled(ms = 50): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  flushSync();
}

async function type(value: string): Promise<HTMLElement> {
  const field = screen.getByRole("searchbox", { name: "Search titles and texts" });
  await fireEvent.input(field, { target: { value } });
  return field;
}

const texts = (e: HTMLElement) => e.textContent?.replace(/\s+/g, " ").trim();
const rows = () => screen.queryAllByRole("link").map(texts);
const marks = () => [...document.querySelectorAll("mark")].map((m) => m.textContent);

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 2, 14, 9, 0) });
  language.choose("en");
});

afterEach(() => {
  cleanup();
  search.typed = "";
  search.follow();
  board.snapshot = undefined;
  location.hash = "";
  vi.useRealTimers();
});

describe("the search in the library", () => {
  it("looks when the typing pauses, and shows places under their jobs", async () => {
    const asked = serving({
      har: {
        hits: [named("a", "Harbour"), said("a", 1, "The harbour."), said("b", 2, "<b>Harbours</b> & more")],
      },
    });
    render(Library);
    await settled();
    expect(screen.getByText("Nothing is finished yet")).toBeTruthy();
    for (const value of ["h", "ha", "har "]) {
      await type(value);
      await settled(100);
    }
    expect(asked).toEqual([]);
    await settled(200);
    expect(asked).toEqual(["har"]);
    expect(rows()).toEqual(["Harbour", "1:01 The harbour.", "Title of b", "2:02 <b>Harbours</b> & more"]);
    expect(marks()).toEqual(["Har", "har", "Har"]);
    expect(screen.getAllByRole("link").map((a) => a.getAttribute("href"))).toEqual([
      "#/job/a",
      "#/job/a?at=1",
      "#/job/b",
      "#/job/b?at=2",
    ]);
    expect(screen.getByText("3 places in 2 jobs")).toBeTruthy();
    expect(document.querySelector("[draggable=true], b")).toBeNull();
  });

  it("says in a sentence that nothing was found, and Escape brings the list back", async () => {
    serving({});
    render(Library);
    await settled();
    const field = await type("zzz");
    await settled(300);
    expect(screen.getAllByText("No title and no text has these words")).toHaveLength(2); // shown, and read out
    await fireEvent.keyDown(field, { key: "Escape" });
    await settled();
    expect(screen.getByText("Nothing is finished yet")).toBeTruthy();
  });

  it("asks for nothing that has no letter and no digit", async () => {
    const asked = serving({});
    render(Library);
    await settled();
    await type('"*" -');
    await settled(500);
    expect(asked).toEqual([]);
    expect(screen.getByText("Type a letter or a digit to search for")).toBeTruthy();
  });

  it("shows some lines of a job, and all when they are wanted", async () => {
    const hits = Array.from({ length: 8 }, (_, i) => said("a", i + 1, `gate ${i + 1}`));
    serving({ gate: { hits } });
    render(Library);
    await type("gate");
    await settled(300);
    expect(rows()).toHaveLength(4);
    const more = screen.getByRole("button", { name: "5 more lines" });
    more.focus();
    await fireEvent.click(more);
    await settled();
    expect(rows()).toHaveLength(9);
    expect(document.activeElement?.textContent).toMatch(/gate 4/);
    expect(screen.queryByRole("button", { name: /more/ })).toBeNull();
  });

  it("reads on, and keeps one job together over two pages", async () => {
    const asked = serving({
      gate: { hits: [said("a", 1, "gate one")], next: "c1" },
      "gate|c1": { hits: [said("a", 2, "gate two"), named("b", "Gates")] },
    });
    render(Library);
    await type("gate");
    await settled(300);
    await fireEvent.click(screen.getByRole("button", { name: "Show more" }));
    await settled();
    expect(asked).toEqual(["gate", "gate|c1"]);
    expect(rows()).toEqual(["Title of a", "1:01 gate one", "2:02 gate two", "Gates"]);
    expect(screen.queryByRole("button", { name: "Show more" })).toBeNull();
  });

  it("says what went wrong, keeps what was found, and tries again", async () => {
    const pages: Record<string, Found | number> = { gate: { hits: [named("a")] }, gates: 0 };
    serving(pages);
    render(Library);
    await type("gate");
    await settled(300);
    await type("gates");
    await settled(300);
    expect(screen.getByText(/Sluice does not answer/)).toBeTruthy();
    pages["gates"] = { hits: [named("b")] };
    await fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    await settled();
    expect(rows()).toEqual(["Title of b"]);
  });

  it("is reached by slash and by Ctrl+F, and the arrow keys go on into the results and back", async () => {
    serving({ gate: { hits: [named("a"), said("a", 1, "the gate")] } });
    render(Library);
    await fireEvent.keyDown(window, { key: "/" });
    const field = screen.getByRole("searchbox");
    expect(document.activeElement).toBe(field);
    expect(await fireEvent.keyDown(field, { key: "/" })).toBe(true); // a slash in the field is a slash
    field.blur();
    await fireEvent.keyDown(window, { key: "f", ctrlKey: true });
    expect(document.activeElement).toBe(field);
    await type("gate");
    await settled(300);
    await fireEvent.keyDown(field, { key: "ArrowDown" });
    expect(texts(document.activeElement as HTMLElement)).toBe("Title of a");
    await fireEvent.keyDown(document.activeElement as Element, { key: "ArrowDown" });
    expect(texts(document.activeElement as HTMLElement)).toBe("1:01 the gate");
    await fireEvent.keyDown(document.activeElement as Element, { key: "ArrowUp" });
    await fireEvent.keyDown(document.activeElement as Element, { key: "ArrowUp" });
    expect(document.activeElement).toBe(field);
  });

  it("does not wait when Enter is pressed", async () => {
    const asked = serving({ gate: { hits: [named("a")] } });
    render(Library);
    const field = await type("gate");
    await fireEvent.keyDown(field, { key: "Enter" });
    await settled(1);
    expect(rows()).toEqual(["Title of a"]);
    await settled(500);
    expect(asked).toEqual(["gate"]);
  });

  it("is still there for who comes back from a job, at the place that was opened", async () => {
    Element.prototype.scrollIntoView = vi.fn();
    const hits = Array.from({ length: 8 }, (_, i) => said("a", i + 1, `gate ${i + 1}`));
    serving({ gate: { hits } });
    const first = render(Library);
    await type("gate");
    await settled(300);
    await fireEvent.click(screen.getByRole("button", { name: "5 more lines" }));
    await fireEvent.click(screen.getByRole("link", { name: /gate 7/ }));
    await settled();
    first.unmount();
    render(Library);
    await settled();
    expect(screen.getByRole<HTMLInputElement>("searchbox").value).toBe("gate");
    expect(texts(document.activeElement as HTMLElement)).toMatch(/gate 7$/);
  });

  it("leaves the focus in the field to who is quicker than the way back", async () => {
    Element.prototype.scrollIntoView = vi.fn();
    serving({ gate: { hits: [named("a"), said("a", 1, "The gate.")] } });
    const first = render(Library);
    await type("gate");
    await settled(300);
    await fireEvent.click(screen.getByRole("link", { name: /The gate/ }));
    await settled();
    first.unmount();
    render(Library);
    flushSync();
    await fireEvent.keyDown(window, { key: "f", ctrlKey: true });
    const field = screen.getByRole("searchbox");
    expect(document.activeElement).toBe(field);
    await settled();
    expect(document.activeElement).toBe(field);
  });

  it("finds what becomes done meanwhile", async () => {
    const counts = { queued: 0, running: 0, done: 1, failed: 0, canceled: 0 };
    const pages: Record<string, Found> = { gate: { hits: [named("a")] } };
    serving(pages);
    board.snapshot = snapshot(1, { counts });
    render(Library);
    await type("gate");
    await settled(300);
    pages["gate"] = { hits: [named("b"), named("a")] };
    board.snapshot = snapshot(2, { counts: { ...counts, done: 2 } });
    await settled();
    expect(rows()).toEqual(["Title of b", "Title of a"]);
  });

  it("speaks Korean", async () => {
    language.choose("ko");
    const { container } = render(Library);
    serving({ 항구: { hits: [named("a", "항구".normalize("NFD")), said("a", 1, "그 항구에서")] } });
    const field = screen.getByRole("searchbox", { name: "제목과 내용 검색" });
    await fireEvent.input(field, { target: { value: "항구" } });
    await settled(300);
    expect(marks()).toEqual(["항구", "항구"]);
    expect(within(container).getByText("작업 1개에서 2곳을 찾았습니다")).toBeTruthy();
    language.choose("en");
  });
});

describe("a search", () => {
  /** Held answers when it is let. */
  class Held {
    readonly asked: string[] = [];
    readonly signals: AbortSignal[] = [];
    readonly #answers: ((f: Found) => void)[] = [];

    read = (words: string, _: string | undefined, signal: AbortSignal): Promise<Found> => {
      this.asked.push(words);
      this.signals.push(signal);
      return new Promise((ok) => this.#answers.push(ok));
    };

    async answer(i: number, found: Found): Promise<void> {
      this.#answers[i]?.(found);
      await settled(0);
    }
  }

  async function want(s: Search, typed: string): Promise<void> {
    s.typed = typed;
    s.follow();
    await settled(300);
  }

  it("never shows an older answer after a newer one", async () => {
    const held = new Held();
    const s = new Search(held.read);
    await want(s, "ga");
    await want(s, "gate");
    expect(held.signals[0]?.aborted).toBe(true);
    await held.answer(1, { hits: [named("new")] });
    await held.answer(0, { hits: [named("old")] });
    expect(s.hits.map((h) => h.job_id)).toEqual(["new"]);
    expect(s.words).toBe("gate");
  });

  it("gives up what was typed and taken back", async () => {
    const held = new Held();
    const s = new Search(held.read);
    await want(s, "ga");
    await held.answer(0, { hits: [named("a")], next: "c" });
    await want(s, "gat");
    await want(s, "ga");
    await held.answer(1, { hits: [named("other")] });
    expect([s.words, s.hits.map((h) => h.job_id), s.loading]).toEqual(["ga", ["a"], false]);
    const further = s.further();
    await held.answer(2, { hits: [named("a"), named("b")] });
    await further;
    expect(held.asked).toEqual(["ga", "gat", "ga"]);
    expect(s.hits.map((h) => h.job_id)).toEqual(["a", "b"]);
  });

  it("forgets all when the field is emptied, and an answer that comes then", async () => {
    const held = new Held();
    const s = new Search(held.read);
    await want(s, "gate");
    await want(s, "");
    await held.answer(0, { hits: [named("late")] });
    expect([s.words, s.hits, s.loading, s.problem]).toEqual(["", [], false, undefined]);
  });

  it("does not look again for who has read on", async () => {
    const read = vi.fn(async () => ({ hits: [named("a")], next: "c" }));
    const s = new Search(read);
    await want(s, "gate");
    await s.further();
    await s.refresh();
    expect(read).toHaveBeenCalledTimes(2);
  });
});
