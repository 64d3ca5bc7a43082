import { afterEach, beforeEach, expect, test } from "vitest";
import { en } from "../../src/lib/words/en";
import { browsing, shoot, sizes, violations, waiting } from "./page";
import { clip, serving, until } from "./server";

const server = serving();
const open = browsing();
let long = "";
let times = 10;

// Another recording for each test: a job whose recording was heard in part goes on from there.
beforeEach(async () => {
  long = await server.long(times++);
});
afterEach(() => server.clear());

test("a running job shows its stages, a number that grows, and its text before the end", async () => {
  const { page } = await open(server.url);
  const { id } = await server.submit(long, { title: "Harbour master", threads: 1 });
  const job = page.getByRole("article").filter({ hasText: "Harbour master" });
  const stages = job.getByRole("list", { name: en.queue.stages }).getByRole("listitem");
  await stages
    .filter({ hasText: en.common.stages.transcribe })
    .and(page.locator("[aria-current=step]"))
    .waitFor();
  await stages.filter({ hasText: en.common.stages.extract }).getByText(en.queue.stageDone).waitFor();

  const words = job.getByRole("region", { name: en.queue.live }).locator("p.selectable");
  await words.first().waitFor();
  const bar = job.getByRole("progressbar", { name: en.queue.progressOf("Harbour master") });
  const share = async () => Number(await bar.getAttribute("aria-valuenow"));
  const [before, heard] = [await share(), await words.count()];
  await until("the number has grown", async () => (await share()) > before);
  await until("more was heard", async () => (await words.count()) > heard);
  await job.getByText(/^\d+%( · .+ left)?$/).waitFor();
  await shoot(page, "running");
  expect((await server.job(id)).state).toBe("running");
});

test("canceling a running job asks once, and keeps it when the answer is no", async () => {
  const { page, excuse } = await open(server.url);
  excuse(/409.*\/move/); // a job that is put back may run before it is moved to the front
  const { id } = await server.submit(long, { title: "Harbour master", threads: 1 });
  // While it still stands in line its button cancels without a question.
  const cancel = page.getByRole("article").getByRole("button", { name: en.queue.cancel("Harbour master") });
  const question = page.getByRole("dialog", { name: en.queue.cancelRunning });

  await cancel.click();
  await question.waitFor();
  await shoot(page, "cancel");
  expect(await violations(page)).toEqual([]);
  await question.getByRole("button", { name: en.queue.cancelNo }).click();
  await question.waitFor({ state: "hidden" });
  expect((await server.job(id)).state).toBe("running");

  await cancel.click();
  await page.keyboard.press("Escape");
  await question.waitFor({ state: "hidden" });
  expect((await server.job(id)).state).toBe("running");

  await cancel.click();
  await question.getByRole("button", { name: en.queue.cancelYes }).click();
  await page.getByText(en.queue.canceled("Harbour master")).waitFor();
  await server.reaches(id, "canceled");
  await page.getByRole("article").waitFor({ state: "detached" });

  // It goes on from where it was, before all others.
  await page.getByRole("button", { name: en.queue.undo }).click();
  await server.reaches(id, "running");
  await page.getByRole("article").getByText("Harbour master").waitFor();
});

test("a job in line is canceled at once and can be put back", async () => {
  const { page } = await open(server.url);
  await server.ask("POST", "/api/v1/queue/pause");
  const { id } = await server.submit(clip("seen-000.wav"), { title: "Night market" });
  const row = waiting(page, "Night market");
  await row.getByRole("button", { name: en.queue.cancel("Night market") }).click();
  await server.reaches(id, "canceled");
  await row.waitFor({ state: "detached" });

  await page.getByRole("button", { name: en.queue.undo }).click();
  await row.waitFor();
  expect((await server.board()).next.map((j) => j.title)).toEqual(["Night market"]);
});

test("the live text stays at its newest line when the window changes its size", async () => {
  const { page } = await open(server.url);
  await server.submit(long, { title: "Harbour master", threads: 1 });
  const box = page.getByRole("region", { name: en.queue.live });
  const above = () => box.evaluate((e) => e.scrollTop);
  await until("there is more than fits", async () => (await above()) > 0);
  for (const size of [sizes.phone, sizes.small, sizes.window]) {
    await page.setViewportSize(size);
    const before = await box.locator("p").count();
    await until("more was heard", async () => (await box.locator("p").count()) > before);
    expect(await page.getByRole("button", { name: en.queue.follow }).count()).toBe(0);
    expect(await box.evaluate((e) => e.scrollHeight - e.clientHeight - e.scrollTop)).toBeLessThan(24);
  }
});

test("a running job can be read while it is heard, and leads back to the queue", async () => {
  const { page } = await open(server.url);
  await server.submit(long, { title: "Harbour master", threads: 1 });
  await page.getByRole("article").getByRole("link", { name: "Harbour master" }).click();
  await page.getByRole("heading", { name: "Harbour master" }).waitFor();
  const text = page.getByRole("region", { name: en.job.text });
  await text
    .locator("p")
    .filter({ hasText: /\w+ \w+/ })
    .first()
    .waitFor();
  const first = await text.innerText();
  await until("the text grows", async () => (await text.innerText()).length > first.length);
  await page.getByRole("button", { name: en.common.export }).and(page.locator(":disabled")).waitFor();
  await shoot(page, "reading-running");
  await page.getByRole("main").getByRole("link", { name: en.frame.places.queue }).click();
  await page.getByRole("article").getByText("Harbour master").waitFor();
});
