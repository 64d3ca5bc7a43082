import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Model } from "../../src/lib/api/types";
import { en } from "../../src/lib/words/en";
import { Mirror } from "./mirror";
import { browsing, overflow, shoot, sizes, violations, waiting } from "./page";
import { clip, serving, until } from "./server";
import { dialogFits, focused, looks } from "./steering";

const mirror = new Mirror();
const env: Record<string, string> = { SLUICE_MEMORY_CEILING: "2GB" }; // some can never fit
let folder = "";

// Before the server starts: it reads both at once.
beforeAll(async () => {
  await mirror.start();
  folder = await mkdtemp(join(tmpdir(), "sluice-mirror-"));
  const entries = ["harbour", "ferry", "market"].map((name) => mirror.entry(name, about));
  await writeFile(join(folder, "catalog.json"), JSON.stringify(entries));
  env.SLUICE_MODELS_URL = mirror.url;
  env.SLUICE_MODELS_CATALOG = join(folder, "catalog.json");
});
const about = { languages: "multilingual", description: "A small model for tests." };

const server = serving({ env });
const open = browsing();

afterAll(async () => {
  mirror.close();
  await rm(folder, { recursive: true });
});

afterEach(async () => {
  await server.clear();
  for (const name of ["harbour", "ferry", "market"]) {
    mirror.plan(name);
    await server.ask("DELETE", `/api/v1/models/${name}/download`);
    await server.ask("DELETE", `/api/v1/models/${name}`).catch(() => {}); // it may not be there
  }
});

const words = en.catalog;

/** mb is a size as the page says it. */
const mb = (n: number) => `${Math.round(n / 1e6)} MB`;

const row = (page: Page, name: string) => page.getByRole("main").locator(`li[data-model="${name}"]`);
const button = (page: Page, verb: string, name: string) =>
  page.getByRole("button", { name: words.act(verb, name), exact: true });
const list = (page: Page, name: string) => page.getByRole("region", { name, exact: true });

async function model(name: string): Promise<Model | undefined> {
  const { models } = (await (await server.ask("GET", "/api/v1/models")).json()) as { models: Model[] };
  return models.find((m) => m.name === name);
}

test("a download that is dropped goes on by itself, and a job that waited for it begins", async () => {
  mirror.asked.length = 0;
  mirror.plan("harbour", { bytes: 2_000_000, then: "drop" }, { bytes: 1_500_000, then: "hang" });
  const { id } = await server.submit(clip("seen-000.wav"), { title: "Harbour master", model: "harbour" });
  const { page } = await open(server.url);
  const line = waiting(page, "Harbour master");
  await line.getByText(en.reasons.noModel("harbour")).waitFor();
  await shoot(page, "models-waiting");
  await line.getByRole("link", { name: words.get }).click();
  await page.getByRole("heading", { level: 1, name: en.frame.places.models }).waitFor();

  await button(page, words.download, "harbour").focus();
  await page.keyboard.press("Enter");
  const coming = list(page, words.lists.downloads).getByRole("listitem");
  await coming.getByText(`${Math.round(3.5e8 / mirror.body.length)}% of ${mb(mirror.body.length)}`).waitFor();
  expect(await focused(page)).toBe(words.act(words.cancel, "harbour"));
  expect(mirror.asked).toEqual(["", "bytes=2000000-"]);

  await page.keyboard.press("Enter"); // cancel
  await coming.getByText(new RegExp(words.stopped)).waitFor();
  expect((await model("harbour"))?.download).toMatchObject({ state: "stopped", done_bytes: 3_500_000 });
  await expect.poll(() => focused(page)).toBe(words.act(words.goOn, "harbour"));
  await shoot(page, "models-stopped");

  await page.keyboard.press("Enter"); // continue
  await list(page, words.lists.installed).getByText("harbour", { exact: true }).waitFor();
  await page.getByText(words.installed("harbour"), { exact: true }).waitFor();
  expect(mirror.asked.slice(2)).toEqual(["bytes=3500000-"]);
  await server.reaches(id, "done");
  await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).not.toBe("BODY");
});

test("a model is deleted after one question, unless a job needs it", async () => {
  await server.ask("POST", "/api/v1/models", { name: "ferry" });
  await until("it is installed", async () => (await model("ferry"))?.installed === true);
  await server.ask("POST", "/api/v1/queue/pause");
  const { id } = await server.submit(clip("seen-000.wav"), { model: "ferry" });
  const { page } = await open(`${server.url}/#/models`);
  await row(page, "ferry").getByText(words.needed(1)).waitFor();
  expect(await button(page, words.delete, "ferry").isDisabled()).toBe(true);
  await server.ask("POST", `/api/v1/jobs/${id}/cancel`);
  await row(page, "ferry").getByText(words.needed(1)).waitFor({ state: "detached" });

  await button(page, words.delete, "ferry").click();
  const dialog = page.getByRole("dialog", { name: words.deleteTitle("ferry") });
  await dialog.getByRole("button", { name: words.keep }).click();
  await dialog.waitFor({ state: "detached" });
  await button(page, words.delete, "ferry").click();
  await dialogFits(page, "models-delete");
  await page.setViewportSize(sizes.window);
  await dialog.getByRole("button", { name: words.deleteYes }).click();
  await list(page, words.lists.available).getByText("ferry", { exact: true }).waitFor();
  await page.getByText(words.deleted("ferry")).waitFor();
  expect((await model("ferry"))?.installed).toBe(false);
});

test("what is no model is refused with its reason, and costs nothing of what was there", async () => {
  mirror.plan(
    "market",
    { bytes: 1_000_000, then: "hang" },
    { body: "<html>Please log in</html>" },
    { status: 404 },
  );
  const { page } = await open(`${server.url}/#/models`);
  await button(page, words.download, "market").click();
  const coming = row(page, "market");
  await coming.getByText(/^\d+% of/).waitFor();
  // Of a download that was canceled before a byte had come there is nothing to go on with.
  await expect
    .poll(async () => (await model("market"))?.download?.done_bytes, { timeout: 30_000 })
    .toBe(1_000_000);
  await button(page, words.cancel, "market").click();
  await button(page, words.goOn, "market").click();
  await coming
    .getByRole("alert")
    .getByText(/A web page came instead/)
    .waitFor();
  expect((await model("market"))?.download).toMatchObject({ done_bytes: 1_000_000 });
  await button(page, words.goOn, "market").click();
  await coming
    .getByRole("alert")
    .getByText(/the server answered 404/)
    .waitFor();
  await shoot(page, "models-failed");
  await button(page, words.delete, "market").click();
  await page
    .getByRole("dialog")
    .getByText(words.deletePart(mb(1_000_000)))
    .waitFor();
  await page.getByRole("button", { name: words.deletePartYes, exact: true }).click();
  await list(page, words.lists.available).getByText("market", { exact: true }).waitFor();
  expect((await model("market"))?.download).toBeUndefined();
});

test("a corrupt file is refused and comes anew", async () => {
  const bad = Buffer.from(mirror.body);
  bad.writeUInt8(bad.readUInt8(3_000_000) ^ 1, 3_000_000);
  mirror.plan("ferry", { body: bad });
  const { page } = await open(`${server.url}/#/models`);
  await button(page, words.download, "ferry").click();
  await row(page, "ferry")
    .getByRole("alert")
    .getByText(/arrived damaged/)
    .waitFor();
  await button(page, en.common.retry, "ferry").click();
  await list(page, words.lists.installed).getByText("ferry", { exact: true }).waitFor();
});

test("downloads come one after the other, and what the page shows outlives the server", async () => {
  mirror.plan("harbour", { bytes: 4_000_000, then: "hang" });
  const { page, excuse } = await open(`${server.url}/#/models`);
  excuse(/ERR_|Failed to load|network/);
  await button(page, words.download, "harbour").click();
  await row(page, "harbour")
    .getByText(/^\d+% of/)
    .waitFor();
  await button(page, words.download, "ferry").click();
  await row(page, "ferry").getByText(words.waiting).waitFor();
  await row(page, "harbour").getByText(new RegExp(words.stalled)).waitFor();
  await shoot(page, "models-stalled");
  await server.stop();
  await server.start();
  await row(page, "harbour").getByText(new RegExp(words.stopped)).waitFor();
  await list(page, words.lists.available).getByText("ferry", { exact: true }).waitFor();
  await button(page, words.goOn, "harbour").click();
  await list(page, words.lists.installed).getByText("harbour", { exact: true }).waitFor();
});

test.for(looks)("it is sound for axe, and fits: $colorScheme, $locale", async (look) => {
  const { words: say, ...options } = look;
  mirror.plan("harbour", { rate: 100_000 });
  mirror.plan("market", { status: 404 });
  await server.ask("POST", "/api/v1/models", { name: "market" });
  await until("it has failed", async () => (await model("market"))?.download?.error !== undefined);
  for (const name of ["harbour", "ferry"]) await server.ask("POST", "/api/v1/models", { name });
  const { page } = await open(`${server.url}/#/models`, options);
  await row(page, "ferry").getByText(say.catalog.waiting).waitFor();
  await row(page, "harbour").getByText(say.catalog.left("").trim()).waitFor();
  for (const [size, viewport] of Object.entries(sizes)) {
    await page.setViewportSize(viewport);
    const where = `models-${size}-${look.locale}-${look.colorScheme}`;
    await row(page, "harbour").scrollIntoViewIfNeeded();
    await shoot(page, where);
    expect(await violations(page), where).toEqual([]);
    expect(await overflow(page), where).toEqual([]);
    await row(page, "large-v3").scrollIntoViewIfNeeded();
    await shoot(page, `${where}-end`);
    expect(await violations(page), where).toEqual([]);
  }
});
