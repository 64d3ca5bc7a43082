// What the library shows: finished jobs, newest first, page by page.
import { answer, api, Problem } from "../../lib/api/client";
import type { Job, Page } from "../../lib/api/types";

/** ReadPage gives a page of jobs that ended so. */
export type ReadPage = (kind: Kind, cursor: string | undefined, signal: AbortSignal) => Promise<Page>;

/** Kind is how the jobs ended. */
export type Kind = "done" | "failed";

const size = 50; // jobs on one page

const overWire: ReadPage = (state, cursor, signal) =>
  answer(
    api.GET("/api/v1/jobs", {
      params: { query: { state, limit: size, ...(cursor ? { cursor } : {}) } },
      signal,
    }),
  );

export class Shelf {
  jobs = $state.raw<Job[]>([]);
  /** How the jobs ended. */
  kind = $state<Kind>("done");
  /** Whether anything was read yet. */
  loaded = $state(false);
  loading = $state(false);
  problem = $state.raw<Problem>();
  more = $state(false);

  readonly #read: ReadPage;
  #next: string | undefined;
  #stale = false; // more was finished while something was read
  #asked: AbortController | undefined;

  constructor(read: ReadPage = overWire) {
    this.#read = read;
  }

  /** open begins anew with jobs of one kind. An earlier answer is not waited for. */
  async open(kind: Kind): Promise<void> {
    await this.#ask(kind, undefined, (page) => {
      this.kind = kind;
      this.jobs = page.jobs;
      this.#turn(page.next);
    });
  }

  /** further reads the next page. */
  async further(): Promise<void> {
    if (this.loading || !this.more) return;
    await this.#ask(this.kind, this.#next, (page) => {
      this.jobs = [...this.jobs, ...without(page.jobs, this.jobs)];
      this.#turn(page.next);
    });
  }

  /**
   * refresh puts what was finished meanwhile in front and takes out what is
   * gone; the pages behind stay. It waits for what is being read.
   */
  async refresh(): Promise<void> {
    if (this.loading) this.#stale = true;
    if (this.loading || !this.loaded) return;
    await this.#ask(this.kind, undefined, (page) => {
      const end = this.jobs.findIndex((j) => j.id === page.jobs.at(-1)?.id);
      const behind = page.next === undefined ? [] : without(this.jobs.slice(end + 1), page.jobs);
      this.jobs = [...page.jobs, ...behind];
      if (behind.length === 0) this.#turn(page.next);
    });
  }

  close(): void {
    this.#asked?.abort();
  }

  async #ask(kind: Kind, cursor: string | undefined, then: (page: Page) => void): Promise<void> {
    this.#asked?.abort();
    const asked = new AbortController();
    this.#asked = asked;
    this.loading = true;
    try {
      const page = await this.#read(kind, cursor, asked.signal);
      if (asked.signal.aborted) return;
      then(page);
      this.loaded = true;
      this.problem = undefined;
    } catch (thrown) {
      if (!asked.signal.aborted) this.problem = Problem.of(thrown);
    } finally {
      if (this.#asked === asked) this.loading = false;
    }
    if (this.#asked !== asked || !this.#stale) return;
    this.#stale = false;
    if (!asked.signal.aborted) await this.refresh();
  }

  #turn(next: string | undefined): void {
    this.#next = next;
    this.more = next !== undefined;
  }
}

/** without gives the jobs that are not among others. */
function without(jobs: readonly Job[], others: readonly Job[]): Job[] {
  const known = new Set(others.map((j) => j.id));
  return jobs.filter((j) => !known.has(j.id));
}
