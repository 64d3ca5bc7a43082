// What the line got done, in sums that the view shows.
import type { Throughput } from "../../lib/api/types";

type Hour = Throughput["hours"][number];

/** Total is what ended in all hours together. */
export type Total = { done: number; failed: number; canceled: number; media: number; busy: number };

/** totalOf adds the hours up; media and busy are milliseconds. */
export function totalOf(hours: readonly Hour[]): Total {
  const total = { done: 0, failed: 0, canceled: 0, media: 0, busy: 0 };
  for (const h of hours) {
    total.done += h.done;
    total.failed += h.failed;
    total.canceled += h.canceled;
    total.media += h.media_ms;
    total.busy += h.busy_ms;
  }
  return total;
}

/** endedIn is how many jobs came to an end in an hour, done or failed. */
export function endedIn(h: Hour): number {
  return h.done + h.failed;
}

/** busiest is the hour in which most ended; undefined when nothing did. */
export function busiest(hours: readonly Hour[]): Hour | undefined {
  const most = hours.reduce<Hour | undefined>((a, h) => (a && endedIn(a) >= endedIn(h) ? a : h), undefined);
  return most && endedIn(most) > 0 ? most : undefined;
}

/** eventful are the hours in which anything happened, the newest first. */
export function eventful(hours: readonly Hour[]): Hour[] {
  return hours.filter((h) => endedIn(h) + h.canceled + h.busy_ms > 0).reverse();
}

/** times says how many times as fast as real time, no finer than matters: 0.8, 12, 140. */
export function times(factor: number): string {
  return factor < 10 ? factor.toFixed(1) : String(Math.round(factor));
}
