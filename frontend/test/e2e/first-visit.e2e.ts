import { expect, test } from "vitest";
import { en } from "../../src/lib/words/en";
import { browsing, shoot, violations } from "./page";
import { serving } from "./server";

const server = serving();
const open = browsing();

test("an empty line says so, that the gate is open, and how memory is", async () => {
  const { page } = await open(server.url);
  const strip = page.getByRole("banner");
  await strip.getByText(en.frame.depth(0)).waitFor();
  await strip.getByText(en.frame.gate.open).waitFor();
  await strip.getByText(/Memory is (fine|getting short|critically short)/).waitFor();
  await strip.getByText(/[\d.]+ [GM]B of [\d.]+ GB free/).waitFor();
  await shoot(page, "empty-queue");
});

test("every empty view teaches the next step", async () => {
  const { page } = await open(server.url);
  const view = page.getByRole("main");
  await view.getByText(en.queue.heroTitle).waitFor();
  await view.getByRole("button", { name: en.common.add }).waitFor();
  expect(await violations(page)).toEqual([]);

  await page.getByRole("link", { name: en.frame.places.library }).click();
  await view.getByText(en.library.emptyHint).waitFor();
  expect(await violations(page)).toEqual([]);
  await shoot(page, "empty-library");
  await view.getByRole("button", { name: en.library.toQueue }).click();
  await view.getByText(en.queue.heroTitle).waitFor();
});

test("an address of a job that is not there says so and leads back", async () => {
  const { page, excuse } = await open(server.url);
  excuse(/404/); // the browser tells it, too
  await page.goto(`${server.url}/#/job/01NOTHERE`);
  await page.getByRole("main").getByText(en.job.missing).waitFor();
  await page.getByRole("main").getByRole("link", { name: en.frame.places.queue }).click();
  await page.getByText(en.queue.heroTitle).waitFor();
});

test("an address that nobody knows shows the queue", async () => {
  const { page } = await open(`${server.url}/#/nowhere/%E0%A4%A`);
  await page.getByText(en.queue.heroTitle).waitFor();
});

test("the first paint and the heap are measured", async () => {
  const { page } = await open(server.url);
  await page.getByText(en.queue.heroTitle).waitFor();
  const [paint, heap] = await page.evaluate(() => {
    const first = performance.getEntriesByName("first-contentful-paint")[0];
    const { memory } = performance as unknown as { memory?: { usedJSHeapSize: number } };
    return [first?.startTime ?? NaN, memory?.usedJSHeapSize ?? NaN] as const;
  });
  // Printed, not asked for: a busy machine is no fault of the page.
  console.log(`first contentful paint ${Math.round(paint)} ms, heap ${(heap / 1e6).toFixed(1)} MB`);
});
