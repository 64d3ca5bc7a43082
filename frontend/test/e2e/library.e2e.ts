import { beforeAll, expect, test } from "vitest";
import { en } from "../../src/lib/words/en";
import { browsing, shoot } from "./page";
import { clip, serving } from "./server";

const server = serving();
const open = browsing();

beforeAll(async () => {
  await server.done(clip("seen-000.wav"), { title: "Harbour master" });
  await server.done(clip("seen-001.wav"), { title: "Night market" });
  await server.done(clip("seen-002.wav"), { title: "야시장 산책" });
});

test("what is done is listed, found by words of its title, and opens", async () => {
  const { page } = await open(`${server.url}/#/library`);
  const rows = page.getByRole("list", { name: en.library.list }).getByRole("listitem");
  await rows.nth(2).waitFor();
  expect(await rows.getByRole("link").allInnerTexts()).toEqual([
    "야시장 산책",
    "Night market",
    "Harbour master",
  ]);
  await shoot(page, "library");

  const field = page.getByRole("searchbox", { name: en.library.search });
  const found = page.getByRole("list", { name: en.library.results });
  await field.fill("market");
  await found.getByRole("link", { name: "Night market" }).waitFor();
  await rows.first().waitFor({ state: "detached" });
  await field.fill("야시장");
  await found.getByRole("link", { name: "야시장 산책" }).waitFor();
  expect(await found.getByRole("link").allInnerTexts()).toEqual(["야시장 산책"]);
  await field.fill("nobody has this");
  await page.locator("p.title").getByText(en.library.none).waitFor();
  await page.getByRole("button", { name: en.library.clear }).click();
  await rows.nth(2).waitFor();

  await rows.getByRole("link", { name: "Harbour master" }).click();
  await page.getByRole("heading", { name: "Harbour master" }).waitFor();
  await page.getByRole("region", { name: en.job.text }).locator(".said").first().waitFor();
  await page.getByRole("main").getByRole("link", { name: en.frame.places.library }).click();
  await rows.nth(2).waitFor();
});

test("what becomes done meanwhile appears without a reload", async () => {
  const { page } = await open(`${server.url}/#/library`);
  await page.getByText("Harbour master").waitFor();
  await server.done(clip("seen-004.wav"), { title: "Slow train" });
  await page.getByRole("list", { name: en.library.list }).getByText("Slow train").waitFor();
});
