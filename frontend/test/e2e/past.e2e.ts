import { expect, test } from "vitest";
import { en } from "../../src/lib/words/en";
import { ko } from "../../src/lib/words/ko";
import { browsing, draggables, overflow, shoot, sizes, violations } from "./page";
import { clip, serving, until } from "./server";

const server = serving({ scripted: true });
const open = browsing();

// What the view tells of, in order: two jobs that ran, one that failed, one that
// waited for memory, and one that still does.
test("the view tells what ran, what failed and what waited", async () => {
  await server.done(clip("seen-000.wav"), { title: "Harbour master" });
  await server.done(clip("seen-001.wav"), { title: "Night market" });
  const broken = await server.submit(await server.file("broken.mp4", "no film at all"), {
    title: "Torn tape",
  });
  await server.reaches(broken.id, "failed");
  await server.script("warn", 50e6, 40);
  const late = await server.submit(clip("seen-002.wav"), { title: "Low tide" });
  await until("it waits for memory", async () => (await server.job(late.id)).reason === "memory");

  const { page } = await open(`${server.url}/#/machine`);
  const view = page.getByRole("main");
  const worker = view.getByRole("region", { name: en.past.worker });
  await worker.getByText(en.past.waitingFor(en.past.reason.memory)).waitFor();
  await worker.getByRole("link", { name: "Low tide" }).waitFor();
  await worker.getByText(en.past.engineOff).waitFor();
  await worker.getByText(/process \d+ · running for .*[\d.]+ MB/).waitFor();

  await view.getByText(/2 jobs done, 1 failed\./).waitFor();
  await view
    .getByRole("img", {
      name: /^The last 24 hours: 2 jobs done, 1 failed\. .* of media in .* of work\. Most in the hour from \d\d:00: 3\.$/,
    })
    .waitFor();
  await view
    .getByRole("region", { name: en.past.failures })
    .getByRole("link", { name: "Torn tape" })
    .waitFor();
  const stages = view.getByRole("region", { name: en.past.stages });
  await stages.getByRole("row", { name: /^Transcribe 2 .* [\d.]+× real time$/ }).waitFor();
  await view.getByText(en.past.byHour).click();
  await view.getByRole("row", { name: /^(yesterday )?\d\d:00 2 1 \d+ s/ }).waitFor();

  const waits = view.getByRole("list", { name: en.past.waits });
  await waits.getByRole("link", { name: /^Waited for memory · Low tide · since \d\d:\d\d/ }).waitFor();
  await server.script("normal", 16e9);
  await server.reaches(late.id, "done");
  await worker.getByText(en.past.state.idle).waitFor();
  await view.getByText(/3 jobs done, 1 failed\./).waitFor();
  await waits.getByRole("link", { name: /^Waited for memory · Low tide · \d\d:\d\d–\d\d:\d\d/ }).waitFor();
});

test("the arrow keys walk through what ran, and Enter opens the job", async () => {
  const { page } = await open(`${server.url}/#/machine`);
  await page.getByRole("radio", { name: en.machine.ranges[15] ?? "", exact: true }).check();
  const runs = page.getByRole("main").getByRole("list", { name: en.past.runs });
  const links = runs.getByRole("link");
  await links.first().waitFor();
  const count = await links.count();
  expect(await runs.locator("a[tabindex='0']").count()).toBe(1);
  await links.last().focus();
  const told = page.locator(".lanes .readout");
  expect(await told.innerText()).toBe(await links.last().getAttribute("aria-label"));
  await page.keyboard.press("Home");
  expect(await told.innerText()).toBe(await links.first().getAttribute("aria-label"));
  for (let i = 1; i < count + 3; i++) await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await page.waitForURL(/#\/job\//);
  await page.getByRole("heading", { name: "Low tide" }).waitFor();
});

test("an engine at work is shown, and a pause", async () => {
  const { page } = await open(`${server.url}/#/machine`);
  const worker = page.getByRole("main").getByRole("region", { name: en.past.worker });
  const { id } = await server.submit(await server.long(), { title: "Ferry timetable" });
  await worker.getByText(/sluice-tiny · [\d.]+ MB · process \d+ · model loaded/).waitFor();
  await worker.getByText(en.common.stages.transcribe).waitFor();
  const runs = page.getByRole("main").getByRole("list", { name: en.past.runs });
  await runs.locator("a.open").waitFor();
  await shoot(page, "machine-worker");
  await server.ask("POST", "/api/v1/queue/pause");
  await server.ask("POST", `/api/v1/jobs/${id}/cancel`);
  await worker.getByText(en.past.state.paused).waitFor();
  await worker.getByText(en.past.engineOff).waitFor();
  await server.ask("POST", "/api/v1/queue/resume");
  await worker.getByText(en.past.state.idle).waitFor();
});

for (const [colours, words] of [
  ["light", en],
  ["dark", ko],
] as const) {
  for (const [size, viewport] of Object.entries(sizes)) {
    test(`the view fits ${size} in ${colours} without a fault`, async () => {
      const locale = words === ko ? "ko-KR" : "en-GB";
      const { page } = await open(`${server.url}/#/machine`, { viewport, colorScheme: colours, locale });
      const view = page.getByRole("main");
      await view.getByRole("list", { name: words.past.runs }).waitFor();
      await view.getByText(words.past.byHour).click();
      await view.getByRole("list", { name: words.doctor.list }).waitFor();
      expect(await violations(page)).toEqual([]);
      expect(await overflow(page)).toEqual([]);
      expect(await draggables(page)).toEqual([]);
      await page.setViewportSize({ width: viewport.width, height: 2000 }); // all of it in one picture
      await shoot(page, `past-${colours}-${size}`);
    });
  }
}
