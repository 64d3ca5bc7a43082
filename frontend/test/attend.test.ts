import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { attend } from "../src/lib/shell/attend";

let asked: { url: string; body: unknown }[];
let focused: boolean;
let hidden: boolean;
let answer: () => Promise<unknown>;
let stop = () => {};

beforeEach(() => {
  vi.useFakeTimers();
  [asked, focused, hidden, answer] = [[], true, false, async () => {}];
  vi.spyOn(document, "hasFocus").mockImplementation(() => focused);
  vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
  vi.stubGlobal("fetch", async (url: URL, init: RequestInit) => {
    asked.push({ url: url.pathname, body: JSON.parse(String(init.body)) as unknown });
    await answer();
    return new Response("{}");
  });
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

const looking = () => asked.map((a) => (a.body as { looking: boolean }).looking);
const hiding = () => asked.map((a) => (a.body as { hidden: boolean }).hidden);
const settle = () => vi.advanceTimersByTimeAsync(0);

async function becomes(now: { focused?: boolean; hidden?: boolean }): Promise<void> {
  focused = now.focused ?? focused;
  hidden = now.hidden ?? hidden;
  window.dispatchEvent(new Event(focused ? "focus" : "blur"));
  document.dispatchEvent(new Event("visibilitychange"));
  await settle();
}

describe("the window is told", () => {
  it("at once whether its page is looked at or hidden, and then only when that changes", async () => {
    stop = attend();
    await settle();
    await becomes({ focused: true });
    await becomes({ focused: false });
    await becomes({ hidden: true });
    await becomes({ focused: true }); // but nothing is to be seen
    await becomes({ hidden: false });
    expect(looking()).toEqual([true, false, false, true]);
    expect(hiding()).toEqual([false, false, true, false]);
    expect(asked[0]?.url).toBe("/window/looking");
  });

  it("how it is in the end, when it changes faster than it can be told", async () => {
    let open = () => {};
    answer = () => new Promise<void>((then) => (open = then));
    stop = attend();
    await settle();
    for (const focus of [false, true, false]) await becomes({ focused: focus });
    expect(looking()).toEqual([true]);
    open();
    await settle();
    expect(looking()).toEqual([true, false]);
  });

  it("the next time too, when it could not be told", async () => {
    answer = () => Promise.reject(new TypeError("nobody there"));
    stop = attend();
    await settle();
    await becomes({ focused: false });
    expect(looking()).toEqual([true, false]);
  });

  it("of a new size once it is that of half a second", async () => {
    stop = attend();
    await settle();
    asked = [];
    for (let i = 0; i < 5; i++) {
      window.dispatchEvent(new Event("resize"));
      await vi.advanceTimersByTimeAsync(400);
    }
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(100);
    const size = { width: window.innerWidth, height: window.innerHeight };
    expect(asked).toEqual([{ url: "/window/resized", body: size }]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked).toHaveLength(1);
  });

  it("nothing any more after it was stopped", async () => {
    stop = attend();
    await settle();
    window.dispatchEvent(new Event("resize"));
    stop();
    await becomes({ focused: false });
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked).toHaveLength(1);
  });
});
