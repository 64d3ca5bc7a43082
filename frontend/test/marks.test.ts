import { describe, expect, it } from "vitest";
import { fold } from "../src/lib/fold";
import { find } from "../src/views/job/find";
import { excerpt, pieces, wordsOf } from "../src/views/library/marks";

/** shown writes marked words between brackets. */
const shown = (all: { text: string; marked: boolean }[]) =>
  all.map((p) => (p.marked ? `[${p.text}]` : p.text)).join("");
const marked = (text: string, typed: string) => shown(pieces(text, wordsOf(typed)));

describe("marking what was sought", () => {
  it.each([
    ["the beginning of a word", "The harbour, my Harbourmaster", "harb", "The [harb]our, my [Harb]ourmaster"],
    ["no middle of a word", "a charm", "harm", "a charm"],
    ["a word without its marks", "the Café and the cafes", "cafe", "the [Café] and the [cafe]s"],
    ["a word with marks that the text lacks", "a naive plan", "naïve", "a [naive] plan"],
    ["decomposed letters", "Cafe\u0301!", "café", "[Café]!"],
    ["decomposed Korean", "항구에서 만난 사람".normalize("NFD"), "항구", "[항구]에서 만난 사람"],
    ["Korean by decomposed words", "항구에서", "항구".normalize("NFD"), "[항구]에서"],
    ["all words, in any order", "two boats, one gate", "gate two", "[two] boats, one [gate]"],
    ["the longest of two words", "harbours", "har harbour", "[harbour]s"],
    ["together what stands together", "don't tell, do not talk", "don't", "[don't] tell, do not talk"],
    ["apart what stands apart", "Don saw the tree", "don't", "[Don] saw [t]he [t]ree"],
    ["numbers", "in 3.5 days, 3 days, 5 days", "3.5", "in [3.5] days, 3 days, 5 days"],
    ["letters of a capital that has two when small", "İstanbul", "istanbul", "[İstanbul]"],
    ["Greek at the end of a word", "ΟΔΟΣ", "οδος", "[ΟΔΟΣ]"],
    ["Cyrillic by its own letters", "йод и иод", "иод", "йод и [иод]"],
    ["letters beyond the first plane", "𝒳 and 𐐀𐐁", "𐐨", "𝒳 and [𐐀]𐐁"],
    ["nothing for signs alone", 'a "quoted" *word*', '" * - (', 'a "quoted" *word*'],
    ["words of the index as words", "near and NOT far", "NOT NEAR", "[near] and [NOT] far"],
    ["words between quotes", "say hello", '"hello"', "say [hello]"],
  ])("marks %s", (_, text, typed, want) => expect(marked(text, typed)).toBe(want));

  it("says when nothing can be found at all", () => {
    for (const typed of ["", "  ", '"*"', "- ( )", "…", "🌊"]) expect(wordsOf(typed)).toEqual([]);
  });

  it("shows of a long line what stands around the words", () => {
    const before = "one two three four five six seven eight nine ten eleven twelve ";
    expect(shown(excerpt(`${before}harbour and on`, wordsOf("harbour")))).toMatch(
      /^… (\w+ ){3,12}\[harbour\] and on$/,
    );
    expect(shown(excerpt("the  harbour\nhere", wordsOf("harb")))).toBe("the [harb]our here");
    expect(shown(excerpt(`${before}without`, wordsOf("zebra")))).toBe(`${before}without`);
    const unspaced = "水".repeat(100);
    expect(shown(excerpt(`${unspaced}。門`, wordsOf("門")))).toBe(`… ${"水".repeat(47)}。[門]`);
    expect(excerpt("", wordsOf("a"))).toEqual([]);
  });
});

describe("folding", () => {
  it("knows where each letter came from", () => {
    const text = "İß Ǻx\u030c한글é";
    const { text: folded, at } = fold(text);
    expect(folded).toBe("iß ax한글e");
    expect([...folded].map((_, i) => text.slice(at(i), at(i + 1)))).toEqual([
      "İ",
      "ß",
      " ",
      "Ǻ",
      "x\u030c",
      "한",
      "글",
      "é",
    ]);
  });

  it("finds in a text without marks, and marks whole letters", () => {
    const text = "À la plage, cafe\u0301 au lait".normalize("NFC");
    const [first] = find([text], "CAFE au");
    expect(text.slice(first?.start, first?.end)).toBe("café au");
    expect(find([text], "à la")).toHaveLength(1);
    expect(find([text], "la")).toHaveLength(3);
  });
});
