// The line beyond what the board shows. It is only read when somebody asks to
// see more, and read again when the board changes.
import { answer, api } from "./api/client";
import type { Job, Page, Snapshot } from "./api/types";

/** ReadPage gives a page of queued jobs in line order. */
export type ReadPage = (limit: number, cursor?: string) => Promise<Page>;

const overWire: ReadPage = (limit, cursor) =>
  answer(api.GET("/api/v1/jobs", { params: { query: { state: "queued", limit, cursor } } }));

const step = 50; // jobs that one click adds
const mostOnPage = 500; // the server's own bound

export class Rest {
  jobs = $state<Job[]>([]);
  loading = $state(false);
  /** How many jobs of the line are wanted beyond those of the board. */
  #wanted = 0;
  #turn = 0; // the newest read; older answers are late
  readonly #read: ReadPage;

  constructor(read: ReadPage = overWire) {
    this.#read = read;
  }

  /** more asks for the next jobs of the line. */
  async more(now: Snapshot): Promise<void> {
    this.#wanted += step;
    await this.follow(now);
  }

  /** follow brings what is shown in line with a new snapshot. */
  async follow(now: Snapshot): Promise<void> {
    if (this.#wanted === 0) return;
    const turn = ++this.#turn;
    this.loading = true;
    try {
      const line = await this.#first(now.next.length + this.#wanted);
      if (turn !== this.#turn) return;
      const shown = [...now.next, ...now.running].map((j) => j.id);
      const offset = now.next.length;
      this.jobs = line
        .filter((j) => !shown.includes(j.id))
        .slice(0, this.#wanted)
        .map((j, i) => ({ ...j, position: offset + i + 1 }));
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }

  /** first reads the first n jobs of the line. */
  async #first(n: number): Promise<Job[]> {
    const all: Job[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.#read(Math.min(mostOnPage, n - all.length), cursor);
      all.push(...page.jobs);
      cursor = page.next;
    } while (cursor && all.length < n);
    return all;
  }
}
