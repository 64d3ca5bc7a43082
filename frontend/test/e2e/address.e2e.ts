import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { en } from "../../src/lib/words/en";
import { ko } from "../../src/lib/words/ko";
import { Mirror } from "./mirror";
import { ended, overflow, shoot, sizes, violations, waiting } from "./page";
import { clip } from "./server";
import { dialogFits, focused, looks, steering } from "./steering";

const mirror = new Mirror();
const { server, open, line } = steering({ env: { SLUICE_FETCH_ALLOW: "127.0.0.1" } });

beforeAll(async () => {
  await mirror.start();
  mirror.body = await readFile(clip("seen-000.wav"));
});
afterAll(() => mirror.close());

const words = en.address;
const narrow = { width: 480, height: 640 };

const dialog = (page: Page) => page.getByRole("dialog", { name: words.title });
const field = (page: Page) => page.getByLabel(words.field);
const gone = (page: Page) => page.getByRole("dialog").waitFor({ state: "detached" });
const fromWeb = (page: Page, say = words) => page.getByRole("main").getByRole("button", { name: say.open });

test("an address is added by keys alone, and its file is downloaded, heard and done", async () => {
  const path = "/harbour.wav?key=secret";
  mirror.planAt(path, { rate: mirror.body.length / 6 });
  const { page } = await open(server.url);
  await fromWeb(page).focus();
  await page.keyboard.press("Enter");
  await dialog(page).waitFor();
  expect(await field(page).evaluate((f) => f === document.activeElement)).toBe(true);
  await page.keyboard.type(mirror.url + path);
  await page.keyboard.press("Enter");
  await gone(page);
  await page.getByText(en.queue.added(1), { exact: true }).waitFor();

  const running = page.getByRole("main").getByRole("article").filter({ hasText: "harbour.wav" });
  await running.getByText(en.common.downloading, { exact: true }).waitFor();
  await running.getByText(/^Downloading, [1-9]\d*%/).waitFor();
  await running.getByText(en.queue.fetching).waitFor();
  await shoot(page, "address-downloading");
  expect(await violations(page)).toEqual([]);
  // The button that asked is gone with the empty queue.
  expect(await page.evaluate(() => document.activeElement?.tagName)).not.toBe("BODY");

  await ended(page, "harbour.wav").getByText(en.common.states.done).waitFor();
  await ended(page, "harbour.wav").getByRole("link").click();
  await page.getByRole("main").getByText("harbour.wav").last().waitFor();
  expect(await page.content()).not.toContain("secret");
});

test("an address that is pasted into the page waits in the dialog, and Escape drops it", async () => {
  const { page } = await open(`${server.url}/#/machine`);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const paste = async (text: string) => {
    await page.evaluate((text) => navigator.clipboard.writeText(text), text);
    await page.keyboard.press("Control+V");
  };
  await page.getByRole("slider").waitFor();
  await paste("the harbour master");
  await paste(` ${mirror.url}/ferry.wav\n`);
  await dialog(page).waitFor();
  expect(await field(page).inputValue()).toBe(`${mirror.url}/ferry.wav`);
  await field(page).press("Control+A");
  await paste(`${mirror.url}/market.wav`); // now there is a field that takes it
  expect(await field(page).inputValue()).toBe(`${mirror.url}/market.wav`);
  await page.keyboard.press("Escape");
  await gone(page);
  expect((await server.board()).depth).toBe(0);

  await paste(`${mirror.url}/ferry.wav`);
  await dialog(page).waitFor();
  await page.keyboard.press("Enter");
  await gone(page);
  await page.getByRole("heading", { name: en.queue.title, exact: true }).waitFor(); // where it can be seen
  await ended(page, "ferry.wav").getByText(en.common.states.done).waitFor();
});

test("what is no address is not sent, and one that is refused says why", async () => {
  const { page, excuse } = await open(server.url);
  excuse(/422/);
  await fromWeb(page).click();
  for (const [text, wrong] of [
    ["", words.wrong.missing],
    ["media.example.com/x.mp4", words.wrong.scheme],
    ["https://", words.wrong.broken],
  ] as const) {
    await field(page).fill(text);
    await page.keyboard.press("Enter");
    await dialog(page).getByRole("alert").getByText(wrong, { exact: true }).waitFor();
    expect(await field(page).getAttribute("aria-invalid")).toBe("true");
  }
  await field(page).fill("http://10.0.0.1/x.mp4");
  await dialog(page).getByRole("button", { name: words.add }).click();
  const alert = dialog(page).getByRole("alert").filter({ hasText: "10.0.0.1" });
  await alert.getByText(/fetch\.allow/).waitFor();
  expect(await field(page).inputValue()).toBe("http://10.0.0.1/x.mp4");
  await dialog(page).getByRole("button", { name: en.common.cancel }).click();
  await gone(page);
  expect(await focused(page)).toBe(words.open);
  expect((await server.board()).depth).toBe(0);
});

test("a job whose server is away says so while it waits", async () => {
  const { page } = await open(server.url, { locale: "ko-KR" });
  await server.submit("http://127.0.0.1:9/away.wav");
  await waiting(page, "away.wav").getByText(ko.reasons.server).waitFor();
  await shoot(page, "address-away-ko");
});

test("a file that the server does not have fails with the words for it", async () => {
  mirror.planAt("/none.wav", { status: 404 });
  const { page } = await open(server.url, { locale: "ko-KR" });
  await server.submit(`${mirror.url}/none.wav`);
  await ended(page, "none.wav").getByText(ko.faults.url_failed.message).waitFor();
});

test.for(looks)("it is sound for axe, and fits: $colorScheme, $locale", async (look) => {
  const { words: say, ...options } = look;
  const { page, excuse } = await open(server.url, options);
  excuse(/422/);
  const all = { ...sizes, narrow };
  const seen = async (name: string) => {
    for (const [size, viewport] of Object.entries(all)) {
      await page.setViewportSize(viewport);
      const where = `address-${name}-${size}-${look.locale}-${look.colorScheme}`;
      await shoot(page, where);
      expect(await violations(page), where).toEqual([]);
      expect(await overflow(page), where).toEqual([]);
    }
  };
  await fromWeb(page, say.address).waitFor();
  await seen("empty");
  await line("A very long walk along the old harbour wall in the rain, part two");
  await page.getByRole("main").locator("ol li").waitFor();
  await seen("busy");

  await fromWeb(page, say.address).click();
  const add = page.getByRole("button", { name: say.address.add, exact: true });
  await dialogFits(page, `address-dialog-${look.locale}-${look.colorScheme}`);
  await add.click();
  await page.getByText(say.address.wrong.missing).waitFor();
  await page.getByLabel(say.address.field).fill("https://");
  await add.click();
  await page.getByText(say.address.wrong.broken).waitFor();
  await seen("wrong");
  await page.getByLabel(say.address.field).fill(`http://10.0.0.1/${"long-".repeat(40)}.mp4`);
  await add.click();
  await page
    .getByRole("dialog")
    .getByText(/fetch\.allow/)
    .waitFor();
  await dialogFits(page, `address-refused-${look.locale}-${look.colorScheme}`);
  await seen("refused");
});
