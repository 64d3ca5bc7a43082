// Short messages that go by themselves, and those that wait to be read.

/** Undo is what a message offers to do about what it says. */
export type Undo = { label: string; run: () => void };

export type Toast = { id: number; text: string; detail?: string; tone: "plain" | "problem"; undo?: Undo };

const stays = 5000; // ms
const most = 4; // at a time; older ones make room

class Toasts {
  all = $state<Toast[]>([]);
  #next = 1;

  /** say shows a message for a few seconds, and longer when it offers something. */
  say(text: string, undo?: Undo): void {
    const id = this.#add({ text, tone: "plain", undo });
    setTimeout(() => this.close(id), undo ? 2 * stays : stays);
  }

  /** warn shows what went wrong, until it is closed. */
  warn(text: string, detail?: string): void {
    const same = this.all.find((x) => x.tone === "problem" && x.text === text);
    if (same) return;
    this.#add({ text, detail, tone: "problem" });
  }

  close(id: number): void {
    this.all = this.all.filter((x) => x.id !== id);
  }

  #add(toast: Omit<Toast, "id">): number {
    const id = this.#next++;
    this.all = [...this.all, { ...toast, id }].slice(-most);
    return id;
  }
}

export const toasts = new Toasts();
