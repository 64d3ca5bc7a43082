import { Problem } from "../../lib/api/client";

/**
 * Wanted is what is read when somebody opens it, and again when what it stands
 * for has changed. To be made in a component.
 */
export class Wanted<T> {
  open = $state(false);
  /** What was read last; stays when reading it again fails. */
  got = $state.raw<T>();
  problem = $state.raw<Problem>();

  constructor(stands: () => unknown, read: (signal: AbortSignal) => Promise<T>) {
    $effect(() => {
      void stands();
      if (!this.open) return;
      const gone = new AbortController();
      void this.#take(read(gone.signal), gone.signal);
      return () => gone.abort();
    });
  }

  async #take(reading: Promise<T>, signal: AbortSignal): Promise<void> {
    try {
      this.got = await reading;
      this.problem = undefined;
    } catch (thrown) {
      if (!signal.aborted) this.problem = Problem.of(thrown);
    }
  }
}
