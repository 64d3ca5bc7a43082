// Who holds the memory, as parts that add up to all of it.
import type { Holder, MachineNow } from "../../lib/api/types";
import type { Tone } from "../../lib/ui/Meter.svelte";

/** Row is one part of the memory. */
export type Row = {
  key: string;
  kind: Holder["kind"] | "rest" | "available";
  /** What the holder is called; a program's own name is shown as it is. */
  name: string;
  count: number;
  bytes: number;
  tone: Tone;
};

const others = 4; // programs of other people that get a row

const tones: Record<Row["kind"], Tone> = {
  engine: "first",
  sluice: "second",
  ollama: "third",
  other: "quiet",
  rest: "quieter",
  available: "empty",
};

/** rowsOf puts ours first, then the largest others, what else is in use, and what is free. */
export function rowsOf(now: MachineNow): Row[] {
  const ours = now.holders.filter((h) => h.kind !== "other");
  const foreign = now.holders.filter((h) => h.kind === "other").sort((a, b) => b.bytes - a.bytes);
  const rows = [...ours, ...foreign.slice(0, others)]
    .filter((h) => h.bytes > 0)
    .map((h, i) => row(h.kind, h.name, h.bytes, h.count, `${h.kind}-${i}`));
  const named = rows.reduce((sum, r) => sum + r.bytes, 0);
  // Programs share pages, so that together they may seem to hold more than is in use.
  const rest = Math.max(0, usedOf(now) - named);
  if (rest > 0) rows.push(row("rest", "", rest));
  rows.push(row("available", "", now.memory.available_bytes));
  return rows;
}

/** usedOf is what is not available. */
export function usedOf(now: MachineNow): number {
  return Math.max(0, now.memory.total_bytes - now.memory.available_bytes);
}

/** wholeOf is the length of the bar: all memory, or more where parts overlap. */
export function wholeOf(now: MachineNow, rows: readonly Row[]): number {
  return Math.max(
    now.memory.total_bytes,
    rows.reduce((sum, r) => sum + r.bytes, 0),
  );
}

function row(kind: Row["kind"], name: string, bytes: number, count = 1, key: string = kind): Row {
  return { key, kind, name, bytes, count, tone: tones[kind] };
}
