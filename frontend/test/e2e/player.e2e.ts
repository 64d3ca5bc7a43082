import { copyFile, rm } from "node:fs/promises";
import type { Locator, Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import type { Job, Transcript } from "../../src/lib/api/types";
import { en } from "../../src/lib/words/en";
import { ko } from "../../src/lib/words/ko";
import { browsing, draggables, overflow, shoot, sizes, violations } from "./page";
import { clip, serving, until } from "./server";

const server = serving();
const open = browsing();
const words = en.reading;
let job: Job;
let lines: Transcript["segments"];

beforeAll(async () => {
  job = await server.done(clip("three-minutes.mp4"), { title: "Harbour master" });
  lines = ((await (await server.ask("GET", `/api/v1/jobs/${job.id}/transcript`)).json()) as Transcript)
    .segments;
});

const media = (page: Page) => page.locator("video");
const bar = (page: Page) => page.getByRole("region", { name: words.player });
const now = (page: Page) => page.locator("[aria-current=true][data-line]");
const at = (page: Page) => media(page).evaluate((v) => (v as HTMLVideoElement).currentTime);
const paused = (page: Page) => media(page).evaluate((v) => (v as HTMLVideoElement).paused);
const marked = async (page: Page) => Number(await now(page).getAttribute("data-line"));

/** reading opens the job and waits for its text. */
async function reading(locale = "en-GB"): Promise<Page> {
  const { page } = await open(`${server.url}/#/job/${job.id}`, { locale });
  await page.locator(".said").first().waitFor();
  return page;
}

/** listening opens the player, too, and waits until something is heard. */
async function listening(): Promise<Page> {
  const page = await reading();
  await page.getByRole("button", { name: words.play, exact: true }).click();
  await until("something is heard", async () => (await at(page)) > 0.1);
  return page;
}

/** late is a paragraph's button far down the text, and the line it begins with. */
async function late(page: Page): Promise<{ time: Locator; line: number }> {
  const paragraph = page.locator("p[data-line]").last();
  return { time: paragraph.getByRole("button"), line: Number(await paragraph.getAttribute("data-line")) };
}

test("nothing of the recording is fetched until somebody wants to hear it, and then only a part", async () => {
  const page = await reading();
  const asked: string[] = [];
  page.on("request", (r) => {
    if (r.url().includes("/media")) asked.push(r.headers().range ?? "");
  });
  expect(await media(page).count()).toBe(0);
  await page.getByRole("button", { name: words.play, exact: true }).click();
  await until("it plays", async () => (await media(page).count()) > 0 && !(await paused(page)));
  await bar(page)
    .getByText(/\/ \d:\d\d$/u)
    .waitFor();
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.every((range) => range.startsWith("bytes="))).toBe(true);
  await bar(page).getByRole("button", { name: words.close }).click();
  expect(await media(page).count()).toBe(0);
});

test("a time plays from there, and the line that is heard is marked and stays in view", async () => {
  const page = await listening();
  const { time, line } = await late(page);
  await time.click();
  await until("that line is heard", async () => (await marked(page)) >= line);
  expect(await at(page)).toBeGreaterThanOrEqual((lines[line]?.start_ms ?? 0) / 1000 - 0.05);
  await until("it is in view", async () => {
    const box = await now(page).boundingBox();
    return !!box && box.y > 0 && box.y < sizes.window.height;
  });

  // Who scrolls is left alone until following is asked for.
  await page.mouse.move(500, 400);
  await page.mouse.wheel(0, -20_000);
  const follow = page.getByRole("button", { name: en.job.newest });
  await follow.waitFor();
  await follow.click();
  await until("it is in view again", async () => ((await now(page).boundingBox())?.y ?? -1) > 0);
  expect(await draggables(page)).toEqual([]);
});

test("it can be played with keys alone", async () => {
  const page = await reading();
  const play = page.getByRole("button", { name: words.play, exact: true });
  await play.focus();
  await page.keyboard.press("Enter");
  await until("it plays", async () => (await media(page).count()) > 0 && !(await paused(page)));
  await page.keyboard.press("k");
  await until("it is still", () => paused(page));
  const before = await at(page);
  await page.keyboard.press("l");
  await page.keyboard.press("ArrowRight");
  await until("it is further", async () => Math.abs((await at(page)) - before - 20) < 1);
  await page.keyboard.press("j");
  await until("it is back", async () => Math.abs((await at(page)) - before - 10) < 1);

  // In a field they are letters.
  await page.keyboard.press("Control+f");
  await page.keyboard.type("lk j");
  expect(await page.getByRole("searchbox").inputValue()).toBe("lk j");
  expect(await paused(page)).toBe(true);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");

  // From one time to the next by arrows, and Enter plays from there.
  const first = page.locator("p[data-line]").first().getByRole("button");
  await first.focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  const second = Number(await page.locator("p[data-line]").nth(1).getAttribute("data-line"));
  await until("the second paragraph is heard", async () => (await marked(page)) >= second);
  await page.keyboard.press("k");
});

test("the speed and the size of the picture are remembered", async () => {
  const page = await listening();
  await bar(page).getByLabel(words.rate).selectOption("1.5");
  await bar(page).getByRole("button", { name: words.larger }).click();
  await shoot(page, "player-large");
  await page.reload();
  await page.locator(".said").first().waitFor();
  await page.getByRole("button", { name: words.play, exact: true }).click();
  await until("it plays", async () => (await media(page).count()) > 0 && !(await paused(page)));
  expect(await media(page).evaluate((v) => (v as HTMLVideoElement).playbackRate)).toBe(1.5);
  await bar(page).getByRole("button", { name: words.smaller }).click();
});

test("a file that is gone or another one is said in words, and the text stays", async () => {
  const file = await server.file("talk.wav", "");
  await copyFile(clip("seen-001.wav"), file);
  const { id } = await server.done(file);
  const { page, excuse } = await open(`${server.url}/#/job/${id}`);
  excuse(/(404|409|422).*\/media/);
  await page.locator(".said").first().waitFor();
  await copyFile(clip("seen-002.wav"), file);
  await page.getByRole("button", { name: words.play, exact: true }).click();
  const said = bar(page).getByRole("alert");
  await said.getByText(words.cannotPlay).waitFor();
  const changed = await said.innerText();
  await rm(file);
  await bar(page).getByRole("button", { name: en.common.retry }).click();
  await until("it is said that it is gone", async () => {
    const now = await said.innerText().catch(() => changed);
    return now.includes(words.cannotPlay) && now !== changed;
  });
  await shoot(page, "player-gone");
  await page.locator(".said").first().waitFor();
  expect(await violations(page)).toEqual([]);
});

test.for(["en-GB", "ko-KR"])(
  "the player is sound for axe in %s, whatever its size and colours",
  async (locale) => {
    const page = await reading(locale);
    const table = locale === "ko-KR" ? ko : en;
    await page.getByRole("button", { name: table.reading.play, exact: true }).click();
    await until("something is heard", async () => (await media(page).count()) > 0 && (await at(page)) > 0.1);
    await page.keyboard.press("k");
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      for (const [size, viewport] of Object.entries(sizes)) {
        await page.setViewportSize(viewport);
        const where = `player-${size}-${locale.slice(0, 2)}-${colorScheme}`;
        await shoot(page, where);
        expect(await violations(page), where).toEqual([]);
        expect(await overflow(page), where).toEqual([]);
      }
    }
  },
);
