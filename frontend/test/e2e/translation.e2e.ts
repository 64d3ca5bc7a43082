import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Job, LanguageModel } from "../../src/lib/api/types";
import { en } from "../../src/lib/words/en";
import { FakeOllama } from "./ollama";
import { browsing, draggables, overflow, shoot, sizes, violations, waiting } from "./page";
import { clip, serving, until } from "./server";
import { looks } from "./steering";

const ollama = new FakeOllama();
const env: Record<string, string> = { SLUICE_OLLAMA_MODEL: "gemma3:4b" };

/** A receiver that answers as a test wants it to. */
const told: string[] = [];
let status = 200;
const receiver = createServer((request, response) => {
  request.resume().on("end", () => {
    told.push(request.headers["sluice-delivery"] as string);
    response.writeHead(status).end();
  });
});

// Before the server starts: it reads where they are.
beforeAll(async () => {
  await ollama.start();
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const place = `127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  env.SLUICE_OLLAMA_HOST = ollama.url;
  env.SLUICE_WEBHOOK_ALLOW = place;
  hook = `http://${place}/hook`;
  shown = `http://${place}/…`;
});
let hook = "";
let shown = "";

const server = serving({ env });
const open = browsing();

afterAll(async () => {
  await ollama.stop();
  receiver.close();
  receiver.closeAllConnections();
});

afterEach(async () => {
  Object.assign(ollama, { delay: 0, stubborn: [], sums: true, tail: "" });
  status = 200;
  await server.clear();
});

const wanted = { translate_to: ["ko", "de"], summarize: true };
const text = (page: Page) => page.getByRole("region", { name: en.job.text, exact: true });
const summary = (page: Page) => page.getByRole("region", { name: en.summary.title, exact: true });
const count = (language: string, job: Job) => {
  const lines = job.quality.lines?.[language];
  return en.job.lines(lines?.done ?? -1, lines?.total ?? -1);
};
const hangul = /[가-힣]/;

async function reading(
  job: Job,
  ...options: Parameters<typeof open> extends [string, ...infer R] ? R : never
) {
  const { page } = await open(`${server.url}/#/job/${job.id}`, ...options);
  await text(page).locator(".said").first().waitFor();
  return page;
}

test("a finished job is read in each language, and side by side", async () => {
  const job = await server.done(clip("three-minutes.mp4"), { title: "Harbour master", ...wanted });
  const page = await reading(job, { permissions: ["clipboard-read", "clipboard-write"] });
  await page.getByText(`Korean ${count("ko", job)}`).waitFor();
  await page.getByText(`German ${count("de", job)}`).waitFor();
  expect(job.quality.lines?.ko).toEqual({
    done: job.quality.lines?.ko?.total,
    total: job.quality.lines?.ko?.total,
  });

  await page.getByRole("radio", { name: "Korean" }).check();
  await expect.poll(() => text(page).locator(".said").first().innerText()).toMatch(hangul);
  await shoot(page, "translation-korean");
  await page.getByRole("checkbox", { name: en.job.beside }).check();
  const said = text(page).locator(".said");
  await expect.poll(() => said.count()).toBe(2 * (job.quality.lines?.ko?.total ?? -1));
  const [left, right] = [await said.nth(0).boundingBox(), await said.nth(1).boundingBox()];
  expect(Math.abs((left?.y ?? 0) - (right?.y ?? 99))).toBeLessThan(2);
  await shoot(page, "side-by-side");
  await page.setViewportSize(sizes.phone);
  const [over, under] = [await said.nth(0).boundingBox(), await said.nth(1).boundingBox()];
  expect(under?.y ?? 0).toBeGreaterThan(over?.y ?? 99);
  await page.setViewportSize(sizes.window);

  await page.getByRole("button", { name: en.common.copy }).click();
  await page.getByText(en.job.copyDone).waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(hangul);

  await page.getByRole("button", { name: en.common.export }).click();
  const saved = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: /^Korean: Subtitles/ }).click();
  const download = await saved;
  expect(download.suggestedFilename()).toBe("Harbour master.ko.srt");
  expect(await readFile(await download.path(), "utf8")).toMatch(hangul);
});

test("the summary is shown, and a chapter leads to its place in the text", async () => {
  const job = await server.done(clip("three-minutes.mp4"), { title: "Night market", ...wanted });
  const page = await reading(job);
  await summary(page).getByRole("heading", { name: "A day at the gate" }).waitFor();
  await summary(page).getByText("Mend the gate before spring.").waitFor();
  await summary(page).getByText(en.summary.coverage("100%")).waitFor();
  await shoot(page, "summary");
  await summary(page)
    .getByRole("link", { name: /The evening/ })
    .click();
  await until("the place has the focus", () =>
    page.evaluate(() => document.activeElement?.tagName === "MARK"),
  );
  expect(page.url()).toMatch(/\?at=\d+$/);
  expect(await draggables(page)).toEqual([]);
});

test("what was not translated is marked, and what was not summed up says why", async () => {
  ollama.stubborn = ["the"];
  ollama.sums = false;
  const job = await server.done(clip("three-minutes.mp4"), { title: "Slow train", ...wanted, reuse: false });
  const page = await reading(job);
  const lines = job.quality.lines?.ko ?? { done: 0, total: 0 };
  expect(lines.done).toBeLessThan(lines.total);
  await page.getByText(`Korean ${count("ko", job)}, ${en.job.linesLeft(lines.total - lines.done)}`).waitFor();
  await page.getByRole("radio", { name: "Korean" }).check();
  await text(page).getByText(en.job.untranslated).first().waitFor();
  await summary(page).getByText(`${en.summary.none}.`).waitFor();
  await shoot(page, "untranslated");
  expect(await violations(page)).toEqual([]);
});

test("a translation grows while it is made", async () => {
  ollama.delay = 1500;
  const { id } = await server.submit(clip("three-minutes.mp4"), {
    title: "Ferry",
    translate_to: ["ko"],
    register: "polite",
  });
  const { page } = await open(`${server.url}/#/job/${id}`);
  await page.getByRole("radio", { name: "Korean" }).check();
  const begun = page.getByText(/Korean [1-9]\d*\/\d+ lines/);
  await begun.waitFor({ timeout: 120_000 });
  const first = await begun.innerText();
  await until("more lines are told", async () => (await begun.innerText()) !== first);
  expect(await text(page).innerText()).toMatch(hangul);
  await shoot(page, "translating");
  ollama.delay = 0;
  const job = await server.reaches(id, "done");
  await page.getByText(`Korean ${count("ko", job)}`).waitFor();
});

test("a job waits for Ollama in words, and goes on when it is back", async () => {
  await ollama.stop();
  const { id } = await server.submit(clip("seen-000.wav"), {
    title: "Lighthouse",
    translate_to: ["ko"],
    reuse: false,
  });
  const { page } = await open(server.url);
  await waiting(page, "Lighthouse")
    .getByText(/Ollama/)
    .waitFor({ timeout: 120_000 });
  await shoot(page, "waits-for-ollama");
  await ollama.start();
  await server.reaches(id, "done");
});

test("a webhook that is refused is shown, and sent again by hand", async () => {
  status = 410;
  told.length = 0;
  const job = await server.done(clip("seen-001.wav"), {
    title: "Market",
    webhook: hook,
    translate_to: [],
    summarize: false,
  });
  const page = await reading(job);
  const section = page.getByRole("region", { name: en.deliveries.title });
  await section.getByText(shown).waitFor();
  await section.getByText(/attempt/).waitFor();
  await shoot(page, "delivery-failed");
  expect(await violations(page)).toEqual([]);
  status = 200;
  await section.getByRole("button", { name: en.deliveries.againTo(shown) }).click();
  await section.getByText(en.deliveries.state.delivered ?? "?").waitFor();
  expect(new Set(told).size).toBe(1);
  expect(told.length).toBeGreaterThan(1);
});

test("options are chosen once and go with a file and with what follows", async () => {
  await server.ask("POST", "/api/v1/queue/pause");
  const { page } = await open(server.url);
  await page.getByText(en.options.title, { exact: true }).click();
  const group = (name: string) => page.getByRole("group", { name, exact: true });
  await group(en.options.translate).getByRole("radio", { name: en.options.into }).check();
  await page.getByRole("checkbox", { name: "Korean" }).check();
  await group(en.options.summarize).getByRole("radio", { name: en.options.yes }).check();
  await group(en.options.template)
    .getByRole("radio", { name: en.options.templates.meeting ?? "?" })
    .check();
  await shoot(page, "options");
  expect(await violations(page)).toEqual([]);
  await page.reload();
  await page.getByText("Translated to Korean · Summarized").waitFor();
  const asked = page.waitForEvent("filechooser");
  await page.getByRole("main").getByRole("button", { name: en.common.add }).click();
  const sent = page.waitForResponse((r) => r.url().endsWith("/api/v1/jobs"));
  await (await asked).setFiles([clip("seen-002.wav")]);
  expect(await (await sent).json()).toMatchObject({
    translate_to: ["ko"],
    summarize: true,
    summary: { template: "meeting" },
  });
});

test("a model of Ollama is downloaded by its name", async () => {
  const models = async () =>
    ((await (await server.ask("GET", "/api/v1/ollama/models")).json()) as { models: LanguageModel[] }).models;
  ollama.steps = 40;
  const { page } = await open(`${server.url}/#/models`);
  const section = page.getByRole("region", { name: en.ollama.title, exact: true });
  await section.getByText("gemma3:4b", { exact: true }).waitFor();
  const field = section.getByRole("textbox", { name: en.ollama.field });
  await field.fill("qwen3:1.7b");
  await field.press("Enter");
  const row = section.locator('li[data-model="qwen3:1.7b"]');
  await row.getByText(/^\d+% of/).waitFor();
  await shoot(page, "ollama-download");
  await row.getByRole("button", { name: en.catalog.act(en.catalog.cancel, "qwen3:1.7b") }).click();
  await until("it has stopped", async () =>
    (await models()).every((m) => m.download === undefined || m.download.state === "stopped"),
  );
  ollama.steps = 3;
  await field.fill("qwen3:1.7b");
  await field.press("Enter");
  await until("it is installed", async () =>
    (await models()).some((m) => m.name === "qwen3:1.7b" && m.installed),
  );
  await row.getByText(en.doctor.fits).waitFor();

  await field.fill("no-such:model");
  await field.press("Enter");
  await section
    .getByText(/no model/)
    .first()
    .waitFor();
});

test("without Ollama the models for speech are there, and the rest says what to do", async () => {
  await ollama.stop();
  const { page, excuse } = await open(`${server.url}/#/models`);
  excuse(/ollama\/models/); // also what is cut off in the middle
  const section = page.getByRole("region", { name: en.ollama.title, exact: true });
  await section.getByRole("alert").waitFor();
  await page.locator('li[data-model="large-v3"]').waitFor();
  await shoot(page, "ollama-away");
  expect(await violations(page)).toEqual([]);
  await ollama.start();
  await section.getByRole("button", { name: en.common.retry }).click();
  await section.getByText("gemma3:4b", { exact: true }).waitFor();
});

test.for(looks)("it is sound for axe, and fits: $colorScheme, $locale", async (look) => {
  const { words, ...options } = look;
  const job = await server.done(clip("three-minutes.mp4"), { title: "Harbour master", ...wanted });
  const { page } = await open(`${server.url}/#/job/${job.id}`, options);
  await page
    .getByRole("region", { name: words.summary.title, exact: true })
    .getByRole("list")
    .first()
    .waitFor();
  await page.getByRole("checkbox", { name: words.job.beside }).check();
  await page.locator(".said").first().waitFor();
  const views = async (name: string) => {
    for (const [size, viewport] of Object.entries(sizes)) {
      await page.setViewportSize(viewport);
      const where = `${name}-${size}-${look.locale}-${look.colorScheme}`;
      await shoot(page, where);
      expect(await violations(page), where).toEqual([]);
      expect(await overflow(page), where).toEqual([]);
    }
  };
  await views("language-job");
  await page.getByRole("checkbox", { name: words.job.beside }).scrollIntoViewIfNeeded();
  await views("language-beside");
  await page.goto(`${server.url}/#/models`);
  await page.getByText("gemma3:4b", { exact: true }).scrollIntoViewIfNeeded();
  await views("language-models");
});

test("what a model writes is text, whatever it looks like", async () => {
  ollama.tail = ` <img src=x onerror="window.broken=1"><script>window.broken=1</script>`;
  const job = await server.done(clip("seen-000.wav"), { ...wanted, translate_to: ["de"], reuse: false });
  const { page } = await open(`${server.url}/#/job/${job.id}`);
  await summary(page).getByText("<script>").first().waitFor();
  await shoot(page, "hostile-summary");
  await page.getByRole("radio", { name: "German" }).check();
  await text(page).getByText("<script>").first().waitFor();
  expect(await page.evaluate(() => "broken" in window)).toBe(false);
  expect(await page.locator("#app main img, #app script").count()).toBe(0);
  expect(await overflow(page)).toEqual([]);
});
