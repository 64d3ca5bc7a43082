import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import type { Found, Job, Segment, Transcript } from "../../src/lib/api/types";
import { en } from "../../src/lib/words/en";
import { ko } from "../../src/lib/words/ko";
import { browsing, draggables, overflow, shoot, sizes, violations } from "./page";
import { clip, serving, until } from "./server";

const server = serving();
const open = browsing();

const markup = `<img src=x onerror="window.broken=1"> "quoted" NEAR(a b) *`;
const night = "야시장 산책";
let long: Job;
let segments: Segment[];

beforeAll(async () => {
  await server.done(clip("seen-000.wav"), { title: night.normalize("NFD") });
  await server.done(clip("seen-002.wav"), { title: markup });
  await server.done(clip("seen-004.wav"), { title: "Harbourmaster".repeat(20) });
  long = await server.done(clip("three-minutes.mp4"), { title: "Café at the harbour" });
  const answer = await server.ask("GET", `/api/v1/jobs/${long.id}/transcript?format=json`);
  ({ segments } = (await answer.json()) as Transcript);
});

const field = (page: Page) => page.getByRole("searchbox", { name: en.library.search });
const results = (page: Page) => page.getByRole("list", { name: en.library.results });
/** lines are the places in transcripts, as they are shown. */
const lines = (page: Page) => results(page).getByRole("list", { name: en.library.lines }).getByRole("link");
const plain = (text: string) => text.replace(/\s+/gu, " ").trim();

async function library(options = {}): Promise<Page> {
  const { page } = await open(`${server.url}/#/library`, options);
  await page.getByRole("main").getByText(long.title).waitFor();
  return page;
}

/** rare is a segment near the end, and a word that was said only there. */
function rare(): { segment: Segment; word: string } {
  const wordsOf = (s: Segment) => s.text.toLowerCase().match(/[a-z]+/g) ?? [];
  for (const segment of [...segments].reverse()) {
    const others = segments.filter((s) => s !== segment).flatMap(wordsOf);
    const word = wordsOf(segment).find((w) => w.length > 3 && !others.some((o) => o.startsWith(w)));
    if (word) return { segment, word };
  }
  throw new Error("every word was said twice");
}

test("a word that was said is found, and opens the text where it was said", async () => {
  const { segment, word } = rare();
  const page = await library();
  await field(page).fill(word);
  const line = lines(page).filter({ hasText: plain(segment.text) });
  await line.waitFor();
  expect(await line.locator("mark").first().innerText()).toMatch(new RegExp(`^${word}$`, "i"));
  const at = Math.floor(segment.start_ms / 1000);
  const time = `${Math.floor(at / 60)}:${String(at % 60).padStart(2, "0")}`;
  expect(plain(await line.innerText())).toMatch(new RegExp(`^${time} `));
  await shoot(page, "search-word");

  await line.click();
  await page.getByRole("heading", { name: long.title }).waitFor();
  const mark = page.getByRole("region", { name: en.job.text }).locator("mark");
  await mark.waitFor();
  expect(plain(await mark.innerText())).toBe(plain(segment.text));
  await until("it is in view and has the focus", async () => {
    const box = await mark.boundingBox();
    const focused = await mark.evaluate((e) => e === document.activeElement);
    return focused && !!box && box.y > 0 && box.y + box.height < sizes.window.height;
  });
  expect(await violations(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollTop + document.body.scrollTop)).toBe(0);
  await shoot(page, "search-opened");

  await page.getByRole("main").getByRole("link", { name: en.frame.places.library }).click();
  await line.waitFor();
  expect(await field(page).inputValue()).toBe(word);
  await until("the line has the focus again", () => line.evaluate((e) => e === document.activeElement));
});

test("keys alone find, walk, open, come back and clear", async () => {
  const { segment, word } = rare();
  const page = await library();
  await page.keyboard.press("/");
  await page.keyboard.type(word);
  await lines(page).first().waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  const mark = page.getByRole("region", { name: en.job.text }).locator("mark");
  await mark.waitFor();
  expect(plain(await mark.innerText())).toBe(plain(segment.text));
  await page.goBack();
  const line = lines(page).first();
  await until("the line has the focus again", () => line.evaluate((e) => e === document.activeElement));
  await page.keyboard.press("Control+f");
  await page.keyboard.press("Escape");
  expect(await field(page).inputValue()).toBe("");
  await page.getByRole("list", { name: en.library.list }).getByText(long.title).waitFor();
});

test("of many lines the first are shown, and all on demand", async () => {
  const page = await library();
  const { hits } = (await (await server.ask("GET", "/api/v1/search?q=the&limit=500")).json()) as Found;
  const all = hits.filter((h) => h.job_id === long.id && h.segment_id).length;
  expect(all).toBeGreaterThan(5);
  await field(page).fill("the");
  const job = results(page).locator("> li").filter({ hasText: long.title });
  const said = job.getByRole("list").getByRole("link");
  await said.first().waitFor();
  expect(await said.count()).toBe(3);
  await job.getByRole("button", { name: en.library.moreLines(all - 3, false) }).click();
  expect(await said.count()).toBe(all);
  await until("the first new one has the focus", () =>
    said.nth(3).evaluate((e) => e === document.activeElement),
  );
});

test("a title is found however it was composed, and without its marks", async () => {
  const page = await library();
  for (const typed of ["야시", night, night.normalize("NFD"), "산책 야시장"]) {
    await field(page).fill(typed);
    const link = results(page).getByRole("link", { name: night });
    await link.waitFor();
    expect((await link.locator("mark").allInnerTexts()).join(" ")).toMatch(/야시/);
    await field(page).fill("");
    await results(page).waitFor({ state: "detached" });
  }
  for (const typed of ["cafe", "CAFÉ", "cafe\u0301 harb"]) {
    await field(page).fill(typed);
    const link = results(page).getByRole("link", { name: long.title });
    await link.waitFor();
    expect(await link.locator("mark").first().innerText()).toBe("Café");
  }
});

test.for<[string, string]>([
  ['"', "only signs"],
  ['*"-(^:', "only signs"],
  ["NEAR(quoted img)", "found"],
  ['"quoted"*', "found"],
  ["-quoted", "found"],
  ["text:quoted", "nothing"],
  ["quoted' OR 1=1 --", "nothing"],
  ["quoted AND NOT img", "nothing"],
  ["<img src=x", "found"],
  ["%", "only signs"],
  ["\u202equoted", "found"],
  ["🌊", "only signs"],
])("searching for %s is harmless: %s", async ([typed, what]) => {
  const page = await library();
  await field(page).fill(typed);
  if (what === "found") await results(page).getByText("<img src=x").waitFor();
  else {
    const says = what === "nothing" ? en.library.none : en.library.noWord;
    await page.getByRole("main").locator("p.title").getByText(says).waitFor();
  }
  expect(await page.evaluate(() => "broken" in window)).toBe(false);
  expect(await page.locator("#app img, #app script").count()).toBe(0);
  expect(await overflow(page)).toEqual([]);
});

test("what is too long to be typed is cut, and too many words are refused in words", async () => {
  const { page, excuse } = await open(`${server.url}/#/library`);
  excuse(/422/); // the browser tells it, too
  await page.getByRole("main").getByText(long.title).waitFor();
  await field(page).focus();
  await page.keyboard.insertText("harbourmaster".repeat(40));
  await results(page).getByText("Harbourmaster").waitFor();
  expect((await field(page).inputValue()).length).toBe(200);
  expect(await overflow(page)).toEqual([]);
  await field(page).fill(Array.from({ length: 60 }, (_, i) => `${i}`).join(" "));
  await page.getByRole("main").getByText(en.library.searchFailed).waitFor();
  await page.getByText(/too many words/).waitFor();
});

const languages = { en: { locale: "en-GB", words: en }, ko: { locale: "ko-KR", words: ko } };

test.for(Object.entries(languages))(
  "the results are sound for axe in %s",
  async ([code, { locale, words }]) => {
    const page = await library({ locale });
    const box = page.getByRole("searchbox", { name: words.library.search });
    for (const [name, typed] of Object.entries({ many: "the", title: "harb", none: "zebra" })) {
      await box.fill(typed);
      await page
        .getByRole("list", { name: words.library.results })
        .or(page.locator("p.title"))
        .first()
        .waitFor();
      await until("the answer is told", async () => (await page.locator("p.unseen").innerText()) !== "");
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        for (const [size, viewport] of Object.entries(sizes)) {
          await page.setViewportSize(viewport);
          const where = `search-${name}-${size}-${code}-${colorScheme}`;
          await shoot(page, where);
          expect(await violations(page), where).toEqual([]);
          expect(await overflow(page), where).toEqual([]);
        }
      }
      expect(await draggables(page)).toEqual([]);
    }
  },
);

test("a server that is away says so, and the search goes on when it is back", async () => {
  const { page, excuse } = await open(`${server.url}/#/library`);
  excuse(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/);
  await page.getByRole("main").getByText(long.title).waitFor();
  await server.stop();
  await field(page).fill("harbour");
  const view = page.getByRole("main");
  await view.getByText(en.library.searchFailed).waitFor();
  await server.start();
  await view.getByRole("button", { name: en.common.retry }).click();
  await results(page).getByText(long.title).waitFor();
});
