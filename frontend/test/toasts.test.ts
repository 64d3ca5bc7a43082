import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toasts } from "../src/lib/ui/toasts.svelte";

const texts = () => toasts.all.map((x) => x.text);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  toasts.all = [];
  vi.useRealTimers();
});

describe("the messages", () => {
  it("go by themselves, but not while somebody is at them", () => {
    toasts.say("Canceled", { label: "Add again", run: () => {} });
    const id = toasts.all[0]?.id ?? 0;
    toasts.hold(id);
    vi.advanceTimersByTime(60_000);
    expect(texts()).toEqual(["Canceled"]);
    toasts.release(id);
    vi.advanceTimersByTime(10_001);
    expect(texts()).toEqual([]);
  });

  it("make room for newer ones, but never a problem that nobody has read", () => {
    toasts.warn("Broken");
    for (const n of [1, 2, 3, 4]) toasts.say(`Added ${n}`);
    expect(texts()).toEqual(["Broken", "Added 2", "Added 3", "Added 4"]);
    toasts.release(toasts.all[0]?.id ?? 0);
    vi.advanceTimersByTime(60_000);
    expect(texts()).toEqual(["Broken"]);
  });
});
