import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { fieldText } from "../../src/lib/later";
import { en } from "../../src/lib/words/en";
import { ended, waiting } from "./page";
import { clip, until } from "./server";
import { choose, dialogFits, dots, focused, looks, steering } from "./steering";

const { server, open, line, order } = steering();

const minute = 60_000;
const day = 24 * 60 * minute;
const words = en.later;

const field = (page: Page) => page.getByLabel(words.own);
const gone = (page: Page) => page.getByRole("dialog").waitFor({ state: "detached" });

/** fromMenu opens the menu of a job by keys, and takes the first choice that begins with a letter. */
async function fromMenu(page: Page, title: string, letter: string, choice: string): Promise<void> {
  await dots(waiting(page, title), title).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menu").waitFor();
  await page.keyboard.press(letter);
  expect(await focused(page)).toBe(choice);
  await page.keyboard.press("Enter");
}

test("a job is scheduled, given another time and released by keys alone", async () => {
  const [, birch] = await line("Alder", "Birch");
  const id = birch?.id ?? "";
  const { page } = await open(server.url);

  await fromMenu(page, "Birch", "s", words.choose);
  await page.getByRole("dialog", { name: words.title }).waitFor();
  expect(await focused(page)).toContain(words.suggested.hour);
  const before = Date.now();
  await page.keyboard.press("Enter");
  await gone(page);
  await waiting(page, "Birch")
    .getByText(/^Starts not before (tomorrow )?\d\d:\d\d$/)
    .waitFor();
  await page.getByText(/“\u2068Birch\u2069” starts not before/).waitFor();
  expect(await focused(page)).toBe(en.queue.actions("Birch"));
  const first = await server.job(id);
  expect(first.reason).toBe("scheduled");
  const ahead = Date.parse(first.until ?? "") - before;
  expect(ahead).toBeGreaterThanOrEqual(60 * minute);
  expect(ahead).toBeLessThan(63 * minute);
  expect(await order()).toEqual(["Alder", "Birch"]);

  await fromMenu(page, "Birch", "c", words.change);
  await page.getByRole("dialog", { name: words.changeTitle }).waitFor();
  await expect.poll(() => field(page).evaluate((f) => f === document.activeElement)).toBe(true);
  expect(await field(page).inputValue()).toBe(fieldText(Date.parse(first.until ?? "")));
  // The year is the third part of a date, whether its day or its month comes first.
  for (const key of ["ArrowRight", "ArrowRight", "ArrowUp"]) await page.keyboard.press(key);
  await page.keyboard.press("Enter");
  await gone(page);
  const then = new Date(first.until ?? "");
  then.setFullYear(then.getFullYear() + 1);
  expect(Date.parse((await server.job(id)).until ?? "")).toBe(then.getTime());
  await waiting(page, "Birch")
    .getByText(new RegExp(`^Starts not before \\d+ \\w+ ${then.getFullYear()}, \\d\\d:\\d\\d$`))
    .waitFor();
  expect(await focused(page)).toBe(en.queue.actions("Birch"));

  await fromMenu(page, "Birch", "s", en.queue.release);
  await until("it waits no longer", async () => (await server.job(id)).until === undefined);
  expect(await focused(page)).toBe(en.queue.actions("Birch"));
  await server.ask("POST", "/api/v1/queue/resume");
  await ended(page, "Birch").waitFor();
});

test("a time that has passed, or is none, is refused beside the field", async () => {
  const [alder] = await line("Alder");
  const { page } = await open(server.url);
  await choose(page, "Alder", words.choose);
  for (const [text, wrong] of [
    ["2020-01-01T10:00", words.wrong.past],
    ["", words.wrong.missing],
    ["2090-01-01T10:00", words.wrong.far],
  ] as const) {
    await field(page).fill(text);
    await page.getByRole("button", { name: words.start }).click();
    await page.getByRole("alert").getByText(wrong, { exact: true }).waitFor();
    expect(await field(page).getAttribute("aria-invalid")).toBe("true");
    expect(await field(page).evaluate((f) => f === document.activeElement)).toBe(true);
  }
  await page.keyboard.press("Escape");
  await gone(page);
  expect(await focused(page)).toBe(en.queue.actions("Alder"));
  expect((await server.job(alder?.id ?? "")).reason).not.toBe("scheduled");
});

test("a job that is held can be given a time instead, in its own view", async () => {
  const [alder] = await line("Alder");
  await server.ask("POST", `/api/v1/jobs/${alder?.id}/hold`);
  const { page } = await open(`${server.url}/#/job/${alder?.id}`);
  const view = page.getByRole("main");
  await view.getByText(en.reasons.text.held, { exact: true }).waitFor();
  await view.getByRole("button", { name: en.job.actions }).click();
  await page.getByRole("menuitem", { name: words.choose }).click();
  await page.getByRole("button", { name: words.suggested.morning }).click();
  await view.getByText("Starts not before tomorrow 07:00").waitFor();
  await gone(page);
  expect(await focused(page)).toBe(en.job.actions);
  await view.getByRole("button", { name: en.job.actions }).click();
  await page.getByRole("menuitem", { name: words.change }).waitFor();
});

test("a job starts by itself when its time has come", async () => {
  const [alder] = await line("Alder");
  const { page } = await open(server.url);
  const soon = new Date(Date.now() + 4000).toISOString();
  await server.ask("POST", `/api/v1/jobs/${alder?.id}/hold`, { until: soon });
  await server.ask("POST", "/api/v1/queue/resume");
  await waiting(page, "Alder").getByText("Starts not before").waitFor();
  await ended(page, "Alder").waitFor();
  const { started_at } = await server.job(alder?.id ?? "");
  expect(Date.parse(started_at ?? "")).toBeGreaterThanOrEqual(Date.parse(soon));
});

test("a job that has begun meanwhile says so in the dialog, and the focus is not lost", async () => {
  const [alder] = await line("Alder");
  const { page, excuse } = await open(server.url);
  excuse(/409/);
  await choose(page, "Alder", words.choose);
  await page.getByRole("dialog").waitFor();
  await server.ask("POST", "/api/v1/queue/resume");
  await server.reaches(alder?.id ?? "", "done");
  await page.getByRole("button", { name: words.start }).click();
  await page.getByRole("alert").getByText(en.faults.job_final.message).waitFor();
  await page.keyboard.press("Escape");
  await gone(page);
  await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).not.toBe("BODY");
});

test.for(looks)("the dialog is sound for axe, and fits: $colorScheme, $locale", async (look) => {
  const { words: say, ...options } = look;
  const long = "A very long walk along the old harbour wall in the rain, part two, with all that was said";
  await line(long);
  const at = new Date(Date.now() + day).toISOString();
  await server.submit(clip("seen-001.wav"), { title: "Dogwood", not_before: at });
  const { page } = await open(server.url, options);
  for (const [title, choice] of [
    [long, say.later.choose],
    ["Dogwood", say.later.change],
  ] as const) {
    await page.getByRole("button", { name: say.queue.actions(title) }).click();
    await page.getByRole("menuitem", { name: choice }).click();
    await dialogFits(page, `later-${title.slice(0, 7).trim()}-${look.colorScheme}`);
    await page.getByLabel(say.later.own).fill("2020-01-01T10:00");
    await page.getByRole("button", { name: say.later.start }).click();
    await page.getByText(say.later.wrong.past).waitFor();
    await dialogFits(page, `later-wrong-${look.colorScheme}`);
    await page.keyboard.press("Escape");
  }
});
