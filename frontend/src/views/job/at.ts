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
  let start = 0;
  let end = 0;
  for (const { text } of reader.lines.slice(whole.first, line + 1)) {
    start = whole.text.charAt(end) === " " ? end + 1 : end;
    end = start + flat(text).length;
  }
  return end > start ? { paragraph, start, end } : undefined;
}

/** segmentAt is the last segment that has begun at a time, else the first one. Segments count from 1. */
export function segmentAt(lines: readonly { start_ms: number }[], ms: number): number {
  return Math.max(1, lines.findLastIndex((l) => l.start_ms <= ms) + 1);
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
