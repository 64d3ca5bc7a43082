import { describe, expect, it, vi } from "vitest";
import { Problem, type Edit } from "../src/lib/api/client";
import type { Segment, Transcript } from "../src/lib/api/types";
import { Reader, type Line } from "../src/lib/reader.svelte";
import { Corrections } from "../src/views/job/corrections.svelte";
import { segment } from "./fakes";

/** Server keeps a text as the real one does. */
class Server {
  segments: Segment[] = [segment(0, "The watre came.", 1), segment(1000, "We waited.", 2)];
  asked: [Edit[], string | undefined][] = [];
  refuses: Problem | undefined;
  way: Promise<void> | undefined; // how long it takes
  get = async (): Promise<Transcript> => ({ language: "en", complete: true, segments: this.segments });

  patch = async (_: string, edits: Edit[], lang?: string): Promise<Transcript> => {
    await this.way;
    this.asked.push([edits, lang]);
    if (this.refuses) throw this.refuses;
    for (const { id, text, was } of edits) {
      const now = this.segments.find((s) => s.id === id);
      if (now?.text !== was)
        throw new Problem({ code: "edit_conflict", detail: "It was changed.", status: 409 });
      const { edited, original, ...rest } = now;
      const first = edited ? original : now.text;
      const next =
        text === null ? { ...rest, text: first ?? "" } : { ...rest, text, edited: true, original: first };
      this.segments = this.segments.map((s) => (s.id === id ? next : s));
    }
    return this.get();
  };
}

async function made() {
  const server = new Server();
  const reader = new Reader("a", server.get);
  await reader.load();
  const undo: (() => void)[] = [];
  const refused = vi.fn();
  const corrections = new Corrections({ done: (back) => undo.push(back), refused }, server.patch);
  const place = { reader, lang: "" };
  const line = (id = 1) => reader.lines.find((l) => l.id === id) as Line;
  const write = async (text: string, id = 1) => {
    await corrections.begin(place, line(id));
    if (corrections.draft) corrections.draft.text = text;
  };
  return { server, reader, corrections, place, line, write, undo, refused };
}

const first = "The watre came.";

describe("correcting a line", () => {
  it("shows it at once, keeps what the machine wrote, and can be undone", async () => {
    const { server, reader, corrections, line, write, undo } = await made();
    await write("  The water\ncame. ");
    expect(corrections.dirty).toBe(true);
    let arrive = () => {};
    server.way = new Promise((done) => (arrive = done));
    const saved = corrections.save();
    await vi.waitFor(() => expect(corrections.saving).toBe(true));
    expect([line().text, reader.paragraphs[0]?.text]).toEqual([
      "The water came.",
      "The water came. We waited.",
    ]);
    arrive();
    expect(await saved).toBe(true);
    expect(server.asked).toEqual([[[{ id: 1, text: "The water came.", was: first }], undefined]]);
    expect(line()).toMatchObject({ edited: true, original: first });
    expect([corrections.draft, corrections.dirty]).toEqual([undefined, false]);

    undo[0]?.();
    await vi.waitFor(() => expect(line().text).toBe(first));
    expect(line().edited).toBeUndefined();
    expect(undo).toHaveLength(1); // nobody offers to undo an undo
  });

  it("asks for nothing when nothing was changed, or when it is given up", async () => {
    const { server, corrections, write } = await made();
    await write(` ${first} `);
    expect(corrections.dirty).toBe(false);
    await corrections.save();
    await write("Other.");
    corrections.cancel();
    expect([server.asked, corrections.draft]).toEqual([[], undefined]);
  });

  it("takes what the machine wrote for no correction", async () => {
    const { server, corrections, place, line, write } = await made();
    await write("Other.");
    await corrections.save();
    await write(first);
    await corrections.save();
    expect(server.asked.at(-1)?.[0][0]).toEqual({ id: 1, text: null, was: "Other." });
    await write("");
    await corrections.save();
    expect(line()).toMatchObject({ text: "", edited: true, original: first });
    await corrections.takeBack(place, line());
    expect(line().text).toBe(first);
  });

  it("undoes a second correction to the first", async () => {
    const { corrections, line, write, undo } = await made();
    for (const text of ["One.", "Two."]) {
      await write(text);
      await corrections.save();
    }
    undo[1]?.();
    await vi.waitFor(() => expect(line()).toMatchObject({ text: "One.", edited: true, original: first }));
  });

  it("gives back what was written when it is refused, and saves it when it is tried again", async () => {
    const { server, reader, corrections, write, line } = await made();
    server.refuses = new Problem({ code: "server_away", detail: "Nobody answers." });
    await write("The water came.");
    expect(await corrections.save()).toBe(false);
    expect(line().text).toBe(first);
    expect(corrections.at(reader, line())).toMatchObject({
      text: "The water came.",
      problem: server.refuses,
    });
    expect(corrections.dirty).toBe(true);
    server.refuses = undefined;
    expect(await corrections.save()).toBe(true);
    expect(line().text).toBe("The water came.");
  });

  it("shows what somebody else wrote, and lets choose", async () => {
    const { server, corrections, line, write } = await made();
    await write("Mine.");
    const [one, ...others] = server.segments as [Segment, ...Segment[]];
    server.segments = [{ ...one, text: "Theirs.", edited: true, original: first }, ...others];
    expect(await corrections.save()).toBe(false);
    expect(corrections.draft).toMatchObject({ text: "Mine.", was: "Theirs.", conflict: true });
    expect(line().text).toBe("Theirs.");
    await corrections.save();
    expect(line()).toMatchObject({ text: "Mine.", original: first });
  });

  it("saves a line when another one is opened, and stays with it when that fails", async () => {
    const { server, corrections, place, line, write } = await made();
    await write("The water came.");
    await write("We waited long.", 2);
    expect([line().text, corrections.draft?.id]).toEqual(["The water came.", 2]);
    server.refuses = new Problem({ code: "server_away", detail: "Nobody answers." });
    await corrections.begin(place, line(1));
    expect(corrections.draft).toMatchObject({ id: 2, text: "We waited long." });
  });

  it("works in a translation, and says when something could not be taken back", async () => {
    const { server, reader, corrections, line, refused } = await made();
    const korean = { reader, lang: "ko" };
    await corrections.begin(korean, line());
    if (corrections.draft) corrections.draft.text = "물이 들어왔다.";
    await corrections.save();
    expect(server.asked.at(-1)?.[1]).toBe("ko");
    server.refuses = new Problem({ code: "not_ready", detail: "Not yet.", status: 409 });
    await corrections.takeBack(korean, line());
    expect(line().text).toBe("물이 들어왔다.");
    expect(refused).toHaveBeenCalledWith(server.refuses);
  });
});
