// One day with Sluice, from the first file to the export, in one page that is
// never closed: what each view does for itself is tested beside its view.
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { SettingList, Snapshot, Transcript } from "../../src/lib/api/types";
import { en } from "../../src/lib/words/en";
import { ko } from "../../src/lib/words/ko";
import { browsing, ended, shoot, violations, waiting } from "./page";
import { clip, serving, until } from "./server";
import { choose } from "./steering";

const server = serving();
const open = browsing();

const names = {
  talk: "three-minutes.mp4",
  first: "seen-000.wav",
  second: "seen-001.wav",
  third: "seen-002.wav",
};

/** go follows a link of the sidebar. */
async function go(page: Page, place: keyof typeof en.frame.places): Promise<void> {
  await page.getByRole("navigation").getByRole("link", { name: en.frame.places[place] }).click();
}

/** next is the line as the server has it. */
const next = async (): Promise<string[]> =>
  ((await server.board()) satisfies Snapshot).next.map((j) => j.title);

test("a day with Sluice", async () => {
  const { page, excuse } = await open(server.url);
  excuse(/ERR_|Failed to load resource|EventSource/); // while the server is started again

  // Files are added by upload, and the line is put in another order.
  await page.getByRole("button", { name: en.frame.pause, exact: true }).click();
  await page.getByRole("button", { name: en.frame.resume, exact: true }).waitFor();
  const asked = page.waitForEvent("filechooser");
  await page.getByRole("main").getByRole("button", { name: en.common.add }).click();
  await (await asked).setFiles(Object.values(names).map(clip));
  for (const name of Object.values(names)) await waiting(page, name).waitFor();
  await choose(page, names.third, en.queue.toFront);
  await expect.poll(async () => (await next())[0]).toBe(names.third);

  // One is held back, one canceled and put back.
  await choose(page, names.third, en.queue.hold);
  await waiting(page, names.third).getByText(en.reasons.text.held).first().waitFor();
  await waiting(page, names.second)
    .getByRole("button", { name: en.queue.cancel(names.second) })
    .click();
  await waiting(page, names.second).waitFor({ state: "detached" });
  await page.getByRole("button", { name: en.queue.undo }).click();
  await waiting(page, names.second).waitFor();
  await shoot(page, "story-line");

  // It runs, and is watched.
  await page.getByRole("button", { name: en.frame.resume, exact: true }).click();
  await page.getByRole("article").filter({ hasText: names.talk }).waitFor();
  await page.getByRole("article").getByText("%").first().waitFor();

  // The server is started again in the middle; nothing is lost.
  await server.stop();
  const away = page.getByRole("alert").filter({ hasText: en.frame.away });
  await away.waitFor();
  await server.start();
  await away.waitFor({ state: "detached" });
  for (const name of [names.talk, names.first, names.second]) {
    await ended(page, name).getByText(en.common.states.done).waitFor({ timeout: 120_000 });
  }
  await choose(page, names.third, en.queue.release);
  await ended(page, names.third).getByText(en.common.states.done).waitFor();

  // It is read, and one line of it corrected.
  await go(page, "library");
  await page.getByRole("main").getByRole("link", { name: names.talk }).click();
  await page.locator(".said").first().waitFor();
  const id = page.url().split("/job/")[1]?.split(/[/?]/)[0] ?? "";
  await page.getByRole("button", { name: en.reading.correct }).click();
  const line = page.locator('li[data-line="0"]');
  await line.getByRole("button", { name: en.reading.correctLine }).click();
  const field = page.getByRole("textbox", { name: /^Text at/ });
  await field.fill("The zeppelin leaves at noon.");
  await page.keyboard.press("Enter");
  await line.getByText("The zeppelin leaves at noon.").waitFor();

  // The export and the search know the correction.
  await page.getByRole("button", { name: en.common.export }).click();
  const saved = page.waitForEvent("download");
  await page.getByRole("menuitem").filter({ hasText: ".srt" }).click();
  expect(await readFile(await (await saved).path(), "utf8")).toContain("The zeppelin leaves at noon.");
  await go(page, "library");
  await page.getByRole("searchbox", { name: en.library.search }).fill("zeppelin");
  const hit = page
    .getByRole("list", { name: en.library.results })
    .getByRole("link")
    .filter({ hasText: "leaves at noon" });
  await hit.click();
  await page.getByText("The zeppelin leaves at noon.").first().waitFor();

  // A setting, the language and the colours are changed, and stay.
  await go(page, "settings");
  await page.locator('li[data-setting="power.only_on_ac"]').getByRole("switch").click();
  await until("the setting is kept", async () => {
    const list = (await (await server.ask("GET", "/api/v1/settings")).json()) as SettingList;
    return list.settings.find((s) => s.key === "power.only_on_ac")?.origin === "overlay";
  });
  await page.getByRole("radio", { name: en.settings.themes.dark }).check();
  await page.getByRole("radio", { name: "한국어" }).check();
  await page.getByRole("navigation").getByRole("link", { name: ko.frame.places.queue }).click();
  await page.reload();
  await page.getByRole("heading", { name: ko.queue.title, exact: true }).waitFor();
  expect(await page.evaluate(() => getComputedStyle(document.body).colorScheme)).toContain("dark");
  await shoot(page, "story-end");
  expect(await violations(page)).toEqual([]);
  const text = (await (await server.ask("GET", `/api/v1/jobs/${id}/transcript`)).json()) as Transcript;
  expect(text.segments[0]).toMatchObject({ edited: true, text: "The zeppelin leaves at noon." });
});

test("a job that failed is tried again from its row", async () => {
  await server.ask("POST", "/api/v1/queue/resume");
  const { page } = await open(server.url);
  const { id } = await server.submit(await server.file("late.wav", "no sound in here"));
  await server.reaches(id, "failed");
  const runs = (await server.job(id)).stages.length;
  await ended(page, "late.wav").getByRole("button", { name: en.queue.tryAgain }).click();
  await until("it has run again", async () => (await server.job(id)).stages.length !== runs);
  await server.reaches(id, "failed");
});
