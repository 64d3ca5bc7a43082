import { readFile } from "node:fs/promises";
import type { Locator, Page } from "playwright-core";
import { beforeEach, expect, test } from "vitest";
import type { Job, Transcript } from "../../src/lib/api/types";
import { en } from "../../src/lib/words/en";
import { ko } from "../../src/lib/words/ko";
import { browsing, overflow, shoot, sizes, violations, type Opened } from "./page";
import { clip, serving, until } from "./server";

const server = serving();
const open = browsing();
const words = en.reading;
let job: Job | undefined;
let opened: Opened;

const evil = '<img src=x onerror="alert(1)"> & 물이 들어왔다';

/** segments are the lines of the text as the server has them. */
async function segments(): Promise<Transcript["segments"]> {
  const answer = await server.ask("GET", `/api/v1/jobs/${job?.id}/transcript`);
  return ((await answer.json()) as Transcript).segments;
}

/** edit corrects a line behind the page's back. */
async function edit(id: number, text: string | null): Promise<void> {
  await server.ask("PATCH", `/api/v1/jobs/${job?.id}/transcript`, { edits: [{ id, text }] });
}

beforeEach(async () => {
  job ??= await server.done(clip("three-minutes.mp4"), { title: "Harbour master" });
  for (const s of await segments()) if (s.edited) await edit(s.id, null);
});

/** correcting opens the text line by line. */
async function correcting(locale = "en-GB"): Promise<Page> {
  opened = await open(`${server.url}/#/job/${job?.id}`, {
    locale,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const { page } = opened;
  const table = locale === "ko-KR" ? ko : en;
  await page.getByRole("button", { name: table.reading.correct }).click();
  await row(page, 0).waitFor();
  return page;
}

const row = (page: Page, line: number): Locator => page.locator(`li[data-line="${line}"]`);
const field = (page: Page) => page.getByRole("textbox", { name: /^Text at/ });
const pencil = (at: Locator) => at.getByRole("button", { name: words.correctLine });

test("a line is corrected in place, the export carries it, and it can be taken back", async () => {
  const page = await correcting();
  const [, second] = await segments();
  const line = row(page, 1);
  await pencil(line).click();
  await until("the field has the focus", () => field(page).evaluate((f) => f === document.activeElement));
  expect(await field(page).inputValue()).toBe(second?.text.trim());
  await field(page).fill(evil);
  await page.keyboard.press("Enter");
  await page.getByText(words.done).waitFor();
  expect(await line.locator(".said").innerText()).toBe(evil);
  await until("the line's button has the focus again", () =>
    pencil(line).evaluate((b) => b === document.activeElement),
  );
  expect((await segments())[1]).toMatchObject({ text: evil, edited: true, original: second?.text });

  await page.getByRole("button", { name: en.common.export }).click();
  const saved = page.waitForEvent("download");
  await page.getByRole("menuitem").filter({ hasText: ".txt" }).click();
  expect(await readFile(await (await saved).path(), "utf8")).toContain(evil);

  // It is still there when the page comes anew, and so is what was heard.
  await page.reload();
  await page.getByRole("button", { name: words.correct }).click();
  await line.getByRole("button", { name: words.corrected }).click();
  await line.getByText(second?.text.trim() ?? "?").waitFor();
  await shoot(page, "correct-original");
  await line.getByRole("button", { name: words.takeBack }).click();
  await until("it says again what was heard", async () => !(await segments())[1]?.edited);
  expect(await line.locator(".said").innerText()).toBe(second?.text.trim());
});

test("a correction can be undone, given up, and made with keys alone", async () => {
  const page = await correcting();
  const [first] = await segments();
  await row(page, 0)
    .getByRole("button", { name: /^Play from/ })
    .focus();
  await page.keyboard.press("F2");
  await field(page).waitFor();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("Other words.");
  await page.keyboard.press("Escape");
  await field(page).waitFor({ state: "detached" });
  expect((await segments())[0]?.text).toBe(first?.text);

  await page.keyboard.press("F2");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("Other words.");
  await page.keyboard.press("Enter");
  await page.getByText(words.done).waitFor();
  expect((await segments())[0]?.text).toBe("Other words.");
  await page.getByRole("button", { name: words.undo }).click();
  await until("it is undone", async () => (await segments())[0]?.text === first?.text);
  expect((await segments())[0]?.edited).toBeUndefined();

  // Other things that can be done with a line.
  await row(page, 1).getByRole("button", { name: words.lineMenu }).click();
  await page.getByRole("menuitem", { name: words.copyLineTime }).click();
  await page.getByText(words.lineCopied).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toMatch(/^\d+:\d\d /u);
  expect(copied).toContain((await segments())[1]?.text.trim());
});

test("what somebody else wrote meanwhile is shown, and one of the two is chosen", async () => {
  const page = await correcting();
  await pencil(row(page, 2)).click();
  await field(page).fill("Mine.");
  const third = (await segments())[2];
  await edit(third?.id ?? 0, "Theirs.");
  opened.excuse(/409.*\/transcript/);
  await page.keyboard.press("Enter");
  await page.getByText(words.conflict).waitFor();
  await row(page, 2).getByText("Theirs.").waitFor();
  expect(await field(page).inputValue()).toBe("Mine.");
  await shoot(page, "correct-conflict");
  expect(await violations(page)).toEqual([]);
  await page.getByRole("button", { name: words.mine }).click();
  await until("mine stands", async () => (await segments())[2]?.text === "Mine.");
  expect((await segments())[2]?.original).toBe(third?.text);
});

test("what was written survives a server that does not answer, and leaving is asked about", async () => {
  const page = await correcting();
  opened.excuse(/transcript|ERR_|Failed to load/);
  await pencil(row(page, 0)).click();
  await field(page).fill("Not to be lost.");
  await page.route("**/transcript*", (route) =>
    route.request().method() === "PATCH" ? route.abort() : route.continue(),
  );
  await page.keyboard.press("Enter");
  await page.getByText(words.kept).waitFor();
  expect(await field(page).inputValue()).toBe("Not to be lost.");

  const question = page.getByRole("dialog", { name: words.leaveTitle });
  await page.getByRole("link", { name: en.frame.places.machine }).click();
  await question.getByRole("button", { name: words.stay }).click();
  expect(page.url()).toContain(`/#/job/${job?.id}`);
  expect(await field(page).inputValue()).toBe("Not to be lost.");
  await page.unroute("**/transcript*");
  await field(page).press("Enter");
  await page.getByText(words.done).waitFor();

  await pencil(row(page, 1)).click();
  await field(page).fill("Given up.");
  await page.getByRole("link", { name: en.frame.places.machine }).click();
  await question.getByRole("button", { name: words.leave }).click();
  await page.getByRole("heading", { name: en.frame.places.machine, level: 1 }).waitFor();
  expect((await segments()).slice(0, 2).map((s) => s.edited ?? false)).toEqual([true, false]);
});

test.for(["en-GB", "ko-KR"])(
  "the lines are sound for axe in %s, whatever their size and colours",
  async (locale) => {
    const table = locale === "ko-KR" ? ko : en;
    await edit(2, "This line was corrected.");
    const page = await correcting(locale);
    await row(page, 1).getByRole("button", { name: table.reading.corrected }).click();
    await row(page, 2).getByRole("button", { name: table.reading.correctLine }).click();
    await row(page, 2).getByRole("textbox").waitFor();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      for (const [size, viewport] of Object.entries(sizes)) {
        await page.setViewportSize(viewport);
        const where = `correct-${size}-${locale.slice(0, 2)}-${colorScheme}`;
        await shoot(page, where);
        expect(await violations(page), where).toEqual([]);
        expect(await overflow(page), where).toEqual([]);
      }
    }
  },
);
