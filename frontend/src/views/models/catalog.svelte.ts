// The speech models as the server knows them: read when something has changed,
// and kept fresh by what is told of downloads.
import { answer, api, Problem } from "../../lib/api/client";
import type { Download, Model } from "../../lib/api/types";

/** ReadModels gives them all. */
export type ReadModels = (signal: AbortSignal) => Promise<Model[]>;

const overWire: ReadModels = async (signal) => (await answer(api.GET("/api/v1/models", { signal }))).models;

export class Catalog {
  models = $state<Model[]>();
  problem = $state.raw<Problem>();

  readonly #read: ReadModels;
  readonly #arrived: (m: Model) => void;
  readonly #stop = new AbortController();
  #reading = false;
  #again = false; // something changed while it was read

  /** Arrived is told of a model whose download this page has seen, once it is installed. */
  constructor(arrived: (m: Model) => void = () => {}, read: ReadModels = overWire) {
    this.#arrived = arrived;
    this.#read = read;
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

  #show(now: Model[]): void {
    const coming = this.models?.filter((m) => m.download).map((m) => m.name) ?? [];
    this.models = now;
    this.problem = undefined;
    for (const m of now) if (m.installed && coming.includes(m.name)) this.#arrived(m);
  }
}
