// A list too long to be read at once: its beginning, which comes from elsewhere
// and is always fresh, and the stretch of the rest that somebody looks at.
import { answer, api, Problem } from "./api/client";
import type { paths } from "./api/schema";
import type { Job, Page } from "./api/types";

/** ReadFrom gives jobs of the list from a place on, 1 being the first. */
export type ReadFrom = (from: number, limit: number) => Promise<Page>;

type Query = NonNullable<paths["/api/v1/jobs"]["get"]["parameters"]["query"]>;

/** overWire reads a list of the server. */
export function overWire(list: Pick<Query, "state" | "order">): ReadFrom {
  return (from, limit) => answer(api.GET("/api/v1/jobs", { params: { query: { ...list, from, limit } } }));
}

const margin = 20; // rows around those looked at that must be there, too
const ahead = 50; // rows that are read around them
const mostOnPage = 500; // the server's own bound
const again = 2000; // ms until a read that failed is tried again

export class Stretch {
  /** What went wrong, until it goes right. */
  problem = $state.raw<Problem>();
  /** Whether anything was read. */
  loaded = $state(false);
  /** How long the list was when it was read last. */
  total = $state(0);

  #read = $state.raw<{ start: number; jobs: readonly Job[]; as: number }>({ start: 0, jobs: [], as: 0 });
  #wanted: { first: number; last: number; count: number } | undefined;
  #flight = false;
  #stale = false; // what is on its way may be old
  #closed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #from: ReadFrom;
  readonly #head: () => readonly Job[];
  readonly #age: () => number;

  /** `head` is the fresh beginning of the list, a reactive reading, and `age` a number that grows with it. */
  constructor(from: ReadFrom, head: () => readonly Job[] = () => [], age: () => number = () => 0) {
    this.#from = from;
    this.#head = head;
    this.#age = age;
  }

  /** The stretch behind the head. What stands in both stands only in the head. */
  readonly #rest: { start: number; jobs: readonly Job[] } = $derived.by(() => {
    const head = this.#head();
    const { start, jobs } = this.#read;
    const skip = Math.max(0, head.length - start);
    const known = new Set(head.map((j) => j.id)); // eslint-disable-line svelte/prefer-svelte-reactivity -- gone when this ends
    return { start: start + skip, jobs: jobs.slice(skip).filter((j) => !known.has(j.id)) };
  });

  /** The jobs that are there: the head, then the stretch. A place in the line is that of now. */
  readonly jobs: readonly Job[] = $derived.by(() => {
    const { start, jobs } = this.#rest;
    return [...this.#head(), ...jobs.map((j, i) => (j.position ? { ...j, position: start + i + 1 } : j))];
  });

  /** as is the age of the head that all of `jobs` is as new as. */
  readonly as: number = $derived.by(() =>
    this.#rest.jobs.length > 0 ? Math.min(this.#read.as, this.#age()) : this.#age(),
  );

  /** slot is where the job at a place of the list stands in `jobs`; -1 when it is not there. */
  slot(place: number): number {
    const head = this.#head().length;
    if (place < head) return place;
    const at = place - this.#rest.start;
    return at >= 0 && at < this.#rest.jobs.length ? head + at : -1;
  }

  /** place is the other way round: where in the list, from 0, one of `jobs` stands. */
  place(slot: number): number {
    const head = this.#head().length;
    return slot < head ? slot : this.#rest.start + slot - head;
  }

  /** want says which places are looked at, of how many. What is missing is read. */
  want(first: number, last: number, count: number): void {
    this.#wanted = { first, last, count };
    if (!this.#covered(Math.max(0, first - margin), Math.min(count - 1, last + margin))) void this.#fly();
  }

  /** refresh reads anew what is looked at: something came, went or moved. */
  refresh(): void {
    const { first, last } = this.#wanted ?? { first: 0, last: 0 };
    this.#stale = this.#flight;
    if (last < this.#head().length && first < this.#head().length) {
      if (this.#read.jobs.length > 0) this.#read = { start: 0, jobs: [], as: 0 };
    } else void this.#fly();
  }

  /** open reads the beginning, for a list without a head. */
  open(): Promise<void> {
    this.#wanted ??= { first: 0, last: margin, count: margin + 1 };
    return this.#fly();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #covered(first: number, last: number): boolean {
    const head = this.#head().length;
    const { start, jobs } = this.#rest;
    const from = Math.max(first, head);
    return from > last || (from >= start && last < start + jobs.length);
  }

  /** fly reads one stretch at a time, at last the one that is wanted then. */
  async #fly(): Promise<void> {
    if (this.#flight) return;
    this.#flight = true;
    clearTimeout(this.#timer);
    try {
      do {
        this.#stale = false;
        const { first, last } = this.#wanted ?? { first: 0, last: 0 };
        const start = Math.max(this.#head().length, first - ahead);
        const limit = Math.min(mostOnPage, Math.max(0, last - start) + 1 + ahead);
        const as = this.#age();
        const page = await this.#from(start + 1, limit);
        if (this.#closed) return;
        this.#read = { start, jobs: page.jobs, as };
        this.total = page.total ?? start + page.jobs.length;
        this.loaded = true;
        this.problem = undefined;
      } while (this.#stale || !this.#enough());
    } catch (thrown) {
      this.problem = Problem.of(thrown);
      if (!this.#closed) this.#timer = setTimeout(() => void this.#fly(), again);
    } finally {
      this.#flight = false;
    }
  }

  /** enough says whether what is looked at is there, as far as the list goes. */
  #enough(): boolean {
    if (!this.#wanted) return true;
    const { first, last, count } = this.#wanted;
    return this.#covered(first, Math.min(last, count - 1, this.total - 1));
  }
}
