import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { en } from "../../src/lib/words/en";
import { ko } from "../../src/lib/words/ko";
import { browsing, overflow, shoot, sizes, violations } from "./page";
import { clip, serving } from "./server";

const server = serving();
const open = browsing();

/** Views by the address they have, and by what is there when they are whole. */
const views: Record<string, { hash: () => string; ready: (page: Page) => Promise<void> }> = {
  queue: { hash: () => "queue", ready: (page) => page.getByRole("progressbar").first().waitFor() },
  library: { hash: () => "library", ready: (page) => shown(page, "Harbour master") },
  machine: {
    hash: () => "machine",
    ready: async (page) => {
      await page.getByRole("slider").waitFor();
      await page.getByRole("table").last().waitFor();
    },
  },
  models: { hash: () => "models", ready: (page) => shown(page, "large-v3-turbo-q5_0") },
  settings: { hash: () => "settings", ready: (page) => page.getByRole("radio").first().waitFor() },
  "job-running": {
    hash: () => `job/${jobs.running}`,
    ready: (page) => page.locator(".said").first().waitFor(),
  },
  "job-queued": { hash: () => `job/${jobs.queued}`, ready: (page) => shown(page, "Slow train") },
  "job-done": { hash: () => `job/${jobs.done}`, ready: (page) => page.locator(".said").first().waitFor() },
  "job-failed": { hash: () => `job/${jobs.failed}`, ready: (page) => shown(page, "not_media") },
};
const jobs = { running: "", queued: "", done: "", failed: "" };

const shown = (page: Page, text: string) => page.getByRole("main").getByText(text).first().waitFor();

beforeAll(async () => {
  const long = await server.long(40);
  jobs.done = (await server.done(clip("three-minutes.mp4"), { title: "Harbour master" })).id;
  const broken = await server.file("broken.mp4", Buffer.alloc(5000, "this is no film "));
  jobs.failed = (await server.submit(broken)).id;
  await server.reaches(jobs.failed, "failed");
  jobs.running = (await server.submit(long, { title: "Night market", threads: 1 })).id;
  jobs.queued = (await server.submit(clip("seen-000.wav"), { title: "Slow train" })).id;
  await server.submit(clip("seen-001.wav"), { title: "야시장 산책" });
});

const languages = { en: { locale: "en-GB", words: en }, ko: { locale: "ko-KR", words: ko } };

describe.for(Object.entries(languages))("in %s", ([code, { locale, words }]) => {
  test.for(Object.entries(views))(
    "the view %s is sound for axe, whatever its size and colours",
    async ([name, view]) => {
      const { page } = await open(`${server.url}/#/${view.hash()}`, { locale });
      await page.getByRole("banner").getByText(words.frame.gate.open).waitFor();
      await view.ready(page);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        for (const [size, viewport] of Object.entries(sizes)) {
          await page.setViewportSize(viewport);
          const where = `${name}-${size}-${code}-${colorScheme}`;
          await shoot(page, where);
          expect(await violations(page), where).toEqual([]);
          expect(await overflow(page), where).toEqual([]);
        }
      }
    },
  );
});
