import { describe, expect, it } from "vitest";
import { Heights, steady, type Seen } from "../src/lib/ui/heights";

const of = (...heights: number[]) => new Map(heights.map((h, i) => [i, h]));

function list(count: number, ...heights: number[]): Heights {
  const h = new Heights(45);
  h.resize(count);
  h.measure(of(...heights));
  return h;
}

describe("heights of a long list", () => {
  it("takes the rows that were not drawn for as high as most that were", () => {
    const h = list(100_000, 44, 44, 80, 44, 44);
    expect([h.top(2), h.top(3), h.top(5)]).toEqual([88, 168, 256]);
    expect(h.whole).toBe(100_000 * 44 + 36);
  });

  it("finds the row at a height, as a plain walk does", () => {
    const h = list(300);
    const rows = new Map<number, number>();
    for (let i = 0; i < 300; i++) rows.set(i, 20 + ((i * 37) % 60));
    h.measure(rows);
    let y = 0;
    for (const [i, height] of rows) {
      expect(h.top(i)).toBeCloseTo(y);
      expect([h.at(y + 0.01), h.at(y + height - 0.01)]).toEqual([i, i]);
      y += height;
    }
    expect([h.at(-100), h.at(y + 100)]).toEqual([0, 299]);
  });

  it("says only what is news", () => {
    const h = list(10, 44, 44);
    expect(h.measure(of(44, 44))).toBe(false);
    expect(h.measure(new Map([[5, 60]]))).toBe(true);
    expect(h.measure(new Map([[5, 60]]))).toBe(false);
    expect(h.measure(new Map([[12, 60]]))).toBe(false); // there is no such row
    expect(h.measure(new Map([[1, 0]]))).toBe(false); // it is not shown
  });

  it("keeps what it knows when rows come and go at the end", () => {
    const h = list(4, 40, 50, 60, 40);
    const { whole } = h;
    h.resize(5000);
    expect(h.top(4)).toBe(whole);
    h.resize(2);
    expect(h.whole).toBe(90);
    h.resize(4);
    expect(h.whole).toBe(90 + 2 * 50); // the usual height is the middle one
  });

  it("begins anew when it is told to forget", () => {
    const h = list(10, 40, 90);
    h.forget();
    h.measure(of(30));
    expect(h.whole).toBe(300);
  });

  it("has no row when there is none", () => {
    const h = list(0);
    expect([h.whole, h.at(5), h.count]).toEqual([0, 0, 0]);
  });
});

describe("what keeps still", () => {
  const rows = (keys: string, from: number): Seen[] =>
    [...keys].map((key, i) => ({ index: from + i, ...(key === "." ? {} : { key }), offset: i * 45 - 10 }));
  const within = (line: string) => (key: string) => line.indexOf(key);

  it("is the first row in view, wherever rows before it went", () => {
    expect(steady(rows("cde", 2), within("bcdefg"))).toEqual({ at: 1, offset: -10 });
    expect(steady(rows("cde", 2), within("xabcdefg"))).toEqual({ at: 3, offset: -10 });
  });

  it("is not a row that was moved alone, or has gone", () => {
    expect(steady(rows("cde", 2), within("cabdefg"))).toEqual({ at: 3, offset: 35 });
    expect(steady(rows("cde", 2), within("abdecfg"))).toEqual({ at: 2, offset: 35 });
    expect(steady(rows("cde", 2), within("abdefg"))).toEqual({ at: 2, offset: 35 });
    expect(steady(rows("cdef", 2), within("abcdfe"))).toEqual({ at: 2, offset: -10 });
  });

  it("is the place where nothing else is known", () => {
    expect(steady(rows("..", 70), within("abc"))).toEqual({ at: 70, offset: -10 });
    expect(steady(rows("cde", 2), within("xyz"))).toEqual({ at: 2, offset: -10 });
    expect(steady(rows("c", 2), within("abxyc"))).toEqual({ at: 4, offset: -10 });
    expect(steady([], within("abc"))).toBeUndefined();
  });
});
