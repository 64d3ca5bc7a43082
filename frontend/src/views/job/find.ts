// Finding words in a transcript: on the text, not on the page, so that what is
// not drawn yet is found too.
import { fold } from "../../lib/fold";

/** A place where the words were found. */
export interface Match {
  /** Index of the paragraph. */
  paragraph: number;
  start: number;
  end: number;
}

/** A piece of a paragraph; `match` is the number of the match it shows. */
export interface Piece {
  text: string;
  match?: number;
}

/** The search ends after so many places: nobody walks through more. */
export const mostMatches = 2000;

/**
 * All places of the words, in reading order. Case, the marks on letters and the
 * width of spaces do not matter, and neither does the way a letter is composed.
 */
export function find(texts: readonly string[], words: string): Match[] {
  const wanted = pattern(words);
  if (wanted === undefined) return [];
  const out: Match[] = [];
  for (const [paragraph, text] of texts.entries()) {
    const folded = fold(text);
    for (const m of folded.text.matchAll(wanted)) {
      out.push({ paragraph, start: folded.at(m.index), end: folded.at(m.index + m[0].length) });
      if (out.length >= mostMatches) return out;
    }
  }
  return out;
}

/** Cuts a text at its matches; `first` is the number of the first of them. */
export function pieces(text: string, matches: readonly Match[], first: number): Piece[] {
  const out: Piece[] = [];
  let done = 0;
  for (const [i, m] of matches.entries()) {
    if (m.start > done) out.push({ text: text.slice(done, m.start) });
    out.push({ text: text.slice(m.start, m.end), match: first + i });
    done = m.end;
  }
  if (done < text.length) out.push({ text: text.slice(done) });
  return out;
}

/** Here is the matches of one piece of text, and the number of the first. */
export type Here = { first: number; matches: Match[] };

/** within is the part of a text's matches that lies in a stretch of it, counted from where that begins. */
export function within({ first, matches }: Here, start: number, end: number): Here | undefined {
  const from = matches.findIndex((m) => m.end > start);
  const cut = matches
    .slice(from < 0 ? matches.length : from)
    .filter((m) => m.start < end)
    .map((m) => ({ ...m, start: Math.max(m.start, start) - start, end: Math.min(m.end, end) - start }));
  return cut.length > 0 ? { first: first + from, matches: cut } : undefined;
}

/** Matches by paragraph, each with the number of its first. */
export function byParagraph(matches: readonly Match[]): Map<number, Here> {
  const out = new Map<number, Here>();
  for (const [i, m] of matches.entries()) {
    const there = out.get(m.paragraph);
    if (there) there.matches.push(m);
    else out.set(m.paragraph, { first: i, matches: [m] });
  }
  return out;
}

function pattern(words: string): RegExp | undefined {
  const parts = fold(words.normalize("NFC")).text.trim().split(/\s+/u).filter(Boolean);
  if (parts.length === 0) return undefined;
  return new RegExp(parts.map((p) => p.replace(/[\\^$.*+?()[\]{}|/]/gu, "\\$&")).join("\\s+"), "gu");
}
