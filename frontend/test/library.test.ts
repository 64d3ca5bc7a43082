import { cleanup, fireEvent, render, screen } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Problem } from "../src/lib/api/client";
import type { Job, Page } from "../src/lib/api/types";
import { board } from "../src/lib/live/board.svelte";
import { language } from "../src/lib/words/words.svelte";
import { Shelf } from "../src/views/library/shelf.svelte";
import Library from "../src/views/Library.svelte";
import { job, snapshot } from "./fakes";

const done = (id: string, more: Partial<Job> = {}): Job =>
  job(id, { state: "done", finished_at: "2026-03-14T08:30:00Z", duration_ms: 125_000, ...more });

/** serving answers by the cursor that was asked for. */
function serving(pages: Record<string, Page | number>): { asked: string[]; signals: AbortSignal[] } {
  const asked: string[] = [];
  const signals: AbortSignal[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const query = new URL(request.url).searchParams;
    const key = query.get("cursor") ?? "";
    asked.push(`${query.get("state")} ${key}`.trim());
    signals.push(request.signal);
    const page = pages[key] ?? { jobs: [] };
    if (typeof page === "number") {
      const problem = { status: page, title: "", code: "internal", detail: "It broke.", hint: "" };
      return new Response(JSON.stringify(problem), { status: page });
    }
    return new Response(JSON.stringify(page), { headers: { "Content-Type": "application/json" } });
  });
  return { asked, signals };
}

async function settled(ms = 50): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  flushSync();
}

const titles = () => screen.queryAllByRole("link").map((a) => a.textContent);

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 2, 14, 9, 0) });
  language.choose("en");
});

afterEach(() => {
  cleanup();
  board.snapshot = undefined;
  vi.useRealTimers();
});

describe("the library", () => {
  it("shows what is done, as text, with a way to read it", async () => {
    const { asked } = serving({ "": { jobs: [done("a", { title: "<b>Harbour</b>" }), done("b")] } });
    render(Library);
    await settled();
    expect(asked).toEqual(["done"]);
    expect(titles()).toEqual(["<b>Harbour</b>", "Title of b"]);
    expect(screen.getByRole("link", { name: "<b>Harbour</b>" }).getAttribute("href")).toBe("#/job/a");
    expect(screen.getByText("2:05 · \u2068a.mp4\u2069")).toBeTruthy();
    expect(document.querySelector("[draggable=true], b")).toBeNull();
  });

  it("teaches the next step while it is empty", async () => {
    serving({});
    render(Library);
    await settled();
    expect(screen.getByText("Nothing is finished yet")).toBeTruthy();
    await fireEvent.click(screen.getByRole("button", { name: "Go to the queue" }));
    expect(location.hash).toBe("#/queue");
  });

  it("shows more pages until there is none", async () => {
    const { asked } = serving({
      "": { jobs: [done("a"), done("b")], next: "c1" },
      c1: { jobs: [done("b"), done("c")] },
    });
    render(Library);
    await settled();
    await fireEvent.click(screen.getByRole("button", { name: "Show more" }));
    await settled();
    expect(asked.at(-1)).toBe("done c1");
    expect(titles()).toEqual(["Title of a", "Title of b", "Title of c"]);
    expect(screen.queryByRole("button", { name: "Show more" })).toBeNull();
  });

  it("puts what is finished meanwhile in front", async () => {
    const pages = { "": { jobs: [done("b")] } as Page };
    serving(pages);
    board.snapshot = snapshot(1, { counts: { queued: 0, running: 1, done: 1, failed: 0, canceled: 0 } });
    render(Library);
    await settled();
    pages[""] = { jobs: [done("a"), done("b")] };
    board.snapshot = snapshot(2, { counts: { queued: 0, running: 0, done: 2, failed: 0, canceled: 0 } });
    await settled();
    expect(titles()).toEqual(["Title of a", "Title of b"]);
  });

  it("shows the jobs that failed when they are chosen, each with its reason", async () => {
    const error = { code: "file_empty", message: "The file is empty.", hint: "Copy it again." };
    const { asked } = serving({ "": { jobs: [{ ...done("a"), state: "failed", error }] } });
    render(Library);
    await settled();
    await fireEvent.click(screen.getByRole("radio", { name: "Failed" }));
    await settled();
    expect(asked.at(-1)).toBe("failed");
    expect(screen.getByRole("list", { name: "Jobs that failed" })).toBeTruthy();
    expect(screen.getByText("The file is empty.")).toBeTruthy();
  });

  it("says what went wrong and tries again", async () => {
    const pages: Record<string, Page | number> = { "": 500 };
    serving(pages);
    render(Library);
    await settled();
    expect(screen.getByText(/It broke/)).toBeTruthy();
    pages[""] = { jobs: [done("a")] };
    await fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    await settled();
    expect(titles()).toEqual(["Title of a"]);
  });

  it("moves among its rows with the arrow keys", async () => {
    serving({ "": { jobs: [done("a"), done("b")] } });
    render(Library);
    await settled();
    screen.getByRole("link", { name: "Title of a" }).focus();
    await fireEvent.keyDown(document.activeElement as Element, { key: "ArrowDown" });
    expect(document.activeElement?.textContent).toBe("Title of b");
  });

  it("speaks Korean", async () => {
    language.choose("ko");
    serving({});
    const { container } = render(Library);
    await settled();
    expect(container.textContent).toMatch(/아직 완료된 것이 없습니다/);
    expect(container.textContent).not.toMatch(/[A-Za-z]{3}/);
    language.choose("en");
  });
});

describe("a shelf", () => {
  it("gives up an earlier list, however late its answer comes", async () => {
    const answers: ((p: Page) => void)[] = [];
    const signals: AbortSignal[] = [];
    const shelf = new Shelf((_, __, signal) => {
      signals.push(signal);
      return new Promise((ok) => answers.push(ok));
    });
    const first = shelf.open("done");
    const second = shelf.open("failed");
    expect(signals[0]?.aborted).toBe(true);
    answers[1]?.({ jobs: [done("new")] });
    answers[0]?.({ jobs: [done("old")] });
    await Promise.all([first, second]);
    expect(shelf.jobs.map((j) => j.id)).toEqual(["new"]);
    expect(shelf.loading).toBe(false);
  });

  it("keeps what it shows when a further page fails", async () => {
    let broken = false;
    const shelf = new Shelf(() =>
      broken
        ? Promise.reject(new Problem({ code: "server_away", detail: "Away." }))
        : Promise.resolve({ jobs: [done("a")], next: "c1" }),
    );
    await shelf.open("done");
    broken = true;
    await shelf.further();
    expect(shelf.jobs).toHaveLength(1);
    expect(shelf.problem?.code).toBe("server_away");
    expect(shelf.more).toBe(true);
  });

  it("reads anew after what it was reading when more was finished, and lets go what is gone", async () => {
    let now: Page = { jobs: [done("b"), done("a")] };
    const shelf = new Shelf(async () => now);
    const first = shelf.open("done");
    now = { jobs: [done("c"), done("b")] };
    await Promise.all([first, shelf.refresh()]);
    expect(shelf.jobs.map((j) => j.id)).toEqual(["c", "b"]);
  });

  it("keeps the pages behind the first when it reads anew", async () => {
    let now: Page = { jobs: [done("c"), done("b")], next: "2" };
    const shelf = new Shelf(async () => now);
    await shelf.open("done");
    now = { jobs: [done("a")] };
    await shelf.further();
    now = { jobs: [done("d"), done("b")], next: "2" };
    await shelf.refresh();
    expect(shelf.jobs.map((j) => j.id)).toEqual(["d", "b", "a"]);
  });

  it("asks for a page only once at a time", async () => {
    const read = vi.fn(() => Promise.resolve({ jobs: [done("a")], next: "c1" }));
    const shelf = new Shelf(read);
    await shelf.open("done");
    await Promise.all([shelf.further(), shelf.further()]);
    expect(read).toHaveBeenCalledTimes(2);
  });
});
