import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { afterEach, beforeAll, expect, test } from "vitest";
import { en } from "../../src/lib/words/en";
import { browsing, draggables, violations } from "./page";
import { clip, serving } from "./server";

const server = serving();
const open = browsing();

beforeAll(async () => {
  await server.done(clip("seen-000.wav"), { title: "Harbour master" });
  await server.done(clip("seen-001.wav"), { title: "Night market" });
});

afterEach(() => server.clear());

/** Focus is what has the focus, and whether people can see that. */
type Focus = { name: string; seen: boolean };

/** focus looks at what has the focus: it must be in view, and marked among its like. */
function focus(page: Page): Promise<Focus> {
  return page.evaluate(() => {
    const e = document.activeElement;
    if (!(e instanceof HTMLElement) || e === document.body) return { name: "", seen: false };
    const outlined = (x: Element | null, part?: string) => {
      if (!x) return false;
      const { outlineStyle, outlineWidth } = getComputedStyle(x, part);
      return outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
    };
    const { top, bottom, left, right } = e.getBoundingClientRect();
    const inView = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
    const around =
      outlined(e) ||
      outlined(e, "::after") ||
      [e.nextElementSibling, e.parentElement].some((x) => outlined(x));
    // The choices of a menu are marked by their ground.
    const ground = (x: Element) => getComputedStyle(x).backgroundColor;
    const chosen =
      e.role === "menuitem" &&
      [...(e.parentElement?.children ?? [])].every((x) => x === e || ground(x) !== ground(e));
    const label =
      e.getAttribute("aria-label") ?? (e as HTMLInputElement).labels?.[0]?.innerText ?? e.innerText;
    return { name: label.replace(/\s+/g, " ").trim(), seen: inView && (around || chosen) };
  });
}

/** tabTo presses Tab until something has the focus; on the way the focus must always be seen. */
async function tabTo(page: Page, name: string | RegExp, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> {
  const met: string[] = [];
  for (let presses = 0; presses < 100; presses++) {
    await page.keyboard.press(key);
    const now = await focus(page);
    met.push(now.name);
    if (now.name !== "") {
      // What comes from the server meanwhile may move it for a moment.
      await expect
        .poll(() => focus(page), { message: `the focus on "${now.name}" is seen` })
        .toMatchObject({ name: now.name, seen: true });
    }
    if (typeof name === "string" ? now.name === name : name.test(now.name)) return;
  }
  throw new Error(`Tab never came to ${name}: ${met.join(" > ")}`);
}

test("keys alone pause the line, open a job, export its text, and lead back", async () => {
  const { page } = await open(server.url);
  await page.getByText("Harbour master").waitFor();
  await tabTo(page, en.frame.pause);
  await page.keyboard.press("Enter");
  await page.getByRole("banner").getByText(en.frame.gate.paused).waitFor();
  await page
    .getByRole("button", { name: en.frame.resume, exact: true })
    .and(page.locator(":enabled"))
    .waitFor();
  expect((await server.board()).paused).toBe(true);

  await tabTo(page, "Night market");
  await page.keyboard.press("ArrowDown");
  expect(await focus(page)).toEqual({ name: "Harbour master", seen: true });
  await page.keyboard.press("Enter");
  await page.getByRole("region", { name: en.job.text }).locator(".said").first().waitFor();

  await tabTo(page, en.common.export);
  await page.keyboard.press("Enter");
  await page.getByRole("menu").waitFor();
  await expect.poll(() => focus(page)).toMatchObject({ name: expect.stringContaining(".txt"), seen: true });
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  expect(await focus(page)).toMatchObject({ name: expect.stringContaining(".srt"), seen: true });
  const saved = page.waitForEvent("download");
  await page.keyboard.press("Enter");
  expect(await readFile(await (await saved).path(), "utf8")).toContain("-->");
  expect(await focus(page)).toEqual({ name: en.common.export, seen: true });

  await tabTo(page, en.frame.places.library, "Shift+Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("list", { name: en.library.list }).waitFor();
  await tabTo(page, new RegExp(`^${en.frame.places.queue}`), "Shift+Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: en.queue.title, exact: true }).waitFor();
  await tabTo(page, en.frame.resume);
  await page.keyboard.press("Enter");
  await page.getByRole("banner").getByText(en.frame.gate.open).waitFor();
});

test("shortcuts go from view to view and choose files", async () => {
  const { page } = await open(server.url);
  await page.getByText("Harbour master").waitFor();
  for (const [key, heading] of [
    ["2", en.frame.places.library],
    ["3", en.frame.places.machine],
    ["4", en.frame.places.models],
    ["5", en.settings.title],
    ["1", en.queue.title],
  ] as const) {
    await page.keyboard.press(`Control+${key}`);
    await page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor();
    // Who reads by ear starts at the heading of the new view.
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe("H1");
  }
  const asked = page.waitForEvent("filechooser");
  await page.keyboard.press("Control+o");
  expect((await asked).isMultiple()).toBe(true);
});

test("a menu closes with Escape and gives the focus back", async () => {
  const { page } = await open(`${server.url}/#/library`);
  await page.getByText("Harbour master").click();
  const button = page.getByRole("button", { name: en.common.export });
  await button.focus();
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => focus(page)).toMatchObject({ name: expect.stringContaining(".json") });
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await page.getByRole("menu").waitFor({ state: "detached" });
  expect(await focus(page)).toEqual({ name: en.common.export, seen: true });

  // A key of the browser's own, or of a screen reader, may lead out of it.
  await page.keyboard.press("ArrowUp");
  await page.getByRole("menu").waitFor();
  await page.getByRole("button", { name: en.common.copy }).focus();
  await page.getByRole("menu").waitFor({ state: "detached" });
  expect(await focus(page)).toMatchObject({ name: en.common.copy });
});

test("the focus is seen wherever Tab goes", async () => {
  const { page } = await open(server.url);
  for (const place of ["queue", "library", "machine", "settings"] as const) {
    await page.goto(`${server.url}/#/${place}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await tabTo(page, new RegExp(`^${en.frame.places.queue}`));
    await tabTo(page, new RegExp(`^${en.frame.places.queue}`)); // once around
  }
});

test("nothing on any view can be dragged", async () => {
  const { page } = await open(server.url);
  const { id } = await server.done(clip("seen-000.wav"), { title: "Harbour master" });
  for (const place of ["queue", "library", "machine", "settings", `job/${id}`]) {
    await page.goto(`${server.url}/#/${place}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    expect(await draggables(page)).toEqual([]);
  }
  const dragged = await page.evaluate(() => {
    const event = new DragEvent("dragstart", { bubbles: true, cancelable: true });
    return document.querySelector("h1")?.dispatchEvent(event);
  });
  expect(dragged, "a drag of selected text begins").toBe(false);
});
