// Keys that work everywhere, and how they are called on this machine.

const mac = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** finder says whether files are shown in the Finder here. */
export const finder = mac;

/** command says whether the machine's main modifier is held, and no other. */
export function command(e: KeyboardEvent): boolean {
  const held = mac ? e.metaKey && !e.ctrlKey : e.ctrlKey && !e.metaKey;
  return held && !e.altKey && !e.shiftKey;
}

/** shortcut is how people read a key with that modifier. */
export function shortcut(key: string): string {
  return mac ? `⌘${key}` : `Ctrl+${key}`;
}

/** alt is how people read a key with the other modifier. */
export function alt(key: string): string {
  return mac ? `⌥${key}` : `Alt+${key}`;
}

/**
 * arrows lets the arrow keys move the focus among the rows of a list. A row is
 * what carries data-row; the Tab key keeps reaching everything.
 */
export function arrows(list: HTMLElement): () => void {
  const move = (e: KeyboardEvent) => {
    if (e.altKey || e.ctrlKey || e.metaKey || e.shiftKey) return;
    const rows = [...list.querySelectorAll<HTMLElement>("[data-row]")];
    const at = rows.findIndex((r) => r === document.activeElement);
    if (at < 0) return;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[e.key];
    const row = to === undefined ? undefined : rows[to];
    if (!row) return;
    e.preventDefault();
    row.focus();
  };
  list.addEventListener("keydown", move);
  return () => list.removeEventListener("keydown", move);
}
