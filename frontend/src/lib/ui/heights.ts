// Where the rows of a long list stand. Those that were drawn are measured; all
// others are as high as most are. A sum over a hundred thousand rows takes as
// many steps as their number has bits.

/** No browser draws a list that is higher than so many rows. */
export const mostRows = 300_000;

/** Seen is a row in view: where it stood in the list, and how far below the top of the view, in px. */
export type Seen = { index: number; key?: string; offset: number };

/**
 * steady says which row in view is to keep still, and where in the list it is
 * now: the first that still follows its neighbour, since one that was moved
 * alone is not what the others are looked at for. `find` is where a key is, -1
 * = nobody knows; a row without a key stays at its place.
 */
export function steady(
  rows: readonly Seen[],
  find: (key: string) => number,
): { at: number; offset: number } | undefined {
  const there = rows.flatMap((row) => {
    const at = row.key === undefined ? row.index : find(row.key);
    return at < 0 ? [] : [{ at, offset: row.offset }];
  });
  const [first] = rows;
  return (
    there.find((row, i) => there[i + 1]?.at === row.at + 1) ??
    there[0] ??
    (first && { at: first.index, offset: first.offset })
  );
}

/** Heights adds up rows of a list, in px. */
export class Heights {
  #count = 0;
  #usual: number;
  #guessed = true; // nothing was measured yet
  #size = 1; // of the tree, a power of two
  #off = new Float64Array(2); // what each row differs from the usual
  #tree = new Float64Array(2); // sums of those, after Fenwick

  constructor(usual: number) {
    this.#usual = usual;
  }

  get count(): number {
    return this.#count;
  }

  /** The height of all rows together. */
  get whole(): number {
    return this.top(this.#count);
  }

  /** resize says how many rows there are. Rows keep their height by their place. */
  resize(count: number): void {
    if (count === this.#count) return;
    for (let i = count; i < this.#count; i++) this.#put(i, 0);
    this.#count = count;
    if (count <= this.#size) return;
    while (this.#size < count) this.#size *= 2;
    const off = this.#off;
    this.#off = new Float64Array(this.#size + 1);
    this.#tree = new Float64Array(this.#size + 1);
    off.forEach((by, i) => by !== 0 && this.#put(i, by));
  }

  /** forget gives up what was measured, as when the width has changed. */
  forget(): void {
    this.#off.fill(0);
    this.#tree.fill(0);
    this.#guessed = true;
  }

  /** measure takes the heights of rows that are drawn, by their places, and says whether anything is news. */
  measure(rows: ReadonlyMap<number, number>): boolean {
    const there = [...rows].filter(([i, height]) => i < this.#count && height > 0);
    if (there.length === 0) return false;
    let news = false;
    if (this.#guessed) {
      const sorted = there.map(([, height]) => height).sort((a, b) => a - b);
      this.#usual = sorted[sorted.length >> 1] ?? this.#usual;
      this.#guessed = false;
      news = true;
    }
    for (const [i, height] of there) {
      if (Math.abs(height - this.#usual - (this.#off[i] ?? 0)) < 0.1) continue;
      this.#put(i, height - this.#usual);
      news = true;
    }
    return news;
  }

  /** top is where a row begins; behind the last it is the end of the list. */
  top(index: number): number {
    const to = Math.max(0, Math.min(index, this.#count));
    let sum = 0;
    for (let i = to; i > 0; i -= i & -i) sum += this.#tree[i] ?? 0;
    return to * this.#usual + sum;
  }

  /** at is the row at a height: the first above all, the last below them. */
  at(y: number): number {
    let [index, sum] = [0, 0];
    for (let step = this.#size; step > 0; step >>= 1) {
      const next = index + step;
      if (next > this.#count) continue;
      const more = sum + (this.#tree[next] ?? 0);
      if (next * this.#usual + more <= y) [index, sum] = [next, more];
    }
    return Math.max(0, Math.min(index, this.#count - 1));
  }

  #put(index: number, by: number): void {
    const change = by - (this.#off[index] ?? 0);
    if (change === 0) return;
    this.#off[index] = by;
    for (let i = index + 1; i <= this.#size; i += i & -i) this.#tree[i] = (this.#tree[i] ?? 0) + change;
  }
}
