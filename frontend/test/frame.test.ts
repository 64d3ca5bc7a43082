import { cleanup, render, screen, within } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import App from "../src/App.svelte";
import { Problem } from "../src/lib/api/client";
import type { Dropped, Job } from "../src/lib/api/types";
import { adding } from "../src/lib/adding.svelte";
import { board } from "../src/lib/live/board.svelte";
import { toasts } from "../src/lib/ui/toasts.svelte";
import { router } from "../src/lib/route.svelte";
import { shell } from "../src/lib/shell/shell";
import { en } from "../src/lib/words/en";
import { language } from "../src/lib/words/words.svelte";
import DropOverlay from "../src/views/frame/DropOverlay.svelte";
import Header from "../src/views/frame/Header.svelte";
import Sidebar from "../src/views/frame/Sidebar.svelte";
import JobView from "../src/views/Job.svelte";
import { job, snapshot } from "./fakes";

/** NoEvents is a stream on which nothing comes. */
class NoEvents {
  addEventListener(): void {}
  close(): void {}
}

beforeEach(() => language.choose("en"));
afterEach(() => {
  cleanup();
  router.route = { place: "queue", job: "" };
  router.home = "queue";
  router.title = "";
  board.snapshot = undefined;
  board.link = "connecting";
  location.hash = "";
  toasts.all = [];
});

describe("the way back from a job", () => {
  it.each([
    ["queued", "Queue"],
    ["running", "Queue"],
    ["failed", "Queue"],
    ["done", "Library"],
  ] as const)("that is %s leads to where the sidebar says it is", async (state, place) => {
    const shown: Job = job("a", { state });
    vi.stubGlobal("fetch", async ({ url }: Request) => {
      const body = url.includes("/transcript") ? { language: "", complete: false, segments: [] } : shown;
      return new Response(JSON.stringify(body), { headers: { "Content-Type": "application/json" } });
    });
    router.route = { place: "job", job: "a" };
    router.home = place === "Queue" ? "library" : "queue"; // where one came from
    render(Sidebar);
    render(JobView, { id: "a" });
    await screen.findByRole("heading", { level: 1, name: "Title of a" });
    flushSync();
    const links = screen.getAllByRole("link", { name: place });
    expect(links.map((a) => a.getAttribute("aria-current") ?? a.className.split(" ")[0])).toEqual([
      "page",
      "back",
    ]);
  });
});

describe("the page", () => {
  /** open shows the whole page; nobody answers it. */
  function open(): void {
    vi.stubGlobal("fetch", async () => new Response("{}", { status: 500 }));
    vi.stubGlobal("EventSource", NoEvents);
    render(App);
  }

  it("names itself after the place and the length of the line", () => {
    board.snapshot = snapshot(1, { next: [job("b")] });
    open();
    flushSync();
    expect(document.title).toBe("(1) Queue - Sluice");
    router.route = { place: "job", job: "a" };
    router.title = "Night market";
    flushSync();
    expect(document.title).toBe("(1) \u2068Night market\u2069 - Sluice");
  });

  it("goes to the queue when files begin to be added, and not when they have come", () => {
    let begun = () => {};
    vi.spyOn(shell(), "onBegun").mockImplementation((then) => void (begun = then));
    location.hash = "#/machine";
    open();
    begun();
    expect(location.hash).toBe("#/queue");
    location.hash = "#/machine";
    adding.tell({ jobs: [{ ...job("a") }], refused: [] });
    expect(location.hash).toBe("#/machine");
  });

  it("goes where the window leads it, and the window hears of its page", () => {
    let lead: (job: string) => void = () => {};
    let attended = 0;
    const window = {
      onShow: (then: typeof lead) => void (lead = then),
      attend: () => (attended++, () => attended--),
    };
    Object.assign(shell(), window);
    try {
      open();
      expect(attended).toBe(1);
      lead("a b");
      expect(location.hash).toBe("#/job/a%20b");
      lead("");
      expect(location.hash).toBe("#/queue");
      cleanup();
      expect(attended).toBe(0);
    } finally {
      for (const part of Object.keys(window)) Reflect.deleteProperty(shell(), part);
    }
  });

  it("shows calmly that a view broke, and tries again", async () => {
    const told = vi.spyOn(console, "error").mockImplementation(() => {});
    const nobody = { ...job("nobody", { state: "running" }), stages: undefined } as unknown as Job;
    const broken = snapshot(1, { running: [nobody] });
    board.snapshot = broken;
    open();
    flushSync();
    expect(screen.getByText("The line itself is not affected. Try again, or reload.")).toBeTruthy();
    expect(document.body.textContent).not.toMatch(/undefined/);
    expect(told).toHaveBeenCalled();
    board.snapshot = snapshot(2, { next: [job("once")] });
    screen.getByRole("button", { name: "Try again" }).click();
    await vi.waitFor(() => expect(screen.getByText("Title of once")).toBeTruthy());
  });

  it("tells gate and level aloud, but not every number", () => {
    board.snapshot = snapshot(1);
    open();
    flushSync();
    const strip = screen.getByRole("banner");
    expect(within(strip).getByRole("status").textContent?.replace(/\s+/g, " ").trim()).toBe(
      "Gate open Memory is fine",
    );
  });

  it("keeps the focus on Pause while the line is being paused", () => {
    board.snapshot = snapshot(1);
    open();
    flushSync();
    const button = screen.getByRole("button", { name: "Pause" });
    button.focus();
    button.click();
    flushSync();
    expect(button.getAttribute("aria-disabled")).toBe("true");
    expect(document.activeElement).toBe(button);
  });
});

describe("the strip", () => {
  const away = job("a", { reason: "model", reason_text: "The speech model tiny is not installed." });

  it("says why nothing runs though the gate is open", () => {
    board.snapshot = snapshot(1, { next: [away], eta_seconds: 600 });
    board.readAt = Date.now();
    render(Header);
    expect(screen.getByText(en.reasons.noModel("large-v3-turbo"))).toBeTruthy();
    expect(screen.queryByText(/all done/)).toBeNull();
  });

  it("says how much room there is while others are passed by", () => {
    const turn = job("b", { reason: "turn" });
    board.snapshot = snapshot(1, { next: [away, turn] });
    render(Header);
    expect(screen.queryByText(en.reasons.noModel("large-v3-turbo"))).toBeNull();
  });
});

describe("the drop overlay", () => {
  /** drag sends what a drag of files over an element gives; jsdom knows no drags. */
  function drag(kind: string, over: Element): void {
    const event = new Event(kind, { bubbles: true, cancelable: true });
    Object.defineProperty(event, "dataTransfer", { value: { types: ["Files"], items: [] } });
    over.dispatchEvent(event);
    flushSync();
  }
  const shown = () => document.querySelector(".overlay.over") !== null;

  it("stays while files go from one element to another, and goes when they leave", () => {
    render(DropOverlay);
    const [one, other] = [document.createElement("p"), document.createElement("p")];
    document.body.append(one, other);
    drag("dragenter", one);
    drag("dragover", one);
    expect(shown()).toBe(true);
    drag("dragenter", other);
    drag("dragleave", one);
    expect(shown()).toBe(true);
    drag("dragleave", other);
    expect(shown()).toBe(false);
    one.remove();
    other.remove();
  });

  it("goes with the first move of the pointer where the page hears of no drop", () => {
    render(DropOverlay);
    drag("dragover", document.body);
    expect(shown()).toBe(true);
    document.body.dispatchEvent(new Event("pointermove", { bubbles: true }));
    flushSync();
    expect(shown()).toBe(false);
  });

  it("goes when the shell tells what came of the drop, good or bad", () => {
    vi.stubGlobal("fetch", async () => new Response("{}", { status: 500 }));
    vi.stubGlobal("EventSource", NoEvents);
    let tell: (d: Dropped) => void = () => {};
    let fail: (p: Problem) => void = () => {};
    vi.spyOn(shell(), "onDropped").mockImplementation((then, failed) => {
      tell = then;
      fail = failed;
    });
    render(App);
    drag("dragover", document.body);
    expect(shown()).toBe(true);
    tell({ jobs: [], refused: [] });
    flushSync();
    expect(shown()).toBe(false);
    drag("dragover", document.body);
    expect(shown()).toBe(true);
    fail(Problem.of(new Error("It broke.")));
    flushSync();
    expect(shown()).toBe(false);
  });
});
