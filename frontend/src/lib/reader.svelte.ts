// One text of a job for reading: loaded once, followed while the job runs,
// loaded again when the job ends. A class without a page, so that it can be
// tested alone.
import { Problem, transcriptOf } from "./api/client";
import type { Segment, Transcript } from "./api/types";
import { before } from "./segments";
import type { LiveText } from "./live/board.svelte";

/** Line is a segment as the reader keeps it. Times of words are not kept: they are most of the weight. */
export type Line = Pick<
  Segment,
  "id" | "start_ms" | "end_ms" | "text" | "untranslated" | "edited" | "original"
>;

/** Paragraph is some segments that are read in one go. */
export type Paragraph = {
  /** Index of its first segment; paragraphs keep it while text is added behind them. */
  first: number;
  /** Index after its last segment. */
  end: number;
  start_ms: number;
  end_ms: number;
  text: string;
  /** Where in the text each of its segments begins. */
  starts: number[];
  /** Its segments stand in a translation as they were said. */
  untranslated?: true;
};

/** Fetch reads the transcript of a job, as far as it is there. */
export type Fetch = (job: string, signal: AbortSignal) => Promise<Transcript>;

const pause = 2000; // ms of silence that begin a paragraph
const enough = 360; // columns after which the next sentence begins one
const most = 800; // columns after which the next segment does

export class Reader {
  readonly job: string;
  lines = $state.raw<Line[]>([]);
  paragraphs = $state.raw<Paragraph[]>([]);
  /** What was spoken; empty while nobody knows. */
  language = $state("");
  /** Whether nothing is still to come. */
  complete = $state(false);
  /** Whether the text was read at least once. */
  loaded = $state(false);
  problem = $state.raw<Problem>();

  readonly #fetch: Fetch;
  #asked: AbortController | undefined;
  #stored: Line[] = []; // what the server has kept: whole as far as it goes
  #live: Line[] = []; // what was heard beyond it, or before
  #seam: number | undefined; // from here on nothing live was missed

  constructor(job: string, fetch: Fetch = transcriptOf) {
    this.job = job;
    this.#fetch = fetch;
  }

  /**
   * Whether there may be a hole between what was kept and what is heard live:
   * text that was heard before this page listened is kept only a little later.
   */
  get torn(): boolean {
    return this.#seam !== undefined && this.#reach < this.#seam;
  }

  /** load reads all that is there. A second call takes the place of the first. */
  async load(): Promise<void> {
    this.#asked?.abort();
    const asked = new AbortController();
    this.#asked = asked;
    try {
      const t = await this.#fetch(this.job, asked.signal);
      if (!asked.signal.aborted) this.take(t);
    } catch (thrown) {
      if (!asked.signal.aborted) this.problem = Problem.of(thrown);
    }
  }

  /** take shows a text as an answer gave it. */
  take(t: Transcript): void {
    this.#asked?.abort();
    this.problem = undefined;
    this.language = t.language;
    this.complete = t.complete;
    this.loaded = true;
    this.#stored = t.segments.map(lineOf);
    this.#show();
  }

  /** amend shows a line otherwise until the text is read again. It returns how to take that back. */
  amend(id: number, line: Pick<Line, "text" | "edited" | "original">): () => void {
    const before = this.#stored;
    const at = before.findIndex((l) => l.id === id);
    const old = before[at];
    if (old === undefined) return () => {};
    const { start_ms, end_ms } = old;
    const after = before.with(at, { id, start_ms, end_ms, ...line });
    this.#stored = after;
    this.#show();
    return () => {
      if (this.#stored !== after) return; // it was read again meanwhile
      this.#stored = before;
      this.#show();
    };
  }

  /**
   * follow takes what was heard live. The newest of it takes the place of what
   * was there from its first line on: a span that is heard again after a crash
   * does not stand there twice.
   */
  follow(live: LiveText): void {
    const heard = live.segments.map(lineOf);
    const newest = heard.at(-1);
    if (live.job !== this.job || this.complete || newest === undefined) return;
    this.#seam ??= newest.start_ms;
    this.#live = join(this.#live, heard);
    this.#show();
  }

  /** restart forgets live text whose row was broken, and reads again. */
  restart(): Promise<void> {
    this.#live = [];
    this.#seam = undefined;
    return this.load();
  }

  close(): void {
    this.#asked?.abort();
  }

  /** reach is where the last line begins that was kept. */
  get #reach(): number {
    return this.#stored.at(-1)?.start_ms ?? -1;
  }

  #show(): void {
    const last = this.#stored.at(-1);
    const beyond = this.complete ? [] : this.#live.filter((l) => !last || before(last, l));
    const lines = [...this.#stored, ...beyond];
    const same = agree(this.lines, lines);
    if (same === lines.length && same === this.lines.length) return;
    this.paragraphs = group(lines, this.paragraphs, same);
    this.lines = lines;
  }
}

/** join puts later lines behind earlier ones, and in the place of those from their start on. */
export function join(earlier: readonly Line[], later: readonly Line[]): Line[] {
  const [first] = later;
  if (first === undefined) return [...earlier];
  let low = 0;
  let high = earlier.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const line = earlier[middle];
    if (line && before(line, first)) low = middle + 1;
    else high = middle;
  }
  return [...earlier.slice(0, low), ...later];
}

/**
 * group makes paragraphs: at a pause, at the end of a sentence when there is
 * enough, and at last without either. Paragraphs made before are kept as far
 * as the first `same` lines say the same.
 */
export function group(lines: readonly Line[], earlier: readonly Paragraph[] = [], same = 0): Paragraph[] {
  const out = earlier.filter((p) => p.end <= same);
  out.pop(); // more may belong to it
  const begin = out.at(-1)?.end ?? 0;
  let open: Paragraph | undefined;
  for (let i = begin; i < lines.length; i++) {
    const l = lines[i];
    if (l === undefined) break;
    const text = flat(l.text);
    if (open !== undefined && !parts(open, l)) {
      open.end = i + 1;
      open.end_ms = l.end_ms;
      open.text = glue(open.text, text);
      open.starts.push(open.text.length - text.length);
      continue;
    }
    open = { first: i, end: i + 1, start_ms: l.start_ms, end_ms: l.end_ms, text, starts: [0], ...markOf(l) };
    out.push(open);
  }
  return out;
}

/** flat is the text of a line as it stands in a paragraph. */
export function flat(text: string): string {
  return text.normalize("NFC").replace(/\s+/gu, " ").trim();
}

/** parts says whether a line begins a new paragraph. */
function parts(open: Paragraph, next: Line): boolean {
  if ((open.untranslated ?? false) !== (next.untranslated ?? false)) return true;
  if (open.text === "") return false;
  if (next.start_ms - open.end_ms >= pause) return true;
  const size = columns(open.text);
  return size >= most || (size >= enough && /[.!?…。！？]["'”’»)\]]*$/u.test(open.text));
}

const wide = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/gu;
const unspaced = /[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3000-\u303f\uff00-\uff60]/u;

function columns(text: string): number {
  return text.length + (text.match(wide)?.length ?? 0);
}

/** glue joins two texts, without a space where the script has none. */
function glue(a: string, b: string): string {
  if (a === "" || b === "") return a + b;
  return unspaced.test(a.slice(-1)) && unspaced.test(b.slice(0, 1)) ? a + b : `${a} ${b}`;
}

/** agree counts the lines from the start that are the same. */
function agree(a: readonly Line[], b: readonly Line[]): number {
  const end = Math.min(a.length, b.length);
  for (let i = 0; i < end; i++) {
    const [x, y] = [a[i], b[i]];
    if (x === y) continue;
    if (x?.start_ms !== y?.start_ms || x?.end_ms !== y?.end_ms || x?.text !== y?.text) return i;
    if (x?.untranslated !== y?.untranslated || x?.original !== y?.original) return i;
  }
  return end;
}

function lineOf(s: Segment): Line {
  const { id, start_ms, end_ms, text, edited, original } = s;
  return { id, start_ms, end_ms, text, ...markOf(s), ...(edited ? { edited, original } : {}) };
}

/** markOf carries over that a line is not translated; most have no mark. */
function markOf(from: { untranslated?: boolean }): { untranslated?: true } {
  return from.untranslated ? { untranslated: true } : {};
}
