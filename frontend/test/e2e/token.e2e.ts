import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { en } from "../../src/lib/words/en";
import { browsing, drop, ended } from "./page";
import { clip, serving } from "./server";

const token = "a-key-to-this-door";
const server = serving({ env: { SLUICE_SERVER_TOKEN: token } });
const open = browsing();

test("an address with the token opens the page, and everything works without it from then on", async () => {
  const { page } = await open(`${server.url}/?token=${token}`);
  await page.getByText(en.queue.heroTitle).waitFor();
  expect(page.url()).not.toContain("token");
  await drop(page, [{ name: "harbour.wav", body: await readFile(clip("seen-000.wav")) }]);
  await ended(page, "harbour.wav").getByText(en.common.states.done).waitFor();
  await ended(page, "harbour.wav").getByRole("link").click();
  await page.getByRole("region", { name: en.job.text }).locator(".said").first().waitFor();
  await page.getByRole("button", { name: en.common.export }).click();
  const saved = page.waitForEvent("download");
  await page.getByRole("menuitem").filter({ hasText: ".srt" }).click();
  expect(await readFile(await (await saved).path(), "utf8")).toContain("-->");
  // No script of the page can read the proof.
  expect(await page.evaluate(() => document.cookie)).toBe("");
  await page.reload();
  await page.getByRole("heading", { name: "harbour.wav" }).waitFor();
});

test("without the token there is no page", async () => {
  const { page, excuse } = await open(`${server.url}/`);
  excuse(/401/);
  expect(await page.getByRole("banner").count()).toBe(0);
  const answer = await page.goto(`${server.url}/?token=wrong`);
  expect(answer?.status()).toBe(401);
});
