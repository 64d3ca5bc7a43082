// The order of what is heard.
import type { Segment } from "./api/types";

/**
 * before says whether a segment comes before another. Two may begin in the
 * same moment; two that also end together are one, heard again.
 */
export function before(
  a: Pick<Segment, "start_ms" | "end_ms">,
  b: Pick<Segment, "start_ms" | "end_ms">,
): boolean {
  return a.start_ms < b.start_ms || (a.start_ms === b.start_ms && a.end_ms < b.end_ms);
}
