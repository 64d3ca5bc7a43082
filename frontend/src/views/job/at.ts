// A text that is opened at one of its segments, as from a hit of the search.
import { flat, type Reader } from "../../lib/reader.svelte";
import type { Match } from "./find";

/** placeOf is where a segment stands in the text; undefined while it is not there. Segments count from 1. */
export function placeOf(
  reader: Pick<Reader, "lines" | "paragraphs">,
  segment: number | undefined,
): Match | undefined {
  if (segment === undefined) return undefined;
  const line = segment - 1;
  const paragraph = reader.paragraphs.findIndex((p) => p.first <= line && line < p.end);
  const whole = reader.paragraphs[paragraph];
  if (whole === undefined) return undefined;
  const start = whole.starts[line - whole.first] ?? 0;
  const end = start + flat(reader.lines[line]?.text ?? "").length;
  return end > start ? { paragraph, start, end } : undefined;
}

/** lineAt is the index of the line that is heard at a time, in ms: the last that has begun; -1 before the first. */
export function lineAt(lines: readonly { start_ms: number }[], ms: number): number {
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lines[middle]?.start_ms ?? Infinity) <= ms) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** segmentAt is the last segment that has begun at a time, else the first one. Segments count from 1. */
export function segmentAt(lines: readonly { start_ms: number }[], ms: number): number {
  return Math.max(1, lineAt(lines, ms) + 1);
}

/** arrive brings the marked segment into view and gives it the focus as soon as it is drawn. */
export function arrive(segment: number | undefined): (text: HTMLElement) => (() => void) | undefined {
  return (text) => {
    if (segment === undefined) return undefined;
    let looks = 0;
    // A view begins at its top, with the focus on its heading: this comes after it.
    let next = requestAnimationFrame(function look() {
      const mark = text.querySelector<HTMLElement>("mark");
      if (mark) {
        mark.tabIndex = -1;
        mark.scrollIntoView({ block: "center" });
        mark.focus({ preventScroll: true });
        looks++;
      }
      // What comes into view only now may be of another height than was thought.
      if (looks < 2) next = requestAnimationFrame(look);
    });
    return () => cancelAnimationFrame(next);
  };
}
