import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import type { Job } from "../../src/lib/api/types";
import { en } from "../../src/lib/words/en";
import { browsing, shoot, violations } from "./page";
import { clip, serving, until } from "./server";

const server = serving();
const open = browsing();
let job: Job;

beforeAll(async () => {
  job = await server.done(clip("three-minutes.mp4"), { title: "Harbour master" });
});

/** reading opens the finished job and waits for its text. */
async function reading(): Promise<Page> {
  const { page } = await open(`${server.url}/#/job/${job.id}`, {
    permissions: ["clipboard-read", "clipboard-write"],
  });
  await text(page).locator(".said").first().waitFor();
  return page;
}

const text = (page: Page) => page.getByRole("region", { name: en.job.text });

/** said is all that is read in the page, without the times. */
async function said(page: Page): Promise<string> {
  return (await text(page).locator(".said").allInnerTexts()).join(" ");
}

async function transcript(format: string): Promise<string> {
  return (await server.ask("GET", `/api/v1/jobs/${job.id}/transcript?format=${format}`)).text();
}

const words = (s: string) => s.split(/\s+/u).filter(Boolean);

test("the text is the whole transcript, word by word", async () => {
  const page = await reading();
  const want = words(await transcript("txt"));
  expect(want.length).toBeGreaterThan(100);
  expect(words(await said(page))).toEqual(want);
  await page.getByRole("heading", { name: "Harbour master" }).waitFor();
  await page.getByText(en.common.states.done, { exact: true }).waitFor();
  await shoot(page, "job-done");
});

test("finding words marks and counts them, and walks from one to the next", async () => {
  const page = await reading();
  const field = page.getByRole("searchbox", { name: en.job.findIn });
  const all = (await said(page)).match(/the/gi)?.length ?? 0;
  expect(all).toBeGreaterThan(3);
  await page.keyboard.press("Control+f");
  await page.keyboard.type("the");
  await page.getByText(en.job.count(1, all, false)).waitFor();
  expect(await text(page).locator("mark").count()).toBe(all);

  await field.press("Enter");
  await page.getByText(en.job.count(2, all, false)).waitFor();
  await page.getByRole("button", { name: en.job.previous }).click();
  await page.getByRole("button", { name: en.job.previous }).click();
  await page.getByText(en.job.count(all, all, false)).waitFor();
  const marked = text(page).locator("mark.current");
  expect(await marked.count()).toBe(1);
  expect(await marked.innerText()).toMatch(/^the$/i);
  await until("the place is in view", async () => ((await marked.boundingBox())?.y ?? -1) > 0);
  await shoot(page, "find");
  expect(await violations(page)).toEqual([]);

  await field.fill("zebra crossing");
  await page.getByText(en.job.notFound).waitFor();
  await field.press("Escape");
  expect(await field.inputValue()).toBe("");
  expect(await text(page).locator("mark").count()).toBe(0);
});

test.for(["txt", "md", "srt", "vtt", "json"])(
  "as .%s the export is what the server gives",
  async (format) => {
    const page = await reading();
    await page.getByRole("button", { name: en.common.export }).click();
    const saved = page.waitForEvent("download");
    await page
      .getByRole("menuitem")
      .filter({ hasText: `.${format}` })
      .click();
    const download = await saved;
    expect(download.suggestedFilename()).toBe(`Harbour master.${format}`);
    expect(await readFile(await download.path(), "utf8")).toBe(await transcript(format));
    await page.getByText(en.job.saved(en.job.formats[format] ?? "")).waitFor();
  },
);

test("copying puts the text on the clipboard", async () => {
  const page = await reading();
  await page.getByRole("button", { name: en.common.copy }).click();
  await page.getByText(en.job.copyDone).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(words(copied)).toEqual(words(await transcript("txt")));
});

test("a job that failed shows what happened, where, and what to do", async () => {
  const broken = await server.file("broken.mp4", Buffer.alloc(5000, "this is no film "));
  const { id } = await server.submit(broken);
  const failed = await server.reaches(id, "failed");
  const { page } = await open(`${server.url}/#/job/${id}`);
  await page.getByRole("heading", { name: "broken.mp4" }).waitFor();
  const view = page.getByRole("main");
  await view.getByText(en.common.states.failed, { exact: true }).waitFor();
  await view.getByText(failed.error?.message ?? "?").waitFor();
  await view.getByText(failed.error?.hint || "?").waitFor();
  await view.getByText(en.job.during(en.common.stages.extract)).waitFor();
  await view.getByText(en.job.noText).waitFor();
  await shoot(page, "job-failed");
  await view.getByRole("button", { name: en.queue.tryAgain }).click();
  await page.getByText(en.queue.addedAgain("broken.mp4")).waitFor();
});
