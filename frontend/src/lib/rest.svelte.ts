// The line beyond what the board shows. It is read when somebody asks to see
// more, and from then on again with every new snapshot.
import { answer, api } from "./api/client";
import type { Job, Page, Snapshot } from "./api/types";

/** ReadPage gives a page of queued jobs in line order. */
export type ReadPage = (limit: number, cursor?: string) => Promise<Page>;

const overWire: ReadPage = (limit, cursor) =>
  answer(api.GET("/api/v1/jobs", { params: { query: { state: "queued", limit, cursor } } }));

const step = 50; // jobs that one click adds
const mostOnPage = 500; // the server's own bound

export class Rest {
  /** Whether more was asked for and is not there yet. */
  loading = $state(false);
  #line = $state.raw<Job[]>([]); // what was read last
  #wanted = $state(0); // jobs beyond those of the board
  #newest: Snapshot | undefined; // what the line is still to be read for
  #flight: Promise<void> | undefined;
  readonly #read: ReadPage;

  constructor(read: ReadPage = overWire) {
    this.#read = read;
  }

  /**
   * beyond gives the jobs behind those of a snapshot. The line may have been
   * read before the snapshot: what stands in both stands only in the snapshot.
   */
  beyond(now: Snapshot): Job[] {
    return this.#line
      .filter(apartFrom(now))
      .slice(0, this.#wanted)
      .map((j, i) => ({ ...j, position: now.next.length + i + 1 }));
  }

  /** more asks for the next jobs of the line. */
  async more(now: Snapshot): Promise<void> {
    this.#wanted += step;
    this.loading = true;
    try {
      await this.follow(now);
    } catch (e) {
      this.#wanted -= step;
      throw e;
    } finally {
      this.loading = false;
    }
  }

  /** follow reads the line anew for a snapshot. Only one read is on its way; the newest snapshot comes next. */
  follow(now: Snapshot): Promise<void> {
    if (this.#wanted === 0) return Promise.resolve();
    this.#newest = now;
    this.#flight ??= this.#fly().finally(() => (this.#flight = undefined));
    return this.#flight;
  }

  async #fly(): Promise<void> {
    while (this.#newest) {
      const now = this.#newest;
      this.#newest = undefined;
      const line = await this.#first(now.next.length + this.#wanted);
      this.#line = line.filter(apartFrom(now));
    }
  }

  /** first reads the first n jobs of the line. A job that moves meanwhile may come on two pages. */
  async #first(n: number): Promise<Job[]> {
    const all = new Map<string, Job>(); // eslint-disable-line svelte/prefer-svelte-reactivity -- gone when this ends
    let read = 0;
    let cursor: string | undefined;
    do {
      const page = await this.#read(Math.min(mostOnPage, n - read), cursor);
      read += page.jobs.length;
      for (const job of page.jobs) all.set(job.id, job);
      cursor = page.next;
    } while (cursor && read < n);
    return [...all.values()];
  }
}

/** apartFrom says of a job that it is not among those of a snapshot. */
function apartFrom(now: Snapshot): (job: Job) => boolean {
  const shown = new Set([...now.next, ...now.running].map((j) => j.id));
  return (job) => !shown.has(job.id);
}
