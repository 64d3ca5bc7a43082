import { cleanup, fireEvent, render, screen } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Job, Page } from "../src/lib/api/types";
import { board } from "../src/lib/live/board.svelte";
import { language } from "../src/lib/words/words.svelte";
import Library from "../src/views/Library.svelte";
import { job, snapshot } from "./fakes";

const done = (id: string, more: Partial<Job> = {}): Job =>
  job(id, { state: "done", finished_at: "2026-03-14T08:30:00Z", duration_ms: 125_000, ...more });

/** serving answers by the place that was asked for; the first is "". */
function serving(pages: Record<string, Page | number>): { asked: string[]; signals: AbortSignal[] } {
  const asked: string[] = [];
  const signals: AbortSignal[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const query = new URL(request.url).searchParams;
    const key = query.get("from") === "1" ? "" : `${query.get("from")}`;
    asked.push(`${query.get("state")} ${query.get("order")} ${key}`.trim());
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
    expect(asked).toEqual(["done ended"]);
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
    expect(asked.at(-1)).toBe("failed ended");
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
