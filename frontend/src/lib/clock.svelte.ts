// One clock for all that is told relative to now. It ticks slowly, since
// nothing is told to the second, and rests while nobody looks.
const every = 10_000;

class Clock {
  now = $state(Date.now());
  #timer: ReturnType<typeof setInterval> | undefined;

  /** start lets the clock tick while the page is visible; it returns how to stop. */
  start(): () => void {
    const follow = () => {
      clearInterval(this.#timer);
      this.#timer = undefined;
      if (document.hidden) return;
      this.now = Date.now();
      this.#timer = setInterval(() => (this.now = Date.now()), every);
    };
    document.addEventListener("visibilitychange", follow);
    follow();
    return () => {
      document.removeEventListener("visibilitychange", follow);
      clearInterval(this.#timer);
    };
  }
}

export const clock = new Clock();
