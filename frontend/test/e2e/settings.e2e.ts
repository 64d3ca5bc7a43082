import type { Page } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import type { SettingList, SettingValue } from "../../src/lib/api/types";
import { en } from "../../src/lib/words/en";
import { browsing, overflow, shoot, sizes, violations } from "./page";
import { clip, patience, serving, until } from "./server";
import { focused, looks } from "./steering";

const server = serving({ env: { SLUICE_SPEECH_THREADS: "1" } });
const open = browsing();

const words = en.settings;
const row = (page: Page, key: string) => page.locator(`li[data-setting="${key}"]`);

async function listed(): Promise<SettingList> {
  return (await (await server.ask("GET", "/api/v1/settings")).json()) as SettingList;
}

async function entry(key: string) {
  return (await listed()).settings.find((s) => s.key === key);
}

async function change(changes: Record<string, SettingValue>): Promise<void> {
  await server.ask("PUT", "/api/v1/settings", { changes });
}

afterEach(async () => {
  const { settings } = await listed();
  await change(Object.fromEntries(settings.filter((s) => s.origin === "overlay").map((s) => [s.key, null])));
  await server.clear();
});

test("every setting of the server has words of its own", async () => {
  const keys = (await listed()).settings.map((s) => s.key).sort();
  expect(keys).toEqual(Object.keys(words.keys).sort());
});

test("a setting is changed by keyboard, undone, searched for, and two pages agree", async () => {
  const { page } = await open(`${server.url}/#/settings`);
  const other = (await open(`${server.url}/#/settings`)).page;
  const mains = words.keys["power.only_on_ac"].label;
  await row(other, "power.only_on_ac").waitFor();

  await row(page, "power.only_on_ac").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("mains");
  await page.getByText(words.found(1), { exact: true }).waitFor();
  await page.keyboard.press("Tab"); // the button that empties the field
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement?.closest("li")?.dataset.setting)).toBe(
    "power.only_on_ac",
  );
  await page.keyboard.press("Space");
  await page.getByText(words.saved(mains)).waitFor();
  await row(page, "power.only_on_ac").getByText(words.origin.overlay).waitFor();
  await row(other, "power.only_on_ac").getByText(words.origin.overlay).waitFor();
  expect(await row(other, "power.only_on_ac").getByRole("switch").isChecked()).toBe(true);
  await shoot(page, "settings-found");

  await page.getByRole("button", { name: words.undo, exact: true }).click();
  await row(other, "power.only_on_ac").getByText(words.origin.default).waitFor();
  expect(await entry("power.only_on_ac")).toMatchObject({ value: false, origin: "default" });
});

test("what is set here is what new jobs mean, and is told at the field when it cannot be", async () => {
  const { page, excuse } = await open(`${server.url}/#/settings`);
  excuse(/422/);
  const prompt = row(page, "speech.prompt").getByRole("textbox");
  await prompt.fill("Harbour master, ferry");
  await prompt.press("Tab");
  await page.getByText(words.saved(words.keys["speech.prompt"].label)).waitFor();
  const { id } = await server.submit(clip("seen-000.wav"));
  expect((await server.job(id)).prompt).toBe("Harbour master, ferry");

  const room = row(page, "uploads.max").getByRole("textbox");
  await room.fill("lots");
  await room.press("Enter");
  await row(page, "uploads.max").getByRole("alert").getByText(words.wrong.size).waitFor();
  expect(await room.getAttribute("aria-invalid")).toBe("true");
  await shoot(page, "settings-wrong");
  expect(await violations(page)).toEqual([]);
  await room.fill("70 GB");
  await room.press("Enter");
  await until("it is saved", async () => (await entry("uploads.max"))?.value === "70GB");
  await row(page, "uploads.max")
    .getByRole("alert")
    .getByText(words.wrong.size)
    .waitFor({ state: "detached" });
  expect(await room.inputValue()).toBe("70GB");
});

test("what waits for the next start says so, and is in force after it", async () => {
  const { page, excuse } = await open(`${server.url}/#/settings`);
  excuse(/ERR_|Failed to load|network/);
  const most = row(page, "memory.ceiling");
  await most.getByRole("textbox").fill("9GB");
  await most.getByRole("textbox").press("Enter");
  await most.getByText(words.pendingOne).waitFor();
  await page.getByText(words.pending(1)).waitFor();
  await shoot(page, "settings-pending");
  await server.stop();
  await server.start();
  await most.getByText(words.pendingOne).waitFor({ state: "detached" });
  await most.getByText(words.origin.overlay).waitFor();
  expect(await most.getByRole("textbox").inputValue()).toBe("9GB");

  await most.getByRole("button", { name: words.backOf(words.keys["memory.ceiling"].label) }).click();
  await most.getByText(words.origin.default).waitFor();
  const value = () => most.getByRole("textbox").inputValue();
  await expect.poll(value, { timeout: patience }).toBe("0"); // the button says "default" too
  await server.stop();
  await server.start(); // for the tests after this one
});

test("what the environment, the command line or the door locks is shown and not offered", async () => {
  const { page } = await open(`${server.url}/#/settings`);
  const locked: [string, string, string][] = [
    ["speech.threads", words.origin.environment("SLUICE_SPEECH_THREADS"), words.locked.environment],
    ["server.listen", words.origin.flag, words.locked.flag],
    ["media.ffmpeg", words.origin.default, words.locked.door],
    ["server.token", words.secretUnset, words.locked.door],
  ];
  for (const [key, from, why] of locked) {
    await row(page, key).getByText(from).waitFor();
    await row(page, key).getByText(why).waitFor();
    expect(await row(page, key).locator("input, select, textarea, button").count(), key).toBe(0);
  }
  for (const key of ["speech.threads", "server.listen", "media.ffmpeg"]) {
    await expect(change({ [key]: "1" })).rejects.toThrow(/403.*setting_locked/);
  }
});

test.for(looks)("it is sound for axe, and fits: $colorScheme, $locale", async (look) => {
  const { words: say, ...options } = look;
  await change({ "speech.words": true, "memory.ceiling": "9GB" });
  const { page } = await open(`${server.url}/#/settings`, options);
  await page.getByText(say.settings.pending(1)).waitFor();
  for (const [size, viewport] of Object.entries(sizes)) {
    await page.setViewportSize(viewport);
    const where = `settings-${size}-${look.locale}-${look.colorScheme}`;
    await row(page, "speech.words").scrollIntoViewIfNeeded();
    await shoot(page, where);
    expect(await violations(page), where).toEqual([]);
    expect(await overflow(page), where).toEqual([]);
    await row(page, "server.token").scrollIntoViewIfNeeded();
    await shoot(page, `${where}-end`);
    expect(await violations(page), where).toEqual([]);
  }
  await page.keyboard.press("/");
  expect(await focused(page)).toBe(say.settings.find);
});
