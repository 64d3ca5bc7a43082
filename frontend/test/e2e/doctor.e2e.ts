import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { en } from "../../src/lib/words/en";
import { ko } from "../../src/lib/words/ko";
import { browsing, overflow, shoot, violations, sizes } from "./page";
import { serving } from "./server";
import { looks } from "./steering";

// Nobody answers as Ollama, the model of the settings comes later, and the ceiling is low.
const server = serving({
  env: {
    SLUICE_OLLAMA_HOST: "http://127.0.0.1:9",
    SLUICE_SPEECH_MODEL: "sluice-other",
    SLUICE_MEMORY_CEILING: "2GB",
  },
});
const open = browsing();

const words = en.doctor;

const section = (page: Page, say = words) =>
  page.getByRole("region", { name: say.title }).filter({ visible: true });
const finding = (page: Page, name: string, say = words) =>
  section(page, say).getByRole("listitem").filter({ hasText: name });
const again = (page: Page) => section(page).getByRole("button", { name: words.again });

/** row is that of a model, by the name in its head. */
const row = (page: Page, model: string) =>
  section(page)
    .getByRole("row")
    .filter({ has: page.getByRole("rowheader", { name: new RegExp(`^${model}\\b`) }) });

const cells = (page: Page, model: string) => row(page, model).getByRole("cell").allInnerTexts();

test.for(looks)("it is sound for axe, and fits: $colorScheme, $locale", async (look) => {
  const { words: say, ...options } = look;
  const { page } = await open(`${server.url}/#/machine`, options);
  const part = section(page, say.doctor);
  await part.getByRole("table").waitFor();
  await page.getByRole("slider").waitFor();
  for (const [size, viewport] of Object.entries(sizes)) {
    await page.setViewportSize(viewport);
    const where = `doctor-${size}-${look.locale}-${look.colorScheme}`;
    await part.scrollIntoViewIfNeeded();
    await shoot(page, `${where}-top`);
    await part.getByRole("table").getByRole("row").last().scrollIntoViewIfNeeded();
    await shoot(page, where);
    expect(await violations(page), where).toEqual([]);
    expect(await overflow(page), where).toEqual([]);
  }
});

test("what is missing comes first, and what came meanwhile is seen by looking again", async () => {
  const { page } = await open(`${server.url}/#/machine`);
  const part = section(page);
  const first = part.getByRole("listitem").first();
  await first.getByText(words.findings.model.name, { exact: true }).waitFor();
  await first.getByText(words.level.fail, { exact: true }).waitFor();
  await first.getByText(/sluice-other/).waitFor();
  const table = part.getByRole("table");
  await table.getByText(words.missing.transcribe()).getByRole("link", { name: en.catalog.get }).waitFor();
  expect(await first.getByRole("link", { name: en.catalog.get }).getAttribute("href")).toBe("#/models");
  await part.getByRole("status").getByText(words.summary(1, 1)).waitFor();

  const ollama = finding(page, words.findings.ollama.name);
  await ollama.getByText(words.level.warn, { exact: true }).waitFor();
  await ollama.getByText("Ollama does not answer at http://127.0.0.1:9.").waitFor();
  await ollama.getByText(/ollama serve.*Speech is recognised without it/).waitFor();
  const ffmpeg = finding(page, words.findings.ffmpeg.name);
  await ffmpeg.getByText(words.level.ok, { exact: true }).waitFor();
  await ffmpeg.getByText(/^version /).waitFor();

  expect(await cells(page, "sluice-tiny")).toEqual([
    expect.stringMatching(/^\d+ MB$/),
    words.known.file,
    words.fits,
  ]);
  expect(await cells(page, "gemma3")).toEqual([
    expect.stringMatching(/^[\d.]+ GB$/),
    words.known.catalog,
    words.fits,
  ]);
  expect(await cells(page, "sluice-other")).toEqual([words.notKnown, "", words.tried]);

  await server.model("sluice-other");
  await again(page).focus();
  await page.keyboard.press("Enter");
  await row(page, "sluice-other").getByText(words.chosen).waitFor();
  await finding(page, words.findings.model.name).getByText("sluice-other is installed").waitFor();
  await part.getByRole("status").getByText(words.summary(0, 1)).waitFor();
  expect(await again(page).evaluate((e) => e === document.activeElement)).toBe(true);
});

test("what was found stands while it is looked at anew, and when that fails", async () => {
  const { page, excuse } = await open(`${server.url}/#/machine`);
  excuse(/503/);
  const part = section(page);
  await part.getByRole("table").waitFor();
  let go = () => {};
  const held = new Promise<void>((resolve) => (go = resolve));
  const body = { title: "", status: 503, code: "internal", detail: "It broke.", hint: "" };
  await page.route("**/api/v1/doctor", async (route) => {
    await held;
    await route.fulfill({ status: 503, json: body });
  });
  await again(page).click();
  await part.getByRole("status").getByText(words.checking).waitFor();
  expect(await part.getByRole("table").isVisible()).toBe(true);
  expect(await again(page).getAttribute("aria-disabled")).toBe("true");
  await shoot(page, "doctor-checking");
  go();
  await part.getByRole("alert").getByText(`${words.failed} It broke.`).waitFor();
  expect(await part.getByRole("table").isVisible()).toBe(true);
  await shoot(page, "doctor-failed");
  expect(await violations(page)).toEqual([]);
  await page.unroute("**/api/v1/doctor");
  await again(page).click();
  await part.getByRole("alert").waitFor({ state: "detached" });
});

test("what the server alone can say is marked as English in a Korean page", async () => {
  const { page } = await open(`${server.url}/#/machine`, { locale: "ko-KR" });
  const part = section(page, ko.doctor);
  await part.getByRole("table").waitFor();
  const own = part.locator("[lang=en]");
  expect((await own.allInnerTexts()).join()).toMatch(/Ollama does not answer/);
  await own.evaluateAll((all) => all.forEach((e) => e.remove()));
  const names =
    /\b(?!Ollama|ffmpeg|Sluice|sluice|gemma3|large|turbo|models|pull|ollama|make|tiny|other|MB|GB)[A-Za-z]{2,}/;
  expect(await part.innerText()).not.toMatch(names);
});
