import { cleanup, fireEvent, render, screen } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Model } from "../src/lib/api/types";
import { about, marks, needs, selectable, shelves } from "../src/lib/models";
import { toasts } from "../src/lib/ui/toasts.svelte";
import { en } from "../src/lib/words/en";
import { ko } from "../src/lib/words/ko";
import { language } from "../src/lib/words/words.svelte";
import ModelDialog from "../src/views/ModelDialog.svelte";
import { job, model, snapshot, withDialogs } from "./fakes";

const small = model("small", { installed: true, default: true, suits: true });
const turbo = model("large-v3-turbo-q5_0", { note: "Nearly as good." });
const large = model("large-v3", { fits: false, need_bytes: 4.2e9 });
const english = model("base.en", { languages: "english" });

beforeEach(() => language.choose("en"));
afterEach(() => {
  cleanup();
  toasts.all = [];
});

describe("models to choose from", () => {
  it("stand with what is installed first, and what can never run last", () => {
    const own = model("mine", { installed: true });
    const names = shelves([large, turbo, small, english, own]).map((s) => s.models.map((m) => m.name));
    expect(names).toEqual([
      ["small", "mine"],
      ["large-v3-turbo-q5_0", "base.en", "large-v3"],
    ]);
    expect(shelves([turbo])).toEqual([{ installed: false, models: [turbo] }]);
  });

  it("can be chosen when they fit, installed or not", () => {
    expect([small, turbo, large].map(selectable)).toEqual([true, true, false]);
    expect(selectable({ ...large, installed: true })).toBe(false);
  });

  it("say what sets them apart", () => {
    expect(marks(small, "small")).toEqual([en.models.present, en.models.standard]);
    expect(marks(small, "base")).toEqual([en.models.standard]);
    expect(marks({ ...turbo, suits: true }, "base")).toEqual([en.models.suits]);
    expect(marks(english, "base")).toEqual([en.models.english]);
  });

  it("say what they take, and why they can never run", () => {
    expect(needs(small)).toBe("File 488 MB · needs 894 MB of memory");
    expect(needs(large)).toBe("Needs 4.2 GB, more than a job may have here");
    expect(needs(model("mine", { fits: false, need_bytes: undefined }))).toBe(en.models.tooLarge);
    language.choose("ko");
    expect(needs(small)).toBe("파일 488 MB · 메모리 894 MB 필요");
    expect(needs(large)).toMatch(/4\.2 GB.*없습니다/);
  });

  it("are told of in the server's words, and in Korean by their kind", () => {
    expect(about(turbo)).toBe("Nearly as good.");
    expect(about(english)).toBe(en.models.about.base);
    language.choose("ko");
    expect(about(turbo)).toBe(ko.models.about["large-v3-turbo"]);
    const mine = model("mine", { catalog: false, installed: true, note: "A file of your own." });
    expect(about(mine)).toBe(ko.models.own);
    expect(about({ ...mine, installed: false, damaged: true })).toBe(ko.models.damaged);
    expect(about(model("ferry", { note: "배 이름을 잘 압니다." }))).toBe("배 이름을 잘 압니다.");
  });
});

describe("the dialog for another model", () => {
  const failed = job("a", { state: "failed", model: "small", title: "Harbour" });
  let models: Model[] | number;
  let answers: number;
  let sent: unknown[];

  beforeEach(() => {
    withDialogs();
    HTMLElement.prototype.scrollIntoView = () => {};
    [models, answers, sent] = [[small, turbo, large], 200, []];
    vi.stubGlobal("fetch", async (request: Request) => {
      const { pathname } = new URL(request.url);
      const body = (status: number, text: unknown) => new Response(JSON.stringify(text), { status });
      const problem = { title: "", code: "job_live", detail: "It broke.", hint: "" };
      if (pathname.endsWith("/board")) return body(200, snapshot(1));
      if (pathname.endsWith("/models"))
        return typeof models === "number"
          ? body(models, { ...problem, code: "internal" })
          : body(200, { models });
      sent.push(JSON.parse(await request.text()));
      return answers === 200 ? body(200, job("a", { model: "small" })) : body(answers, problem);
    });
  });

  const settled = async () => {
    await new Promise((done) => setTimeout(done, 20));
    flushSync();
  };
  const radio = (name: RegExp) => screen.getByRole<HTMLInputElement>("radio", { name });
  const confirm = () => screen.getByRole<HTMLButtonElement>("button", { name: en.models.yes });

  it("begins at the present model, and waits for another one", async () => {
    const then = vi.fn();
    render(ModelDialog, { job: failed, then });
    expect(screen.getByText(en.models.loading)).toBeTruthy();
    await settled();
    expect(radio(/^small Used so far/).checked).toBe(true);
    expect(document.activeElement).toBe(radio(/^small/));
    expect(confirm().disabled).toBe(true);
    expect(radio(/^large-v3$/).disabled).toBe(true);

    await fireEvent.click(radio(/turbo/));
    expect(screen.getByText(en.models.waits("large-v3-turbo-q5_0"))).toBeTruthy();
    await fireEvent.click(confirm());
    await settled();
    expect(sent).toEqual([{ model: "large-v3-turbo-q5_0" }]);
    expect(then).toHaveBeenCalledOnce();
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(toasts.all.map((x) => x.text)).toEqual([en.models.added("Harbour", "large-v3-turbo-q5_0")]);
  });

  it("says that there is no list, and reads it again", async () => {
    models = 500;
    render(ModelDialog, { job: failed });
    await settled();
    expect(screen.getByText(/The models could not be read\. It broke\./)).toBeTruthy();
    models = [small, turbo];
    await fireEvent.click(screen.getByRole("button", { name: en.common.retry }));
    await settled();
    expect(radio(/turbo/).disabled).toBe(false);
  });

  it("stays and says why, when the server refuses", async () => {
    render(ModelDialog, { job: failed });
    await settled();
    await fireEvent.click(radio(/turbo/));
    answers = 409;
    await fireEvent.click(confirm());
    await settled();
    expect(screen.getByText(new RegExp(en.faults.job_live.message))).toBeTruthy();
    expect(screen.getByRole("dialog")).toBeTruthy();
    expect(toasts.all).toEqual([]);
  });
});
