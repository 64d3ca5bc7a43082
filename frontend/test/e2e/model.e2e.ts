import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { en } from "../../src/lib/words/en";
import { ended, waiting } from "./page";
import { clip, until } from "./server";
import { dialogFits, dots, focused, looks, steering } from "./steering";

// With so little memory some models can never run.
const { server, open } = steering({ env: { SLUICE_MEMORY_CEILING: "2GB" } });

beforeAll(() => server.model("sluice-other"));

const words = en.models;

const radio = (page: Page, name: string) => page.getByRole("radio", { name: new RegExp(`^${name}( |$)`) });
const gone = (page: Page) => page.getByRole("dialog").waitFor({ state: "detached" });

/** inView says whether a model can be seen where the list is scrolled to. */
const inView = (page: Page, name: string) =>
  radio(page, name).evaluate((e) => {
    const [row, list] = [e.closest("label"), e.closest(".text")].map((x) => x?.getBoundingClientRect());
    return row !== undefined && list !== undefined && row.top >= list.top && row.bottom <= list.bottom;
  });

/** ask opens the dialog from the row of a job that has ended. */
async function ask(page: Page, title: string): Promise<void> {
  await dots(ended(page, title), title).click();
  await page.getByRole("menuitem", { name: words.choose }).click();
  await page.getByRole("dialog", { name: words.title }).waitFor();
}

test("a job is done again with another model by keys alone, and its text names that one", async () => {
  const { id } = await server.done(clip("seen-000.wav"), { title: "Harbour" });
  const { page } = await open(server.url);
  await dots(ended(page, "Harbour"), "Harbour").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menu").waitFor();
  await page.keyboard.press("t");
  await page.keyboard.press("t");
  expect(await focused(page)).toBe(words.choose);
  await page.keyboard.press("Enter");
  const chosen = page.getByRole("radio", { checked: true });
  await expect.poll(() => chosen.evaluate((e) => e === document.activeElement)).toBe(true);
  expect(await chosen.getAttribute("value")).toBe("sluice-tiny");
  await page.getByRole("dialog").getByText(words.present).waitFor();

  await page.keyboard.press("ArrowUp");
  expect(await chosen.getAttribute("value")).toBe("sluice-other");
  await page.keyboard.press("Enter");
  await gone(page);
  await page.getByText(words.added("Harbour", "sluice-other")).waitFor();
  await until("it was transcribed twice", async () => {
    const { state, stages } = await server.job(id);
    const runs = stages.filter((s) => s.stage === "transcribe" && !s.reused && s.finished_at);
    return state === "done" && runs.length === 2;
  });
  expect((await server.job(id)).model).toBe("sluice-other");
  await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).not.toBe("BODY");

  await page.goto(`${server.url}/#/job/${id}`);
  const view = page.getByRole("main");
  await view.getByText("sluice-other", { exact: true }).waitFor();
  await view.locator(".said").first().waitFor();
});

test("a model that is not installed is waited for, and one that never fits cannot be chosen", async () => {
  const path = await server.file("broken.mp4", Buffer.alloc(5000, "this is no film "));
  const { id } = await server.submit(path, { title: "Broken" });
  await server.reaches(id, "failed");
  const { page } = await open(`${server.url}/#/job/${id}`);
  await page.getByRole("button", { name: en.job.actions }).click();
  await page.getByRole("menuitem", { name: words.choose }).click();

  const dialog = page.getByRole("dialog");
  const yes = dialog.getByRole("button", { name: words.yes });
  await radio(page, "sluice-other").waitFor();
  expect(await yes.isDisabled()).toBe(true);
  expect(await radio(page, "large-v3").isDisabled()).toBe(true);
  await dialog
    .getByText(/^Needs [\d.]+ GB, more than/)
    .first()
    .waitFor();

  await radio(page, "small").check();
  await dialog.getByText(words.waits("small")).waitFor();
  await yes.click();
  await gone(page);
  const main = page.getByRole("main");
  await main
    .getByText(/model.*install/i)
    .filter({ visible: true })
    .first()
    .waitFor();
  const now = await server.job(id);
  expect(now).toMatchObject({ state: "queued", reason: "model", model: "small" });
  await page.goto(`${server.url}/#/queue`);
  await waiting(page, "Broken").waitFor();
});

test("the dialog says when there is no list, and reads it again", async () => {
  await server.done(clip("seen-000.wav"), { title: "Harbour" });
  const { page, excuse } = await open(server.url);
  excuse(/503/);
  const body = { title: "", status: 503, code: "internal", detail: "It broke.", hint: "" };
  await page.route("**/api/v1/models", (route) => route.fulfill({ status: 503, json: body }));
  await ask(page, "Harbour");
  await page.getByText(`${words.failed} It broke.`).waitFor();
  await dialogFits(page, "model-unread");
  await page.unroute("**/api/v1/models");
  await page.getByRole("button", { name: en.common.retry }).click();
  await radio(page, "sluice-other").waitFor();
});

test("a job that somebody else has begun again says so in the dialog", async () => {
  const { id } = await server.done(clip("seen-000.wav"), { title: "Harbour" });
  await server.ask("POST", "/api/v1/queue/pause");
  const { page, excuse } = await open(server.url);
  excuse(/409/);
  await ask(page, "Harbour");
  await radio(page, "sluice-other").check();
  await server.ask("POST", `/api/v1/jobs/${id}/retry`);
  await waiting(page, "Harbour").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: words.yes }).click();
  await page.getByRole("alert").getByText(en.faults.job_live.message).waitFor();
  await page.keyboard.press("Escape");
  await gone(page);
  await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).not.toBe("BODY");
});

test.for(looks)("the dialog is sound for axe, and fits: $colorScheme, $locale", async (look) => {
  const { words: say, ...options } = look;
  await server.done(clip("seen-000.wav"), { title: "Harbour" });
  const { page } = await open(server.url, options);
  await page.getByRole("button", { name: say.queue.actions("Harbour") }).click();
  await page.getByRole("menuitem", { name: say.models.choose }).click();
  await radio(page, "sluice-other").waitFor();
  await dialogFits(page, `model-${look.colorScheme}`);
  await radio(page, "tiny").check();
  await page.getByText(say.models.waits("tiny")).waitFor();
  expect(await inView(page, "tiny")).toBe(true);
  await dialogFits(page, `model-away-${look.colorScheme}`);
  await radio(page, "large-v3").scrollIntoViewIfNeeded();
  await dialogFits(page, `model-never-${look.colorScheme}`);
});
