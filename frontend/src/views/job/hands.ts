// What can be done with the lines of a text beside reading them.
import { finder } from "../../lib/keys";
import { shell } from "../../lib/shell/shell";
import { Problem } from "../../lib/api/client";
import { toasts } from "../../lib/ui/toasts.svelte";
import { inOne, sayFault } from "../../lib/words/say";
import { t } from "../../lib/words/words.svelte";
import type { MenuItem } from "../../lib/ui/MenuList.svelte";
import type { Corrections } from "./corrections.svelte";
import type { Player } from "./player.svelte";

/** Hands are what a text is given to work with. */
export type Hands = {
  player: Player;
  corrections: Corrections;
  /** Whether lines may be corrected: the text is whole, and the job over. */
  editable: boolean;
};

/** take puts something on the clipboard, and says that it did or did not. */
export async function take(text: string, done: string): Promise<void> {
  try {
    await shell().copy(text);
    toasts.say(done);
  } catch {
    toasts.warn(t.job.copyFailed);
  }
}

/** revealItem shows the job's file in its folder; none where that cannot be done. */
export function revealItem(job: string): MenuItem[] {
  const { reveal } = shell();
  if (!reveal) return [];
  const run = () =>
    void reveal(job).catch((thrown: unknown) =>
      toasts.warn(t.reading.revealFailed, inOne(sayFault(Problem.of(thrown)))),
    );
  return [{ label: finder ? t.reading.finder : t.reading.folder, icon: "file", run }];
}

/** lineOf is the index of the line that something on the page belongs to; undefined when it belongs to none. */
export function lineOf(target: EventTarget | null): number | undefined {
  const at = target instanceof Element ? target.closest<HTMLElement>("[data-line]")?.dataset.line : undefined;
  return at === undefined ? undefined : Number(at);
}

/** working says whether something takes keys for itself: `all` of them, or those that press it, too. */
export function working(target: EventTarget | null): "all" | "press" | undefined {
  if (!(target instanceof HTMLElement) || target === document.body) return undefined;
  if (target.closest("input, textarea, select, [contenteditable], [role=menu], dialog")) return "all";
  return target.closest("a, button, summary") ? "press" : undefined;
}

/** lineKeys hears of double clicks on lines, and of the key that opens one. */
export function lineKeys(play: (line: number) => void, edit: (line: number) => void) {
  return (text: HTMLElement): (() => void) => {
    const clicked = (e: MouseEvent) => {
      const line = working(e.target) ? undefined : lineOf(e.target);
      if (line !== undefined) play(line);
    };
    const pressed = (e: KeyboardEvent) => {
      const line = e.key === "F2" && working(e.target) !== "all" ? lineOf(e.target) : undefined;
      if (line === undefined) return;
      e.preventDefault();
      edit(line);
    };
    text.addEventListener("dblclick", clicked);
    text.addEventListener("keydown", pressed);
    return () => {
      text.removeEventListener("dblclick", clicked);
      text.removeEventListener("keydown", pressed);
    };
  };
}
