// What the tests of steering share: a line that stands still, and the menus of its jobs.
import type { Locator, Page } from "playwright-core";
import { afterEach, expect } from "vitest";
import type { SubmittedJob } from "../../src/lib/api/types";
import { en } from "../../src/lib/words/en";
import { ko } from "../../src/lib/words/ko";
import { browsing, overflow, shoot, sizes, violations, waiting } from "./page";
import { clip, serving, type Start } from "./server";

/** steering starts a server and a browser for all tests of a file, and clears away what each has left. */
export function steering(start?: Start) {
  const server = serving(start);
  const open = browsing();

  afterEach(async () => {
    await server.clear();
    for (const state of ["done", "failed", "canceled"]) {
      await server.ask("POST", "/api/v1/jobs/clear", { state });
    }
  });

  /** line puts jobs in a paused line, in this order. */
  async function line(...titles: string[]): Promise<SubmittedJob[]> {
    await server.ask("POST", "/api/v1/queue/pause");
    const jobs = [];
    for (const title of titles) jobs.push(await server.submit(clip("seen-000.wav"), { title }));
    return jobs;
  }

  /** order is how the line stands at the server. */
  const order = async () => (await server.board()).next.map((j) => j.title);

  /** stands waits until the line is in this order, at the server and on the page. */
  async function stands(page: Page, ...titles: string[]): Promise<void> {
    await expect.poll(order).toEqual(titles);
    const rows = page.getByRole("main").locator("ol li .title");
    await expect.poll(() => rows.allInnerTexts()).toEqual(titles);
  }

  return { server, open, line, order, stands };
}

/** dots is the button of a menu. */
export const dots = (row: Locator, title: string) =>
  row.getByRole("button", { name: en.queue.actions(title) });

/** choose opens the menu of a waiting job and takes one of its choices. */
export async function choose(page: Page, title: string, choice: string): Promise<void> {
  await dots(waiting(page, title), title).click();
  await page.getByRole("menu").getByText(choice, { exact: true }).click();
  await page.getByRole("menu").waitFor({ state: "detached" });
}

/** focused is what has the focus, by what it says. */
export const focused = (page: Page) =>
  page.evaluate(() => {
    const e = document.activeElement as HTMLElement;
    return e.getAttribute("aria-label") ?? e.innerText.split("\n")[0];
  });

/** looks are a language and colours, each of them once. */
export const looks = [
  { colorScheme: "light", locale: "en-GB", words: en },
  { colorScheme: "dark", locale: "ko-KR", words: ko },
] as const;

/** dialogFits looks at the dialog that is open, at every size. */
export async function dialogFits(page: Page, name: string): Promise<void> {
  for (const [size, viewport] of Object.entries(sizes)) {
    await page.setViewportSize(viewport);
    const where = `${name}-${size}`;
    await shoot(page, where);
    expect(await violations(page), where).toEqual([]);
    expect(await overflow(page), where).toEqual([]);
    const box = await page.getByRole("dialog").boundingBox();
    if (!box) throw new Error("there is no dialog");
    expect(Math.min(box.x, box.y), where).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width, where).toBeLessThanOrEqual(viewport.width);
    expect(box.y + box.height, where).toBeLessThanOrEqual(viewport.height);
    for (const button of await page.getByRole("dialog").locator(".actions button").all())
      expect(await button.isVisible(), where).toBe(true);
  }
}
