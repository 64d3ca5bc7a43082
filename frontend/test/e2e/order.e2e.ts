import type { Locator, Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { en } from "../../src/lib/words/en";
import { ended, shoot, sizes, waiting } from "./page";
import { clip, until } from "./server";
import { dots, focused, steering } from "./steering";

const { server, open, line, stands } = steering();

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

  test("of fifty jobs and more can be changed, also at its very end", async () => {
    await server.ask("POST", "/api/v1/queue/pause");
    const jobs = Array.from({ length: 60 }, (_, i) => ({
      source: clip("seen-000.wav"),
      title: `Tree ${i + 1}`,
    }));
    await server.ask("POST", "/api/v1/jobs", { jobs });
    const { page } = await open(server.url);
    await page.getByRole("link", { name: "Tree 1", exact: true }).focus();
    await page.keyboard.press("End");
    await expect.poll(() => focused(page)).toBe("Tree 60");
    await page.keyboard.press("Alt+ArrowUp");
    await expect.poll(async () => (await all()).slice(-2)).toEqual(["Tree 60", "Tree 59"]);
    await expect.poll(() => focused(page)).toBe("Tree 60");
    await page.keyboard.press("Alt+ArrowDown");
    await expect.poll(async () => (await all()).slice(-2)).toEqual(["Tree 59", "Tree 60"]);

    // Frames while a row is dragged over all others.
    await page.keyboard.press("Home");
    await expect.poll(() => focused(page)).toBe("Tree 1");
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
    console.log(`dragging over 60 rows: half of the frames took ${(await frame).toFixed(0)} ms or less`);
    // At the edge the view goes along, to the last row.
    await until("the view has come to its end", () =>
      page.locator(".view").evaluate((v) => v.scrollTop + v.clientHeight >= v.scrollHeight - 2),
    );
    await page.getByRole("link", { name: "Tree 60", exact: true }).waitFor();
    await page.mouse.up();
    await expect.poll(all).toEqual([...Array.from({ length: 59 }, (_, i) => `Tree ${i + 2}`), "Tree 1"]);
  });
});

/** all is the whole line, also beyond what the board shows. */
async function all(): Promise<string[]> {
  const answer = await server.ask("GET", "/api/v1/jobs?order=line&limit=200");
  return ((await answer.json()) as { jobs: { title: string }[] }).jobs.map((j) => j.title);
}

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
  await view.getByText(en.job.place(56, 56)).waitFor();
  await server.ask("POST", `/api/v1/jobs/${id}/cancel`);
  await view.getByRole("button", { name: en.queue.tryAgain }).waitFor();
  await server.ask("POST", `/api/v1/jobs/${id}/retry`);
  await view.getByText(en.job.place(56, 56)).waitFor();
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
