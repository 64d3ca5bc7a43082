import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import type { Diagnosis, Job, MachineNow } from "../../src/lib/api/types";
import { en } from "../../src/lib/words/en";
import { ko } from "../../src/lib/words/ko";
import { browsing } from "./page";
import { clip, serving } from "./server";

const server = serving();
const open = browsing();
const jobs: Record<"running" | "queued" | "done" | "failed", string> = {
  running: "",
  queued: "",
  done: "",
  failed: "",
};

beforeAll(async () => {
  const long = await server.long(20);
  const done = await server.done(clip("seen-000.wav"), { title: "항구" });
  const { id: failed } = await server.submit(
    await server.file("깨진 파일.mp4", Buffer.alloc(5000, "no film ")),
  );
  await server.reaches(failed, "failed");
  const { id: running } = await server.submit(long, { title: "야시장", threads: 1 });
  await server.reaches(running, "running");
  const { id: queued } = await server.submit(clip("seen-001.wav"), { title: "느린 기차" });
  Object.assign(jobs, { running, queued, done: done.id, failed });
});

// Names that are the same in every language.
const names = [
  // What people type and read in files: addresses, paths, keys of settings, forms of files.
  /https?:\/\/[\w.:]+/g,
  /\/[\w./-]+/g,
  /\b[a-z]\w*(\.[a-z]\w*)+\b/g,
  /\bSLUICE_[A-Z_]+/g,
  /\{\w+\}/g,
  /\b(TOML|JSON|srt|vtt|txt|md|json|auto|gemma3:4b|Enter)\b/g,
  /\bSluice\b/g,
  /\bOllama\b/g,
  /\bffmpeg\b/g,
  /\b(SRT|VTT|Markdown|English|AAC|MP3|PCM|mp4|mov|mp3|wav)\b/g,
  /\.(txt|md|srt|vtt|json|mp4|wav)\b/g,
  /\b\d[\d.]* ?[kMGT]?B\b/g,
  /\bsluice-tiny\b/g,
  /Ctrl\+\w/g,
];

/** chrome is every word of the page that is ours: what is shown, read out, or shown on hover. */
function chrome(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    // What was said in a recording is in the language of the recording.
    const content = ".said, .box .text, [lang]:not(html)";
    const found: string[] = [];
    for (const e of document.querySelectorAll("body *")) {
      if (e.closest(content) || e.closest("script, style, noscript")) continue;
      for (const name of ["aria-label", "aria-valuetext", "title", "placeholder", "alt"]) {
        found.push(e.getAttribute(name) ?? "");
      }
      for (const node of e.childNodes)
        if (node.nodeType === Node.TEXT_NODE) found.push(node.textContent ?? "");
    }
    // Names in a sentence may stand between marks that isolate their direction.
    const plain = (s: string) => s.replace(/[\u2068\u2069]/g, "").replace(/\s+/g, " ");
    return found.map((s) => plain(s).trim()).filter(Boolean);
  });
}

/** foreign is what is left in Latin letters. A known name counts as a whole word only: a program may be called "sh". */
function foreign(texts: string[], known: string[]): string[] {
  const rest = (text: string) => {
    text = ` ${text} `;
    for (const name of known) text = text.replaceAll(` ${name} `, "  ");
    for (const name of names) text = text.replace(name, "");
    return text;
  };
  return texts.filter((text) => /[A-Za-z]/.test(rest(text)));
}

test("a name that ends like another word leaves that word whole", () => {
  expect(foreign(["English", "sh", "sh 12 MB", "Cancel"], ["sh", "el"])).toEqual(["Cancel"]);
});

test("the language switches at once, and is remembered", async () => {
  const { page } = await open(`${server.url}/#/settings`);
  const said = () => page.evaluate(() => document.documentElement.lang);
  await page.getByRole("radio", { name: "한국어" }).check();
  await page.getByRole("heading", { name: ko.settings.title, exact: true }).waitFor();
  await page.getByRole("link", { name: ko.frame.places.machine }).waitFor();
  expect(await said()).toBe("ko");
  await page.reload();
  await page.getByRole("heading", { name: ko.settings.title, exact: true }).waitFor();
  await page.getByRole("radio", { name: "English" }).check();
  await page.getByRole("heading", { name: en.settings.title, exact: true }).waitFor();
  expect(await said()).toBe("en");
});

test("a browser in Korean gets the page in Korean", async () => {
  const { page } = await open(server.url, { locale: "ko-KR" });
  await page.getByRole("heading", { name: ko.queue.title, exact: true }).waitFor();
  expect(await page.evaluate(() => document.documentElement.lang)).toBe("ko");
});

const views: Record<string, (page: Page) => Promise<void>> = {
  queue: (page) => page.getByRole("article").getByText("%").first().waitFor(),
  library: (page) => page.getByRole("main").getByText("항구").waitFor(),
  machine: (page) => page.getByRole("main").getByText(ko.machine.engine).first().waitFor(),
  settings: (page) =>
    page.getByRole("heading", { name: ko.settings.appearance }).or(page.getByRole("group")).first().waitFor(),
};

test.for(Object.keys(views))("no English is left in the Korean %s", async (place) => {
  const { page } = await open(`${server.url}/#/${place}`, { locale: "ko-KR" });
  await views[place]?.(page);
  const machine = (await (await server.ask("GET", "/api/v1/machine")).json()) as MachineNow;
  const programs = machine.holders.filter((h) => h.kind === "other").map((h) => h.name);
  const { budget } = (await (await server.ask("GET", "/api/v1/doctor")).json()) as Diagnosis;
  const models = budget.map((b) => b.model);
  if (place === "machine")
    await page
      .getByRole("main")
      .getByText(models[0] ?? "")
      .first()
      .waitFor();
  const texts = await chrome(page);
  expect(texts.length).toBeGreaterThan(10);
  const commands = ["sluice models pull", "ollama pull", "brew install ffmpeg"]; // a busy machine may not find it in time
  expect(
    foreign(texts, [...programs, ...models, ...commands, machine.process.version, "seen-000.wav"]),
  ).toEqual([]);
});

test("no English is left in the Korean search", async () => {
  const { page } = await open(`${server.url}/#/library`, { locale: "ko-KR" });
  const field = page.getByRole("searchbox", { name: ko.library.search });
  for (const [typed, shows] of [
    ["항구", page.getByRole("list", { name: ko.library.results })],
    ["없는말", page.locator("p.title").getByText(ko.library.none)],
    ["*", page.locator("p.title").getByText(ko.library.noWord)],
  ] as const) {
    await field.fill(typed);
    await shows.waitFor();
    expect(foreign(await chrome(page), [])).toEqual([]);
  }
});

test.for(["running", "queued", "done", "failed"] as const)(
  "no English is left in a %s job in Korean",
  async (state) => {
    const { page } = await open(`${server.url}/#/job/${jobs[state]}`, { locale: "ko-KR" });
    await page
      .getByRole("main")
      .getByRole("status")
      .getByText(ko.common.states[state], { exact: true })
      .waitFor();
    if (state === "done") await page.getByRole("button", { name: ko.common.export }).click();
    const job: Job = await server.job(jobs[state]);
    // A path is the file's own name, and a code is for whoever reports it.
    expect(
      foreign(await chrome(page), [job.source.path ?? "", job.source.name, job.error?.code ?? ""]),
    ).toEqual([]);
  },
);
