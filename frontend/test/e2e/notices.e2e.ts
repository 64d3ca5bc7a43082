import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import type { Notice } from "../../src/lib/api/types";
import { en } from "../../src/lib/words/en";
import { ko } from "../../src/lib/words/ko";
import { browsing, overflow, shoot, sizes, violations } from "./page";
import { clip, patience, serving } from "./server";

const server = serving();
const open = browsing();

let notices: Notice[] = [];

beforeAll(async () => {
  await server.done(clip("seen-000.wav"), { title: "Harbour master" });
  for (let times = 0; times < 2; times++) {
    await server.stop();
    await server.damage();
    await server.start();
  }
  ({ notices } = await server.board());
  expect(notices.length).toBeGreaterThan(0);
});

const place = (page: Page, words = en) => page.getByRole("status", { name: words.notices.label });
const dismissals = (page: Page, words = en) =>
  place(page, words).getByRole("button", { name: words.common.dismiss });

test.for(Object.keys(en.frame.places))("what happened to the data stands over the view %s", async (where) => {
  const { page } = await open(`${server.url}/#/${where}`);
  for (const { text, hint, code } of notices) {
    await place(page).getByText(en.notices.code[code].title("")).first().waitFor();
    await place(page).getByText(text).first().waitFor();
    await place(page).getByText(hint).first().waitFor();
  }
  expect(await dismissals(page).count()).toBe(notices.length);
});

test.for(Object.entries({ en: { locale: "en-GB", words: en }, ko: { locale: "ko-KR", words: ko } }))(
  "it is sound for axe in %s, whatever the size and colours",
  async ([code, { locale, words }]) => {
    const { page } = await open(server.url, { locale });
    await dismissals(page, words).first().waitFor();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      for (const [size, viewport] of Object.entries(sizes)) {
        await page.setViewportSize(viewport);
        const where = `notices-${size}-${code}-${colorScheme}`;
        await shoot(page, where);
        expect(await violations(page), where).toEqual([]);
        expect(await overflow(page), where).toEqual([]);
      }
    }
    if (code === "ko") expect(await place(page, words).innerText()).not.toMatch(/[A-Za-z]{3}/);
  },
);

test("what was dismissed is gone from every view, at once and for good", async () => {
  const { page: other } = await open(`${server.url}/#/library`);
  const { page } = await open(server.url);
  await dismissals(other).first().waitFor();
  for (let left = notices.length; left > 0; left--) {
    await dismissals(page).first().focus();
    await page.keyboard.press("Enter");
    await dismissals(page)
      .nth(left - 1)
      .waitFor({ state: "detached" });
    const kept = () => page.evaluate(() => document.activeElement !== document.body);
    await expect.poll(kept, { timeout: patience }).toBe(true);
  }
  await dismissals(other).first().waitFor({ state: "detached" });
  await page.reload();
  await page.getByText(en.queue.title, { exact: true }).first().waitFor();
  await page.getByRole("banner").getByText(en.frame.depth(0)).waitFor();
  expect(await dismissals(page).count()).toBe(0);
  expect((await server.board()).notices).toEqual([]);
});
