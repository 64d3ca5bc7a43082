// Short messages that go by themselves, and those that wait to be read.

/** Offer is what a message offers to do about what it says. */
export type Offer = { label: string; run: () => void };

export type Toast = { id: number; text: string; detail?: string; tone: "plain" | "problem"; offer?: Offer };

const stays = 5000; // ms
const most = 4; // at a time; older ones make room

class Toasts {
  all = $state<Toast[]>([]);
  #next = 1;
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();

  /** say shows a message for a few seconds, and longer when it offers something. */
  say(text: string, offer?: Offer): void {
    this.release(this.#add({ text, tone: "plain", offer }));
  }

  /** warn shows what went wrong, until it is closed. */
  warn(text: string, detail?: string): void {
    const same = this.all.find((x) => x.tone === "problem" && x.text === text);
    if (same) return;
    this.#add({ text, detail, tone: "problem" });
  }

  /** hold keeps a message that somebody is at. */
  hold(id: number): void {
    clearTimeout(this.#timers.get(id));
  }

  /** release lets a message go by itself, after its whole time. */
  release(id: number): void {
    const toast = this.all.find((x) => x.id === id);
    if (!toast || toast.tone === "problem") return;
    this.hold(id);
    this.#timers.set(
      id,
      setTimeout(() => this.close(id), toast.offer ? 2 * stays : stays),
    );
  }

  close(id: number): void {
    this.hold(id);
    this.#timers.delete(id);
    this.all = this.all.filter((x) => x.id !== id);
  }

  #add(toast: Omit<Toast, "id">): number {
    const id = this.#next++;
    this.all = [...this.all, { ...toast, id }];
    // A problem nobody has read does not make room for what went well.
    const oldest = this.all.find((x) => x.tone === "plain" && x.id !== id);
    if (this.all.length > most && oldest) this.close(oldest.id);
    return id;
  }
}

export const toasts = new Toasts();
