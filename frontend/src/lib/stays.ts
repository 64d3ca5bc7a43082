// What ran and what waited, as blocks on a time axis. Pure functions only;
// times are milliseconds since 1970.
import type { PastRun, PastWait, Reason, RunOutcome, Stage } from "./api/types";
import type { Span } from "./series";

/** One run or one wait. */
export interface Stay extends Span {
  job: string;
  title: string;
  /** Whether it goes on. */
  open: boolean;
  stage?: Stage;
  outcome?: RunOutcome;
  reason?: Reason;
}

/** Block is what is drawn: one stay, or several that are too short to tell apart. */
export interface Block extends Span {
  key: string;
  open: boolean;
  stays: Stay[];
}

/** Tone is how a block of runs looks: that of the worst of them. */
export type Tone = "ran" | "failed" | "back";

const bad: readonly (RunOutcome | undefined)[] = ["failed", "crashed"];
const fine: readonly (RunOutcome | undefined)[] = ["done", "running"];

/** runsOf puts runs into a span; one that goes on ends where the span does. */
export function runsOf(runs: readonly PastRun[], span: Span): Stay[] {
  return staysOf(runs, span, (r) => ({
    from: Date.parse(r.started_at),
    to: r.finished_at === undefined ? span.to : Date.parse(r.finished_at),
    open: r.finished_at === undefined,
    job: r.job_id,
    title: r.title,
    stage: r.stage,
    outcome: r.outcome,
  }));
}

/** waitsOf does the same with waits. */
export function waitsOf(waits: readonly PastWait[], span: Span): Stay[] {
  return staysOf(waits, span, (w) => ({
    from: Date.parse(w.from),
    to: w.to === undefined ? span.to : Date.parse(w.to),
    open: w.to === undefined,
    job: w.job_id,
    title: w.title,
    reason: w.reason,
  }));
}

function staysOf<T>(all: readonly T[], span: Span, stay: (one: T) => Stay): Stay[] {
  return all
    .map(stay)
    .filter((s) => s.from <= s.to && s.to >= span.from && s.from <= span.to)
    .sort((a, b) => a.from - b.from);
}

/**
 * blocksOf puts together what overlaps, and what is shorter than the least that
 * can be pointed at and close to its neighbour. So there are never more blocks
 * than fit, and none lies on another.
 */
export function blocksOf(stays: readonly Stay[], span: Span, least: number): Block[] {
  const out: Block[] = [];
  for (const s of stays) {
    const from = Math.max(s.from, span.from);
    const to = Math.min(s.to, span.to);
    const last = out.at(-1);
    const near = last !== undefined && from - last.from < least;
    const overlaps = last !== undefined && from < last.to;
    if (last !== undefined && (near || overlaps)) {
      last.to = Math.max(last.to, to);
      last.open ||= s.open;
      last.stays.push(s);
    } else out.push({ key: `${s.job} ${s.from} ${s.stage ?? s.reason}`, from, to, open: s.open, stays: [s] });
  }
  return out;
}

/** jobsOf lists the jobs of a block, each once, in order. */
export function jobsOf(block: Block): string[] {
  return [...new Set(block.stays.map((s) => s.job))];
}

/** troubles is how many of a block's runs failed. */
export function troubles(block: Block): number {
  return block.stays.filter((s) => bad.includes(s.outcome)).length;
}

/** toneOf is how a block of runs looks. */
export function toneOf(block: Block): Tone {
  if (troubles(block) > 0) return "failed";
  return block.stays.some((s) => fine.includes(s.outcome)) ? "ran" : "back";
}

/** reasonsOf lists what a block of waits waited for, each once. */
export function reasonsOf(block: Block): Reason[] {
  return [...new Set(block.stays.flatMap((s) => s.reason ?? []))];
}

/** covered is how much of a span the stays take together, in milliseconds. */
export function covered(stays: readonly Stay[], span: Span): number {
  return blocksOf(stays, span, 0).reduce((sum, b) => sum + b.to - b.from, 0);
}
