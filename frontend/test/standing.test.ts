import { cleanup, fireEvent, render, screen, within } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Problem } from "../src/lib/api/client";
import type { FaultCode } from "../src/lib/api/types";
import { shell, type App, type AppState } from "../src/lib/shell/shell";
import { toasts } from "../src/lib/ui/toasts.svelte";
import { en } from "../src/lib/words/en";
import { ko } from "../src/lib/words/ko";
import { language } from "../src/lib/words/words.svelte";
import { extras, grouped } from "../src/views/settings/groups";
import { Standing } from "../src/views/settings/standing.svelte";
import Settings from "../src/views/Settings.svelte";

const words = en.settings.app;
const refused = new Problem({ code: "request_invalid", detail: "The folder is read-only.", hint: "Ask." });

/** System is what the app stands in. It refuses while `refuses` is set. */
class System implements App {
  now: AppState = {
    login: { on: false, possible: true },
    tool: { path: "", in_path: false, possible: true },
  };
  refuses = false;
  asked: string[] = [];

  state = () => this.#answer("state");
  setLogin = (on: boolean) => this.#answer(`login ${on}`, { ...this.now, login: { on, possible: true } });
  installTool = () =>
    this.#answer("tool", {
      ...this.now,
      tool: { path: "/usr/local/bin/sluice", in_path: true, possible: true },
    });

  async #answer(asked: string, then = this.now): Promise<AppState> {
    this.asked.push(asked);
    await Promise.resolve();
    if (this.refuses) throw refused;
    this.now = then;
    return then;
  }
}

beforeEach(() => {
  language.choose("en");
  vi.stubGlobal("fetch", async (request: Request) => {
    const body = request.url.endsWith("/models")
      ? { models: [] }
      : { settings: [], file: "settings.toml", overlay: "settings.ui.toml" };
    return new Response(JSON.stringify(body));
  });
});
afterEach(() => {
  cleanup();
  delete (shell() as { app?: App }).app;
  toasts.all = [];
});

describe("how the app stands", () => {
  it("is read and changed one after the other", async () => {
    const system = new System();
    const standing = new Standing(system);
    const done = Promise.all([standing.refresh(), standing.setLogin(true), standing.installTool()]);
    expect(await done).toEqual([true, true, true]);
    expect(system.asked).toEqual(["state", "login true", "tool"]);
    expect(standing.now).toEqual(system.now);
    expect(standing.changing).toBeUndefined();
  });

  it("stays, with what was wrong, when a change is refused; reading it anew forgets nothing of that", async () => {
    const system = new System();
    const standing = new Standing(system);
    await standing.refresh();
    system.refuses = true;
    expect(await standing.setLogin(true)).toBe(false);
    expect(standing.now?.login.on).toBe(false);
    system.refuses = false;
    await standing.refresh();
    expect(standing.trouble).toEqual({ at: "login", problem: refused });
    await standing.setLogin(true);
    expect(standing.trouble).toBeUndefined();
  });
});

describe("the group of the app", () => {
  it("is found by the words for what only a window sets", () => {
    const found = (said: string) => grouped([], said, extras).map((g) => [g.group, ...g.extra]);
    expect(found("")).toEqual([["app", "login", "tool"]]);
    expect(found("LOGIN")).toEqual([["app", "login"]]);
    expect(found("terminal")).toEqual([["app", "tool"]]);
    expect(found("beam")).toEqual([]);
    language.choose("ko");
    expect(found("명령줄")).toEqual([["app", "tool"]]);
  });
});

describe("the view in a window", () => {
  /** open shows the settings in a window of this system. */
  function open(system: System): void {
    Object.assign(shell(), { app: system });
    render(Settings);
  }

  const row = (name: string) =>
    within(document.querySelector<HTMLElement>(`[data-setting="${name}"]`) as HTMLElement);
  const atLogin = () => screen.findByRole<HTMLInputElement>("switch", { name: words.login.label });

  it("opens the app at login and undoes it", async () => {
    const system = new System();
    open(system);
    await fireEvent.click(await atLogin());
    await vi.waitFor(() => expect(toasts.all[0]?.text).toBe(en.settings.saved(words.login.label)));
    expect((await atLogin()).checked).toBe(true);
    toasts.all[0]?.offer?.run();
    await vi.waitFor(() => expect(system.asked.at(-1)).toBe("login false"));
    await vi.waitFor(async () => expect((await atLogin()).checked).toBe(false));
  });

  it("leaves the switch as it was when that was refused, and says why beside it", async () => {
    const system = new System();
    open(system);
    const field = await atLogin();
    system.refuses = true;
    await fireEvent.click(field);
    const alert = await row("login").findByText(/read-only/);
    expect(alert.getAttribute("role")).toBe("alert");
    await vi.waitFor(() => expect(field.checked).toBe(false));
    expect(toasts.all).toEqual([]);
  });

  it("gives what the window has to say, and asks it again when the page speaks another language", async () => {
    const system = new System();
    const saying = (note: string) => ({ ...system.now, login: { ...system.now.login, note } });
    system.now = saying("The login opens another Sluice.");
    open(system);
    expect(await screen.findByText("The login opens another Sluice.")).toBeTruthy();
    system.now = saying("다른 Sluice가 열립니다.");
    language.choose("ko");
    expect(await row("login").findByText("다른 Sluice가 열립니다.")).toBeTruthy();
    system.now = saying("");
    window.dispatchEvent(new Event("focus")); // somebody has been in the settings of the system
    await vi.waitFor(() => expect(screen.queryByText("다른 Sluice가 열립니다.")).toBeNull());
  });

  it.each(["app_misplaced", "place_taken", "place_denied"])(
    "has Korean words for the refusal %s",
    async (code) => {
      const system = new System();
      system.installTool = () =>
        Promise.reject(new Problem({ code: code as FaultCode, detail: "In English." }));
      language.choose("ko");
      open(system);
      await fireEvent.click(await screen.findByRole("button", { name: ko.settings.app.install }));
      const said = (ko.faults as Record<string, { message: string; hint: string }>)[code];
      expect(await row("tool").findByText(`${said?.message} ${said?.hint}`)).toBeTruthy();
    },
  );

  it("installs the tool and says where it is and whether a terminal finds it", async () => {
    const system = new System();
    open(system);
    const button = await screen.findByRole("button", { name: words.install });
    expect(row("tool").getByText(words.absent)).toBeTruthy();
    await fireEvent.click(button);
    expect(await row("tool").findByText(words.at("/usr/local/bin/sluice"))).toBeTruthy();
    expect(row("tool").getByText(words.inPath)).toBeTruthy();
    expect(toasts.all.map((x) => x.text)).toEqual([words.at("/usr/local/bin/sluice")]);
    expect(row("tool").getByRole("button", { name: words.again })).toBe(button);

    system.now = { ...system.now, tool: { path: "/Users/mina/bin/sluice", in_path: false, possible: true } };
    window.dispatchEvent(new Event("focus"));
    expect(await row("tool").findByText(words.notInPath)).toBeTruthy();
  });

  it("offers nothing where nothing is possible", async () => {
    const system = new System();
    system.now.login.possible = system.now.tool.possible = false;
    open(system);
    expect(await screen.findAllByText(words.impossible)).toHaveLength(2);
    expect(screen.queryByRole("switch")).toBeNull();
    expect(row("tool").queryByRole("button")).toBeNull();
  });

  it("says that it could not be read, and tries again", async () => {
    const system = new System();
    system.refuses = true;
    open(system);
    const alert = await screen.findByText(new RegExp(words.failed));
    expect(alert.textContent).toContain("read-only");
    system.refuses = false;
    await fireEvent.click(screen.getByRole("button", { name: en.common.retry }));
    await atLogin();
    expect(screen.queryByText(new RegExp(words.failed))).toBeNull();
  });

  it("shows none of this in a browser", async () => {
    render(Settings);
    await screen.findByText(en.settings.files("settings.ui.toml", "settings.toml"));
    expect(screen.queryByText(words.login.label)).toBeNull();
    expect(screen.queryByText(en.settings.groups.app)).toBeNull();
  });
});
