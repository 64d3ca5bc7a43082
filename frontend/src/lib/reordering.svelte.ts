// Moving rows of a list with the pointer. Nothing is dragged in the sense of
// the platform, which crashes the window on a Mac: the row stays where it is,
// and a mark shows where it would go.

/** Slot is what a row shows while one is on its way. */
export type Slot = "lifted" | "before" | "after" | undefined;

const threshold = 5; // px of movement that make a press a move
const nearEdge = 48; // px from the edge where the view begins to scroll
const speed = 12; // px for each frame

type Options = {
  /** Rows of the list that are there, by id, in order. Not all of them need be drawn. */
  ids: () => readonly string[];
  /** The row goes to an index of the others. It may not be among the rows any more. */
  drop: (id: string, to: number) => void;
};

export class Reordering {
  #id = $state<string>(); // the row that moves
  #to = $state<number>(); // its index among the others
  readonly #o: Options;
  #list: HTMLElement | undefined;

  constructor(options: Options) {
    this.#o = options;
  }

  readonly active: boolean = $derived(this.#id !== undefined);

  /** slot says what a row shows: it is on its way, or what moves would stand beside it. */
  slot(id: string): Slot {
    if (this.#id === undefined || this.#to === undefined) return undefined;
    if (id === this.#id) return "lifted";
    const ids = this.#o.ids();
    const others = ids.filter((x) => x !== this.#id);
    if (this.#to === ids.indexOf(this.#id)) return undefined; // it would stay
    if (others[this.#to] === id) return "before";
    return this.#to === others.length && others.at(-1) === id ? "after" : undefined;
  }

  /** attach follows the pointer over a list whose rows carry data-id. A finger scrolls, except on a handle. */
  attach = (list: HTMLElement): (() => void) => {
    this.#list = list;
    const down = (e: PointerEvent) => this.#press(e);
    list.addEventListener("pointerdown", down);
    return () => {
      list.removeEventListener("pointerdown", down);
      this.#end();
    };
  };

  #end: () => void = () => {};

  #press(e: PointerEvent): void {
    const target = e.target as Element;
    const row = target.closest<HTMLElement>("[data-id]");
    if (!row?.dataset.id || e.button !== 0 || e.ctrlKey || target.closest("button, [role=menu]")) return;
    if (e.pointerType !== "mouse" && !target.closest("[data-handle]")) return;
    this.#end();
    const { id } = row.dataset;
    const at = { x: e.clientX, y: e.clientY };
    let y = at.y;
    let frame = 0;

    const move = (m: PointerEvent) => {
      if (m.pointerId !== e.pointerId) return;
      y = m.clientY;
      if (!this.active && Math.hypot(m.clientX - at.x, y - at.y) < threshold) return;
      if (!this.active) {
        this.#id = id;
        frame = requestAnimationFrame(scroll);
      }
      this.#aim(y);
    };
    const scroll = () => {
      this.#scroll(y);
      frame = requestAnimationFrame(scroll);
    };
    const up = (u: PointerEvent) => {
      if (u.pointerId !== e.pointerId) return;
      const [moved, to] = [this.active, this.#to];
      this.#end();
      if (!moved) return;
      // The click that follows is not meant for the link in the row.
      const swallow = (c: Event) => {
        c.preventDefault();
        c.stopPropagation();
      };
      addEventListener("click", swallow, { capture: true, once: true });
      setTimeout(() => removeEventListener("click", swallow, { capture: true }));
      if (to !== undefined) this.#o.drop(id, to);
    };
    const key = (k: KeyboardEvent) => {
      if (k.key !== "Escape" || !this.active) return;
      k.preventDefault();
      this.#end();
    };
    const stop = () => this.#end();
    const on = { pointermove: move, pointerup: up, pointercancel: stop, keydown: key, blur: stop };
    for (const [name, act] of Object.entries(on)) addEventListener(name, act as EventListener);
    this.#end = () => {
      for (const [name, act] of Object.entries(on)) removeEventListener(name, act as EventListener);
      cancelAnimationFrame(frame);
      this.#id = this.#to = undefined;
      this.#end = () => {};
    };
  }

  /** aim finds the place under the pointer: before the first row whose middle is below it. */
  #aim(y: number): void {
    const rows = [...(this.#list?.querySelectorAll<HTMLElement>("[data-id]") ?? [])];
    const drawn = rows.filter((r) => r.dataset.id !== this.#id);
    const below = drawn.find((r) => {
      const { top, height } = r.getBoundingClientRect();
      return y < top + height / 2;
    });
    const others = this.#o.ids().filter((id) => id !== this.#id);
    const at = others.indexOf((below ?? drawn.at(-1))?.dataset.id ?? "");
    if (at >= 0) this.#to = below ? at : at + 1;
  }

  /** scroll moves the view while the pointer is at its edge. */
  #scroll(y: number): void {
    const view = this.#list?.closest<HTMLElement>(".view");
    if (!view) return;
    const { top, bottom } = view.getBoundingClientRect();
    const by = y < top + nearEdge ? -speed : y > bottom - nearEdge ? speed : 0;
    if (by === 0) return;
    view.scrollTop += by;
    this.#aim(y);
  }
}
