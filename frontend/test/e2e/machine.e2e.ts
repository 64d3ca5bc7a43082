import { expect, test } from "vitest";
import { en } from "../../src/lib/words/en";
import { browsing, shoot, violations } from "./page";
import { clip, serving, until } from "./server";

const server = serving({ scripted: true });
const open = browsing();

test("pressure and the line are shown over time, with a summary in words", async () => {
  await server.script("warn", 6e9);
  const { page } = await open(`${server.url}/#/machine`);
  const view = page.getByRole("main");
  await view.getByText(en.machine.meaning.warn).waitFor();
  const chart = view.getByRole("img", {
    name: /^Memory and line, last 1 h\. Pressure: .*tight for .*Least free: \d+%/,
  });
  await chart.waitFor();
  await chart.locator("path.line").first().waitFor({ state: "attached" });
  await shoot(page, "machine-warn");

  for (const minutes of [15, 360, 1440]) {
    const range = en.machine.ranges[minutes] ?? "";
    await view.getByRole("radio", { name: range, exact: true }).click();
    await view.getByRole("img", { name: `last ${range}.` }).waitFor();
  }
});

test("the arrow keys move a cursor that says its values", async () => {
  const { page } = await open(`${server.url}/#/machine`);
  // A short time takes in a new point every few seconds.
  await page.getByRole("radio", { name: en.machine.ranges[15] ?? "", exact: true }).check();
  const cursor = page.getByRole("slider", { name: en.machine.cursor });
  const told = async () => (await cursor.getAttribute("aria-valuetext")) ?? "";
  let available = 8e9;
  await until("there are moments to walk through", async () => {
    await server.script("normal", (available += 1e8));
    return Number(await cursor.getAttribute("aria-valuemax")) >= 2;
  });
  await cursor.focus();
  await page.keyboard.press("Home");
  expect(await cursor.getAttribute("aria-valuenow")).toBe("0");
  expect(await told()).toMatch(
    new RegExp(
      `^(yesterday )?\\d\\d:\\d\\d · (${Object.values(en.machine.level).join("|")}) · \\d+% free \\([\\d.]+ [MG]B\\) · \\d+ in line`,
    ),
  );
  expect(await page.locator(".readout").first().innerText()).toBe(await told());
  await page.keyboard.press("ArrowRight");
  expect(await cursor.getAttribute("aria-valuenow")).toBe("1");
  await page.keyboard.press("ArrowLeft");
  expect(await cursor.getAttribute("aria-valuenow")).toBe("0");
  await page.keyboard.press("End");
  expect(await cursor.getAttribute("aria-valuenow")).toBe(await cursor.getAttribute("aria-valuemax"));
});

test("what holds memory is named, the engine among it while a job runs", async () => {
  await server.script("normal", 16e9);
  const { page } = await open(`${server.url}/#/machine`);
  const view = page.getByRole("main");
  await view.getByRole("img", { name: /^[\d.]+ GB of 19\.3 GB in use$/ }).waitFor();
  const holder = (name: string) => view.getByRole("listitem").filter({ hasText: name });
  await holder(en.machine.available)
    .getByText(/^16\.0 GB$/)
    .waitFor();
  await holder(en.machine.sluice)
    .getByText(/^[\d.]+ MB$/)
    .first()
    .waitFor();
  await server.submit(await server.long(), { title: "Harbour master" });
  await holder(en.machine.engine).filter({ hasText: "sluice-tiny" }).waitFor();
  await shoot(page, "machine-engine");
  await server.clear();
});

test("the view says what the first in line needs while it waits", async () => {
  await server.script("warn", 50e6, 40);
  await server.submit(clip("seen-000.wav"), { title: "Night market" });
  const { page } = await open(`${server.url}/#/machine`);
  const view = page.getByRole("main");
  await view.getByRole("heading", { name: en.machine.first }).waitFor();
  await view.getByText(/Needs [\d.]+ MB, 50 MB free\./).waitFor();
  await view.getByText(/[\d.]+ MB short/).waitFor();
  await shoot(page, "machine-need");
  expect(await violations(page)).toEqual([]);
  await server.script("normal", 16e9);
  await server.clear();
});
