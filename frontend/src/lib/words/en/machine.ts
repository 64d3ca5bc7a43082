import type { Level } from "../../series";

type Told = {
  spent: [Level, string][];
  least: string;
  leastAt: string;
  deepest: number;
  now: number;
  missing: string;
};

const levels: Record<Level, string> = { normal: "Fine", warn: "Tight", critical: "Critically short" };
const lower: Record<Level, string> = { normal: "fine", warn: "tight", critical: "critically short" };

export const machine = {
  loading: "Reading the memory…",
  failed: "The memory could not be read.",

  level: levels,
  meaning: {
    normal: "A job starts as soon as it fits.",
    warn: "That is common on a busy machine. A job still starts when it fits.",
    critical: "Nothing starts until there is more again.",
  } satisfies Record<Level, string>,
  free: "Free for a job",
  total: "Memory in all",
  swap: "Moved to disk",
  compressed: "Compressed",
  confined: "A limit below this machine's memory is set for Sluice.",

  over: "Over time",
  range: "Time shown",
  ranges: { 15: "15 min", 60: "1 h", 360: "6 h", 1440: "24 h" } as Record<number, string>,
  freeTrack: "Free memory",
  depthTrack: "In line",
  gap: "Not running",
  cursor: "Moment shown, arrow keys move it",
  moment: (at: string, level: Level, free: string, bytes: string, depth: number) =>
    `${at} · ${levels[level]} · ${free} free (${bytes}) · ${depth} in line`,
  momentEngine: (bytes: string) => ` · engine ${bytes}`,
  noHistory: "Nothing was recorded in this time.",
  summary: (range: string, s: Told) =>
    `Memory and line, last ${range}. Pressure: ${s.spent.map(([l, time]) => `${lower[l]} for ${time}`).join(", ")}. ` +
    `Least free: ${s.least}, ${s.leastAt}. Longest line: ${s.deepest}, now ${s.now}.` +
    (s.missing ? ` Not running for ${s.missing}.` : ""),

  holds: "What holds memory",
  bar: (used: string, total: string) => `${used} of ${total} in use`,
  engine: "Speech engine",
  sluice: "Sluice",
  ollama: "Ollama",
  rest: "Everything else in use",
  available: "Free for a job",
  processes: (n: number) => `${n} processes`,
  ceiling: (bytes: string) => `A job may use up to ${bytes}; the mark on the bar shows it.`,
  noHolders: "What holds the memory is not known here.",

  first: "First in line",
  needs: (need: string, free: string) => `Needs ${need}, ${free} free.`,
  mayTake: (most: string) => `A job may use up to ${most}.`,
  short: (bytes: string) => `${bytes} short: it waits until that much is free.`,
  shortShut: (bytes: string) => `${bytes} short, and the gate is shut.`,
  enough: "That is enough: it starts next.",
  enoughShut: "There is room for it, but the gate is shut.",
  enoughWaiting: "There is room for it; the gate opens in a moment.",
  enoughPaused: "There is room for it, but the line is paused.",
  needLabel: "Needs",
  freeLabel: "Free",
};
