// Small stand-ins for the server and its events.
import type { Job, LiveEvent, Model, Reading, Segment, Snapshot, Transcript } from "../src/lib/api/types";

export function job(id: string, more: Partial<Job> = {}): Job {
  return {
    id,
    state: "queued",
    title: `Title of ${id}`,
    source: { kind: "path", name: `${id}.mp4`, path: `/films/${id}.mp4`, size: 1000 },
    language: "auto",
    model: "large-v3-turbo",
    beam_size: 5,
    threads: 0,
    words: true,
    reuse: true,
    priority: 0,
    stages: [],
    attempts: 0,
    crashes: 0,
    quality: { warnings: [] },
    metadata: {},
    created_at: "2026-03-14T09:00:00Z",
    ...more,
  };
}

export function reading(more: Partial<Reading> = {}): Reading {
  return {
    at: "2026-03-14T09:00:00Z",
    level: "normal",
    total_bytes: 18e9,
    available_bytes: 9e9,
    free_percent: 50,
    swap_used_bytes: 0,
    confined: false,
    ...more,
  };
}

export function snapshot(n: number, more: Partial<Snapshot> = {}): Snapshot {
  const running = more.running ?? [];
  const next = more.next ?? [];
  return {
    id: `boot-${n}`,
    counts: { queued: next.length, running: running.length, done: 0, failed: 0, canceled: 0 },
    depth: running.length + next.length,
    paused: false,
    gate: { state: "open" },
    running,
    next,
    last: [],
    memory: reading(),
    notices: [],
    ...more,
  };
}

export function event(n: number, kind: LiveEvent["kind"], more: Partial<LiveEvent> = {}): LiveEvent {
  return { id: `boot-${n}`, kind, ...more };
}

export function model(name: string, more: Partial<Model> = {}): Model {
  return {
    name,
    installed: false,
    catalog: true,
    default: false,
    suits: false,
    fits: true,
    size_bytes: 488e6,
    need_bytes: 894e6,
    ...more,
  };
}

export function segment(start_ms: number, text = `at ${start_ms}`, id = 0): Segment {
  return { id, start_ms, end_ms: start_ms + 900, text };
}

/** Server answers with what it is set to, and counts how often it was asked. */
export class Server {
  now: Snapshot = snapshot(0);
  heard: Segment[] = [];
  away = false;
  asked = 0;
  /** Holds answers back until let go. */
  gate: Promise<void> = Promise.resolve();

  board = async (): Promise<Snapshot> => {
    this.asked++;
    const answer = structuredClone(this.now);
    await this.gate;
    if (this.away) throw new Error("away");
    return answer;
  };

  transcript = async (): Promise<Transcript> => ({ language: "en", complete: false, segments: this.heard });
}

/** withDialogs gives jsdom the modal dialogs it does not have. */
export function withDialogs(): void {
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
    this.dispatchEvent(new Event("close"));
  };
}
