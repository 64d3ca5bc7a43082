import { afterEach, expect, test } from "vitest";
import { en } from "../../src/lib/words/en";
import { browsing, ended, shoot, violations, waiting } from "./page";
import { clip, serving } from "./server";

const server = serving();
const open = browsing();

afterEach(() => server.clear());

test("a paused line says so on the strip and on its rows, also after a reload", async () => {
  const { page } = await open(server.url);
  const strip = page.getByRole("banner");
  await strip.getByRole("button", { name: en.frame.pause, exact: true }).click();
  await strip.getByText(en.frame.gate.paused).waitFor();
  await server.submit(clip("seen-000.wav"), { title: "Night market" });
  const row = waiting(page, "Night market");
  await row.getByText(/paused/i).waitFor();
  await page.getByText(en.queue.idlePaused).waitFor();
  await shoot(page, "paused");
  expect(await violations(page)).toEqual([]);

  await page.reload();
  await strip.getByText(en.frame.gate.paused).waitFor();
  await row.getByText(/paused/i).waitFor();

  await strip.getByRole("button", { name: en.frame.resume, exact: true }).click();
  await ended(page, "Night market").waitFor();
  await strip.getByText(en.frame.gate.open).waitFor();
});

test("a page whose server stops says it is away, and goes on by itself when it is back", async () => {
  const { page, excuse } = await open(server.url);
  excuse(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/);
  const strip = page.getByRole("banner");
  await strip.getByRole("button", { name: en.frame.pause, exact: true }).click();
  await strip.getByText(en.frame.gate.paused).waitFor();
  await server.submit(clip("seen-000.wav"), { title: "Night market" });
  const row = waiting(page, "Night market");
  await row.waitFor();

  await server.stop();
  const away = page.getByRole("alert").filter({ hasText: en.frame.away });
  await away.waitFor();
  await shoot(page, "away");
  expect(await violations(page)).toEqual([]);
  expect(await strip.getByRole("button", { name: en.frame.resume, exact: true }).isDisabled()).toBe(true);

  await server.start();
  await away.waitFor({ state: "detached" });
  await strip.getByText(en.frame.gate.paused).waitFor(); // the pause outlives the server, too
  await row.getByText(/paused/i).waitFor();

  // Events flow again: nothing but them tells the page of this job.
  await server.submit(clip("seen-001.wav"), { title: "Slow train" });
  await waiting(page, "Slow train").waitFor();
  await strip.getByRole("button", { name: en.frame.resume, exact: true }).click();
  for (const title of ["Night market", "Slow train"]) {
    await ended(page, title).waitFor();
  }
});
