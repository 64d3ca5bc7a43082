// The search over titles and transcripts: what is typed, and what was found.
import { answer, api, Problem } from "../../lib/api/client";
import type { Found, Hit } from "../../lib/api/types";
import { grouped, without, type Group } from "./hits";
import { wordsOf } from "./marks";

/** ReadHits gives a page of places where the words are. */
export type ReadHits = (words: string, cursor: string | undefined, signal: AbortSignal) => Promise<Found>;

const pause = 200; // ms without a key until the words are searched
const size = 200; // hits on one page: of a long transcript only some are shown at once

const overWire: ReadHits = (q, cursor, signal) =>
  answer(
    api.GET("/api/v1/search", {
      params: { query: { q, limit: size, ...(cursor ? { cursor } : {}) } },
      signal,
    }),
  );

export class Search {
  /** What is in the field. */
  typed = $state("");
  /** What the hits were found with; "" when nothing was sought yet. */
  words = $state("");
  hits = $state.raw<Hit[]>([]);
  loading = $state(false);
  problem = $state.raw<Problem>();
  more = $state(false);
  /** The place that was opened last, to come back to. */
  opened = $state("");

  readonly wanted: string = $derived(this.typed.trim());
  /** Whether anything in the field can be found at all. */
  readonly possible: boolean = $derived(wordsOf(this.typed).length > 0);
  readonly groups: Group[] = $derived(grouped(this.hits));

  readonly #read: ReadHits;
  #next: string | undefined;
  #pages = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked: AbortController | undefined;
  #wanting = ""; // the words that were asked for last

  constructor(read: ReadHits = overWire) {
    this.#read = read;
  }

  /** follow looks for what is in the field as soon as the typing pauses. */
  follow(): void {
    clearTimeout(this.#timer);
    if (!this.possible) this.#forget();
    else if (this.wanted !== this.words) this.#timer = setTimeout(() => void this.now(), pause);
    else if (this.#wanting !== this.words) this.#stop(); // typed, and taken back
  }

  /** now looks for what is in the field. An answer to earlier words is not waited for. */
  async now(): Promise<void> {
    clearTimeout(this.#timer);
    const words = this.typed.trim();
    if (wordsOf(words).length === 0) return;
    await this.#ask(words, undefined, (found) => {
      if (words !== this.words) this.opened = "";
      this.words = words;
      this.hits = found.hits;
      this.#pages = 1;
    });
  }

  /** further reads the next page. */
  async further(): Promise<void> {
    if (this.loading || !this.more) return;
    await this.#ask(this.words, this.#next, (found) => {
      this.hits = [...this.hits, ...without(found.hits, this.hits)];
      this.#pages++;
    });
  }

  /** refresh looks again, since jobs have come or gone. Who has read on keeps what is there. */
  async refresh(): Promise<void> {
    if (this.words !== "" && this.wanted === this.words && this.#pages === 1 && !this.loading)
      await this.now();
  }

  #forget(): void {
    clearTimeout(this.#timer);
    this.#stop();
    this.words = this.opened = "";
    this.hits = [];
    this.more = false;
  }

  #stop(): void {
    this.#asked?.abort();
    this.#wanting = this.words;
    this.loading = false;
    this.problem = undefined;
  }

  async #ask(words: string, cursor: string | undefined, then: (found: Found) => void): Promise<void> {
    this.#asked?.abort();
    const asked = new AbortController();
    this.#asked = asked;
    this.#wanting = words;
    this.loading = true;
    try {
      const found = await this.#read(words, cursor, asked.signal);
      if (asked.signal.aborted) return;
      then(found);
      this.#next = found.next;
      this.more = found.next !== undefined;
      this.problem = undefined;
    } catch (thrown) {
      if (!asked.signal.aborted) this.problem = Problem.of(thrown);
    } finally {
      if (this.#asked === asked) this.loading = false;
    }
  }
}

/** The search of this page. It outlives its view, so that the way back from a job leads to it. */
export const search = new Search();
