// Correcting lines of a text: one at a time, shown at once, taken back when the
// server refuses. What somebody wrote is never lost: it comes back with the
// reason, until it is saved or given up.
import { correct, Problem, type Edit } from "../../lib/api/client";
import type { Transcript } from "../../lib/api/types";
import { flat, type Line, type Reader } from "../../lib/reader.svelte";

/** Place is a text that is corrected: what was spoken, or its translation into a language. */
export type Place = { reader: Reader; lang: string };

/** Draft is a line as somebody writes it. */
export type Draft = Place & { id: number; was: string; text: string; conflict: boolean; problem?: Problem };

/** Save sends an edit, and gives the text as it is then. */
export type Save = (job: string, edits: Edit[], lang?: string) => Promise<Transcript>;

/** Told hears what came of an edit: it stands, and `undo` takes it back; or it was refused while no draft was there for it. */
export type Told = { done(undo: () => void): void; refused(problem: Problem): void };

export class Corrections {
  draft = $state<Draft>();
  /** Whether what was written is on its way. */
  saving = $state(false);
  /** Whether something was written that is not saved. */
  readonly dirty: boolean = $derived(
    this.saving || (this.draft !== undefined && flat(this.draft.text) !== flat(this.draft.was)),
  );

  readonly #tell: Told;
  readonly #send: Save;
  #last: Promise<unknown> = Promise.resolve();

  constructor(tell: Told, send: Save = correct) {
    this.#tell = tell;
    this.#send = send;
  }

  /** at is the draft of a line, when it is the one that is written. */
  at(reader: Reader, line: Line | undefined): Draft | undefined {
    const { draft } = this;
    return line && draft?.reader === reader && draft.id === line.id ? draft : undefined;
  }

  /** begin opens a line. What another one says by now is saved first; it stays open when that is refused. */
  async begin(place: Place, line: Line): Promise<void> {
    if (this.at(place.reader, line)) return;
    await this.save();
    if (this.draft) return;
    this.draft = { ...place, id: line.id, was: line.text, text: flat(line.text), conflict: false };
  }

  /** cancel gives up what was written. */
  cancel(): void {
    this.draft = undefined;
  }

  /** save keeps what was written, and says whether nothing is left to be saved. */
  async save(): Promise<boolean> {
    await this.#last;
    const { draft } = this;
    if (!draft) return true;
    const line = draft.reader.lines.find((l) => l.id === draft.id);
    const text = flat(draft.text);
    if (!line || text === flat(draft.was)) {
      this.draft = undefined;
      return true;
    }
    this.draft = undefined;
    // What the machine wrote is no correction.
    const back = line.edited && text === flat(line.original ?? "");
    const problem = await this.#put(draft, line, back ? null : text);
    if (!problem) return true;
    const now = draft.reader.lines.find((l) => l.id === draft.id);
    const conflict = problem.code === "edit_conflict" && now !== undefined;
    this.draft = { ...draft, was: conflict ? now.text : draft.was, conflict, problem };
    return false;
  }

  /** takeBack lets a line say again what the machine wrote. */
  async takeBack(place: Place, line: Line): Promise<void> {
    await this.#last;
    const problem = await this.#put(place, line, null);
    if (problem) this.#tell.refused(problem);
  }

  /** put lets a line say something else: null is what the machine wrote. It gives what went wrong. */
  #put(
    { reader, lang }: Place,
    line: Line,
    text: string | null,
    undoing = false,
  ): Promise<Problem | undefined> {
    const sent = this.#sent(reader, lang, line, text, undoing);
    this.#last = sent;
    return sent;
  }

  async #sent(
    reader: Reader,
    lang: string,
    line: Line,
    text: string | null,
    undoing: boolean,
  ): Promise<Problem | undefined> {
    const { id } = line;
    const original = line.edited ? line.original : line.text;
    const rollback = reader.amend(
      id,
      text === null ? { text: original ?? line.text } : { text, edited: true, original },
    );
    this.saving = true;
    try {
      reader.take(await this.#send(reader.job, [{ id, text, was: line.text }], lang || undefined));
    } catch (thrown) {
      rollback();
      const problem = Problem.of(thrown);
      if (problem.code === "edit_conflict") await reader.load();
      return problem;
    } finally {
      this.saving = false;
    }
    if (!undoing) this.#tell.done(() => void this.#undo({ reader, lang }, line));
    return undefined;
  }

  /** undo lets a line say what it said before. */
  async #undo(place: Place, before: Line): Promise<void> {
    await this.#last;
    const now = place.reader.lines.find((l) => l.id === before.id);
    if (!now) return;
    const problem = await this.#put(place, now, before.edited ? before.text : null, true);
    if (problem) this.#tell.refused(problem);
  }
}
