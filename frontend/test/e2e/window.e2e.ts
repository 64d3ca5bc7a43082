import type { BrowserContextOptions, Page } from "playwright-core";
import { afterEach, beforeAll, expect, test } from "vitest";
import type { Notice, Snapshot } from "../../src/lib/api/types";
import type { AppState } from "../../src/lib/shell/shell";
import { en } from "../../src/lib/words/en";
import { browsing, draggables, overflow, shoot, sizes, violations } from "./page";
import { clip, serving, until } from "./server";
import { focused, looks } from "./steering";

// The page as the app's window has it, in a browser: with a runtime, and with
// routes of its own that these tests answer.
const server = serving();
const open = browsing();

let job = "";

beforeAll(async () => {
  job = (await server.done(clip("seen-000.wav"), { title: "Harbour master" })).id;
});

afterEach(async () => {
  await server.ask("PUT", "/api/v1/settings", { changes: { "notify.about": null } });
});

/** Window is what the page found around it. */
type Window = { opened: string[]; emit(name: string, data: unknown): void };
type Windowed = typeof globalThis & { around: Window };

const path = "/usr/local/bin/sluice";
const fresh = (): AppState => ({
  login: { on: false, possible: true },
  tool: { path: "", in_path: false, possible: true },
});

/** enter opens the page in a window of this state. It gives what the page asks of it. */
async function enter(hash: string, options?: BrowserContextOptions, state = fresh()) {
  const it = await open(`${server.url}/#/${hash}`, options);
  const { page } = it;
  const asked: { route: string; body: Record<string, unknown> }[] = [];
  await page.route("**/window/*", async (route) => {
    const name = new URL(route.request().url()).pathname.replace("/window/", "");
    const body = route.request().postDataJSON() as Record<string, unknown>;
    asked.push({ route: name, body });
    if (name === "login") state.login.on = body.on === true;
    if (name === "tool") state.tool = { path, in_path: false, possible: true };
    await route.fulfill({ json: ["app", "login", "tool"].includes(name) ? state : {} });
  });
  await page.addInitScript(() => {
    const listeners = new Map<string, (data: unknown) => void>();
    const opened: string[] = [];
    (globalThis as Windowed).around = { opened, emit: (name, data) => listeners.get(name)?.(data) };
    window.runtime = {
      EventsOn: (name, then) => (listeners.set(name, then), () => listeners.delete(name)),
      ClipboardSetText: async () => true,
      BrowserOpenURL: (address) => void opened.push(address),
    };
  });
  await page.reload();
  return { ...it, asked: (name: string) => asked.filter((a) => a.route === name).map((a) => a.body) };
}

const row = (page: Page, name: string) => page.locator(`li[data-setting="${name}"]`);

test("a window opens at login and installs its tool, by keyboard alone", async () => {
  const { page, asked } = await enter("settings");
  const words = en.settings.app;
  await row(page, "login").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("login");
  await page.getByText(en.settings.found(1), { exact: true }).waitFor();
  await page.keyboard.press("Tab"); // the button that empties the field
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await page.getByText(en.settings.saved(words.login.label)).waitFor();
  expect(await row(page, "login").getByRole("switch", { name: words.login.label }).isChecked()).toBe(true);
  expect(asked("login")).toEqual([{ on: true }]);

  await page.keyboard.press("/");
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("terminal");
  await row(page, "login").waitFor({ state: "detached" });
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  expect(await focused(page)).toBe(words.install);
  await page.keyboard.press("Enter");
  await row(page, "tool").getByText(words.at(path)).waitFor();
  await row(page, "tool").getByText(words.notInPath).waitFor();
  expect(await focused(page)).toBe(words.again);
});

test("what a browser has of the app are its settings alone", async () => {
  const { page } = await open(`${server.url}/#/settings`);
  const about = row(page, "notify.about");
  await about.getByRole("combobox").selectOption({ label: "For every job" });
  await about.getByText(en.settings.origin.overlay).waitFor();
  await row(page, "updates.feed").getByText(en.settings.locked.door).waitFor();
  expect(await row(page, "updates.check").getByRole("switch").isChecked()).toBe(false);
  const order = await page.locator("section section h2").allInnerTexts();
  expect(order.slice(0, 3)).toEqual([
    en.settings.groups.general,
    en.settings.groups.app,
    en.settings.groups.speech,
  ]);
  for (const name of ["login", "tool"]) expect(await row(page, name).count()).toBe(0);
});

test.for(looks)("the app's own settings are sound for axe, and fit: $colorScheme, $locale", async (look) => {
  const { words: say, ...options } = look;
  const state = fresh();
  state.tool = { path: `/Users/${"mina".repeat(30)}/bin/sluice`, in_path: false, possible: true };
  const { page } = await enter("settings", options, state);
  await row(page, "tool").getByText(say.settings.app.notInPath).waitFor();
  for (const [size, viewport] of Object.entries(sizes)) {
    await page.setViewportSize(viewport);
    const where = `window-settings-${size}-${look.locale}`;
    await row(page, "notify.about").scrollIntoViewIfNeeded();
    await shoot(page, where);
    expect(await violations(page), where).toEqual([]);
    expect(await overflow(page), where).toEqual([]);
    expect(await draggables(page), where).toEqual([]);
  }
});

const newer: Notice = {
  id: "update",
  at: "2026-03-14T09:00:00Z",
  code: "update_available",
  text: "Sluice 9.8.7 is there.",
  hint: "",
  version: "9.8.7",
  url: "https://github.com/sluice-app/sluice/releases/tag/v9.8.7",
};

/** announce has the server tell of a newer version. */
async function announce(page: Page): Promise<void> {
  await page.route("**/api/v1/board", async (route) => {
    const response = await route.fetch();
    const board = (await response.json()) as Snapshot;
    await route.fulfill({ response, json: { ...board, notices: [newer] } });
  });
  await page.reload();
}

test.for(looks)("a newer version is told of, and read about outside: $colorScheme, $locale", async (look) => {
  const { words: say, ...options } = look;
  const { page } = await enter("queue", options);
  await announce(page);
  const button = page.getByRole("button", { name: say.notices.news });
  await button.focus();
  await page.keyboard.press("Enter");
  expect(await page.evaluate(() => (globalThis as Windowed).around.opened)).toEqual([newer.url]);

  const browser = (await open(`${server.url}/#/queue`, options)).page;
  await announce(browser);
  const link = browser.getByRole("link", { name: say.notices.news });
  expect([await link.getAttribute("href"), await link.getAttribute("rel")]).toEqual([
    newer.url,
    "noopener noreferrer",
  ]);
  for (const [kind, shown] of Object.entries({ window: page, browser })) {
    await shown.getByText(say.notices.code.update_available.title("9.8.7"), { exact: true }).waitFor();
    for (const [size, viewport] of Object.entries(sizes)) {
      await shown.setViewportSize(viewport);
      const where = `update-${kind}-${size}-${look.locale}`;
      await shoot(shown, where);
      expect(await violations(shown), where).toEqual([]);
      expect(await overflow(shown), where).toEqual([]);
      expect(await draggables(shown), where).toEqual([]);
    }
  }
});

test("the window leads its page, and hears that it is looked at and how large it is", async () => {
  const { page, asked } = await enter("settings");
  await until("it stands", async () => asked("painted").length > 0);
  expect(asked("looking").at(-1)).toEqual({ looking: true, hidden: false });
  await page.setViewportSize({ width: 900, height: 700 });
  await until("its size was told", async () => asked("resized").length > 0);
  expect(asked("resized").at(-1)).toEqual({ width: 900, height: 700 });

  const lead = (to: string) =>
    page.evaluate((to) => (globalThis as Windowed).around.emit("show", { job: to }), to);
  await lead(job);
  await page.getByRole("heading", { level: 1, name: "Harbour master" }).waitFor();
  await lead("");
  await page.getByRole("heading", { level: 1, name: en.queue.title }).waitFor();
});
