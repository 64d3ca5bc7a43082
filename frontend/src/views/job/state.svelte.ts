// One job as its page knows it: from the board while that shows it, else read by
// itself. A class without a page; made while a component starts, it ends with it.
import { untrack } from "svelte";
import { answer, api, Problem } from "../../lib/api/client";
import type { Job } from "../../lib/api/types";
import { final } from "../../lib/jobs";
import { board } from "../../lib/live/board.svelte";

const pace = 2000; // ms between two reads of a job beyond the board

export class JobState {
  readonly id: string;
  /** What was read last, or what an answer gave. */
  read = $state.raw<Job>();
  problem = $state.raw<Problem>();

  readonly #shown: Job | undefined = $derived.by(() => board.find(this.id));
  readonly job: Job | undefined = $derived(this.#shown ?? this.read);
  readonly gone: boolean = $derived.by(() => board.gone.has(this.id) || this.problem?.code === "job_unknown");
  /** Whether it was there once. */
  readonly deleted: boolean = $derived.by(
    () => this.gone && (board.gone.has(this.id) || this.read !== undefined),
  );

  readonly #asked = new AbortController();
  #readAt = -Infinity;
  #readIn = -1;

  constructor(id: string) {
    this.id = id;
    $effect(() => () => this.#asked.abort());

    // It is read at once, and again when it leaves the board. While it stands in
    // line beyond the board, whatever moves the line may have moved it.
    // What has ended stays as it is, unless events were missed.
    const beyond = $derived(this.#shown === undefined);
    const settled = () => this.read && final(this.read) && this.#readIn === board.breaks;
    $effect(() => {
      void board.readAt;
      if (!beyond || untrack(settled)) return;
      const timer = setTimeout(() => void this.load(), Math.max(0, this.#readAt + pace - Date.now()));
      return () => clearTimeout(timer);
    });

    // The board need not show a job that somebody has begun again.
    $effect(() =>
      board.watch((now) => {
        if (now.id !== id) return;
        this.know(now);
        this.#readIn = -1;
      }),
    );
  }

  async load(): Promise<void> {
    const { signal } = this.#asked;
    this.#readAt = Date.now();
    this.#readIn = board.breaks;
    try {
      const params = { path: { id: this.id } };
      this.read = await answer(api.GET("/api/v1/jobs/{id}", { params, signal }));
      this.problem = undefined;
    } catch (thrown) {
      if (!signal.aborted) this.problem = Problem.of(thrown);
    }
  }

  /** know takes a job as an answer gave it: the board may not show it. */
  know(now: Job | undefined): void {
    if (now) this.read = now;
  }
}
