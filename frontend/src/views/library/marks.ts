// Which words of a text were sought. The server has found the text; this marks
// why, by its rule: a word is letters and digits, and a sought word is there
// when a word is the same or begins so. What was typed without a space, as
// "don't" or "3.5", is marked together where it stands together.
import { fold } from "../../lib/fold";

/** Piece is a part of a text; a marked one was sought. */
export type Piece = { text: string; marked: boolean };

const word = /[\p{L}\p{N}\p{Co}]+/gu;
const lead = 48; // letters that may stand before the first marked word of an excerpt

/** wordsOf reads what was typed: words, in a row where no space is between them. */
export function wordsOf(typed: string): string[][] {
  const { text } = fold(typed.normalize("NFC"));
  return text
    .split(/\s+/u)
    .map((part) => part.match(word) ?? [])
    .filter((row) => row.length > 0);
}

/** pieces cuts a text where its words were sought. */
export function pieces(text: string, sought: readonly string[][]): Piece[] {
  const whole = text.normalize("NFC");
  const out: Piece[] = [];
  let done = 0;
  for (const [start, end] of places(whole, sought)) {
    if (start > done) out.push({ text: whole.slice(done, start), marked: false });
    out.push({ text: whole.slice(start, end), marked: true });
    done = end;
  }
  if (done < whole.length) out.push({ text: whole.slice(done), marked: false });
  return out;
}

/** excerpt is pieces of one line: of what stands before the first mark, only the end. */
export function excerpt(text: string, sought: readonly string[][]): Piece[] {
  const [first, ...rest] = pieces(text.replace(/\s+/gu, " ").trim(), sought);
  if (first === undefined || first.marked || rest.length === 0 || first.text.length <= lead) {
    return first ? [first, ...rest] : [];
  }
  const kept = first.text.slice(-lead);
  const cut = kept.indexOf(" ") + 1; // not in the middle of a word, where there are spaces
  return [{ text: `… ${cut < kept.length ? kept.slice(cut) : kept}`, marked: false }, ...rest];
}

/** places are the marks in reading order; none touches another. */
function places(text: string, sought: readonly string[][]): [number, number][] {
  const folded = fold(text);
  const words = [...folded.text.matchAll(word)];
  const rows = sought.flatMap((row) => {
    const together = row.length === 1 || words.some((_, i) => ends(words, i, row) >= 0);
    return together ? [row] : row.map((part) => [part]);
  });
  const out: [number, number][] = [];
  for (let i = 0; i < words.length;) {
    const found = rows
      .map((row) => ({ row, end: ends(words, i, row) }))
      .reduce((best, next) => (next.end > best.end ? next : best), { row: [] as string[], end: -1 });
    if (found.end < 0) {
      i++;
      continue;
    }
    out.push([folded.at(words[i]?.index ?? 0), folded.at(found.end)]);
    i += found.row.length;
  }
  return out;
}

/** ends is where a row ends that stands at a word; -1 when it does not. Its last word may go on. */
function ends(words: readonly RegExpExecArray[], at: number, row: readonly string[]): number {
  let end = -1;
  for (const [i, part] of row.entries()) {
    const there = words[at + i];
    if (there === undefined) return -1;
    const last = i === row.length - 1;
    if (last ? !there[0].startsWith(part) : there[0] !== part) return -1;
    end = there.index + part.length;
  }
  return end;
}
