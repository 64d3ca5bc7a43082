import { cleanup, fireEvent, render, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Point } from "../src/lib/series";
import Meter from "../src/lib/ui/Meter.svelte";
import Timeline, { type TimelineLabels } from "../src/lib/ui/Timeline.svelte";

const minute = 60_000;

const labels: TimelineLabels = {
  summary: "All of it in a sentence.",
  free: "Free",
  depth: "Line",
  gap: "Off",
  cursor: "Moment",
  levels: { normal: "Fine", warn: "Short", critical: "Critical" },
  clock: (at) => `t${at / minute}`,
  percent: (n) => `${n}%`,
  say: (p) => `minute ${p.at / minute}, ${p.free} free, ${p.depth} in line`,
};

/** jsdom lays nothing out. */
class NoResizes {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

function points(from: number, to: number, more: Partial<Point> = {}): Point[] {
  const out: Point[] = [];
  for (let m = from; m <= to; m++) {
    out.push({
      at: m * minute,
      level: "normal",
      free: 60,
      available: 6e9,
      depth: m % 4,
      running: 0,
      ...more,
    });
  }
  return out;
}

function show(all: Point[]): HTMLElement {
  const span = { from: 0, to: 60 * minute };
  return render(Timeline, { points: all, span, share: minute, labels }).container;
}

beforeEach(() => vi.stubGlobal("ResizeObserver", NoResizes));
afterEach(cleanup);

describe("the timeline", () => {
  it("is one picture that says itself in words", () => {
    show(points(0, 60));
    expect(screen.getByRole("img", { name: "All of it in a sentence." })).toBeTruthy();
  });

  it("draws a line for each stretch and leaves a named gap between them", () => {
    const box = show([...points(0, 20), ...points(45, 60)]);
    expect(box.querySelectorAll("path.line")).toHaveLength(2);
    expect(box.querySelectorAll("path.steps")).toHaveLength(2);
    expect([...box.querySelectorAll("text.gap")].map((x) => x.textContent)).toEqual(["Off"]);
  });

  it("shows a point on its own, which makes no line, as a dot in both tracks", () => {
    const box = show([...points(0, 20), ...points(45, 45)]);
    expect(box.querySelectorAll("circle.alone")).toHaveLength(2);
  });

  it("hatches a gap in both tracks but not the name between them", () => {
    const box = show([...points(0, 20), ...points(45, 60)]);
    const name = Number(box.querySelectorAll("text.name")[1]?.getAttribute("y"));
    const rects = [...box.querySelectorAll('rect[fill^="url"]')].map((r) => {
      const top = Number(r.getAttribute("y"));
      return { top, bottom: top + Number(r.getAttribute("height")) };
    });
    expect(rects).toHaveLength(2);
    expect(rects.every((r) => r.bottom < name - 10 || r.top > name)).toBe(true);
  });

  it("tells every level by a word, also where its band is too narrow for it", () => {
    const box = show([...points(0, 30), ...points(31, 31, { level: "critical" }), ...points(32, 60)]);
    expect([...box.querySelectorAll("text.level")].map((x) => x.textContent)).not.toContain("Critical");
    expect([...box.querySelectorAll("li")].map((x) => x.textContent?.trim())).toEqual(["Fine", "Critical"]);
  });

  it("reads a value out at every arrow key", async () => {
    show(points(0, 60));
    const cursor = screen.getByRole("slider", { name: "Moment" });
    const said = async (key: string) => {
      await fireEvent.keyDown(cursor, { key });
      return cursor.getAttribute("aria-valuetext")?.split(",")[0];
    };
    expect(cursor.getAttribute("aria-valuetext")).toContain("minute 60");
    expect(await said("ArrowLeft")).toBe("minute 59");
    expect(await said("PageDown")).toBe("minute 49");
    expect(await said("ArrowRight")).toBe("minute 50");
    expect(await said("Home")).toBe("minute 0");
    expect(await said("ArrowLeft")).toBe("minute 0");
    expect(await said("End")).toBe("minute 60");
    expect(screen.getByText("minute 60, 60 free, 0 in line")).toBeTruthy();
  });

  it("shows the cursor while it is moved, and no longer after Escape", async () => {
    const box = show(points(0, 60));
    const cursor = screen.getByRole("slider");
    await fireEvent.keyDown(cursor, { key: "Home" });
    expect(box.querySelectorAll("circle")).toHaveLength(2);
    await fireEvent.keyDown(cursor, { key: "Escape" });
    expect(box.querySelectorAll("circle")).toHaveLength(0);
  });

  it("says what is so now until somebody points at a moment", async () => {
    const [latest] = points(60, 60, { free: 77 });
    render(Timeline, {
      points: points(0, 60),
      span: { from: 0, to: 60 * minute },
      share: minute,
      latest,
      labels,
    });
    const cursor = screen.getByRole("slider");
    expect(cursor.getAttribute("aria-valuetext")).toContain("77 free");
    await fireEvent.keyDown(cursor, { key: "End" });
    expect(cursor.getAttribute("aria-valuetext")).toContain("60 free");
  });

  it("shows the moment under the pointer", async () => {
    show(points(0, 60));
    const cursor = screen.getByRole("slider");
    cursor.getBoundingClientRect = () => new DOMRect(0, 0, 280, 244);
    // Where jsdom knows no pointer, a mouse event carries its place.
    cursor.dispatchEvent(new MouseEvent("pointermove", { clientX: 44 + (280 - 44 - 8) / 2, bubbles: true }));
    await Promise.resolve();
    expect(cursor.getAttribute("aria-valuetext")).toContain("minute 30");
  });

  it("stays whole without any point", async () => {
    show([]);
    const cursor = screen.getByRole("slider");
    await fireEvent.keyDown(cursor, { key: "ArrowLeft" });
    expect(cursor.getAttribute("aria-valuetext")).toBe("Off");
  });
});

describe("the meter", () => {
  it("gives every part its share and every mark its place", () => {
    const { container } = render(Meter, {
      parts: [
        { key: "a", value: 25, tone: "first" },
        { key: "b", value: 50, tone: "quiet" },
        { key: "none", value: 0, tone: "third" },
      ],
      total: 100,
      label: "75 of 100",
      marks: [{ key: "limit", value: 60 }],
    });
    const widths = [...container.querySelectorAll<HTMLElement>(".part")].map((p) => p.style.width);
    expect(widths).toEqual(["25%", "50%"]);
    expect(container.querySelector<HTMLElement>(".mark")?.style.left).toBe("60%");
    expect(screen.getByRole("img", { name: "75 of 100" })).toBeTruthy();
  });

  it("does not burst when a part is more than the whole", () => {
    const parts = [{ key: "a", value: 250, tone: "first" as const }];
    const { container } = render(Meter, { parts, total: 100, label: "too much" });
    expect(container.querySelector<HTMLElement>(".part")?.style.width).toBe("100%");
  });
});
