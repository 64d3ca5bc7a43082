// Text as the searches see it, here and on the server: without case, and
// without the marks on Latin letters. Texts are in NFC; see String.normalize.

/** Folded is a folded text; `at` gives the place in the text it came from. */
export type Folded = { text: string; at(i: number): number };

const unlike = /[\u00c0-\u024f\u1e00-\u1eff]|[\u0300-\u036f]/u; // what folds to more or fewer letters
const latin = /\p{Script=Latin}/u;
const marks = /[\u0300-\u036f]+/gu;

/** fold makes a text comparable. */
export function fold(text: string): Folded {
  if (!unlike.test(text)) return { text: lower(text), at: (i) => i };
  const from: number[] = []; // for every place in the folded text
  let out = "";
  let place = 0;
  let marked = false; // a mark would stand on a Latin letter
  for (const c of text) {
    const plain = bare(c, marked);
    marked = plain === "" || latin.test(c);
    out += plain;
    for (let i = 0; i < plain.length; i++) from.push(place);
    place += c.length;
  }
  return { text: out, at: (i) => from[i] ?? text.length };
}

function bare(c: string, marked: boolean): string {
  if (latin.test(c)) return lower(c).normalize("NFD").replace(marks, "");
  return marked && c.replace(marks, "") === "" ? "" : lower(c);
}

/** lower knows one small sigma. */
function lower(text: string): string {
  return text.toLowerCase().replaceAll("ς", "σ");
}
