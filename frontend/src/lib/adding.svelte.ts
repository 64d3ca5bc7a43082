// Adding files, from the button, from a drop or by an address, and telling what came of it.
import { Problem, submit } from "./api/client";
import type { Dropped, Refused } from "./api/types";
import { board } from "./live/board.svelte";
import { options } from "./options.svelte";
import { router } from "./route.svelte";
import { shell } from "./shell/shell";
import { toasts } from "./ui/toasts.svelte";
import { sayFault } from "./words/say";
import { t } from "./words/words.svelte";

class Adding {
  /** Files that were not added, until somebody has read it. */
  refused = $state<Refused[]>([]);
  /** What the dialog for an address begins with; undefined while it is closed. */
  address = $state<string>();
  #asking = false;

  /** choose lets people pick files. One dialog at a time. */
  async choose(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      const d = await shell().addFiles();
      if (d) this.tell(d);
    } catch (e) {
      this.fail(Problem.of(e));
    } finally {
      this.#asking = false;
    }
  }

  /** fetch puts the file at an address in the line. A refusal is thrown: who asked says it. */
  async fetch(address: string): Promise<void> {
    const job = await submit(address, options.wanted);
    this.begin();
    this.tell({ jobs: [job], refused: [] });
  }

  /** begin goes to where the files can be seen. When they have come at last, people may be elsewhere again. */
  begin(): void {
    router.go("queue");
  }

  /** tell says what came of files that were added. */
  tell(d: Dropped): void {
    const existing = d.jobs.filter((j) => j.existing).length;
    const added = d.jobs.length - existing;
    const parts = [
      ...(added > 0 ? [t.queue.added(added)] : []),
      ...(existing > 0 ? [t.queue.existing(existing)] : []),
    ];
    if (parts.length > 0) toasts.say(parts.join(", "));
    else if (d.refused.length === 0) toasts.say(t.queue.nothingAdded); // an empty folder
    this.refused = [...this.refused, ...d.refused];
    board.refetch();
  }

  /** fail says why nothing came of it. */
  fail(p: Problem): void {
    const said = sayFault(p);
    toasts.warn(said.message, said.hint);
  }

  dismiss(): void {
    this.refused = [];
  }
}

export const adding = new Adding();
