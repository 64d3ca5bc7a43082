import { cleanup, fireEvent, render, screen } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { adding } from "../src/lib/adding.svelte";
import { targets } from "../src/lib/languages";
import { options, Options, type Wanted } from "../src/lib/options.svelte";
import { detect } from "../src/lib/shell/shell";
import { en } from "../src/lib/words/en";
import { language } from "../src/lib/words/words.svelte";
import AddOptions from "../src/views/AddOptions.svelte";
import { job, snapshot } from "./fakes";

const key = "sluice.adding";
const words = en.options;

beforeEach(() => language.choose("en"));
afterEach(() => {
  cleanup();
  localStorage.removeItem(key);
  Object.assign(options, {
    translate: "settings",
    languages: [],
    summarize: "settings",
    template: "settings",
  });
  delete window.runtime;
});

/** chosen makes options of what is chosen. */
function chosen(more: Partial<Pick<Options, "translate" | "languages" | "summarize" | "template">>): Options {
  return Object.assign(new Options(), more);
}

describe("what is made of what is added", () => {
  it.each<[string, Options, Wanted, string]>([
    ["all is left to the settings", chosen({}), {}, ""],
    [
      "nothing is to be made",
      chosen({ translate: "no", summarize: "no" }),
      { translate_to: [], summarize: false },
      "Not translated · Not summarized",
    ],
    [
      "languages are chosen",
      chosen({ translate: "yes", languages: ["ko", "de"] }),
      { translate_to: ["ko", "de"] },
      "Translated to Korean, German",
    ],
    ["no language is chosen after all", chosen({ translate: "yes" }), { translate_to: [] }, "Not translated"],
    ["a summary is wanted", chosen({ summarize: "yes" }), { summarize: true }, "Summarized"],
    [
      "a summary of a kind is wanted",
      chosen({ summarize: "yes", template: "meeting" }),
      { summarize: true, summary: { template: "meeting" } },
      "Summarized",
    ],
    [
      "a kind was chosen before the summary was not",
      chosen({ summarize: "no", template: "meeting" }),
      { summarize: false },
      "Not summarized",
    ],
  ])("when %s", (_, o, wanted, said) => {
    expect(o.wanted).toEqual(wanted);
    expect(o.said).toBe(said);
  });

  it("is remembered", () => {
    const first = chosen({ translate: "yes", summarize: "yes", template: "lecture" });
    for (const code of ["de", "ko", "ja", "ja"]) first.toggle(code);
    first.keep();
    expect(new Options().wanted).toEqual({
      translate_to: ["ko", "de"],
      summarize: true,
      summary: { template: "lecture" },
    });
  });

  it.each([
    "not json",
    "null",
    '{"translate":"maybe","languages":["xx",7],"summarize":1,"template":"poem"}',
    "[1]",
  ])("is left to the settings where what was kept makes no sense: %s", (text) => {
    localStorage.setItem(key, text);
    expect(new Options().wanted).toEqual({});
  });

  it("has no more languages than a job takes", () => expect(targets.length).toBeLessThanOrEqual(16));
});

describe("the options of adding", () => {
  const radio = (group: string, name: string) =>
    screen
      .getAllByRole<HTMLInputElement>("radio", { name })
      .find((r) => r.closest("fieldset")?.querySelector("legend")?.textContent === group) as HTMLInputElement;

  it("are chosen with keys and pointer alike, and kept at once", async () => {
    render(AddOptions);
    await fireEvent.click(screen.getByText(words.title));
    expect(screen.queryByRole("checkbox")).toBeNull();
    await fireEvent.click(radio(words.translate, words.into));
    expect(screen.getByText(words.nothing)).toBeTruthy();
    await fireEvent.click(screen.getByRole("checkbox", { name: "Korean" }));
    await fireEvent.click(radio(words.summarize, words.yes));
    await fireEvent.click(radio(words.template, words.templates.meeting ?? "?"));
    flushSync();
    expect(screen.getByText("Translated to Korean · Summarized")).toBeTruthy();
    const wanted = { translate_to: ["ko"], summarize: true, summary: { template: "meeting" } };
    expect(options.wanted).toEqual(wanted);
    expect(new Options().wanted).toEqual(wanted);
    await fireEvent.click(screen.getByRole("checkbox", { name: "Korean" }));
    expect(options.wanted.translate_to).toEqual([]);
  });

  it("go with an address", async () => {
    const bodies: unknown[] = [];
    vi.stubGlobal("fetch", async (request: Request) => {
      if (request.method === "POST") bodies.push(JSON.parse(await request.text()));
      return new Response(JSON.stringify(request.method === "POST" ? job("a") : snapshot(1)));
    });
    await adding.fetch("https://media.example.com/talk.mp4");
    Object.assign(options, { translate: "no", summarize: "no" });
    await adding.fetch("https://media.example.com/talk.mp4");
    const source = "https://media.example.com/talk.mp4";
    expect(bodies).toEqual([{ source }, { source, translate_to: [], summarize: false }]);
  });

  it("are told to the window, which adds files by itself", async () => {
    window.runtime = { EventsOn: () => () => {}, ClipboardSetText: async () => true };
    const asked: unknown[] = [];
    vi.stubGlobal("fetch", async (input: URL, init?: RequestInit) => {
      asked.push([input.pathname, JSON.parse(String(init?.body))]);
      return new Response("null");
    });
    detect().setOptions({ translate_to: ["ko"] });
    expect(asked).toEqual([["/window/options", { translate_to: ["ko"] }]]);
  });
});
