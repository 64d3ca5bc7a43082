import { cleanup, fireEvent, render, screen, within } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Notice } from "../src/lib/api/types";
import { board } from "../src/lib/live/board.svelte";
import { shell } from "../src/lib/shell/shell";
import { toasts } from "../src/lib/ui/toasts.svelte";
import { en } from "../src/lib/words/en";
import { language } from "../src/lib/words/words.svelte";
import Notices from "../src/views/frame/Notices.svelte";
import { snapshot } from "./fakes";

const restored: Notice = {
  id: "1",
  at: "2026-03-14T09:00:00Z",
  code: "backup_restored",
  text: "The database was damaged; the backup of today 08:00 took its place.",
  hint: "Look through the line.",
};
const empty: Notice = { ...restored, id: "2", code: "started_empty", text: "There was no backup." };

const newer: Notice = {
  id: "3",
  at: "2026-03-14T09:00:00Z",
  code: "update_available",
  text: "There is a newer version.",
  hint: "",
  version: "v1.3.0",
  url: "https://github.com/sluice-app/sluice/releases/tag/v1.3.0",
};

/** serving takes what is dismissed; 0 is a server that is away. */
function serving(status = 204): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname}`);
    if (status === 0) throw new TypeError("nobody there");
    return new Response(null, { status });
  });
  return asked;
}

async function dismiss(i: number): Promise<void> {
  await fireEvent.click(screen.getAllByRole("button")[i] as HTMLElement);
  await vi.waitFor(() => flushSync());
  await new Promise((done) => setTimeout(done));
}

beforeEach(() => {
  language.choose("en");
  vi.spyOn(board, "refetch").mockImplementation(() => {});
});
afterEach(() => {
  cleanup();
  board.snapshot = undefined;
  toasts.all = [];
});

describe("a notice", () => {
  it("is told with the server's words, in a place that is read out", () => {
    render(Notices);
    const place = screen.getByRole("status", { name: en.notices.label });
    expect(place.textContent?.trim()).toBe("");
    board.snapshot = snapshot(1, { notices: [restored, empty] });
    flushSync();
    expect(screen.getByRole("status")).toBe(place);
    expect(within(place).getByText("Your data was restored from a backup")).toBeTruthy();
    expect(within(place).getByText(`${restored.text} ${restored.hint}`)).toBeTruthy();
    expect(within(place).getByText(/There was no backup/)).toBeTruthy();
    expect(screen.getAllByRole("button")).toHaveLength(2);
  });

  it("goes when it is dismissed, and leaves the focus with the next", async () => {
    const asked = serving();
    board.snapshot = snapshot(1, { notices: [restored, empty] });
    render(Notices);
    await dismiss(0);
    expect(asked).toEqual(["DELETE /api/v1/notices/1"]);
    expect(screen.queryByText(/was restored/)).toBeNull();
    expect(board.refetch).toHaveBeenCalled();
    expect(document.activeElement?.getAttribute("aria-label")).toMatch(/new database/);
    await dismiss(0);
    expect(asked.at(-1)).toBe("DELETE /api/v1/notices/2");
    expect(screen.queryByRole("button")).toBeNull();
  });

  it("stays when nobody took the dismissal, and says so", async () => {
    serving(0);
    board.snapshot = snapshot(1, { notices: [restored] });
    render(Notices);
    await dismiss(0);
    expect(screen.getByText(/was restored/)).toBeTruthy();
    expect(toasts.all[0]?.text).toBe("It could not be dismissed.");
  });

  it("of a newer version leads to what is new, in a place of its own", async () => {
    const asked = serving();
    board.snapshot = snapshot(1, { notices: [restored, newer] });
    render(Notices);
    const link = screen.getByRole("link", { name: en.notices.news });
    expect(Object.fromEntries([...link.attributes].map((a) => [a.name, a.value]))).toMatchObject({
      href: newer.url,
      target: "_blank",
      rel: "noopener noreferrer",
      draggable: "false",
    });
    expect(screen.getByText("Sluice 1.3.0 is available")).toBeTruthy();
    await dismiss(1);
    expect(asked).toEqual(["DELETE /api/v1/notices/3"]);
    expect(screen.queryByRole("link")).toBeNull();
    language.choose("ko");
    board.snapshot = snapshot(2, { notices: [newer] });
    flushSync();
    expect(screen.getByText("Sluice 1.3.0 버전이 나왔습니다")).toBeTruthy();
    expect(screen.queryByText(/newer version/)).toBeNull();
  });

  it("has the window open what is new, where a link would lead away from the page", async () => {
    const opened: string[] = [];
    const here = shell() as { open?: (address: string) => void };
    here.open = (address) => void opened.push(address);
    try {
      board.snapshot = snapshot(1, { notices: [restored, newer] });
      serving();
      render(Notices);
      expect(screen.queryByRole("link")).toBeNull();
      await fireEvent.click(screen.getByRole("button", { name: en.notices.news }));
      expect(opened).toEqual([newer.url]);
      await dismiss(0); // the focus goes to what dismisses the next, not to what leads away
      expect(document.activeElement?.getAttribute("aria-label")).toMatch(/1\.3\.0/);
    } finally {
      delete here.open;
    }
  });

  it.each(["javascript:alert(1)", "file:///etc/passwd", "//x", "", undefined])(
    "leads nowhere but to the web: %s",
    (url) => {
      board.snapshot = snapshot(1, { notices: [{ ...newer, url }] });
      render(Notices);
      expect(screen.getByText("Sluice 1.3.0 is available")).toBeTruthy();
      expect(screen.queryByText(en.notices.news)).toBeNull();
    },
  );

  it("is told in Korean with its date", () => {
    language.choose("ko");
    board.snapshot = snapshot(1, { notices: [restored, empty] });
    const { container } = render(Notices);
    expect(container.textContent).toMatch(/2026년 3월 14일/);
    expect(container.textContent).not.toMatch(/[A-Za-z]{3}/);
    language.choose("en");
  });
});
