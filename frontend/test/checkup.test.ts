import { cleanup, fireEvent, render, screen, within } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Budget, Diagnosis, Finding } from "../src/lib/api/types";
import { clock } from "../src/lib/clock.svelte";
import { en } from "../src/lib/words/en";
import { ko } from "../src/lib/words/ko";
import { sayFinding } from "../src/lib/words/say";
import { language } from "../src/lib/words/words.svelte";
import { byLevel, fetchable, fitOf, notesOf, partsOf, summaryOf } from "../src/views/machine/checkup";
import Checkup from "../src/views/machine/Checkup.svelte";

const fine: Finding = { name: "ffmpeg", level: "ok", text: "version 7 at /usr/bin/ffmpeg" };
const away: Finding = {
  name: "ollama",
  level: "warn",
  text: "Ollama does not answer at <b>here</b>.",
  hint: "Start it with 'ollama serve'.",
};
const gone: Finding = { name: "model", level: "fail", text: "It is not there.", hint: "Pull it." };

function budget(model: string, more: Partial<Budget> = {}): Budget {
  return {
    stage: "transcribe",
    model,
    need_bytes: 1.5e9,
    from: "catalog",
    fits: true,
    chosen: false,
    installed: true,
    ...more,
  };
}

const llm = budget("gemma3:12b", {
  stage: "translate",
  context: 8192,
  need_bytes: 9.7e9,
  fits: false,
  chosen: true,
  installed: false,
  text: "Needs 7.7 GB more.",
});
const measured = budget("small", { from: "measured", chosen: true, need_bytes: 640e6 });
const strange = budget("strange", { stage: "translate", need_bytes: 0, from: "file" });

beforeEach(() => language.choose("en"));

describe("what was found", () => {
  it("has the worst first, and the rest in the server's order", () => {
    const sluice = { ...fine, name: "sluice" };
    expect(byLevel([sluice, fine, away, gone])).toEqual([gone, away, sluice, fine]);
  });

  it.each<[string, Finding[]]>([
    ["All is well.", [fine]],
    ["Jobs can run; look at 1 thing.", [fine, away]],
    ["1 problem keeps jobs from running.", [fine, away, gone]],
    ["2 problems keep jobs from running.", [gone, { ...gone, name: "data" }]],
    ["There was nothing to look at.", []],
  ])("is said in one sentence: %s", (said, findings) => {
    expect(summaryOf(findings)).toBe(said);
  });

  it("is told in the server's words", () => {
    expect(sayFinding(away)).toEqual({ name: "Ollama", text: away.text, hint: away.hint, own: "" });
    expect(sayFinding({ ...fine, text: "" }).text).toBe(en.doctor.findings.ffmpeg.ok);
  });

  it("is told in Korean, with the server's words only where there is more to it", () => {
    language.choose("ko");
    expect(sayFinding(fine)).toEqual({
      name: "ffmpeg",
      text: ko.doctor.findings.ffmpeg.ok,
      hint: "",
      own: "",
    });
    expect(sayFinding(away)).toEqual({
      name: "Ollama",
      text: ko.doctor.findings.ollama.warn,
      hint: "",
      own: `${away.text} ${away.hint ?? ""}`,
    });
    expect(sayFinding({ name: "moon", level: "ok", text: "full" })).toMatchObject({ text: "", own: "full" });
  });
});

describe("what models need", () => {
  it("is told stage by stage, in the server's order", () => {
    expect(partsOf([measured, llm, budget("tiny"), strange])).toEqual([
      { stage: "transcribe", rows: [measured, budget("tiny")] },
      { stage: "translate", rows: [llm, strange] },
    ]);
  });

  it.each<[string, Budget]>([
    ["fits", measured],
    ["tooLarge", llm],
    ["tried", strange],
  ])("is a model that %s", (fit, b) => expect(fitOf(b)).toBe(fit));

  it("has notes in the server's words, and in Korean in its own", () => {
    expect(notesOf(llm)).toEqual(["8,192 tokens at once", "Needs 7.7 GB more."]);
    expect(notesOf(measured)).toEqual([]);
    language.choose("ko");
    expect(notesOf({ ...llm, fits: true })).toEqual([
      "한 번에 8,192토큰",
      ko.doctor.missing.translate("gemma3:12b"),
    ]);
    expect(notesOf(budget("base", { installed: false }))).toEqual([ko.doctor.missing.transcribe()]);
  });

  it("sends people to the page's own models for one that is missing", () => {
    const text = "Not installed; get it with 'sluice models pull base'.";
    expect(notesOf(budget("base", { installed: false, text }))).toEqual([en.doctor.missing.transcribe()]);
    expect(fetchable(budget("base", { installed: false }))).toBe(true);
    for (const b of [
      budget("base"),
      { ...llm, fits: true },
      budget("big", { installed: false, fits: false }),
    ])
      expect(fetchable(b)).toBe(false);
  });

  it("are not to get what can never fit, nor what may be there", () => {
    language.choose("ko");
    expect(notesOf(llm)).toEqual(["한 번에 8,192토큰"]);
    expect(notesOf(budget("base", { installed: undefined }))).toEqual([ko.doctor.unsure]);
  });
});

describe("the check-up", () => {
  /** Answers are given one after the other, each when it is let go. */
  function asked(...answers: (Diagnosis | number)[]): { count: () => number; answer: () => Promise<void> } {
    const waiting: ((r: Response) => void)[] = [];
    let count = 0;
    vi.stubGlobal("fetch", (request: Request) => {
      expect(new URL(request.url).pathname).toBe("/api/v1/doctor");
      count++;
      return new Promise((resolve) => waiting.push(resolve));
    });
    return {
      count: () => count,
      async answer() {
        const body = answers.shift();
        const problem = { status: 503, title: "", code: "internal", detail: "It broke.", hint: "Look." };
        const failed = typeof body === "number";
        const headers = { "Content-Type": "application/json" };
        waiting.shift()?.(
          new Response(JSON.stringify(failed ? problem : body), { status: failed ? body : 200, headers }),
        );
        await vi.advanceTimersByTimeAsync(10);
        flushSync();
      },
    };
  }

  const again = () => screen.getByRole("button", { name: "Check again" });

  let stop = () => {};

  beforeEach(() => {
    vi.useFakeTimers({ now: Date.UTC(2026, 2, 14) });
    stop = clock.start();
  });

  afterEach(() => {
    cleanup();
    stop();
    vi.useRealTimers();
  });

  it("looks when it is opened, says so meanwhile, and shows what was found as text", async () => {
    const server = asked({ findings: [fine, away], budget: [measured, llm] });
    render(Checkup);
    expect(screen.getByRole("status").textContent).toBe(en.doctor.checking);
    expect(again().getAttribute("aria-disabled")).toBe("true");
    await fireEvent.click(again());
    expect(server.count()).toBe(1);
    await server.answer();
    expect(screen.getByRole("status").textContent).toBe("Jobs can run; look at 1 thing. Checked just now.");
    const [first, second] = screen.getAllByRole("listitem");
    expect(first?.textContent).toMatch(/Attention.*Ollama.*<b>here<\/b>\..*ollama serve/s);
    expect(second?.textContent).toMatch(/Fine.*ffmpeg.*version 7/s);
    const row = screen.getByRole("rowheader", { name: /^small/ }).closest("tr") as HTMLElement;
    const cells = within(row).getAllByRole("cell");
    expect(cells.map((c) => c.textContent?.trim())).toEqual(["640 MB", "Measured", "Fits"]);
    expect(screen.getByText("8,192 tokens at once · Needs 7.7 GB more.")).toBeTruthy();
  });

  it("keeps what was found until it knows better", async () => {
    const server = asked({ findings: [away], budget: [] }, 503, { findings: [fine], budget: [] });
    render(Checkup);
    await server.answer();
    expect(screen.getByText(en.doctor.noModels)).toBeTruthy();
    await fireEvent.click(again());
    expect(screen.getByText(away.text)).toBeTruthy();
    await server.answer();
    expect(screen.getByRole("alert").textContent).toBe("The check-up did not work. It broke. Look.");
    expect(screen.getByText(away.text)).toBeTruthy();
    await fireEvent.click(again());
    expect(screen.queryByRole("alert")).toBeNull();
    await server.answer();
    expect(screen.queryByText(away.text)).toBeNull();
    expect(screen.getByRole("status").textContent).toMatch(/^All is well\./);
  });

  it("asks no more when its view is left", async () => {
    let signal: AbortSignal | undefined;
    vi.stubGlobal("fetch", (request: Request) => {
      signal = request.signal;
      return new Promise(() => {});
    });
    const { unmount } = render(Checkup);
    await vi.advanceTimersByTimeAsync(10);
    unmount();
    expect(signal?.aborted).toBe(true);
  });

  it("marks the server's own words in a Korean page", async () => {
    language.choose("ko");
    const server = asked({ findings: [fine, away], budget: [measured] });
    const { container } = render(Checkup);
    await server.answer();
    const own = [...container.querySelectorAll("[lang=en]")];
    expect(own.map((e) => e.textContent)).toEqual([`${away.text} ${away.hint ?? ""}`]);
    own.forEach((e) => e.remove());
    expect(container.textContent).not.toMatch(/\b(?!Ollama|ffmpeg|small|MB)[A-Za-z]{2,}/);
  });
});
