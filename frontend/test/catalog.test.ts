import { cleanup, fireEvent, render, screen, within } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Download, Model } from "../src/lib/api/types";
import { board } from "../src/lib/live/board.svelte";
import { toasts } from "../src/lib/ui/toasts.svelte";
import { en } from "../src/lib/words/en";
import { ko } from "../src/lib/words/ko";
import { language } from "../src/lib/words/words.svelte";
import Models from "../src/views/Models.svelte";
import {
  aboutOf,
  factsOf,
  partsOf,
  saidOf,
  summaryOf,
  verbsOf,
  wordOf,
  type Verb,
} from "../src/views/models/catalog";
import { Catalog } from "../src/views/models/catalog.svelte";
import { event, model, withDialogs } from "./fakes";

const words = en.catalog;

const coming = (more: Partial<Download> = {}): Download => ({
  state: "running",
  done_bytes: 215e6,
  total_bytes: 500e6,
  ...more,
});

const here = model("small", { installed: true, default: true, languages: "multilingual" });
const running = model("base", { download: coming({ eta_seconds: 180 }) });
const kept = model("tiny", { download: coming({ state: "stopped" }) });
const failed = model("base.en", {
  download: coming({
    state: "stopped",
    done_bytes: 0,
    error: { code: "download_failed", message: "A web page came instead.", hint: "Log in." },
  }),
});
const broken = model("medium", { damaged: true });
const own = model("mine", { catalog: false, damaged: true });
const large = model("large-v3", { fits: false, need_bytes: 4.2e9 });
const suits = model("turbo", { suits: true });

beforeEach(() => language.choose("en"));
afterEach(() => {
  cleanup();
  toasts.all = [];
});

describe("the lists of models", () => {
  it("put what comes first, what suits before the rest, and what never fits last", () => {
    const all = [large, model("a"), here, kept, running, suits, broken];
    expect(partsOf(all).map((p) => [p.part, p.models.map((m) => m.name)])).toEqual([
      ["downloads", ["tiny", "base"]],
      ["installed", ["small", "medium"]],
      ["available", ["turbo", "a", "large-v3"]],
    ]);
    expect(partsOf([])).toEqual([]);
  });

  it.each<[string, Model, [Verb, string][]]>([
    ["that can be had is downloaded", suits, [["download", words.download]]],
    ["that never fits is left where it is", large, []],
    ["that comes is canceled", running, [["cancel", words.cancel]]],
    [
      "that has stopped goes on, or is deleted",
      kept,
      [
        ["download", words.goOn],
        ["delete", words.delete],
      ],
    ],
    [
      "of which nothing came is tried again, or left",
      failed,
      [
        ["download", en.common.retry],
        ["dismiss", words.dismiss],
      ],
    ],
    ["that is here is deleted", here, [["delete", words.delete]]],
    [
      "that is damaged is downloaded again",
      broken,
      [
        ["download", words.again],
        ["delete", words.delete],
      ],
    ],
    ["of one's own that is damaged is deleted", own, [["delete", words.delete]]],
  ])("a model %s", (_, m, verbs) => {
    expect(verbsOf(m).map((verb) => [verb, wordOf(verb, m)])).toEqual(verbs);
  });

  it("say what a model is, in both languages", () => {
    expect(factsOf({ ...here, jobs: 2 })).toBe(
      "All languages · File 488 MB · needs 894 MB of memory · 2 jobs need it",
    );
    expect([aboutOf(broken), aboutOf(own)]).toEqual([words.damagedText, words.damagedOwn]);
    expect(summaryOf([here, broken, suits])).toBe("1 model on this disk, 488 MB.");
    expect(summaryOf([suits])).toBe(words.none);
    language.choose("ko");
    expect(factsOf(model("a", { languages: "english" }))).toBe(
      "영어 전용 · 파일 488 MB · 메모리 894 MB 필요",
    );
    expect(summaryOf([here])).toBe(ko.catalog.summary(1, "488 MB"));
  });

  it.each<[Partial<Download>, string]>([
    [{ eta_seconds: 180 }, "43% of 500 MB · about 3 min left"],
    [{}, "43% of 500 MB"],
    [{ done_bytes: 500e6 }, words.checking],
    [{ state: "waiting", done_bytes: 0 }, words.waiting],
    [{ state: "waiting" }, `${words.waiting} · 43% of 500 MB`],
    [{ state: "stalled" }, `${words.stalled} · 43% of 500 MB`],
    [{ state: "stopped" }, `${words.stopped} · 43% of 500 MB`],
    [{ state: "stopped", done_bytes: 0 }, words.stopped],
    [{ total_bytes: undefined }, "215 MB"],
  ])("tell how far %o is", (more, said) => expect(saidOf(coming(more))).toBe(said));
});

describe("the catalog", () => {
  it("follows a download by its events, and reads anew when it has ended", async () => {
    let now = [model("base"), here];
    const arrived = vi.fn();
    const read = vi.fn(async () => structuredClone(now));
    const catalog = new Catalog<Model>(read, arrived);
    catalog.hear("base", coming()); // nothing is known yet: it is read
    await vi.waitFor(() => expect(catalog.models).toHaveLength(2));
    catalog.hear("base", coming({ done_bytes: 7 }));
    expect(catalog.models?.[0]?.download?.done_bytes).toBe(7);
    expect(read).toHaveBeenCalledTimes(1);
    now = [model("base", { installed: true }), here];
    catalog.hear("base", undefined);
    await vi.waitFor(() => expect(arrived).toHaveBeenCalledOnce());
    expect(arrived.mock.calls[0]?.[0]).toMatchObject({ name: "base", installed: true });
  });

  it("serves who asks while it reads, once for all of them", async () => {
    let answer: (m: Model[]) => void = () => {};
    const read = vi.fn(() => new Promise<Model[]>((resolve) => (answer = resolve)));
    const catalog = new Catalog<Model>(read);
    const done = catalog.refresh();
    void catalog.refresh();
    void catalog.refresh();
    answer([here]);
    await vi.waitFor(() => expect(read).toHaveBeenCalledTimes(2));
    answer([here, suits]);
    await done;
    expect(read).toHaveBeenCalledTimes(2);
    expect(catalog.models).toHaveLength(2);
  });
});

describe("the view of models", () => {
  let models: Model[];
  let refuses: number;
  let sent: string[];

  beforeEach(() => {
    withDialogs();
    [models, refuses, sent] = [[suits, here, large], 0, []];
    vi.stubGlobal("fetch", async (request: Request) => {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith("/board")) return new Response("{}", { status: 500 });
      if (pathname.endsWith("/ollama/models")) return new Response(JSON.stringify({ models: [] }));
      if (request.method !== "GET") sent.push(`${request.method} ${pathname} ${await request.text()}`.trim());
      if (refuses) {
        const body = { title: "", code: "model_in_use", detail: "2 live jobs need it.", hint: "Wait." };
        return new Response(JSON.stringify(body), { status: refuses });
      }
      if (request.method === "GET") return new Response(JSON.stringify({ models }));
      return request.method === "POST"
        ? new Response(JSON.stringify(suits), { status: 202 })
        : new Response(null, { status: 204, headers: { "Content-Length": "0" } });
    });
  });

  const list = (name: string) => within(screen.getByRole("region", { name }));
  const button = (verb: string, name: string) => screen.getByRole("button", { name: words.act(verb, name) });
  const settled = async () => {
    await new Promise((done) => setTimeout(done, 20));
    flushSync();
  };

  it("shows what is here and what can be had, and begins a download", async () => {
    render(Models);
    await settled();
    expect(list(words.lists.installed).getByText("small")).toBeTruthy();
    expect(list(words.lists.available).getByText(en.doctor.tooLarge)).toBeTruthy();
    const begin = button(words.download, "turbo");
    begin.focus();
    models = [{ ...suits, download: coming() }, here, large];
    await fireEvent.click(begin);
    await settled();
    expect(sent).toEqual(['POST /api/v1/models {"name":"turbo"}']);
    const bar = list(words.lists.downloads).getByRole("progressbar");
    expect(bar.getAttribute("aria-valuetext")).toBe("43% of 500 MB");
    expect(document.activeElement).toBe(button(words.cancel, "turbo"));

    board.apply(event(7, "model", { model: "turbo", download: coming({ done_bytes: 300e6 }) }));
    flushSync();
    expect(bar.getAttribute("aria-valuetext")).toBe("60% of 500 MB");
    models = [{ ...suits, installed: true }, here, large];
    board.apply(event(8, "model", { model: "turbo" }));
    await settled();
    expect(list(words.lists.installed).getByText("turbo")).toBeTruthy();
    expect(toasts.all.map((x) => x.text)).toEqual([words.installed("turbo")]);
  });

  it("asks once before it deletes, and tells a refusal", async () => {
    render(Models);
    await settled();
    await fireEvent.click(button(words.delete, "small"));
    expect(screen.getByText(words.deleteText)).toBeTruthy();
    await fireEvent.click(screen.getByRole("button", { name: words.keep }));
    expect(sent).toEqual([]);
    await fireEvent.click(button(words.delete, "small"));
    refuses = 409;
    await fireEvent.click(screen.getByRole("button", { name: words.deleteYes }));
    await settled();
    expect(sent).toEqual(["DELETE /api/v1/models/small"]);
    expect(toasts.all.map((x) => x.text)).toEqual(["2 live jobs need it."]);
  });

  it("does not offer to delete what a job needs", async () => {
    models = [{ ...here, jobs: 1 }];
    render(Models);
    await settled();
    expect(button(words.delete, "small")).toHaveProperty("disabled", true);
    expect(screen.getByText(/1 job needs it/)).toBeTruthy();
  });

  it("says why a download stopped", async () => {
    models = [failed];
    render(Models);
    await settled();
    expect(screen.getAllByRole("alert")[0]?.textContent).toContain("A web page came instead. Log in.");
  });

  it("says that there is no list, and reads it again", async () => {
    refuses = 500;
    render(Models);
    await settled();
    expect(screen.getAllByRole("alert")[0]?.textContent).toContain(words.failed);
    refuses = 0;
    await fireEvent.click(screen.getByRole("button", { name: en.common.retry }));
    await settled();
    expect(screen.getByText("turbo")).toBeTruthy();
    expect(screen.queryByText(new RegExp(words.failed))).toBeNull();
  });
});
