// The sums behind the chart of the Machine view: from samples to shapes and
// words. Pure functions only; times are milliseconds since 1970.
import type { Reading, Sample } from "./api/types";

export type Level = Sample["level"];

/** One moment of the chart: the worst of the time since the point before. */
export interface Point {
  at: number;
  level: Level;
  /** Percent of the memory that is free, 0 to 100. */
  free: number;
  /** Bytes that a program could still take. */
  available: number;
  /** Jobs in the line, the running ones included. */
  depth: number;
  running: number;
  /** Bytes the speech engine holds; undefined when nobody measured it then. */
  engine?: number;
}

/** A stretch of time. */
export interface Span {
  from: number;
  to: number;
}

/** A stretch of time at one level. */
export interface Band extends Span {
  level: Level;
}

/** What the chart says, in numbers. */
export interface Summary {
  /** Milliseconds spent at each level. */
  spent: Record<Level, number>;
  /** Milliseconds without a sample: the app did not run. */
  missing: number;
  least: Point;
  deepest: Point;
  last: Point;
}

const rank: Record<Level, number> = { normal: 0, warn: 1, critical: 2 };

/** How high the ribbon of a level is: a level is told by height as well as by colour. */
export const ribbon: Record<Level, number> = { normal: 3, warn: 6, critical: 10 };

/** The worse of two levels. */
export function worse(a: Level, b: Level): Level {
  return rank[b] > rank[a] ? b : a;
}

/** Samples as points, oldest first; what has no readable time is left out. */
export function pointsOf(samples: readonly Sample[]): Point[] {
  const points: Point[] = [];
  for (const s of samples) {
    const at = Date.parse(s.at);
    if (Number.isNaN(at)) continue;
    points.push({
      at,
      level: s.level,
      free: percent(s.free_percent),
      available: s.available_bytes,
      depth: Math.max(0, s.depth),
      running: Math.max(0, s.running),
      engine: s.engine_bytes,
    });
  }
  return points.sort((a, b) => a.at - b.at);
}

/** A live reading as a point; the line's length is known from the board. */
export function pointOf(reading: Reading, depth: number, running: number): Point | undefined {
  const at = Date.parse(reading.at);
  if (Number.isNaN(at) || reading.total_bytes <= 0) return undefined;
  return {
    at,
    level: reading.level,
    free: percent(reading.free_percent),
    available: reading.available_bytes,
    depth,
    running,
  };
}

/**
 * Adds a live point. Points that fall into the same share of the time become
 * one, the worst of them, so that a long watch never grows the chart. A point
 * that is not newer than the last one changes nothing.
 */
export function append(points: readonly Point[], next: Point, share: number): Point[] {
  const last = points.at(-1);
  if (last === undefined) return [next];
  if (next.at <= last.at) return [...points];
  if (Math.floor(next.at / share) !== Math.floor(last.at / share)) return [...points, next];
  return [
    ...points.slice(0, -1),
    {
      at: next.at,
      level: worse(last.level, next.level),
      free: Math.min(last.free, next.free),
      available: Math.min(last.available, next.available),
      depth: Math.max(last.depth, next.depth),
      running: Math.max(last.running, next.running),
      engine: next.engine ?? last.engine,
    },
  ];
}

/** The points inside a span, and the one before it so that lines reach the edge. */
export function within(points: readonly Point[], span: Span): Point[] {
  const first = points.findIndex((p) => p.at >= span.from);
  if (first < 0) return [];
  return points.slice(Math.max(0, first - 1)).filter((p) => p.at <= span.to);
}

/**
 * How far two points may lie apart and still belong together. Older samples
 * may be kept less densely than asked for, so the usual distance counts too.
 */
export function reachOf(points: readonly Point[], share: number): number {
  const apart = points.slice(1).map((p, i) => p.at - (points[i]?.at ?? p.at));
  apart.sort((a, b) => a - b);
  const usual = apart.length >= 4 ? (apart[apart.length >> 1] ?? 0) : 0;
  return Math.max(2.5 * share, 2.5 * usual, 30_000);
}

/** Cuts the points where the app did not run. */
export function stretches(points: readonly Point[], reach: number): Point[][] {
  const out: Point[][] = [];
  let before: Point | undefined;
  for (const p of points) {
    const open = out.at(-1);
    if (open === undefined || before === undefined || p.at - before.at > reach) out.push([p]);
    else open.push(p);
    before = p;
  }
  return out;
}

/** The parts of a span that no stretch covers. */
export function gaps(parts: readonly Point[][], span: Span, reach: number): Span[] {
  const out: Span[] = [];
  let covered = span.from;
  let first = true;
  for (const part of parts) {
    const from = part[0]?.at ?? covered;
    // A first point shortly after the edge is the sample that covers the edge.
    if (from - covered > (first ? reach : 0)) out.push({ from: covered, to: from });
    covered = Math.max(covered, part.at(-1)?.at ?? covered);
    first = false;
  }
  if (span.to - covered > reach || first) out.push({ from: covered, to: span.to });
  return out.filter((g) => g.to > g.from);
}

/** Runs of one level. A point speaks for the time since the point before it. */
export function bands(parts: readonly Point[][], span: Span): Band[] {
  const out: Band[] = [];
  for (const part of parts) {
    let open: Band | undefined;
    for (const p of part) {
      if (open?.level === p.level) {
        open.to = p.at;
        continue;
      }
      open = { from: open?.to ?? p.at, to: p.at, level: p.level };
      out.push(open);
    }
  }
  return out
    .map((b) => ({ ...b, from: Math.max(b.from, span.from), to: Math.min(b.to, span.to) }))
    .filter((b) => b.to > b.from);
}

/** A function from one range of numbers to another. */
export function scale(from: number, to: number, start: number, end: number): (value: number) => number {
  const size = to - from || 1;
  return (value) => start + ((value - from) / size) * (end - start);
}

type Place = (p: Point) => number;

/** The points as a line of an SVG path. */
export function line(part: readonly Point[], x: Place, y: Place): string {
  return part.map((p, i) => `${i === 0 ? "M" : "L"}${at(x(p))} ${at(y(p))}`).join("");
}

/** The line closed down to a floor. */
export function area(part: readonly Point[], x: Place, y: Place, floor: number): string {
  const [first] = part;
  const last = part.at(-1);
  if (first === undefined || last === undefined) return "";
  return `${line(part, x, y)}L${at(x(last))} ${at(floor)}L${at(x(first))} ${at(floor)}Z`;
}

/** The points as steps: a value holds from the point before until its own time. */
export function steps(part: readonly Point[], x: Place, y: Place): string {
  return part.map((p, i) => (i === 0 ? `M${at(x(p))} ${at(y(p))}` : `V${at(y(p))}H${at(x(p))}`)).join("");
}

/** The steps closed down to a floor. */
export function stepArea(part: readonly Point[], x: Place, y: Place, floor: number): string {
  const [first] = part;
  if (first === undefined) return "";
  return `${steps(part, x, y)}V${at(floor)}H${at(x(first))}Z`;
}

const minute = 60_000;
const day = 24 * 60 * minute;
const paces = [1, 2, 3, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720].map((m) => m * minute);

/** Round times of the local clock inside a span, at most so many. */
export function ticks(span: Span, most: number, offset = zone(span.to)): number[] {
  const pace = paces.find((p) => (span.to - span.from) / p <= Math.max(1, most)) ?? day;
  const out: number[] = [];
  for (let t = Math.ceil((span.from + offset) / pace) * pace - offset; t <= span.to; t += pace) out.push(t);
  return out;
}

/** The top of the depth axis: room for the deepest line, and never flat. */
export function roof(points: readonly Point[]): number {
  const deepest = points.reduce((most, p) => Math.max(most, p.depth), 0);
  if (deepest <= 4) return Math.max(2, deepest);
  const unit = 10 ** Math.floor(Math.log10(deepest));
  return [1, 2, 3, 4, 5, 6, 8, 10].map((n) => n * unit).find((n) => n >= deepest) ?? deepest;
}

/** The index of the point nearest to a time; -1 when there is none. */
export function nearest(points: readonly Point[], time: number): number {
  let low = 0;
  let high = points.length - 1;
  if (high < 0) return -1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.at ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  const after = points[low];
  const before = points[low - 1];
  return before && after && time - before.at <= after.at - time ? low - 1 : low;
}

/** What the chart says; undefined without points. */
export function summarize(points: readonly Point[], span: Span, reach: number): Summary | undefined {
  const inside = points.filter((p) => p.at >= span.from && p.at <= span.to);
  const last = inside.at(-1);
  if (last === undefined) return undefined;
  const parts = stretches(points, reach);
  const spent: Record<Level, number> = { normal: 0, warn: 0, critical: 0 };
  for (const b of bands(parts, span)) spent[b.level] += b.to - b.from;
  const missing = gaps(parts, span, reach).reduce((sum, g) => sum + g.to - g.from, 0);
  const least = inside.reduce((a, p) => (p.free < a.free ? p : a));
  const deepest = inside.reduce((a, p) => (p.depth > a.depth ? p : a));
  return { spent, missing, least, deepest, last };
}

function percent(n: number): number {
  return Math.min(100, Math.max(0, n));
}

/** Short numbers keep a path of 600 points small. */
function at(n: number): number {
  return Math.round(n * 10) / 10;
}

function zone(time: number): number {
  return -new Date(time).getTimezoneOffset() * minute;
}
