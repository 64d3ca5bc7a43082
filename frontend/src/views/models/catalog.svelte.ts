// Models as the server knows them, those for speech or those for languages: read
// when something has changed, and kept fresh by what is told of downloads.
import { answer, api, Problem } from "../../lib/api/client";
import type { Download, LanguageModel, Model } from "../../lib/api/types";

/** Either is what models of both kinds have. */
export type Either = { name: string; installed: boolean; download?: Download };

/** ReadModels gives all of a kind. */
export type ReadModels<M> = (signal: AbortSignal) => Promise<M[]>;

/** Those that recognise speech. */
export const speechModels: ReadModels<Model> = async (signal) =>
  (await answer(api.GET("/api/v1/models", { signal }))).models;

/** Those of Ollama, which translate and sum up. */
export const languageModels: ReadModels<LanguageModel> = async (signal) =>
  (await answer(api.GET("/api/v1/ollama/models", { signal }))).models;

export class Catalog<M extends Either> {
  models = $state<M[]>();
  problem = $state.raw<Problem>();

  readonly #read: ReadModels<M>;
  readonly #arrived: (m: M) => void;
  readonly #stop = new AbortController();
  #reading = false;
  #again = false; // something changed while it was read

  /** Arrived is told of a model whose download this page has seen, once it is installed. */
  constructor(read: ReadModels<M>, arrived: (m: M) => void = () => {}) {
    this.#read = read;
    this.#arrived = arrived;
  }

  /** refresh reads the models. Who asks while that goes on is served afterwards. */
  async refresh(): Promise<void> {
    this.#again = this.#reading;
    if (this.#reading) return;
    this.#reading = true;
    try {
      do {
        this.#again = false;
        this.#show(await this.#read(this.#stop.signal));
      } while (this.#again);
    } catch (thrown) {
      if (!this.#stop.signal.aborted) this.problem = Problem.of(thrown);
    } finally {
      this.#reading = false;
    }
  }

  /** hear takes what an event tells. */
  hear(name: string, download: Download | undefined): void {
    const known = this.models?.find((m) => m.name === name);
    if (known && download) known.download = download;
    else void this.refresh();
  }

  /** close ends what is being read. */
  close(): void {
    this.#stop.abort();
  }

  #show(now: M[]): void {
    const coming = this.models?.filter((m) => m.download).map((m) => m.name) ?? [];
    this.models = now;
    this.problem = undefined;
    for (const m of now) if (m.installed && coming.includes(m.name)) this.#arrived(m);
  }
}
