import type { Locator, Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { en } from "../../src/lib/words/en";
import { ended, overflow, shoot, sizes, violations, waiting } from "./page";
import { clip, until } from "./server";
import { choose, dots, focused, looks, steering } from "./steering";

const { server, open, line, order, stands } = steering();

describe("the menu of a waiting job", () => {
  test("moves it in the line", async () => {
    await line("Alder", "Birch", "Cedar");
    const { page } = await open(server.url);
    await choose(page, "Cedar", en.queue.toFront);
    await stands(page, "Cedar", "Alder", "Birch");
    expect(await focused(page)).toBe(en.queue.actions("Cedar"));
    await choose(page, "Alder", en.queue.down);
    await stands(page, "Cedar", "Birch", "Alder");
    await choose(page, "Alder", en.queue.up);
    await stands(page, "Cedar", "Alder", "Birch");
    await choose(page, "Cedar", en.queue.toBack);
    await stands(page, "Alder", "Birch", "Cedar");

    await dots(waiting(page, "Alder"), "Alder").click();
    const choices = page.getByRole("menu");
    for (const none of [en.queue.toFront, en.queue.up])
      expect(await choices.getByRole("menuitem", { name: none }).isDisabled()).toBe(true);
  });

  test("holds a job, which then says so and is passed by, until it is released", async () => {
    const [held] = await line("Alder", "Birch");
    const { page } = await open(server.url);
    await choose(page, "Alder", en.queue.hold);
    const row = waiting(page, "Alder");
    await row.getByText(en.reasons.text.held, { exact: true }).waitFor();
    await server.ask("POST", "/api/v1/queue/resume");
    await ended(page, "Birch").waitFor();
    expect((await server.job(held?.id ?? "")).reason).toBe("held");

    await choose(page, "Alder", en.queue.release);
    await ended(page, "Alder").waitFor();
  });

  test("changes how urgent a job is", async () => {
    const [, , c] = await line("Alder", "Birch", "Cedar");
    const { page } = await open(server.url);
    await choose(page, "Cedar", en.queue.urgent.high);
    await stands(page, "Cedar", "Alder", "Birch");
    expect((await server.job(c?.id ?? "")).priority).toBe(10);
    await waiting(page, "Cedar").getByText(en.queue.urgent.high).waitFor();
    await dots(waiting(page, "Cedar"), "Cedar").click();
    const chosen = page.getByRole("menuitemradio", { checked: true });
    expect(await chosen.innerText()).toBe(en.queue.urgent.high);
    await page.keyboard.press("Escape");

    // Down past one of another priority means to take that one's.
    await choose(page, "Cedar", en.queue.down);
    await stands(page, "Alder", "Cedar", "Birch");
    await choose(page, "Cedar", en.queue.urgent.low);
    await stands(page, "Alder", "Birch", "Cedar");
    // The back is that of its own priority; for the last of it there is none.
    await choose(page, "Alder", en.queue.toBack);
    await stands(page, "Birch", "Alder", "Cedar");
    await dots(waiting(page, "Alder"), "Alder").click();
    expect(await page.getByRole("menuitem", { name: en.queue.toBack }).isDisabled()).toBe(true);
  });

  test("keeps the priority of a job that goes down within it", async () => {
    const jobs = await line("Alder", "Birch", "Cedar");
    for (const job of jobs.slice(0, 2))
      await server.ask("POST", `/api/v1/jobs/${job.id}/priority`, { priority: 10 });
    const { page } = await open(server.url);
    await choose(page, "Alder", en.queue.down);
    await stands(page, "Birch", "Alder", "Cedar");
    expect((await server.board()).next.map((j) => j.priority)).toEqual([10, 10, 0]);
  });

  test("opens where the other mouse button is pressed, and with the menu key", async () => {
    await line("Alder", "Birch");
    const { page } = await open(server.url);
    await waiting(page, "Birch").getByRole("link").click({ button: "right" });
    await page.getByRole("menuitem", { name: en.queue.toFront }).click();
    await stands(page, "Birch", "Alder");
    await waiting(page, "Alder").getByRole("link").focus();
    await page.keyboard.press("Shift+F10");
    await page.getByRole("menu").waitFor();
    await page.keyboard.press("Enter");
    await stands(page, "Alder", "Birch");
    expect(await focused(page)).toBe("Alder");
  });

  test("cancels, and undoing that puts the job back where it stood", async () => {
    await line("Alder", "Birch", "Cedar", "Dogwood");
    const { page } = await open(server.url);
    await choose(page, "Birch", en.common.cancel);
    await waiting(page, "Birch").waitFor({ state: "detached" });
    expect(await focused(page)).toBe("Cedar");
    // Who stood behind it goes, too: then it is the next one behind that counts.
    await waiting(page, "Cedar")
      .getByRole("button", { name: en.queue.cancel("Cedar") })
      .click();
    await stands(page, "Alder", "Dogwood");
    const messages = page.getByRole("status", { name: en.frame.messages });
    const toast = messages.getByRole("group").filter({ hasText: "Birch" });
    await toast.getByRole("button", { name: en.queue.undo }).click();
    await stands(page, "Alder", "Birch", "Dogwood");
    expect((await server.board()).counts.canceled).toBe(1);
  });
});

describe("a cancel that is undone", () => {
  const later = () => new Date(Date.now() + 3_600_000).toISOString();
  const undo = (page: Page) => page.getByRole("button", { name: en.queue.undo }).click();
  const cancel = (page: Page, title: string) =>
    waiting(page, title)
      .getByRole("button", { name: en.queue.cancel(title) })
      .click();

  test("lets a job wait for what it waited for, in a line that goes on", async () => {
    const at = later();
    const { id } = await server.submit(clip("seen-000.wav"), { title: "Alder", not_before: at });
    const { page } = await open(server.url);
    await cancel(page, "Alder");
    await waiting(page, "Alder").waitFor({ state: "detached" });
    await undo(page);
    await waiting(page, "Alder").waitFor();
    expect(Date.parse((await server.job(id)).until ?? "")).toBe(Date.parse(at));
    await choose(page, "Alder", en.queue.hold);
    await waiting(page, "Alder").getByText(en.reasons.text.held, { exact: true }).waitFor();
    await cancel(page, "Alder");
    await waiting(page, "Alder").waitFor({ state: "detached" });
    await page.getByRole("button", { name: en.queue.undo }).last().click();
    await waiting(page, "Alder").getByText(en.reasons.text.held, { exact: true }).waitFor();
    const { stages, reason } = await server.job(id);
    expect({ stages, reason }).toEqual({ stages: [], reason: "held" });
  });

  test("begins a job that ran again, without a complaint", async () => {
    const { id } = await server.submit(await server.long(3), { title: "Runner" });
    await server.reaches(id, "running");
    for (const title of ["Alder", "Birch"]) await server.submit(clip("three-minutes.mp4"), { title });
    const { page, excuse } = await open(server.url);
    excuse(/409/); // its turn may come before it is moved
    await page
      .getByRole("article")
      .getByRole("button", { name: en.queue.cancel("Runner") })
      .click();
    await page.getByRole("dialog").getByRole("button", { name: en.queue.cancelYes }).click();
    await undo(page);
    await until("it is before the others", async () => {
      const now = await server.board();
      return [...now.running, ...now.next].findIndex((j) => j.id === id) <= (now.running.length ? 1 : 0);
    });
    await page.waitForTimeout(500);
    await expect.poll(async () => (await server.job(id)).state).toMatch(/queued|running/);
    expect(await page.locator(".toast.problem").count()).toBe(0);
  });

  test("is nothing more when the job was put in line by hand", async () => {
    await line("Alder", "Birch");
    const { page, excuse } = await open(server.url);
    excuse(/409/); // the second click may come too late
    await cancel(page, "Alder");
    await ended(page, "Alder").getByRole("button", { name: en.queue.tryAgain }).dblclick();
    await stands(page, "Birch", "Alder");
    await undo(page);
    await stands(page, "Alder", "Birch");
    expect(await page.locator(".toast.problem").count()).toBe(0);
  });
});

describe("what has ended", () => {
  test("can be tried again when it failed", async () => {
    const path = await server.file("broken.mp4", Buffer.alloc(5000, "this is no film "));
    const { id } = await server.submit(path);
    await server.reaches(id, "failed");
    await server.ask("POST", "/api/v1/queue/pause");
    const { page } = await open(server.url);
    await ended(page, "broken.mp4").getByRole("button", { name: en.queue.tryAgain }).click();
    await waiting(page, "broken.mp4").waitFor();
    expect(await server.job(id)).toMatchObject({ state: "queued", attempts: 0 });
    await server.ask("POST", "/api/v1/queue/resume");
    await server.reaches(id, "failed");
  });

  test("can be transcribed again when it is done", async () => {
    const { id } = await server.done(clip("seen-000.wav"), { title: "Harbour" });
    const { page } = await open(server.url);
    await dots(ended(page, "Harbour"), "Harbour").click();
    await page.getByRole("menuitem", { name: en.queue.again }).click();
    await until("it was transcribed twice", async () => {
      const { state, stages } = await server.job(id);
      const runs = stages.filter((s) => s.stage === "transcribe" && !s.reused && s.finished_at);
      return state === "done" && runs.length === 2;
    });
    await ended(page, "Harbour").waitFor();
  });

  test("is deleted after a question that names what is lost", async () => {
    const { id } = await server.done(clip("seen-000.wav"), { title: "Harbour" });
    const { page } = await open(server.url);
    const question = page.getByRole("dialog", { name: en.queue.deleteTitle });
    const ask = async () => {
      await dots(ended(page, "Harbour"), "Harbour").click();
      await page.getByRole("menuitem", { name: en.queue.delete }).click();
      await question.getByText(en.queue.deleteDone("Harbour")).waitFor();
    };
    await ask();
    await shoot(page, "delete");
    expect(await violations(page)).toEqual([]);
    await question.getByRole("button", { name: en.queue.keep }).click();
    expect((await server.job(id)).state).toBe("done");
    await ask();
    await question.getByRole("button", { name: en.queue.delete }).click();
    await ended(page, "Harbour").waitFor({ state: "detached" });
    await expect(server.job(id)).rejects.toThrow("404");
  });

  test("is cleared by how it ended", async () => {
    await server.done(clip("seen-000.wav"), { title: "Harbour" });
    const [a, b] = await line("Alder", "Birch");
    for (const job of [a, b]) await server.ask("POST", `/api/v1/jobs/${job?.id}/cancel`);
    const { page } = await open(server.url);
    await ended(page, "Alder").waitFor();
    await page.getByRole("button", { name: en.queue.endedActions }).click();
    await shoot(page, "clear");
    expect(await page.getByRole("menuitem", { name: en.queue.clear.failed }).isDisabled()).toBe(true);
    await page.getByRole("menuitem", { name: en.queue.clear.canceled }).click();
    const question = page.getByRole("dialog", { name: en.queue.clearTitle.canceled(2) });
    await question.getByRole("button", { name: en.queue.clearYes(2) }).click();
    await ended(page, "Alder").waitFor({ state: "detached" });
    await ended(page, "Harbour").waitFor();
    expect((await server.board()).counts).toMatchObject({ canceled: 0, done: 1 });
  });
});

test("all that waits is canceled at once, after a question with its number", async () => {
  await line("Alder", "Birch", "Cedar");
  const { page } = await open(server.url);
  await page.getByRole("button", { name: en.queue.lineActions }).click();
  await page.getByRole("menuitem", { name: en.queue.cancelAll }).click();
  const question = page.getByRole("dialog", { name: en.queue.cancelAllTitle(3) });
  await question.getByRole("button", { name: en.queue.cancelAllYes(3) }).click();
  await page.getByText(en.queue.clearedWaiting(3)).waitFor();
  await ended(page, "Birch").getByRole("button", { name: en.queue.tryAgain }).click();
  await stands(page, "Birch");
});

describe("the view of a job", () => {
  test("holds it, moves it to the front, and tells what happened", async () => {
    const [, birch] = await line("Alder", "Birch");
    const { page, excuse } = await open(`${server.url}/#/job/${birch?.id}`);
    excuse(/404/); // the job may be cleared away while its text is read once more
    const view = page.getByRole("main");
    await view.getByRole("button", { name: en.queue.hold }).click();
    await view.getByText(en.reasons.text.held, { exact: true }).waitFor();
    await view.getByText(en.job.history).click();
    await view.getByRole("row").getByText(en.job.verbs.hold, { exact: true }).waitFor();
    await view.getByRole("button", { name: en.queue.release }).click();
    await view.getByRole("row").getByText(en.job.verbs.release).waitFor();
    await view.getByRole("button", { name: en.job.actions }).click();
    await page.getByRole("menuitem", { name: en.queue.toFront }).click();
    await view.getByText(en.job.place(1, 2)).waitFor();
    expect(await order()).toEqual(["Birch", "Alder"]);
    await view.getByRole("row").getByText(en.job.verbs.move).waitFor();
    await shoot(page, "history");
    expect(await violations(page)).toEqual([]);

    await server.ask("POST", "/api/v1/queue/resume");
    await view.getByRole("row").getByText(en.job.settled.done, { exact: true }).waitFor();
    const said = await view.getByRole("row").locator("td:last-child").allInnerTexts();
    expect(said).toContain(en.job.told(en.job.verbs.begin, en.common.stages.transcribe));
  });

  test("leads back after the job was deleted", async () => {
    const { id } = await server.done(clip("seen-000.wav"), { title: "Harbour" });
    const { page } = await open(`${server.url}/#/job/${id}`);
    await page.getByRole("button", { name: en.job.actions }).click();
    await page.getByRole("menuitem", { name: en.queue.delete }).click();
    await page.getByRole("dialog").getByRole("button", { name: en.queue.delete }).click();
    await page.getByText(en.queue.deleted("Harbour")).waitFor();
    await page.getByRole("heading", { level: 1, name: en.frame.places.library }).waitFor();
    await expect(server.job(id)).rejects.toThrow("404");
  });

  test("says when somebody else has deleted the job", async () => {
    const { id } = await server.done(clip("seen-000.wav"), { title: "Harbour" });
    const { page } = await open(`${server.url}/#/job/${id}`);
    await page.locator(".said").first().waitFor();
    await server.ask("DELETE", `/api/v1/jobs/${id}`);
    await page.getByText(en.job.deleted).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: en.job.toQueue }).click();
    await page.getByRole("heading", { level: 1, name: en.queue.title }).waitFor();
  });
});

test("a job that is scheduled says when, and starts at once when it is released", async () => {
  const at = new Date(Date.now() + 3_600_000).toISOString();
  const { id } = await server.submit(clip("seen-000.wav"), { title: "Harbour", not_before: at });
  const { page } = await open(server.url);
  const why = waiting(page, "Harbour").getByText(/^Starts not before .*\d\d:\d\d$/);
  await why.waitFor();
  await choose(page, "Harbour", en.queue.release);
  await server.reaches(id, "done");
});

test.for(looks)("menus are sound for axe, and fit: $colorScheme, $locale", async (look) => {
  const { words, ...options } = look;
  const at = new Date(Date.now() + 90_000_000).toISOString();
  const { id } = await server.done(clip("seen-001.wav"), { title: "Harbour" });
  const [a] = await line("Alder", "Birch", "Cedar");
  await server.ask("POST", `/api/v1/jobs/${a?.id}/cancel`);
  const long =
    "A very long walk along the old harbour wall in the rain, part two, with all that was said on the way";
  const [held] = await line(long);
  await server.ask("POST", `/api/v1/jobs/${held?.id}/hold`);
  await server.ask("POST", `/api/v1/jobs/${held?.id}/priority`, { priority: 10 });
  await server.submit(clip("seen-000.wav"), { title: "Dogwood", not_before: at });
  const { page } = await open(server.url, options);
  await waiting(page, "Dogwood").waitFor();
  const button = (title: string) => page.getByRole("button", { name: words.queue.actions(title) });

  const fits = async (name: string, to: Locator) => {
    for (const [size, viewport] of Object.entries(sizes)) {
      await page.setViewportSize(viewport);
      await to.click();
      const where = `${name}-${size}-${look.colorScheme}`;
      await shoot(page, where);
      expect(await violations(page), where).toEqual([]);
      expect(await overflow(page), where).toEqual([]);
      const box = await page.getByRole("menu").boundingBox();
      expect((box?.x ?? -1) >= 0 && (box?.y ?? -1) >= 0, where).toBe(true);
      expect((box?.x ?? 0) + (box?.width ?? 0), where).toBeLessThanOrEqual(viewport.width);
      expect((box?.y ?? 0) + (box?.height ?? 0), where).toBeLessThanOrEqual(viewport.height);
      await page.keyboard.press("Escape");
      await page.getByRole("menu").waitFor({ state: "detached" });
    }
  };
  await fits("menu", button("Dogwood"));
  await fits("menu-ended", button("Alder"));
  await fits("menu-line", page.getByRole("button", { name: words.queue.lineActions }));
  for (const job of [id, held?.id]) {
    await page.goto(`${server.url}/#/job/${job}`);
    await page.getByText(words.job.history).click();
    await page.getByRole("row").last().waitFor();
    await fits(
      job === id ? "job-menu-done" : "job-menu-held",
      page.getByRole("button", { name: words.job.actions }),
    );
  }
});
