import { describe, expect, test, vi } from "vitest";
import { Problem } from "../src/lib/api/client";
import type { Segment, Transcript } from "../src/lib/api/types";
import { group, join, Reader, type Line } from "../src/lib/reader.svelte";
import { byParagraph, find, mostMatches, pieces } from "../src/views/job/find";

function seg(start: number, text: string, end = start + 1000): Segment {
  return { id: 0, start_ms: start, end_ms: end, text };
}

function partial(...segments: Segment[]): Transcript {
  return { language: "en", complete: false, segments };
}

function whole(...segments: Segment[]): Transcript {
  return { language: "en", complete: true, segments };
}

function texts(r: Reader): string[] {
  return r.lines.map((l) => l.text);
}

/** A server that gives one answer after the other. */
function serving(...answers: (Transcript | Problem)[]): (job: string) => Promise<Transcript> {
  return () => {
    const next = answers.length > 1 ? answers.shift() : answers[0];
    return next instanceof Problem ? Promise.reject(next) : Promise.resolve(next as Transcript);
  };
}

describe("a reader", () => {
  test("loads what is there, without the times of words", async () => {
    const r = new Reader(
      "a",
      serving(whole({ ...seg(0, "Hello."), words: [{ start_ms: 0, end_ms: 1, text: "Hello." }] })),
    );
    await r.load();
    expect(r).toMatchObject({ loaded: true, complete: true, language: "en" });
    expect(r.lines).toEqual([{ id: 0, start_ms: 0, end_ms: 1000, text: "Hello." }]);
  });

  test("puts live text behind what was kept", async () => {
    const r = new Reader("a", serving(partial(seg(0, "one"), seg(1000, "two"))));
    await r.load();
    r.follow({ job: "a", segments: [seg(0, "one"), seg(1000, "two"), seg(2000, "three")] });
    r.follow({ job: "a", segments: [seg(1000, "two"), seg(2000, "three"), seg(3000, "four")] });
    expect(texts(r)).toEqual(["one", "two", "three", "four"]);
  });

  test("keeps live text that has left the board's short memory", async () => {
    const r = new Reader("a", serving(partial()));
    await r.load();
    r.follow({ job: "a", segments: [seg(0, "one"), seg(1000, "two")] });
    r.follow({ job: "a", segments: [seg(1000, "two"), seg(2000, "three")] });
    r.follow({ job: "a", segments: [seg(2000, "three"), seg(3000, "four")] });
    expect(texts(r)).toEqual(["one", "two", "three", "four"]);
  });

  test("shows a span that is heard again only once", async () => {
    const r = new Reader("a", serving(partial(seg(0, "one"))));
    await r.load();
    r.follow({ job: "a", segments: [seg(1000, "two"), seg(2000, "thr")] });
    r.follow({ job: "a", segments: [seg(1000, "two again")] });
    expect(texts(r)).toEqual(["one", "two again"]);
  });

  test("ignores the live text of another job", async () => {
    const r = new Reader("a", serving(partial(seg(0, "one"))));
    await r.load();
    r.follow({ job: "b", segments: [seg(1000, "other")] });
    expect(texts(r)).toEqual(["one"]);
  });

  test("takes the whole text when the job has ended, and nothing live after it", async () => {
    const r = new Reader("a", serving(partial(seg(0, "one")), whole(seg(0, "One."), seg(1000, "Two."))));
    await r.load();
    r.follow({ job: "a", segments: [seg(1000, "two"), seg(2000, "noise")] });
    await r.load();
    r.follow({ job: "a", segments: [seg(2000, "noise")] });
    expect(texts(r)).toEqual(["One.", "Two."]);
  });

  test("is torn until what it missed has been kept", async () => {
    const r = new Reader(
      "a",
      serving(partial(seg(0, "one")), partial(seg(0, "one"), seg(1000, "missed"), seg(2000, "heard"))),
    );
    await r.load();
    expect(r.torn).toBe(false);
    r.follow({ job: "a", segments: [seg(0, "one"), seg(2000, "heard")] });
    expect(r.torn).toBe(true);
    r.follow({ job: "a", segments: [seg(0, "one"), seg(2000, "heard"), seg(3000, "later")] });
    await r.load();
    expect(r.torn).toBe(false);
    expect(texts(r)).toEqual(["one", "missed", "heard", "later"]);
  });

  test("forgets live text when its row broke", async () => {
    const r = new Reader("a", serving(partial(seg(0, "one"))));
    await r.load();
    r.follow({ job: "a", segments: [seg(5000, "lost its place")] });
    await r.restart();
    expect(texts(r)).toEqual(["one"]);
  });

  test("says what went wrong, and keeps what it has", async () => {
    const r = new Reader(
      "a",
      serving(partial(seg(0, "one")), new Problem({ code: "server_away", detail: "Nobody answers." })),
    );
    await r.load();
    await r.load();
    expect(r.problem?.code).toBe("server_away");
    expect(texts(r)).toEqual(["one"]);
  });

  test("gives up an older question when a newer one is asked", async () => {
    const asked: AbortSignal[] = [];
    const fetch = vi.fn((_: string, signal: AbortSignal) => {
      asked.push(signal);
      return asked.length === 1
        ? new Promise<Transcript>((_, no) => signal.addEventListener("abort", () => no(new Error("old"))))
        : Promise.resolve(whole(seg(0, "new")));
    });
    const r = new Reader("a", fetch);
    const first = r.load();
    await r.load();
    await first;
    expect(asked[0]?.aborted).toBe(true);
    expect(r.problem).toBeUndefined();
    expect(texts(r)).toEqual(["new"]);
  });

  test("keeps the paragraphs that did not change as they are", async () => {
    const early = [seg(0, "First."), seg(9000, "Second.")];
    const r = new Reader("a", serving(partial(...early)));
    await r.load();
    const [first] = r.paragraphs;
    r.follow({ job: "a", segments: [seg(10_000, "More.")] });
    expect(r.paragraphs[0]).toBe(first);
    expect(r.paragraphs.map((p) => p.text)).toEqual(["First.", "Second. More."]);
  });
});

describe("paragraphs", () => {
  const grouped = (...lines: Line[]): string[] => group(lines).map((p) => p.text);

  test("begin after a pause", () => {
    expect(grouped(seg(0, "One."), seg(1000, "Two."), seg(5000, "Three."))).toEqual(["One. Two.", "Three."]);
  });

  test("begin after a sentence when there is enough", () => {
    const long = `${"word ".repeat(80)}end.`;
    expect(grouped(seg(0, long), seg(1000, "Next."))).toHaveLength(2);
    expect(grouped(seg(0, long.slice(0, -1)), seg(1000, "same sentence."))).toHaveLength(1);
  });

  test("begin at last without any sentence", () => {
    const lines = Array.from({ length: 100 }, (_, i) => seg(i * 1000, "no end in sight and on it goes"));
    const got = group(lines);
    expect(got.length).toBeGreaterThan(2);
    expect(got.every((p) => p.text.length < 900)).toBe(true);
  });

  test("join scripts without spaces without one, and Korean with one", () => {
    expect(grouped(seg(0, "今日は"), seg(1000, "晴れです。"))).toEqual(["今日は晴れです。"]);
    expect(grouped(seg(0, "오늘은"), seg(1000, "맑습니다."))).toEqual(["오늘은 맑습니다."]);
  });

  test("hold every line exactly once, however they were made", () => {
    const lines = Array.from({ length: 300 }, (_, i) =>
      seg(i * 1300 + (i % 7 === 0 ? 0 : 900), `Line ${i}.`),
    );
    const all = group(lines);
    let grown = group(lines.slice(0, 1));
    for (let n = 2; n <= lines.length; n++) grown = group(lines.slice(0, n), grown, n - 1);
    expect(grown).toEqual(all);
    expect(all.at(0)?.first).toBe(0);
    expect(all.at(-1)?.end).toBe(300);
    expect(all.slice(1).every((p, i) => p.first === all[i]?.end)).toBe(true);
  });

  test("follow a line that was corrected", () => {
    const before = group([seg(0, "One."), seg(5000, "Tow.")]);
    expect(group([seg(0, "One."), seg(5000, "Two.")], before, 1).map((p) => p.text)).toEqual([
      "One.",
      "Two.",
    ]);
  });
});

test("later lines take the place of earlier ones from their start on", () => {
  const got = join([seg(0, "a"), seg(1000, "b"), seg(2000, "c")], [seg(1000, "B"), seg(1500, "C")]);
  expect(got.map((l) => l.text)).toEqual(["a", "B", "C"]);
  expect(join([seg(0, "a")], [])).toHaveLength(1);
});

test("of two lines that begin in the same moment the earlier stays when the later comes", () => {
  const [short, long] = [seg(1000, "b", 1200), seg(1000, "c", 2000)];
  expect(join([seg(0, "a"), short, long], [long]).map((l) => l.text)).toEqual(["a", "b", "c"]);
});

describe("finding", () => {
  test("does not mind case and width of spaces", () => {
    expect(find(["The Harbour  master", "harbour MASTER"], "harbour master")).toEqual([
      { paragraph: 0, start: 4, end: 19 },
      { paragraph: 1, start: 0, end: 14 },
    ]);
  });

  test("takes every sign as it is", () => {
    expect(find(["cost (in $) is 3.5*", "3x5"], "3.5*")).toEqual([{ paragraph: 0, start: 15, end: 19 }]);
    expect(find(["a-b/c & [d]"], "a-b/c & [d]")).toHaveLength(1);
  });

  test("finds Korean however it was composed", () => {
    expect(find(["한국어"], "한국".normalize("NFD"))).toHaveLength(1);
  });

  test("finds nothing for nothing", () => {
    expect(find(["text"], "  ")).toEqual([]);
  });

  test("stops at a number nobody walks through", () => {
    expect(find(["a".repeat(mostMatches + 500)], "a")).toHaveLength(mostMatches);
  });

  test("cuts a paragraph at its matches and numbers them", () => {
    const matches = find(["none", "one two one"], "one");
    const there = byParagraph(matches).get(1);
    expect(there).toBeDefined();
    expect(pieces("one two one", there?.matches ?? [], there?.first ?? 0)).toEqual([
      { text: "one", match: 1 },
      { text: " two " },
      { text: "one", match: 2 },
    ]);
  });
});
