// Looking for words in the text that is read, and walking from place to place.
// Made while a component starts, it ends with it.
import { untrack } from "svelte";
import { find, type Match } from "./find";
import type { Texts } from "./texts.svelte";

const rest = 120; // ms without a key until words are looked for

export class Search {
  words = $state("");
  /** The words that were looked for last. */
  sought = $state("");
  /** Which of the places is looked at; -1 while there is none. */
  at = $state(-1);

  readonly matches: Match[] = $derived.by(() =>
    this.sought.trim() === "" ? [] : find(this.#texts.searched(), this.sought),
  );

  readonly #texts: Texts;

  constructor(texts: Texts) {
    this.#texts = texts;

    // In another text the words are in other places.
    $effect(() => {
      void [texts.chosen, texts.both, texts.apart];
      untrack(() => this.#first());
    });

    // Words are looked for when the typing rests, and begin at their first place.
    $effect(() => {
      const wanted = this.words;
      const timer = setTimeout(() => this.#seek(wanted), wanted === "" ? 0 : rest);
      return () => clearTimeout(timer);
    });
  }

  /** go walks to the next place, or the one before; words that were just typed are looked for at once. */
  go(step: 1 | -1): void {
    const { length } = this.matches;
    if (this.sought !== this.words) this.#seek(this.words);
    else if (length > 0) this.at = (Math.max(this.at, 0) + step + length) % length;
  }

  #seek(wanted: string): void {
    if (wanted === this.sought) return;
    this.sought = wanted;
    this.#first();
  }

  #first(): void {
    this.at = this.matches.length > 0 ? 0 : -1;
  }
}
