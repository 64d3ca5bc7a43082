// The board as the page sees it: a snapshot, kept fresh by numbered events.
// Places in the line, estimates and the gate come only with a snapshot, so
// whatever moves the line asks for a new one, at most once in a short while.
import { SvelteSet } from "svelte/reactivity";
import { answer, api, transcriptOf } from "../api/client";
import type { Download, Job, LiveEvent, Segment, Snapshot, Transcript } from "../api/types";
import { before } from "../segments";
import type { LiveSource } from "./source";

/** Link is how the page stands with the server. */
export type Link = "connecting" | "live" | "away";

/** LiveText is what has been heard of the running job so far. */
export type LiveText = { job: string; segments: Segment[] };

/** TellModel hears of a model by its name. */
export type TellModel = (name: string, download: Download | undefined) => void;

/** Reads is what the board asks the server for. */
export type Reads = {
  board(): Promise<Snapshot>;
  transcript(job: string): Promise<Transcript>;
};

const overWire: Reads = {
  board: () => answer(api.GET("/api/v1/board")),
  transcript: transcriptOf,
};

const settle = 300; // ms in which further wishes for a snapshot join
const retry = 2000; // ms until a failed read is tried again
const patience = 1500; // ms a lost connection may take to come back before it is told
const refresh = 30_000; // ms after which estimates of a running job are read anew
const maxSegments = 500; // of live text kept; the rest is in the transcript

export class Board {
  snapshot = $state<Snapshot>();
  link = $state<Link>("connecting");
  live = $state.raw<LiveText>({ job: "", segments: [] });
  /** When the snapshot was read: its estimates count from here. */
  readAt = $state(0);
  /** How many snapshots were asked for, and which of them is shown. */
  asked = 0;
  shown = $state(0);
  /** Jobs that were deleted while this page listened. */
  readonly gone = new SvelteSet<string>();
  /** How often the row of events broke: what was read before may be gone, too. */
  breaks = $state(0);
  /** How often settings were changed while this page listened. */
  settingsChanged = $state(0);

  readonly running: Job | undefined = $derived(this.snapshot?.running[0]);
  readonly waiting: number = $derived(this.snapshot?.counts.queued ?? 0);
  readonly depth: number = $derived(this.snapshot?.depth ?? 0);
  readonly beyond: number = $derived(Math.max(0, this.waiting - (this.snapshot?.next.length ?? 0)));
  readonly ended: Job[] = $derived(this.snapshot?.last ?? []);

  readonly #reads: Reads;
  #watchers: readonly ((job: Job) => void)[] = [];
  #modelWatchers: readonly TellModel[] = [];
  #seen: Mark | undefined; // the newest event
  #early: LiveEvent[] = []; // events that came while a snapshot was on its way
  #reading = false;
  #again = false; // something changed while it was
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lost: ReturnType<typeof setTimeout> | undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #stop: (() => void) | undefined;

  constructor(reads: Reads = overWire) {
    this.#reads = reads;
  }

  /** connect listens first and reads the snapshot when events flow. It returns how to stop. */
  connect(source: LiveSource): () => void {
    this.#stop = source.start({
      opened: () => {
        clearTimeout(this.#lost);
        this.#lost = undefined;
        this.refetch(0);
      },
      lost: () => {
        this.#lost ??= setTimeout(() => (this.link = "away"), patience);
      },
      event: (e) => this.apply(e),
    });
    const look = () => {
      clearInterval(this.#ticker);
      if (document.hidden) return;
      if (this.link !== "connecting") this.refetch(0); // much may have happened meanwhile
      this.#ticker = setInterval(() => {
        if (this.running) this.refetch(0);
      }, refresh);
    };
    document.addEventListener("visibilitychange", look);
    look();
    return () => {
      document.removeEventListener("visibilitychange", look);
      clearInterval(this.#ticker);
      clearTimeout(this.#timer);
      clearTimeout(this.#lost);
      this.#stop?.();
    };
  }

  /** find gives a job while the board shows it, and so knows it best. */
  find(id: string): Job | undefined {
    const now = this.snapshot;
    return now && [...now.running, ...now.next, ...now.last].find((j) => j.id === id);
  }

  /** watch is told of every job that changes, shown or not. It returns how to stop. */
  watch(told: (job: Job) => void): () => void {
    this.#watchers = [...this.#watchers, told];
    return () => (this.#watchers = this.#watchers.filter((w) => w !== told));
  }

  /** watchModels is told how far a download is; without one, the models read differently. It returns how to stop. */
  watchModels(told: TellModel): () => void {
    this.#modelWatchers = [...this.#modelWatchers, told];
    return () => (this.#modelWatchers = this.#modelWatchers.filter((w) => w !== told));
  }

  /** apply takes one event. One that was seen before changes nothing; a gap fetches the snapshot again. */
  apply(e: LiveEvent): void {
    const id = numberOf(e.id);
    if (!id) return;
    const last = this.#seen ?? numberOf(this.snapshot?.id ?? "");
    if (this.#seen && sameBoot(id, this.#seen) && id.n <= this.#seen.n && e.kind !== "reset") return;
    if (last && (!sameBoot(id, last) || id.n > last.n + 1)) {
      this.#restart();
    }
    this.#seen = id;
    if (this.#reading) this.#early.push(e);
    this.#show(e);
    if (e.kind === "job" && e.job) for (const told of this.#watchers) told(e.job);
    if (e.kind === "model") for (const told of this.#modelWatchers) told(e.model ?? "", e.download);
  }

  /** refetch asks for a new snapshot soon; wishes of a short while become one. */
  refetch(after = settle): void {
    if (this.#reading) {
      this.#again = true;
      return;
    }
    if (after === 0) clearTimeout(this.#timer);
    else if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => void this.#read(), after);
  }

  #show(e: LiveEvent): void {
    const contained = this.#contains(e);
    switch (e.kind) {
      case "progress":
        if (!contained) this.#progress(e);
        break;
      case "segment":
        if (e.job_id && e.segment) this.#hear(e.job_id, e.segment);
        break;
      case "memory":
        if (contained || !e.memory || !this.snapshot) break;
        if (e.memory.level !== this.snapshot.memory.level) this.refetch(); // the gate may have moved
        this.snapshot.memory = e.memory;
        break;
      case "reset":
        this.#restart();
        break;
      case "settings":
        this.settingsChanged++;
        break;
      case "gone":
        if (e.job_id) this.remove(e.job_id);
        this.refetch();
        break;
      case "job":
      case "line":
        if (e.counts && this.snapshot && !contained) this.snapshot.counts = e.counts;
        this.refetch();
        break;
    }
  }

  /** remove takes a job that was deleted out of what is shown. */
  remove(id: string): void {
    this.gone.add(id);
    const now = this.snapshot;
    if (now) now.last = now.last.filter((j) => j.id !== id);
  }

  /** contains says whether the snapshot was read after the event. */
  #contains(e: LiveEvent): boolean {
    const [id, had] = [numberOf(e.id), numberOf(this.snapshot?.id ?? "")];
    return !!id && !!had && sameBoot(id, had) && id.n <= had.n;
  }

  #progress(e: LiveEvent): void {
    const job = this.snapshot?.running.find((j) => j.id === e.job_id);
    if (!job || !e.progress) return;
    job.progress = e.progress;
    job.stage = e.progress.stage;
  }

  /**
   * hear adds live text. A span that is heard again begins anew: what stood
   * there from its start on is replaced.
   */
  #hear(job: string, s: Segment): void {
    if (this.live.job !== job) {
      this.live = { job, segments: [s] };
      void this.#recall(job);
      return;
    }
    const kept = this.live.segments.filter((x) => before(x, s));
    this.live = { job, segments: [...kept, s].slice(-maxSegments) };
  }

  /** recall reads what was heard before this page came to listen. */
  async #recall(job: string): Promise<void> {
    let heard: Segment[];
    try {
      heard = (await this.#reads.transcript(job)).segments;
    } catch {
      return; // the live text alone has to do
    }
    if (this.live.job !== job) return;
    const [first] = this.live.segments;
    const older = heard.filter((x) => !first || before(x, first));
    this.live = { job, segments: [...older, ...this.live.segments].slice(-maxSegments) };
  }

  /** restart gives up what rests on an unbroken row of events. */
  #restart(): void {
    this.live = { job: "", segments: [] };
    this.breaks++;
    this.gone.clear(); // a backup may have brought some back
    this.refetch(0);
  }

  async #read(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#reading = true;
    this.#again = false;
    this.#early = [];
    const asked = ++this.asked;
    try {
      const read = await this.#reads.board();
      this.snapshot = { ...read, last: read.last.filter((j) => !this.gone.has(j.id)) };
      this.shown = asked;
      this.readAt = Date.now();
      if (this.#lost === undefined) this.link = "live";
      this.#reading = false;
      for (const e of this.#early) this.#catchUp(e);
      this.#follow();
      if (this.#again) this.refetch();
    } catch {
      this.#reading = false;
      this.link = "away";
      if (!document.hidden) this.#timer = setTimeout(() => void this.#read(), retry);
    }
    this.#early = [];
  }

  /** catchUp applies what came during a read and is not in it. Live text was taken at once. */
  #catchUp(e: LiveEvent): void {
    if (e.kind === "progress" || e.kind === "memory") this.#show(e);
    else if (e.kind === "job" || e.kind === "gone" || e.kind === "line") this.#again ||= !this.#contains(e);
  }

  /** follow turns the live text to the job that runs now. */
  #follow(): void {
    const id = this.running?.id ?? "";
    if (id === this.live.job) return;
    this.live = { job: id, segments: [] };
    if (id) void this.#recall(id);
  }
}

/** Mark is the place of an event in its server's row. */
type Mark = { boot: string; n: number };

function numberOf(id: string): Mark | undefined {
  const cut = id.lastIndexOf("-");
  const n = Number(id.slice(cut + 1));
  if (cut < 0 || !Number.isInteger(n)) return undefined;
  return { boot: id.slice(0, cut), n };
}

function sameBoot(a: Mark, b: Mark): boolean {
  return a.boot === b.boot;
}

export const board = new Board();
