import { cleanup, render, screen } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { language } from "../src/lib/words/words.svelte";
import LiveText from "../src/views/queue/LiveText.svelte";
import { segment } from "./fakes";

let resized: () => void = () => {};

/** Resizes tells of a new size when the test says so; jsdom lays nothing out. */
class Resizes {
  constructor(then: () => void) {
    resized = then;
  }
  observe(): void {}
  disconnect(): void {}
}

/** show gives the box of the live text, 200 px high over 1000 px of text, at its end. */
function show(): HTMLElement {
  render(LiveText, { segments: [segment(0, "One."), segment(1000, "Two.")], waitingText: "" });
  const box = screen.getByRole("region");
  let top = 0;
  Object.defineProperty(box, "clientHeight", { value: 200 });
  Object.defineProperty(box, "scrollTop", {
    get: () => top,
    set: (to: number) => void (top = Math.max(0, Math.min(to, box.scrollHeight - 200))),
  });
  grow(box, 1000);
  scroll(box, 800);
  return box;
}

function grow(box: HTMLElement, height: number): void {
  Object.defineProperty(box, "scrollHeight", { value: height, configurable: true });
}

function scroll(box: HTMLElement, to: number): void {
  box.scrollTop = to;
  box.dispatchEvent(new Event("scroll"));
  flushSync();
}

const offered = () => screen.queryByRole("button", { name: "Follow along" }) !== null;

beforeEach(() => {
  language.choose("en");
  vi.stubGlobal("ResizeObserver", Resizes);
});
afterEach(cleanup);

describe("the live text", () => {
  it("shows two segments that begin in the same moment", () => {
    const segments = [segment(0, "One."), { ...segment(0, "Two."), end_ms: 2000 }];
    render(LiveText, { segments, waitingText: "" });
    expect(screen.getByText("One.")).toBeTruthy();
    expect(screen.getByText("Two.")).toBeTruthy();
  });

  it("stays at its end when its size changes", () => {
    const box = show();
    grow(box, 1600); // narrower: the lines break elsewhere
    scroll(box, 800);
    expect(offered()).toBe(false);
    resized();
    expect(box.scrollTop).toBe(1400);
  });

  it("stops following who scrolls up, and goes on when asked or back at the end", () => {
    const box = show();
    scroll(box, 500);
    expect(offered()).toBe(true);
    resized();
    expect(box.scrollTop).toBe(500);
    screen.getByRole("button", { name: "Follow along" }).click();
    flushSync();
    expect(box.scrollTop).toBe(800);
    expect(offered()).toBe(false);
    scroll(box, 300);
    expect(offered()).toBe(true);
    scroll(box, 790);
    expect(offered()).toBe(false);
  });
});
