// Where the focus goes when what had it is taken away. The browser leaves it to
// nobody then, and whoever works with keys would begin again at the top.
import { untrack } from "svelte";

/** regain gives the focus to the heading of the view when nobody has it. What is seen stays in view. */
export function regain(): void {
  if (document.activeElement !== document.body) return;
  document.querySelector<HTMLElement>("[data-heading]")?.focus({ preventScroll: true });
}

/**
 * keepFocus looks after the focus within a part of the page while `changes`, a
 * reactive reading, changes what is in it. What only went to another place gets
 * the focus back. The place of a list's row that had it goes to the next row,
 * and all else to the heading. It is called while a component starts.
 */
export function keepFocus(part: () => HTMLElement | undefined, changes: () => unknown): void {
  let had: HTMLElement | undefined;
  let place = -1;
  const rows = () => [...(part()?.children ?? [])].filter((e) => e.tagName === "LI");

  const remember = () => {
    const at = document.activeElement;
    had = at instanceof HTMLElement && part()?.contains(at) ? at : undefined;
    place = had ? rows().findIndex((row) => row.contains(at)) : -1;
  };
  const restore = () => {
    if (!had || document.activeElement !== document.body) return;
    if (had.isConnected) had.focus();
    const row = place < 0 ? undefined : rows().at(Math.min(place, rows().length - 1));
    if (document.activeElement === document.body) row?.querySelector<HTMLElement>("[data-row]")?.focus();
    regain();
  };

  $effect.pre(() => {
    changes();
    untrack(remember);
  });
  $effect(() => {
    changes();
    untrack(restore);
  });
}
