// The texts of one job: what was spoken and its translations, and which of them
// is read. A translation has the lines of the original, at the same times.
import { transcriptOf } from "../../lib/api/client";
import { flat, Reader, type Fetch, type Line } from "../../lib/reader.svelte";
import { placeOf } from "./at";
import type { Match } from "./find";

/** Pair is a line and its translation, as far as there is one. */
export type Pair = { start_ms: number; said: string; translated: string | undefined; untranslated: boolean };

/** FetchIn reads the transcript of a job, or its translation into a language. */
export type FetchIn = (
  job: string,
  signal: AbortSignal,
  lang?: string,
) => Promise<Awaited<ReturnType<Fetch>>>;

export class Texts {
  readonly original: Reader;
  /** The language that is read; "" is what was spoken. */
  chosen = $state("");
  /** The translation that is read, or was read last. */
  translation = $state.raw<Reader>();
  /** Whether a translation stands beside the original. */
  beside = $state(false);

  readonly both: boolean = $derived(this.beside && this.chosen !== "");
  readonly reader: Reader = $derived.by(() => (this.chosen && this.translation) || this.original);
  readonly pairs: Pair[] = $derived.by(() =>
    this.both && this.translation ? paired(this.original.lines, this.translation.lines) : [],
  );

  readonly #job: string;
  readonly #fetch: FetchIn;
  readonly #readers: Record<string, Reader> = {};

  constructor(job: string, fetch: FetchIn = transcriptOf) {
    this.#job = job;
    this.#fetch = fetch;
    this.original = new Reader(job, fetch);
  }

  /** choose turns to another text. */
  choose(language: string): void {
    this.chosen = language;
    if (language === "") return;
    this.translation = this.#readers[language] ??= new Reader(this.#job, (job, signal) =>
      this.#fetch(job, signal, language),
    );
  }

  /** compare puts a translation beside the original, or alone; the first one when none is read. */
  compare(beside: boolean, languages: readonly string[]): void {
    const [first] = languages;
    if (beside && this.chosen === "" && first) this.choose(first);
    this.beside = beside;
  }

  /** searched are the pieces of what is read, for a search in it. */
  searched(): string[] {
    if (this.both) return this.pairs.flatMap((p) => [p.said, p.translated ?? ""]);
    return this.reader.paragraphs.map((p) => p.text);
  }

  /** place is where a segment stands in these pieces; undefined while it is not there. Segments count from 1. */
  place(segment: number | undefined): Match | undefined {
    if (!this.both) return placeOf(this.reader, segment);
    const pair = segment === undefined ? undefined : this.pairs[segment - 1];
    if (segment === undefined || !pair?.said) return undefined;
    return { paragraph: 2 * (segment - 1), start: 0, end: pair.said.length };
  }

  /** plain is what is read, to be taken along. */
  get plain(): string {
    if (!this.both) return this.reader.paragraphs.map((p) => p.text).join("\n\n");
    return this.pairs.map((p) => [p.said, ...(p.translated ? [p.translated] : [])].join("\n")).join("\n\n");
  }

  close(): void {
    this.original.close();
    for (const reader of Object.values(this.#readers)) reader.close();
  }
}

/** paired puts lines beside those of a translation that may not be whole. */
export function paired(lines: readonly Line[], translated: readonly Line[]): Pair[] {
  const when = (l: Line) => `${l.start_ms}-${l.end_ms}`;
  const found = new Map(translated.map((l) => [when(l), l])); // eslint-disable-line svelte/prefer-svelte-reactivity -- gone when this ends
  return lines.map((line) => {
    const other = found.get(when(line));
    return {
      start_ms: line.start_ms,
      said: flat(line.text),
      translated: other && flat(other.text),
      untranslated: other?.untranslated ?? false,
    };
  });
}
