// The settings as the server has them, changed one at a time and at once.
import { SvelteMap, SvelteSet } from "svelte/reactivity";
import { answer, api, Problem } from "../../lib/api/client";
import type { Setting, SettingList, SettingValue } from "../../lib/api/types";
import { sayWrong } from "./values";

/** Wire is how the server is asked. */
export type Wire = {
  read(signal: AbortSignal): Promise<SettingList>;
  change(changes: Record<string, SettingValue>): Promise<SettingList>;
};

const overWire: Wire = {
  read: (signal) => answer(api.GET("/api/v1/settings", { signal })),
  change: (changes) => answer(api.PUT("/api/v1/settings", { body: { changes } })),
};

/** Undo takes a change back; nobody can take a secret back. */
export type Undo = (() => Promise<void>) | undefined;

export class Store {
  list = $state.raw<SettingList>();
  problem = $state.raw<Problem>();
  /** What is wrong with what was typed, by key. */
  readonly wrong = new SvelteMap<string, string>();
  /** What is being saved. */
  readonly saving = new SvelteSet<string>();

  readonly pending: number = $derived(this.list?.settings.filter((s) => s.pending).length ?? 0);

  readonly #wire: Wire;
  readonly #saved: (s: Setting, undo: Undo) => void;
  readonly #stop = new AbortController();
  #turn: Promise<unknown> = Promise.resolve();

  /** Saved is told of every change that is written. */
  constructor(saved: (s: Setting, undo: Undo) => void = () => {}, wire: Wire = overWire) {
    this.#saved = saved;
    this.#wire = wire;
  }

  /** refresh reads all of them; what is being saved comes first. */
  refresh(): Promise<void> {
    return this.#next(async () => {
      try {
        this.#show(await this.#wire.read(this.#stop.signal));
      } catch (thrown) {
        if (!this.#stop.signal.aborted) this.problem = Problem.of(thrown);
      }
    });
  }

  find(key: string): Setting | undefined {
    return this.list?.settings.find((s) => s.key === key);
  }

  /** refuse says that what was typed cannot be. */
  refuse(s: Setting): void {
    this.wrong.set(s.key, sayWrong(s));
  }

  /** save writes a value, or with null takes back what was set here. It says whether that went well. */
  save(key: string, value: SettingValue): Promise<boolean> {
    this.saving.add(key);
    return this.#next(async () => {
      const before = this.find(key);
      if (!before) return false;
      try {
        this.#show(await this.#wire.change({ [key]: value }));
        this.wrong.delete(key);
        this.#saved(before, before.secret ? undefined : () => this.#takeBack(before));
        return true;
      } catch (thrown) {
        this.wrong.set(key, sayWrong(before, Problem.of(thrown)));
        return false;
      } finally {
        this.saving.delete(key);
      }
    });
  }

  /** close ends what is being read. */
  close(): void {
    this.#stop.abort();
  }

  async #takeBack(before: Setting): Promise<void> {
    const value = before.origin === "overlay" ? before.value : null;
    await this.#next(async () => {
      try {
        this.#show(await this.#wire.change({ [before.key]: value }));
        this.wrong.delete(before.key);
      } catch (thrown) {
        this.wrong.set(before.key, sayWrong(before, Problem.of(thrown)));
      }
    });
  }

  #show(list: SettingList): void {
    this.list = list;
    this.problem = undefined;
  }

  /** next does one thing after the other: answers must not overtake each other. */
  #next<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(act);
    this.#turn = done.catch(() => {});
    return done;
  }
}
