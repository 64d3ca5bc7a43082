// The texts of one job: what was spoken and its translations, and which of them
// is read. A translation has the lines of the original, at the same times.
import { transcriptOf } from "../../lib/api/client";
import { clockTime } from "../../lib/format";
import { flat, Reader, type Fetch, type Line } from "../../lib/reader.svelte";
import { placeOf } from "./at";
import type { Match } from "./find";

/** Pair is a line and its translation, as far as there is one. */
export type Pair = {
  start_ms: number;
  said: string;
  translated: string | undefined;
  untranslated: boolean;
  line: Line;
  other: Line | undefined;
};

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
  /** Whether each line stands by itself. */
  apart = $state(false);

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
    if (this.apart) return this.reader.lines.map((l) => flat(l.text));
    return this.reader.paragraphs.map((p) => p.text);
  }

  /** place is where a segment stands in these pieces; undefined while it is not there. Segments count from 1. */
  place(segment: number | undefined): Match | undefined {
    if (!this.both && !this.apart) return placeOf(this.reader, segment);
    if (segment === undefined) return undefined;
    const line = this.both ? this.pairs[segment - 1]?.line : this.reader.lines[segment - 1];
    const end = flat(line?.text ?? "").length;
    return end > 0 ? { paragraph: (this.both ? 2 : 1) * (segment - 1), start: 0, end } : undefined;
  }

  /** lineOf is the index of the line that a place found in these pieces belongs to. */
  lineOf({ paragraph, start }: Match): number {
    if (this.both) return Math.floor(paragraph / 2);
    if (this.apart) return paragraph;
    const whole = this.reader.paragraphs[paragraph];
    return (whole?.first ?? 0) + Math.max(0, whole?.starts.findLastIndex((s) => s <= start) ?? 0);
  }

  /** plain is what is read, to be taken along. */
  get plain(): string {
    if (!this.both) return this.reader.paragraphs.map((p) => p.text).join("\n\n");
    return this.pairs.map((p) => [p.said, ...(p.translated ? [p.translated] : [])].join("\n")).join("\n\n");
  }

  /** timed is what is read, line by line, each with when it is said. */
  get timed(): string {
    const { reader } = this;
    const lines = this.both
      ? this.pairs.map((p) => ({ ...p, text: [p.said, ...(p.translated ? [p.translated] : [])].join("\n") }))
      : reader.lines.map((l) => ({ ...l, text: flat(l.text) }));
    return lines
      .filter((l) => l.text !== "")
      .map((l) => `${clockTime(l.start_ms)} ${l.text}`)
      .join("\n");
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
      line,
      other,
    };
  });
}
