// A real browser for tests of the built page: start it, open the page, look
// for what axe, the console and the page's own policy have to say.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import axe from "axe-core";
import { chromium, type Browser, type BrowserContextOptions, type Locator, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { patience } from "./server";

/** The sizes the page must work at. */
export const sizes = {
  window: { width: 960, height: 640 },
  small: { width: 640, height: 480 },
  phone: { width: 390, height: 844 },
} as const;

// Nothing of the browser's own may ask the network for anything.
const quiet = ["disable-gpu", "disable-quic", "no-first-run", "disable-background-networking"];
const quieter = ["disable-component-update", "disable-sync"];

/** launch starts the system's Chromium; CHROMIUM names another. Each start has a profile of its own. */
export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["no-sandbox", ...quiet, ...quieter].map((flag) => `--${flag}`),
    headless: true,
  });
}

/** Opened is a page, and what went wrong in it so far. */
export type Opened = {
  page: Page;
  /** Errors and warnings of the console, thrown errors, requests that leave the server. */
  complaints(): string[];
  /** Complaints of this kind are what a test wants to see. */
  excuse(kind: RegExp): void;
  close(): Promise<void>;
};

/** open opens an address in a browser of its own kind: size, language, colours. */
export async function open(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<Opened> {
  const context = await browser.newContext({
    viewport: sizes.window,
    locale: "en-GB",
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  const all: string[] = [];
  // Most of these servers have no Ollama, which the page says in its own words.
  const excused: RegExp[] = [/503.*\/api\/v1\/ollama\/models/];
  const complain = (text: string) => all.push(text);
  page.on("console", (m) => {
    if (m.type() === "error" || m.type() === "warning") complain(`${m.text()} at ${m.location().url}`);
  });
  page.on("pageerror", (e) => complain(e.message));
  const { origin } = new URL(address);
  page.on("request", (r) => {
    if (!r.url().startsWith(`${origin}/`)) complain(`asked ${r.url()}`);
  });
  // Not every refusal of the policy reaches the console.
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (e) => {
      console.error(`policy: ${e.violatedDirective} refused ${e.blockedURI}`);
    });
  });
  // Somebody must listen before the first file dialog opens, or it is a real one.
  page.on("filechooser", () => {});
  await page.goto(address);
  return {
    page,
    complaints: () => all.filter((text) => !excused.some((kind) => kind.test(text))),
    excuse: (kind) => void excused.push(kind),
    close: () => context.close(),
  };
}

/**
 * browsing starts a browser for all tests of a file and gives a way to open
 * pages in it. Every test fails on what its pages had to complain about.
 */
export function browsing(): (address: string, options?: BrowserContextOptions) => Promise<Opened> {
  let browser: Browser | undefined;
  let opened: Opened[] = [];
  beforeAll(async () => {
    browser = await launch();
  });
  afterEach(async () => {
    const pages = opened;
    opened = [];
    await Promise.all(pages.map((o) => o.close()));
    expect(pages.flatMap((o) => o.complaints())).toEqual([]);
  });
  afterAll(() => browser?.close());
  return async (address, options) => {
    if (!browser) throw new Error("the browser has not started");
    const it = await open(browser, address, options);
    opened.push(it);
    return it;
  };
}

/** waiting is the row of a job in line. */
export function waiting(page: Page, title: string): Locator {
  return page.getByRole("main").locator("ol li").filter({ hasText: title });
}

/** ended is the row of a job that is over. */
export function ended(page: Page, title: string): Locator {
  return page.getByRole("main").locator("ul li").filter({ hasText: title });
}

/** violations runs axe over what is shown and gives a line for each fault. */
export async function violations(page: Page): Promise<string[]> {
  // Evaluated by the browser itself: the page's policy lets no script in.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const run = (window as unknown as { axe: typeof axe }).axe;
    return (await run.run(document, { resultTypes: ["violations"] })).violations;
  });
  return found.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`);
}

/** draggables lists what could be dragged; there must be none, since that crashes the window on a Mac. */
export function draggables(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const could = (e: HTMLElement) =>
      e.draggable ||
      (/^(A|IMG)$/.test(e.tagName) && getComputedStyle(e).getPropertyValue("-webkit-user-drag") !== "none");
    return [...document.querySelectorAll<HTMLElement>("*")]
      .filter(could)
      .map((e) => e.outerHTML.slice(0, 120));
  });
}

/** overflow lists what is wider than its place: the page itself, or a part of it that could be scrolled aside. */
export function overflow(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const scrolls = (e: Element) => /auto|scroll/.test(getComputedStyle(e).overflowX);
    const parts = [...document.querySelectorAll("body *")].filter(scrolls);
    return [document.documentElement, ...parts]
      .filter((e) => e.scrollWidth > e.clientWidth)
      .map(
        (e) => `<${e.tagName.toLowerCase()} class="${e.className}"> by ${e.scrollWidth - e.clientWidth} px`,
      );
  });
}

/** drop lets files fall on the page, as from a folder beside the browser. */
export async function drop(page: Page, files: { name: string; body: Uint8Array }[]): Promise<void> {
  const sent = files.map(({ name, body }) => ({ name, body: Buffer.from(body).toString("base64") }));
  await page.evaluate((files) => {
    const carried = new DataTransfer();
    for (const { name, body } of files) {
      const bytes = Uint8Array.from(atob(body), (c) => c.charCodeAt(0));
      carried.items.add(new File([bytes], name));
    }
    for (const kind of ["dragenter", "dragover", "drop"]) {
      const event = new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true });
      document.body.dispatchEvent(event);
    }
  }, sent);
}

/** shoot keeps a picture of the page when SLUICE_SHOTS names a folder for them. */
export async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env.SLUICE_SHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
