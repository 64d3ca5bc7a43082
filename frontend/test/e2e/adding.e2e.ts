import { readFile } from "node:fs/promises";
import { afterEach, expect, test } from "vitest";
import type { SubmittedJob } from "../../src/lib/api/types";
import { en } from "../../src/lib/words/en";
import { browsing, drop, ended, shoot, violations, waiting } from "./page";
import { clip, serving } from "./server";

const server = serving();
const open = browsing();

afterEach(() => server.clear());

/** titles are those on the server, in any state. */
async function titles(): Promise<string[]> {
  const now = await server.board();
  return [...now.running, ...now.next, ...now.last].map((j) => j.title).sort();
}

test("chosen files are sent, stand in line as rows, run and finish", async () => {
  const { page } = await open(server.url);
  await server.ask("POST", "/api/v1/queue/pause");
  const asked = page.waitForEvent("filechooser");
  await page.getByRole("main").getByRole("button", { name: en.common.add }).click();
  await (await asked).setFiles([clip("seen-000.wav"), clip("demo.mp4")]);

  await page.getByText(en.queue.added(2)).waitFor();
  for (const name of ["seen-000.wav", "demo.mp4"]) await waiting(page, name).waitFor();
  expect(await titles()).toEqual(["demo.mp4", "seen-000.wav"]);

  await server.ask("POST", "/api/v1/queue/resume");
  for (const name of ["seen-000.wav", "demo.mp4"]) {
    await ended(page, name).getByText(en.common.states.done).waitFor();
    await ended(page, name)
      .getByText(/^Length \d+:\d\d · took \d+ s/)
      .waitFor();
  }
  await page.getByRole("banner").getByText(en.frame.depth(0)).waitFor();
});

test("files that fall on the page are taken, and a file that is no media is named and refused", async () => {
  const { page } = await open(`${server.url}/#/machine`);
  await drop(page, [
    { name: "harbour.wav", body: await readFile(clip("seen-001.wav")) },
    { name: "notes.txt", body: Buffer.from("no sound in here") },
    { name: "market.wav", body: await readFile(clip("seen-002.wav")) },
  ]);
  await page.getByRole("heading", { name: en.queue.title, exact: true }).waitFor(); // where the files are
  const refused = page.getByRole("main").getByRole("alert");
  await refused.getByText(en.queue.refused(1)).waitFor();
  await refused.getByText("notes.txt").waitFor();
  await refused.getByText(en.faults.not_media.message).waitFor();
  await shoot(page, "refused");
  expect(await violations(page)).toEqual([]);
  await page.getByText(en.queue.added(2)).waitFor();
  for (const name of ["harbour.wav", "market.wav"]) {
    await ended(page, name).getByText(en.common.states.done).waitFor();
  }
  expect(await titles()).not.toContain("notes.txt");
  await refused.getByRole("button", { name: en.common.dismiss }).click();
  await refused.waitFor({ state: "detached" });
});

// The server takes an upload for another file when it comes at another time,
// so this is what should be, and fails as soon as it is.
test.fails("a file that stands in line already is not added twice", async () => {
  const { page } = await open(server.url);
  await server.ask("POST", "/api/v1/queue/pause");
  const file = { name: "twice.wav", body: await readFile(clip("seen-004.wav")) };
  const send = async () => {
    const told = page.waitForResponse((r) => r.url().endsWith("/api/v1/jobs"));
    await drop(page, [file]);
    return (await (await told).json()) as SubmittedJob;
  };
  const first = await send();
  const second = await send();
  expect(second).toMatchObject({ id: first.id, existing: true });
  await page.getByText(en.queue.existing(1)).waitFor();
});
