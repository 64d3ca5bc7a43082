// How a job of the line stands, and when it will be done as far as anybody
// knows: "3/12 in line · 4 min so far · about 12 min left · done about 10:24".
import type { Job } from "./api/types";
import { about, doneAbout, lasting } from "./format";
import { final, stagesOf, workSeconds } from "./jobs";
import { t } from "./words/words.svelte";

/** Line is what the board knows of the whole line. */
export type Line = {
  /** Length of the line: queued and running. */
  depth: number;
  /** How many of them run. */
  running: number;
  /** When it was read, in ms: its estimates count from there. */
  readAt: number;
};

/** Forecast is what can be told of a job that is not over; what is not known is not there. */
export type Forecast = {
  /** Its place in the whole line; the job that runs is the first. */
  place?: number;
  depth: number;
  /** Seconds of work on it; a job that nobody has worked on has none. */
  worked?: number;
  /** Seconds since it was added. */
  since: number;
  /** Seconds that are left, waiting included. */
  left?: number;
  /** When it will be done, in ms. */
  doneAt?: number;
};

/** forecast tells how a job stands in the line at a time, `now` in ms; undefined when it is over. */
export function forecast(job: Job, line: Line, now: number): Forecast | undefined {
  if (final(job)) return undefined;
  const place = job.state === "running" ? 1 : job.position && job.position + line.running;
  const depth = Math.max(line.depth, place ?? 1); // the one may be read before the other
  const worked = workSeconds(job, now);
  const doneAt = endOf(job, line, now);
  return {
    ...(place ? { place } : {}),
    depth,
    ...(worked >= 0.5 ? { worked } : {}),
    since: Math.max(0, (now - Date.parse(job.created_at)) / 1000),
    ...(doneAt > now ? { left: (doneAt - now) / 1000, doneAt } : {}),
  };
}

/** sayForecast gives its parts in words, the most telling first. Numbers of them may change every second. */
export function sayForecast(f: Forecast, now: number): string[] {
  const { job } = t;
  return [
    ...(f.place ? [job.place(f.place, f.depth)] : []),
    f.worked === undefined ? job.waited(lasting(f.since)) : job.worked(lasting(f.worked)),
    ...(f.left && f.doneAt ? [t.queue.left(about(f.left)), doneAbout(f.doneAt, now)] : []),
  ];
}

/**
 * endOf is when a job will be done, in ms; 0 when nobody knows. The last stage
 * ends the job, so that its own estimate, which is the newest, is that of the
 * job. That of a stage before is only its own.
 */
function endOf(job: Job, line: Line, now: number): number {
  const { progress } = job;
  const last = job.state === "running" && progress?.stage === stagesOf(job).at(-1);
  if (last && progress?.eta_seconds) return now + progress.eta_seconds * 1000;
  return job.eta_seconds ? line.readAt + job.eta_seconds * 1000 : 0;
}
