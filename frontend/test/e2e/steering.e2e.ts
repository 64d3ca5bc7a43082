import type { Locator, Page } from "playwright-core";
import { afterEach, describe, expect, test } from "vitest";
import type { SubmittedJob } from "../../src/lib/api/types";
import { en } from "../../src/lib/words/en";
import { ko } from "../../src/lib/words/ko";
import { browsing, ended, overflow, shoot, sizes, violations, waiting } from "./page";
import { clip, serving, until } from "./server";

const server = serving();
const open = browsing();

afterEach(async () => {
  await server.clear();
  for (const state of ["done", "failed", "canceled"]) {
    await server.ask("POST", "/api/v1/jobs/clear", { state });
  }
});

/** line puts jobs in a paused line, in this order. */
async function line(...titles: string[]): Promise<SubmittedJob[]> {
  await server.ask("POST", "/api/v1/queue/pause");
  const jobs = [];
  for (const title of titles) jobs.push(await server.submit(clip("seen-000.wav"), { title }));
  return jobs;
}

/** order is how the line stands at the server. */
const order = async () => (await server.board()).next.map((j) => j.title);

/** stands waits until the line is in this order, at the server and on the page. */
async function stands(page: Page, ...titles: string[]): Promise<void> {
  await expect.poll(order).toEqual(titles);
  const rows = page.getByRole("main").locator("ol li .title");
  await expect.poll(() => rows.allInnerTexts()).toEqual(titles);
}

const dots = (row: Locator, title: string) => row.getByRole("button", { name: en.queue.actions(title) });

/** choose opens the menu of a waiting job and takes one of its choices. */
async function choose(page: Page, title: string, choice: string): Promise<void> {
  await dots(waiting(page, title), title).click();
  await page.getByRole("menu").getByText(choice, { exact: true }).click();
  await page.getByRole("menu").waitFor({ state: "detached" });
}

/** focused is what has the focus, by what it says. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const e = document.activeElement as HTMLElement;
    return e.getAttribute("aria-label") ?? e.innerText.split("\n")[0];
  });

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

describe("the focus", () => {
  /** press gives the focus to something and presses Enter. */
  const press = async (page: Page, on: Locator) => {
    await on.focus();
    await page.keyboard.press("Enter");
  };
  const has = (page: Page, what: string) => expect.poll(() => focused(page)).toBe(what);

  test.for(["its row", "its menu"])(
    "goes on in the line when a job begins that has it in %s",
    async (what) => {
      const [, birch] = await line("Alder", "Birch");
      await server.ask("POST", `/api/v1/jobs/${birch?.id}/hold`);
      const { page } = await open(server.url);
      await waiting(page, "Alder").waitFor();
      if (what === "its row") await waiting(page, "Alder").getByRole("link").focus();
      else {
        await press(page, dots(waiting(page, "Alder"), "Alder"));
        await page.getByRole("menu").waitFor();
      }
      await server.ask("POST", "/api/v1/queue/resume");
      await waiting(page, "Alder").waitFor({ state: "detached" });
      await has(page, "Birch");
      await page.getByRole("menu").waitFor({ state: "detached" });
    },
  );

  test("goes on in the list when a job is tried again, and in the view when all are gone", async () => {
    const [a, b] = await line("Alder", "Birch");
    for (const job of [a, b]) await server.ask("POST", `/api/v1/jobs/${job?.id}/cancel`);
    const { page } = await open(server.url);
    await press(page, ended(page, "Birch").getByRole("button", { name: en.queue.tryAgain }));
    await waiting(page, "Birch").waitFor();
    await has(page, "Alder");

    await press(page, page.getByRole("button", { name: en.queue.lineActions }));
    await page.getByRole("menuitem", { name: en.queue.cancelAll }).press("Enter");
    await press(page, page.getByRole("dialog").getByRole("button", { name: en.queue.cancelAllYes(1) }));
    await ended(page, "Birch").waitFor();
    await has(page, en.queue.title);

    await press(page, page.getByRole("button", { name: en.queue.endedActions }));
    await page.getByRole("menuitem", { name: en.queue.clear.canceled }).press("Enter");
    await press(page, page.getByRole("dialog").getByRole("button", { name: en.queue.clearYes(2) }));
    await ended(page, "Birch").waitFor({ state: "detached" });
    await has(page, en.queue.title);
  });

  test("stays in the view of a job, whatever becomes of its buttons", async () => {
    const [, birch] = await line("Alder", "Birch");
    const { page } = await open(`${server.url}/#/job/${birch?.id}`);
    const view = page.getByRole("main");
    const button = (name: string) => view.getByRole("button", { name, exact: true });
    await press(page, button(en.queue.hold));
    await has(page, en.queue.release);
    await view.getByRole("status").filter({ hasText: en.reasons.text.held }).waitFor({ state: "attached" });
    await press(page, button(en.job.cancel));
    await button(en.queue.tryAgain).waitFor();
    await has(page, "Birch");
    await press(page, button(en.queue.tryAgain));
    await button(en.queue.hold).waitFor();
    await has(page, "Birch");
    await press(page, page.getByRole("button", { name: en.queue.undo }));
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).not.toBe("BODY");
  });
});

test("a job of a long line goes to the back of its priority, and can be tried again beyond what is shown", async () => {
  await server.ask("POST", "/api/v1/queue/pause");
  const { id } = await server.submit(clip("seen-000.wav"), { title: "Alder" });
  await server.ask("POST", `/api/v1/jobs/${id}/cancel`);
  const jobs = Array.from({ length: 55 }, (_, i) => ({
    source: clip("seen-000.wav"),
    title: `Tree ${i + 1}`,
  }));
  await server.ask("POST", "/api/v1/jobs", { jobs });
  const { page } = await open(server.url);
  await page.getByRole("button", { name: en.queue.actions("Tree 3"), exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: en.queue.toBack }).press("Enter");
  await page.getByText(en.queue.movedTo("Tree 3", 55)).waitFor();
  await expect.poll(() => focused(page)).toBe("Tree 4");

  await page.goto(`${server.url}/#/job/${id}`);
  const view = page.getByRole("main");
  await view.getByRole("button", { name: en.queue.tryAgain }).click();
  await view.getByText(en.job.position(56)).waitFor();
  await server.ask("POST", `/api/v1/jobs/${id}/cancel`);
  await view.getByRole("button", { name: en.queue.tryAgain }).waitFor();
  await server.ask("POST", `/api/v1/jobs/${id}/retry`);
  await view.getByText(en.job.position(56)).waitFor();
});

describe("the order of the line", () => {
  /** drag presses a row, moves to the middle of another and a bit on, and lets go. */
  async function drag(page: Page, from: string, to: string, beyond: number): Promise<void> {
    const middle = async (title: string) => {
      const box = await waiting(page, title).boundingBox();
      if (!box) throw new Error(`${title} is not there`);
      return { x: box.x + box.width / 3, y: box.y + box.height / 2 };
    };
    const [a, b] = [await middle(from), await middle(to)];
    await page.mouse.move(a.x, a.y);
    await page.mouse.down();
    await page.mouse.move(a.x, a.y + 8);
    await page.mouse.move(b.x, b.y + beyond, { steps: 4 });
  }

  test("is changed by dragging, with a mark that shows the place", async () => {
    await line("Alder", "Birch", "Cedar");
    const { page } = await open(server.url);
    await waiting(page, "Cedar").waitFor();
    await drag(page, "Cedar", "Alder", -6);
    expect(await waiting(page, "Alder").getAttribute("class")).toContain("before");
    await shoot(page, "dragging");
    await page.mouse.up();
    await stands(page, "Cedar", "Alder", "Birch");
    await drag(page, "Cedar", "Birch", 6);
    expect(await waiting(page, "Birch").getAttribute("class")).toContain("after");
    await page.mouse.up();
    await stands(page, "Alder", "Birch", "Cedar");
    expect(new URL(page.url()).hash, "the link in the row was followed").toBe("");

    await drag(page, "Alder", "Cedar", 6);
    await page.keyboard.press("Escape");
    await page.mouse.up();
    await stands(page, "Alder", "Birch", "Cedar");
  });

  test("is changed with a finger on the number of a row; elsewhere it scrolls", async () => {
    await line("Alder", "Birch", "Cedar");
    const { page } = await open(server.url, { hasTouch: true, isMobile: true, viewport: sizes.phone });
    const middle = async (of: Locator) => {
      const box = await of.boundingBox();
      return { x: (box?.x ?? 0) + (box?.width ?? 0) / 2, y: (box?.y ?? 0) + (box?.height ?? 0) / 2 };
    };
    const finger = await page.context().newCDPSession(page);
    const touch = (
      type: "touchStart" | "touchMove" | "touchEnd",
      ...touchPoints: { x: number; y: number }[]
    ) => finger.send("Input.dispatchTouchEvent", { type, touchPoints });
    const swipe = async (from: Locator) => {
      const [a, b] = [await middle(from), await middle(waiting(page, "Alder"))];
      await touch("touchStart", a);
      for (const y of [a.y - 10, a.y - 20, b.y + 5, b.y - 5]) await touch("touchMove", { x: a.x, y });
      await touch("touchEnd");
    };
    await waiting(page, "Cedar").waitFor();
    await swipe(waiting(page, "Cedar").locator("[data-handle]"));
    await stands(page, "Cedar", "Alder", "Birch");
    await swipe(waiting(page, "Birch").getByRole("link"));
    await stands(page, "Cedar", "Alder", "Birch");
  });

  test("is shown at once, and is the server's again when that refuses", async () => {
    await line("Alder", "Birch", "Cedar");
    const { page, excuse } = await open(server.url);
    excuse(/503/);
    await waiting(page, "Cedar").waitFor();
    let answer = () => {};
    const asked = new Promise<void>((go) => (answer = go));
    await page.route("**/move", async (route) => {
      await asked;
      const body = { title: "", status: 503, code: "internal", detail: "It broke.", hint: "" };
      await route.fulfill({ status: 503, json: body });
    });
    await waiting(page, "Cedar").getByRole("link").focus();
    await page.keyboard.press("Alt+ArrowUp");
    const rows = page.getByRole("main").locator("ol li .title");
    await expect.poll(() => rows.allInnerTexts()).toEqual(["Alder", "Cedar", "Birch"]);
    answer();
    await page.getByText("It broke.").waitFor();
    await stands(page, "Alder", "Birch", "Cedar");
  });

  test("is changed by keys alone, and the new place is told", async () => {
    await line("Alder", "Birch", "Cedar");
    const { page } = await open(server.url);
    await waiting(page, "Cedar").getByRole("link").focus();
    await page.keyboard.press("Alt+ArrowUp");
    await page.getByRole("status").getByText(en.queue.movedTo("Cedar", 2)).waitFor({ state: "attached" });
    await stands(page, "Alder", "Cedar", "Birch");
    expect(await focused(page)).toBe("Cedar");
    await page.keyboard.press("Alt+ArrowUp");
    await page.keyboard.press("Alt+ArrowUp"); // it is the first already
    await stands(page, "Cedar", "Alder", "Birch");
    for (let i = 0; i < 2; i++) await page.keyboard.press("Alt+ArrowDown");
    await stands(page, "Alder", "Birch", "Cedar");
    expect(await focused(page)).toBe("Cedar");
  });

  test("of fifty jobs and more can be changed, also at the end of what is shown", async () => {
    await server.ask("POST", "/api/v1/queue/pause");
    const jobs = Array.from({ length: 60 }, (_, i) => ({
      source: clip("seen-000.wav"),
      title: `Tree ${i + 1}`,
    }));
    await server.ask("POST", "/api/v1/jobs", { jobs });
    const { page } = await open(server.url);
    const rows = page.getByRole("main").locator("ol li .title");
    await expect.poll(() => rows.count()).toBe(50);
    await page.getByRole("link", { name: "Tree 50" }).focus();
    await page.keyboard.press("Alt+ArrowUp");
    await page.keyboard.press("Alt+ArrowDown");
    await page.keyboard.press("Alt+ArrowDown");
    await expect.poll(async () => (await order()).slice(-2)).toEqual(["Tree 49", "Tree 50"]);

    // Frames while a row is dragged over all others.
    await page.getByRole("link", { name: "Tree 1", exact: true }).scrollIntoViewIfNeeded();
    const box = await page.getByRole("link", { name: "Tree 1", exact: true }).boundingBox();
    await page.mouse.move((box?.x ?? 0) + 40, (box?.y ?? 0) + 5);
    await page.mouse.down();
    const frame = page.evaluate(async () => {
      const gaps: number[] = [];
      let last = performance.now();
      for (let i = 0; i < 60; i++) {
        await new Promise(requestAnimationFrame);
        gaps.push(performance.now() - last);
        last = performance.now();
      }
      return gaps.sort((a, b) => a - b)[30] ?? 0;
    });
    const size = page.viewportSize();
    await page.mouse.move((box?.x ?? 0) + 40, (size?.height ?? 0) - 20, { steps: 30 });
    console.log(`dragging over 50 rows: half of the frames took ${(await frame).toFixed(0)} ms or less`);
    // At the edge the view goes along, to the last row.
    await until("the view has come to its end", () =>
      page.locator(".view").evaluate((v) => v.scrollTop + v.clientHeight >= v.scrollHeight - 2),
    );
    await page.mouse.up();
    await expect.poll(async () => (await order())[0]).toBe("Tree 2");
    const { position } = await server.job((await whole("Tree 1")) ?? "");
    expect(position).toBe(50);
  });
});

/** whole finds a job of the line by its title. */
async function whole(title: string): Promise<string | undefined> {
  const answer = await server.ask("GET", "/api/v1/jobs?state=queued&limit=200");
  const { jobs } = (await answer.json()) as { jobs: { id: string; title: string }[] };
  return jobs.find((j) => j.title === title)?.id;
}

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
    await view.getByText(en.job.position(1)).waitFor();
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

test("keys alone do all of it", async () => {
  await line("Alder", "Birch");
  const { page } = await open(server.url);
  await waiting(page, "Alder").getByRole("link").focus();
  await page.keyboard.press("Tab");
  expect(await focused(page)).toBe(en.queue.actions("Alder"));
  await page.keyboard.press("Enter");
  await page.getByRole("menu").waitFor();
  await page.keyboard.press("h"); // the first choice that begins so
  expect(await focused(page)).toBe(en.queue.hold);
  await page.keyboard.press("Enter");
  await waiting(page, "Alder").getByText(en.reasons.text.held, { exact: true }).waitFor();
  expect(await focused(page)).toBe(en.queue.actions("Alder"));
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => focused(page)).toBe(en.common.cancel);
  await page.keyboard.press("Enter");
  await stands(page, "Birch");
  expect(await focused(page)).toBe("Birch");
  await page.getByRole("button", { name: en.queue.endedActions }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect.poll(async () => (await server.board()).counts.canceled).toBe(0);
});

const looks = [
  { colorScheme: "light", locale: "en-GB", words: en },
  { colorScheme: "dark", locale: "ko-KR", words: ko },
] as const;

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
