import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import type { Job } from "../../src/lib/api/types";
import { en } from "../../src/lib/words/en";
import { browsing, overflow, shoot, sizes } from "./page";
import { clip, serving } from "./server";

const server = serving();
const open = browsing();

// What a title may hold, since it comes from whoever made the file.
const markup = `<img src=x onerror="window.broken=1"><script>window.broken=1</script>`;
const backwards = "invoice\u202efdp.exe and what follows";
const endless = "Harbourmaster".repeat(24).slice(0, 300);
let done: Job[] = [];

beforeAll(async () => {
  for (const [i, title] of [markup, backwards, endless].entries()) {
    done.push(await server.done(clip(`seen-00${i}.wav`), { title }));
  }
  const bad = await server.file(`${"n".repeat(200)}.mp4`, "no film");
  const { id } = await server.submit(bad, { title: `${markup} ${endless.slice(0, 180)}` });
  await server.reaches(id, "failed");
  await server.ask("POST", "/api/v1/queue/pause");
  for (const title of [markup, backwards, endless]) await server.submit(clip("seen-004.wav"), { title });
  done = (await server.board()).last;
});

/** unharmed says that no title became more than text, and none pushed the page apart. */
async function unharmed(page: Page): Promise<void> {
  expect(await page.evaluate(() => "broken" in window)).toBe(false);
  expect(await page.locator("#app img, #app script").count()).toBe(0);
  expect(await overflow(page)).toEqual([]);
}

test.for(Object.entries(sizes))(
  "strange titles are text and break no layout in a %s",
  async ([name, viewport]) => {
    const { page } = await open(server.url, { viewport });
    for (const title of [markup, backwards, endless]) {
      await page.getByRole("main").locator("ol li a").filter({ hasText: title }).waitFor();
    }
    await unharmed(page);
    await shoot(page, `hostile-queue-${name}`);
    await page.goto(`${server.url}/#/library`);
    await page.getByRole("main").getByText(backwards).waitFor();
    await unharmed(page);
    await shoot(page, `hostile-library-${name}`);
    await page.goto(`${server.url}/#/machine`);
    await page.getByRole("heading", { name: en.machine.holds }).waitFor();
    await unharmed(page);
    for (const job of done) {
      await page.goto(`${server.url}/#/job/${job.id}`);
      await page.getByRole("heading", { level: 1 }).filter({ hasText: job.title }).waitFor();
      await unharmed(page);
    }
    await shoot(page, `hostile-job-${name}`);
  },
);

test("a title that writes backwards turns only itself around", async () => {
  const { page } = await open(server.url);
  const title = page.getByRole("main").locator("ol li a").filter({ hasText: backwards });
  await title.waitFor();
  const around = await title.evaluate((e) => getComputedStyle(e).unicodeBidi);
  expect(around).toMatch(/isolate|plaintext/);
});

test("a sentence around a title that writes backwards still reads forwards", async () => {
  await server.ask("POST", "/api/v1/queue/resume");
  await server.clear();
  const { page } = await open(server.url);
  await server.submit(await server.long(), { title: "invoice\u202efdp.exe", threads: 1 });
  await page.getByRole("main").getByRole("article").getByRole("button", { name: en.common.cancel }).click();
  const question = page.getByRole("dialog");
  await question.waitFor();
  await shoot(page, "hostile-sentence");
  const [first, second] = await question.evaluate((e) => {
    // Where two words that follow the title stand; a range asks for the drawn text.
    const left = (word: string) => {
      const walk = document.createTreeWalker(e, NodeFilter.SHOW_TEXT);
      for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        const at = node.textContent?.indexOf(word) ?? -1;
        if (at < 0) continue;
        const range = document.createRange();
        range.setStart(node, at);
        range.setEnd(node, at + word.length);
        return range.getBoundingClientRect().left;
      }
      return NaN;
    };
    return [left("being"), left("worked")] as const;
  });
  expect(first).toBeLessThan(second);
});

test("the question before a cancel holds any title", async () => {
  await server.ask("POST", "/api/v1/queue/resume");
  await server.clear();
  const { page } = await open(server.url, { viewport: sizes.phone });
  await server.submit(await server.long(), { title: endless, threads: 1 });
  await page
    .getByRole("article")
    .getByRole("button", { name: en.queue.cancel(endless) })
    .click();
  const question = page.getByRole("dialog");
  await question.waitFor();
  const box = await question.boundingBox();
  expect(box?.x).toBeGreaterThanOrEqual(0);
  expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(sizes.phone.width);
  await shoot(page, "hostile-question");
  await unharmed(page);
  await question.getByRole("button", { name: en.queue.cancelYes }).click();
  await page.getByText(en.queue.canceled(endless)).waitFor();
  await unharmed(page);
});
