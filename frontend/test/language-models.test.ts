import { cleanup, fireEvent, render, screen, within } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LanguageModel } from "../src/lib/api/types";
import { board } from "../src/lib/live/board.svelte";
import { ofOllama } from "../src/lib/models";
import { toasts } from "../src/lib/ui/toasts.svelte";
import { en } from "../src/lib/words/en";
import { language } from "../src/lib/words/words.svelte";
import Models from "../src/views/Models.svelte";
import { actsOfLanguage, factsOfLanguage, marksOfLanguage } from "../src/views/models/language";
import { event, model, withDialogs } from "./fakes";

const words = en.catalog;

function llm(name: string, more: Partial<LanguageModel> = {}): LanguageModel {
  return { name, installed: true, default: false, suits: false, fits: true, ...more };
}

const gemma = llm("gemma3:4b", {
  default: true,
  suits: true,
  parameters: "4.3B",
  size_bytes: 3.3e9,
  need_bytes: 4.6e9,
  held_bytes: 4.4e9,
  jobs: 2,
});
const qwen = llm("qwen3:8b", { installed: false, suits: true, size_bytes: 5.2e9, need_bytes: 7.3e9 });
const huge = llm("llama3:70b", { installed: false, fits: false, need_bytes: 44e9 });
const half = { state: "running", done_bytes: 2.6e9, total_bytes: 5.2e9, eta_seconds: 190 } as const;

beforeEach(() => language.choose("en"));
afterEach(() => {
  cleanup();
  toasts.all = [];
});

describe("a language model", () => {
  it("is told of with its size, its need, and what it holds now", () => {
    expect(factsOfLanguage(gemma)).toBe(
      "4.3B · File 3.3 GB · needs 4.6 GB of memory · in memory now: 4.4 GB · 2 jobs need it",
    );
    expect(factsOfLanguage(huge)).toBe("Needs 44.0 GB, more than a job may have here");
    expect(factsOfLanguage(llm("big:cloud", { remote: true }))).toBe("Runs on another machine");
    language.choose("ko");
    expect(factsOfLanguage(gemma)).toBe(
      "4.3B · 파일 3.3 GB · 메모리 4.6 GB 필요 · 지금 메모리 4.4 GB 사용 중 · 작업 2개에 필요",
    );
  });

  it("is set apart when it is the default, or suits the machine", () => {
    expect([gemma, qwen, huge].map(marksOfLanguage)).toEqual([[en.models.standard], [en.models.suits], []]);
  });

  it.each<[string, LanguageModel, string[]]>([
    ["that is installed stays", gemma, []],
    ["that can be had is downloaded", qwen, [words.download]],
    ["that never fits is left where it is", huge, []],
    ["that comes is canceled", { ...qwen, download: half }, [words.cancel]],
    [
      "that has stopped goes on, or is left",
      { ...qwen, download: { ...half, state: "stopped" } },
      [words.goOn, words.dismiss],
    ],
  ])("%s", (_, m, verbs) => expect(actsOfLanguage(m).map((a) => a.word)).toEqual(verbs));

  it("is known by the colon in its name", () => {
    expect(["gemma3:4b", "hf.co/a/b:Q4", "large-v3"].map(ofOllama)).toEqual([true, true, false]);
  });
});

describe("the language models", () => {
  let models: LanguageModel[] | number;
  let answers: { status: number; body: unknown };
  let sent: string[];
  let reads: number;

  beforeEach(() => {
    withDialogs();
    [models, sent, reads] = [[gemma, qwen, huge], [], 0];
    answers = { status: 202, body: { ...qwen, download: half } };
    vi.stubGlobal("fetch", async (request: Request) => {
      const { pathname } = new URL(request.url);
      const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
      const away = {
        code: "ollama_unreachable",
        title: "",
        detail: "Ollama at 127.0.0.1 does not answer.",
        hint: "Start it.",
      };
      if (pathname === "/api/v1/models") return json({ models: [model("small", { installed: true })] });
      if (pathname.endsWith("/board")) return json({}, 500);
      if (request.method === "GET") {
        reads++;
        return typeof models === "number" ? json(away, models) : json({ models });
      }
      sent.push(`${request.method} ${pathname} ${await request.text()}`.trim());
      return request.method === "POST"
        ? json(answers.body, answers.status)
        : new Response(null, { status: 204, headers: { "Content-Length": "0" } });
    });
  });

  const whole = () => within(screen.getByRole("region", { name: en.ollama.title }));
  const settled = async () => {
    await new Promise((done) => setTimeout(done, 20));
    flushSync();
  };
  const show = async () => {
    render(Models);
    await settled();
  };
  const button = (verb: string, name: string) => screen.getByRole("button", { name: words.act(verb, name) });

  it("stand by themselves, under what can be done with them", async () => {
    await show();
    const names = [...document.querySelectorAll<HTMLElement>("[data-model]")].map((r) => r.dataset.model);
    expect(names).toEqual(["small", "gemma3:4b", "qwen3:8b", "llama3:70b"]);
    expect(whole().getByText(en.doctor.tooLarge)).toBeTruthy();
    // No two regions have one name, or nobody could tell them apart.
    const regions = screen
      .getAllByRole("region")
      .map((r) => r.getAttribute("aria-label") ?? r.getAttribute("aria-labelledby"));
    expect(new Set(regions).size).toBe(regions.length);
    await fireEvent.click(button(words.download, "qwen3:8b"));
    await settled();
    expect(sent).toEqual(['POST /api/v1/ollama/models {"name":"qwen3:8b"}']);
  });

  it("follow a download, which can be canceled, and leave those for speech alone", async () => {
    models = [gemma, { ...qwen, download: half }];
    await show();
    const before = reads;
    board.apply(event(1, "model", { model: "qwen3:8b", download: { ...half, done_bytes: 3.9e9 } }));
    flushSync();
    expect(whole().getByText("75% of 5.2 GB · about 3 min left")).toBeTruthy();
    expect(reads).toBe(before);
    await fireEvent.click(button(words.cancel, "qwen3:8b"));
    await settled();
    expect(sent).toEqual(["DELETE /api/v1/ollama/models/qwen3%3A8b/download"]);
    models = [gemma, { ...qwen, installed: true }];
    board.apply(event(2, "model", { model: "qwen3:8b" }));
    await settled();
    expect(toasts.all.map((x) => x.text)).toEqual([words.installed("qwen3:8b")]);
  });

  it("are had by name, and the one that suits is suggested", async () => {
    await show();
    const field = whole().getByRole<HTMLInputElement>("textbox", { name: en.ollama.field });
    expect(field.placeholder).toBe("gemma3:4b");
    const submit = () => fireEvent.submit(field.closest("form") as HTMLFormElement);
    await submit();
    expect(whole().getByText(en.ollama.wrong)).toBeTruthy();
    expect(sent).toEqual([]);
    await fireEvent.input(field, { target: { value: " qwen3:8b " } });
    await submit();
    await settled();
    expect(sent).toEqual(['POST /api/v1/ollama/models {"name":"qwen3:8b"}']);
    expect(field.value).toBe("");
  });

  it("say why a name was not taken, and that a model is there already", async () => {
    await show();
    const field = whole().getByRole<HTMLInputElement>("textbox", { name: en.ollama.field });
    const submit = async (name: string) => {
      await fireEvent.input(field, { target: { value: name } });
      await fireEvent.submit(field.closest("form") as HTMLFormElement);
      await settled();
    };
    answers = {
      status: 404,
      body: {
        code: "model_unknown",
        title: "",
        detail: "Ollama's library has no model gema.",
        hint: "See the names.",
      },
    };
    await submit("gema");
    expect(whole().getByText("Ollama's library has no model gema. See the names.")).toBeTruthy();
    expect(field.value).toBe("gema");
    answers = { status: 200, body: gemma };
    await submit("gemma3:4b");
    expect(toasts.all.map((x) => x.text)).toEqual([en.ollama.there("gemma3:4b")]);
  });

  it("say that Ollama does not answer, while those for speech are there", async () => {
    models = 503;
    await show();
    expect(whole().getByRole("alert").textContent).toContain(
      "Ollama at 127.0.0.1 does not answer. Start it.",
    );
    expect(document.querySelector('[data-model="small"]')).toBeTruthy();
    models = [];
    await fireEvent.click(whole().getByRole("button", { name: en.common.retry }));
    await settled();
    expect(whole().getByText(en.ollama.none)).toBeTruthy();
  });
});
