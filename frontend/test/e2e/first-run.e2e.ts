import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { en } from "../../src/lib/words/en";
import { Mirror } from "./mirror";
import { browsing, overflow, shoot, sizes, violations } from "./page";
import { clip, serving } from "./server";
import { focused, looks } from "./steering";

const mirror = new Mirror();
const env: Record<string, string> = { SLUICE_MEMORY_CEILING: "2GB", SLUICE_SPEECH_MODEL: "harbour" };
let folder = "";

// Before the server starts: it reads both at once. It begins with no model at all.
beforeAll(async () => {
  await mirror.start();
  folder = await mkdtemp(join(tmpdir(), "sluice-first-"));
  const entry = mirror.entry("harbour", {
    languages: "multilingual",
    description: "A small model for tests.",
  });
  await writeFile(join(folder, "catalog.json"), JSON.stringify([entry]));
  env.SLUICE_MODELS_URL = mirror.url;
  env.SLUICE_MODELS_CATALOG = join(folder, "catalog.json");
  env.SLUICE_MODELS_DIR = join(folder, "models");
  env.SLUICE_MEDIA_FFMPEG = "/nowhere/ffmpeg";
});

const server = serving({ env });
const open = browsing();

afterAll(async () => {
  mirror.close();
  await rm(folder, { recursive: true });
});

const words = en.first;
const step = (page: Page, n: number, name: string) =>
  page.getByRole("heading", { level: 2, name: words.step(n, 3, name) });
const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

test.for(looks)("each step is sound for axe, and fits: $colorScheme, $locale", async (look) => {
  const { words: say, ...options } = look;
  const { page } = await open(server.url, options);
  await page.getByRole("heading", { level: 1, name: say.first.title }).waitFor();
  const whole = [say.first.ffmpeg.missing, say.first.speech.best, say.first.language.missing];
  for (const [i, text] of whole.entries()) {
    await page.getByText(text).first().waitFor();
    for (const [size, viewport] of Object.entries(sizes)) {
      await page.setViewportSize(viewport);
      const where = `first-${i + 1}-${size}-${look.locale}-${look.colorScheme}`;
      await shoot(page, where);
      expect(await violations(page), where).toEqual([]);
      expect(await overflow(page), where).toEqual([]);
    }
    if (i < 2) await press(page, say.first.skip).click();
  }
});

test("who comes for the first time is led through three steps, and not again", async () => {
  const { page } = await open(server.url);
  await step(page, 1, words.names.ffmpeg).waitFor();
  await page.getByText(words.ffmpeg.missing).waitFor();
  await page.getByText(words.ffmpeg.how).waitFor();
  await press(page, words.again).click();
  await page.getByText(words.ffmpeg.missing).waitFor();

  await press(page, words.skip).click();
  await step(page, 2, words.names.speech).waitFor();
  expect(await focused(page)).toBe(words.step(2, 3, words.names.speech));
  mirror.plan("harbour", { rate: 1_500_000 });
  await press(page, en.catalog.act(en.catalog.download, "harbour")).click();
  await page.getByText(/^\d+% of/).waitFor();
  await shoot(page, "first-download");
  await page.getByText(words.speech.there("harbour")).waitFor();

  await press(page, words.next).click();
  await step(page, 3, words.names.language).waitFor();
  await page.getByText(words.language.missing).waitFor();
  await press(page, words.back).click();
  await page.getByText(words.speech.there("harbour")).waitFor();
  await press(page, words.next).click();
  await press(page, words.done).click();
  await page.getByText(en.queue.heroTitle).waitFor();

  await page.reload();
  await page.getByText(en.queue.heroTitle).waitFor();
  await page.getByRole("link", { name: en.frame.places.settings }).click();
  await press(page, words.open).click();
  await step(page, 1, words.names.ffmpeg).waitFor();
  await press(page, words.leave).click();
  await page.getByText(en.queue.heroTitle).waitFor();
});

test("where there are jobs already nobody is asked to set anything up", async () => {
  await server.ask("POST", "/api/v1/queue/pause");
  await server.submit(clip("seen-000.wav"), { title: "Slow train" });
  const { page } = await open(server.url);
  await page.getByText("Slow train").first().waitFor();
  expect(await page.evaluate(() => localStorage.getItem("sluice.first"))).toBeNull();
  expect(new URL(page.url()).hash).toBe("");
  await server.clear();
});
