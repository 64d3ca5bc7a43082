import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { en } from "../../src/lib/words/en";
import { browsing, overflow, shoot, sizes, violations } from "./page";
import { clip, patience, serving, until } from "./server";
import { focused } from "./steering";

// A line as long as a page cannot hold. It is put there job by job, so that
// longer ones take long: SLUICE_MANY=100000 looks at one that is.
const many = Number(process.env.SLUICE_MANY ?? 5000);
const batch = 1000; // orders that one request may have
const canceled = 1500;

const server = serving();
const open = browsing();

beforeAll(async () => {
  await server.ask("POST", "/api/v1/queue/pause");
  await submit("Leaf", canceled);
  await server.ask("POST", "/api/v1/jobs/clear", { state: "queued" });
  const began = Date.now();
  await submit("Tree", many);
  console.log(`put ${many} jobs in line in ${Date.now() - began} ms`);
}, 600_000);

async function submit(name: string, count: number): Promise<void> {
  const source = clip("seen-000.wav");
  for (let first = 1; first <= count; first += batch) {
    const jobs = Array.from({ length: Math.min(batch, count - first + 1) }, (_, i) => ({
      source,
      title: `${name} ${first + i}`,
    }));
    await server.ask("POST", "/api/v1/jobs", { jobs });
  }
}

const line = (page: Page) => page.getByRole("list", { name: en.queue.line, exact: true });
const rows = (page: Page) => line(page).getByRole("listitem");
const link = (page: Page, n: number) => line(page).getByRole("link", { name: `Tree ${n}`, exact: true });
const row = (page: Page, n: number) =>
  rows(page).filter({ has: page.getByRole("link", { name: `Tree ${n}`, exact: true }) });

/** seen is the titles of the rows that are in view, and whether all of them are there. */
const seen = (page: Page) =>
  page.evaluate(() => {
    const view = document.querySelector(".view")?.getBoundingClientRect();
    if (!view) return [];
    return [...document.querySelectorAll("ol > li")]
      .filter((li) => {
        const { top, bottom } = li.getBoundingClientRect();
        return bottom > view.top + 1 && top < view.bottom - 1;
      })
      .map((li) => li.querySelector(".title")?.textContent ?? "");
  });

/** hole is the first row in view that does not follow the one before it; "" = all of them do. */
function hole(titles: string[]): string {
  if (titles.length < 4) return `only ${titles.join()}`;
  const follows = (title: string, i: number) =>
    i === 0 || title === `Tree ${Number(titles[i - 1]?.slice(5)) + 1}`;
  const at = titles.findIndex((title, i) => !follows(title, i));
  return at < 0 ? "" : titles.slice(at - 1).join();
}

/** whole waits until what is in view is there, without a hole. */
const whole = (page: Page, where = "") =>
  expect.poll(async () => hole(await seen(page)), { message: where, timeout: patience }).toBe("");

/** bounded looks that no more is drawn than what is near the view. */
const bounded = async (page: Page) => expect(await rows(page).count()).toBeLessThan(80);

describe("a very long line", () => {
  test("is drawn in a moment, as long as it is, with few rows", async () => {
    const began = Date.now();
    const { page } = await open(server.url);
    await link(page, 1).waitFor();
    console.log(`first rows of ${many} after ${Date.now() - began} ms`);
    await page.getByRole("heading", { name: `${en.queue.line} ${many}` }).waitFor();
    expect(await row(page, 1).getAttribute("aria-posinset")).toBe("1");
    expect(await row(page, 1).getAttribute("aria-setsize")).toBe(String(many));
    await bounded(page);
    await shoot(page, "many");
    expect(await violations(page)).toEqual([]);
  });

  test("is walked with keys from one end to the other, and the focus goes along", async () => {
    const { page } = await open(server.url);
    await link(page, 1).focus();
    await page.keyboard.press("End");
    await expect.poll(() => focused(page)).toBe(`Tree ${many}`);
    expect(await row(page, many).getAttribute("aria-posinset")).toBe(String(many));
    await row(page, many).getByText(String(many), { exact: true }).waitFor();
    await whole(page);
    await bounded(page);
    const box = await row(page, many).boundingBox();
    expect((box?.y ?? 0) + (box?.height ?? 0), "the last row is cut").toBeLessThan(sizes.window.height);
    await shoot(page, "many-end");

    await page.keyboard.press("PageUp");
    await expect.poll(async () => Number(((await focused(page)) ?? "").slice(5))).toBeLessThan(many - 3);
    const at = Number(((await focused(page)) ?? "").slice(5));
    for (let i = 0; i < 120; i++) await page.keyboard.press("ArrowUp");
    await expect.poll(() => focused(page)).toBe(`Tree ${at - 120}`);
    await page.keyboard.press("PageDown");
    await page.keyboard.press("PageUp");
    await expect.poll(() => focused(page)).toBe(`Tree ${at - 120}`);
    await page.keyboard.press("Home");
    await expect.poll(() => focused(page)).toBe("Tree 1");
    await page.keyboard.press("Tab"); // to what its row offers, and from there out of the list
    expect(await focused(page)).toBe(en.queue.actions("Tree 1"));
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => !!document.activeElement?.closest("ol"))).toBe(false);
  });

  test("is scrolled anywhere, and what is in view is there", async () => {
    const { page } = await open(server.url);
    await link(page, 1).waitFor();
    const view = page.locator(".view");
    for (const part of [0.5, 0.11, 0.93, 0.3]) {
      await view.evaluate(
        (v, part) => (v.scrollTop = (v.querySelector("ol")?.offsetHeight ?? 0) * part),
        part,
      );
      await whole(page);
      await bounded(page);
    }
    const frames = page.evaluate(async () => {
      const gaps: number[] = [];
      let last = performance.now();
      for (let i = 0; i < 120; i++) {
        await new Promise(requestAnimationFrame);
        document.querySelector(".view")?.scrollBy(0, 120);
        gaps.push(performance.now() - last);
        last = performance.now();
      }
      return gaps.sort((a, b) => a - b);
    });
    const gaps = await frames;
    const share = (part: number) => (gaps[Math.floor(gaps.length * part)] ?? 0).toFixed(0);
    console.log(`scrolling ${many} rows: half of the frames took ${share(0.5)} ms, 95 % ${share(0.95)} ms`);
    await whole(page);
  });

  test("keeps still what is looked at while jobs in front of it go", async () => {
    const { page } = await open(server.url);
    await link(page, 1).waitFor();
    await page.locator(".view").evaluate((v) => (v.scrollTop = v.scrollHeight / 3));
    await whole(page);
    const title = (await seen(page))[4] ?? "";
    const it = line(page).getByRole("link", { name: title, exact: true });
    const place = () => it.locator("xpath=ancestor::li").getAttribute("aria-posinset");
    const [top, before] = [(await it.boundingBox())?.y ?? 0, Number(await place())];
    const next = (await server.board()).next.slice(0, 3);
    for (const job of next) await server.ask("POST", `/api/v1/jobs/${job.id}/cancel`);
    await expect.poll(async () => Number(await place())).toBe(before - 3);
    expect(Math.abs(((await it.boundingBox())?.y ?? 0) - top)).toBeLessThan(2);
    for (const job of next.reverse()) {
      await server.ask("POST", `/api/v1/jobs/${job.id}/retry`);
      await server.ask("POST", `/api/v1/jobs/${job.id}/move`, { to: "front" });
    }
    await expect.poll(async () => Number(await place())).toBe(before);
  });

  test("is put in order far from its front", async () => {
    const { page } = await open(server.url);
    await link(page, 1).focus();
    await page.keyboard.press("End");
    await expect.poll(() => focused(page)).toBe(`Tree ${many}`);
    const top = await link(page, many - 2).boundingBox();
    await page.keyboard.press("Alt+ArrowUp");
    const last = async () => {
      const answer = await server.ask("GET", `/api/v1/jobs?order=line&from=${many - 1}`);
      return ((await answer.json()) as { jobs: { title: string }[] }).jobs.map((j) => j.title);
    };
    await expect.poll(last).toEqual([`Tree ${many}`, `Tree ${many - 1}`]);
    await expect.poll(async () => (await seen(page)).slice(-2)).toEqual([`Tree ${many}`, `Tree ${many - 1}`]);
    expect(await focused(page)).toBe(`Tree ${many}`);
    expect((await link(page, many - 2).boundingBox())?.y, "the others have moved").toBeCloseTo(
      top?.y ?? 0,
      0,
    );
    await page.keyboard.press("Alt+ArrowDown");
    await expect.poll(last).toEqual([`Tree ${many - 1}`, `Tree ${many}`]);

    // To the very front, and back.
    await page.getByRole("button", { name: en.queue.actions(`Tree ${many}`), exact: true }).click();
    await page.getByRole("menuitem", { name: en.queue.toFront }).click();
    await expect.poll(async () => (await server.board()).next[0]?.title).toBe(`Tree ${many}`);
    const { id = "" } = (await server.board()).next[0] ?? {};
    await server.ask("POST", `/api/v1/jobs/${id}/move`, { to: "back" });
    await expect.poll(last).toEqual([`Tree ${many - 1}`, `Tree ${many}`]);
  });
});

test("what has ended is a long list of its own, which a button leads to", async () => {
  const { page } = await open(server.url);
  await page.getByRole("button", { name: en.queue.toEnded(canceled) }).click();
  const ended = page.getByRole("list", { name: en.queue.ended, exact: true });
  await ended.getByRole("link", { name: /^Leaf/ }).first().waitFor();
  await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe("H2");
  await shoot(page, "many-ended");
  const first = ended.locator("[data-row]").first();
  await first.focus();
  await page.keyboard.press("End");
  const item = ended.getByRole("listitem").last();
  await expect.poll(() => item.getAttribute("aria-posinset")).toBe(String(canceled));
  await item.getByRole("link", { name: /^Leaf/ }).waitFor();
  expect(await ended.getByRole("listitem").count()).toBeLessThan(80);
  expect(await violations(page)).toEqual([]);
});

test("a very long line fits into every window", async () => {
  const { page } = await open(server.url);
  for (const [size, viewport] of Object.entries(sizes)) {
    await page.setViewportSize(viewport);
    await page.locator(".view").evaluate((v) => (v.scrollTop = v.scrollHeight / 2));
    await whole(page, size);
    await shoot(page, `many-${size}`);
    expect(await violations(page), size).toEqual([]);
    expect(await overflow(page), size).toEqual([]);
  }
  await until("nothing is drawn that is not near", async () => (await rows(page).count()) < 80);
});
