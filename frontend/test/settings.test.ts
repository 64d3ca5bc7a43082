import { cleanup, fireEvent, render, screen, within } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Problem } from "../src/lib/api/client";
import type { Setting, SettingList, SettingValue } from "../src/lib/api/types";
import { toasts } from "../src/lib/ui/toasts.svelte";
import { en } from "../src/lib/words/en";
import { ko } from "../src/lib/words/ko";
import { language } from "../src/lib/words/words.svelte";
import { grouped, hintOf, labelOf } from "../src/views/settings/groups";
import { Store } from "../src/views/settings/store.svelte";
import { sayOrigin, sayValue, sayWrong, textOf, valueOf } from "../src/views/settings/values";
import Settings from "../src/views/Settings.svelte";

function setting(key: string, more: Partial<Setting> = {}): Setting {
  return {
    key,
    doc: `About ${key}.`,
    kind: "text",
    value: "",
    default: "",
    origin: "default",
    locked: false,
    secret: false,
    set: false,
    restart: false,
    pending: false,
    env: `SLUICE_${key.toUpperCase().replaceAll(".", "_")}`,
    ...more,
  };
}

const beam = setting("speech.beam_size", { kind: "number", value: 5, default: 5, minimum: 1, maximum: 8 });
const words = setting("speech.words", { kind: "switch", value: false, default: false });
const formats = setting("export.formats", { kind: "list", value: ["srt"], choices: ["srt", "vtt"] });
const ceiling = setting("memory.ceiling", { kind: "size", value: "0", restart: true });
const listen = setting("server.listen", { value: "127.0.0.1:7584", locked: true, locked_why: "door" });
const token = setting("server.token", { kind: "secret", value: null, secret: true, set: true });
const newer = setting("speech.mood", { value: "calm" });

/** Wire is a server that takes what it is told, but for what is "wrong". */
class Wire {
  settings: Setting[];
  changes: Record<string, SettingValue>[] = [];

  constructor(...settings: Setting[]) {
    this.settings = settings.map((s) => ({ ...s }));
  }

  read = async (): Promise<SettingList> => ({
    settings: this.settings.map((s) => ({ ...s })),
    file: "~/settings.toml",
    overlay: "~/settings.ui.toml",
  });

  change = async (changes: Record<string, SettingValue>): Promise<SettingList> => {
    this.changes.push(changes);
    for (const [key, value] of Object.entries(changes)) {
      if (value === "wrong")
        throw new Problem({
          code: "setting_invalid",
          detail: "It is wrong.",
          fields: [{ field: key, message: `${key} is wrong.` }],
        });
      this.settings = this.settings.map((s) =>
        s.key !== key
          ? s
          : value === null
            ? { ...s, value: s.default, origin: "default" }
            : { ...s, value: s.secret ? null : value, origin: "overlay", pending: s.restart },
      );
    }
    return this.read();
  };
}

beforeEach(() => language.choose("en"));
afterEach(() => {
  cleanup();
  toasts.all = [];
  vi.unstubAllGlobals();
});

describe("the words of settings", () => {
  it("are there in both languages, and in both for the same ones", () => {
    expect(Object.keys(ko.settings.keys)).toEqual(Object.keys(en.settings.keys));
    expect(Object.keys(ko.settings.choices)).toEqual(Object.keys(en.settings.choices));
  });

  it("are the server's for what this page does not know", () => {
    expect([labelOf(newer), hintOf(newer)]).toEqual(["speech.mood", "About speech.mood."]);
  });

  it("tell where a value comes from", () => {
    const from = { ...beam, origin: "file", origin_detail: "settings.toml, line 12" } as const;
    expect(sayOrigin(from)).toBe("From settings.toml, line 12");
    expect(sayOrigin({ ...beam, origin: "environment" })).toContain("SLUICE_SPEECH_BEAM_SIZE");
    language.choose("ko");
    expect(sayOrigin(from)).toBe("settings.toml 12번째 줄에서 정함");
  });

  it("tell what is wrong with a value, by its kind", () => {
    expect(sayWrong(beam)).toBe(en.settings.wrong.number(1, 8));
    expect(sayWrong({ ...ceiling, minimum: 1e6 })).toContain("1 MB");
    const refused = new Problem({ code: "setting_invalid", detail: "No.", fields: [] });
    expect(sayWrong(newer, refused)).toBe("No.");
    language.choose("ko");
    expect(sayWrong(newer, refused)).toBe(`${ko.settings.wrong.other} No.`);
  });

  it("show no secret", () => {
    expect(sayValue(token)).toBe(en.settings.secretSet);
    expect(sayValue({ ...token, set: false })).toBe(en.settings.secretUnset);
  });
});

describe("what is typed", () => {
  it("becomes a value of its kind, or none", () => {
    expect(valueOf(beam, " 3 ")).toBe(3);
    for (const bad of ["", "9", "0", "1.5", "three", "-1"]) expect(valueOf(beam, bad)).toBeUndefined();
    expect(valueOf(setting("watch.folders", { kind: "paths" }), " /a\n\n~/b ")).toEqual(["/a", "~/b"]);
    expect(valueOf(ceiling, " 9GB ")).toBe("9GB");
    expect([textOf(["/a", "~/b"]), textOf(null), textOf(3)]).toEqual(["/a\n~/b", "", "3"]);
  });
});

describe("the groups", () => {
  it("hold every setting once, also one that is not known", () => {
    const all = [beam, words, formats, ceiling, listen, token, newer];
    const groups = grouped(all);
    expect(groups.map((g) => g.group)).toEqual(["speech", "results", "memory", "network", "advanced"]);
    expect(groups.flatMap((g) => g.settings)).toHaveLength(all.length);
    expect(groups.at(-1)?.settings).toEqual([newer]);
  });

  it("can be searched by name, key and what they are for, in the page's language", () => {
    const keys = (said: string) =>
      grouped([beam, words, listen], said).flatMap((g) => g.settings.map((s) => s.key));
    expect(keys("thorough")).toEqual(["speech.beam_size"]);
    expect(keys("server.l")).toEqual(["server.listen"]);
    expect(keys("WORD time")).toEqual(["speech.words"]);
    language.choose("ko");
    expect(keys("꼼꼼")).toEqual(["speech.beam_size"]);
    expect(keys("nothing")).toEqual([]);
  });
});

describe("the store", () => {
  it("saves at once and takes it back", async () => {
    const wire = new Wire(beam, words);
    let undo: (() => Promise<void>) | undefined;
    const store = new Store((_, how) => (undo = how), wire);
    await store.refresh();
    expect(await store.save("speech.beam_size", 3)).toBe(true);
    expect(store.find("speech.beam_size")).toMatchObject({ value: 3, origin: "overlay" });
    await undo?.();
    expect(wire.changes.at(-1)).toEqual({ "speech.beam_size": null });
    expect(store.find("speech.beam_size")).toMatchObject({ value: 5, origin: "default" });

    await store.save("speech.beam_size", 2);
    await store.save("speech.beam_size", 1);
    await undo?.();
    expect(store.find("speech.beam_size")?.value).toBe(2);
  });

  it("keeps what is wrong at its setting until something right comes", async () => {
    const store = new Store(undefined, new Wire(newer, words));
    await store.refresh();
    expect(await store.save("speech.mood", "wrong")).toBe(false);
    expect(store.wrong.get("speech.mood")).toBe("speech.mood is wrong.");
    expect(store.find("speech.mood")?.value).toBe("calm");
    await store.save("speech.mood", "glad");
    expect(store.wrong.size).toBe(0);
  });

  it("does one thing after the other", async () => {
    const wire = new Wire(beam, words);
    const store = new Store(undefined, wire);
    await Promise.all([store.refresh(), store.save("speech.words", true), store.save("speech.beam_size", 2)]);
    expect(wire.changes).toEqual([{ "speech.words": true }, { "speech.beam_size": 2 }]);
    expect(store.list?.settings.map((s) => s.value)).toEqual([2, true]);
    expect(store.saving.size).toBe(0);
  });

  it("takes no secret back, and counts what waits for a start", async () => {
    const undos: unknown[] = [];
    const store = new Store((_, undo) => undos.push(undo), new Wire(token, ceiling));
    await store.refresh();
    await store.save("server.token", "new");
    await store.save("memory.ceiling", "9GB");
    expect(undos).toEqual([undefined, expect.any(Function)]);
    expect(store.pending).toBe(1);
  });

  it("tells when the settings cannot be read", async () => {
    const wire = new Wire();
    wire.read = () => Promise.reject(new Problem({ code: "server_away", detail: "Away." }));
    const store = new Store(undefined, wire);
    await store.refresh();
    expect(store.problem?.code).toBe("server_away");
  });
});

describe("the view", () => {
  const wire = () => new Wire(beam, words, formats, ceiling, listen, token);
  let server: Wire;

  beforeEach(() => {
    server = wire();
    vi.stubGlobal("fetch", async (request: Request) => {
      const { pathname } = new URL(request.url);
      const body = async (v: unknown) => new Response(JSON.stringify(await v), { status: 200 });
      if (pathname === "/api/v1/models") return body({ models: [] });
      if (request.method === "GET") return body(server.read());
      const { changes } = (await request.json()) as { changes: Record<string, SettingValue> };
      return body(server.change(changes));
    });
  });

  const row = (key: string) => {
    const found = document.querySelector<HTMLElement>(`[data-setting="${key}"]`);
    if (!found) throw new Error(`no row ${key}`);
    return within(found);
  };

  it("changes a setting with the control of its kind, says so quietly, and undoes it", async () => {
    render(Settings);
    await fireEvent.click(await screen.findByRole("switch", { name: labelOf(words) }));
    await vi.waitFor(() => expect(toasts.all[0]?.text).toBe(en.settings.saved(labelOf(words))));
    expect(row("speech.words").getByText(/Set here/)).toBeTruthy();
    toasts.all[0]?.offer?.run();
    await vi.waitFor(() => expect(server.changes.at(-1)).toEqual({ "speech.words": null }));

    await fireEvent.click(row("export.formats").getByRole("checkbox", { name: "vtt" }));
    await vi.waitFor(() => expect(server.changes.at(-1)).toEqual({ "export.formats": ["srt", "vtt"] }));
    await fireEvent.click(await row("export.formats").findByRole("button", { name: /Back to default/ }));
    await vi.waitFor(() => expect(server.changes.at(-1)).toEqual({ "export.formats": null }));
  });

  it("says at the field what is wrong, and asks nobody about what cannot be", async () => {
    render(Settings);
    const field = await screen.findByRole("textbox", { name: labelOf(beam) });
    await fireEvent.change(field, { target: { value: "99" } });
    flushSync();
    expect(row("speech.beam_size").getByRole("alert").textContent).toContain(en.settings.wrong.number(1, 8));
    expect(field.getAttribute("aria-invalid")).toBe("true");
    expect(server.changes).toEqual([]);
    await fireEvent.change(field, { target: { value: "2" } });
    await vi.waitFor(() => expect(field.getAttribute("aria-invalid")).toBe("false"));
  });

  it("leaves a switch as it was when that was refused", async () => {
    render(Settings);
    const field = await screen.findByRole<HTMLInputElement>("switch", { name: labelOf(words) });
    server.change = () => Promise.reject(new TypeError("nobody there"));
    await fireEvent.click(field);
    await vi.waitFor(() => expect(row("speech.words").getByRole("alert").textContent).not.toBe(""));
    await vi.waitFor(() => expect(field.checked).toBe(false));
  });

  it("shows what is locked without a control, and writes secrets without reading them", async () => {
    render(Settings);
    await screen.findByRole("heading", { name: en.settings.groups.network });
    expect(row("server.listen").queryByRole("textbox")).toBeNull();
    expect(row("server.listen").getByText("127.0.0.1:7584")).toBeTruthy();
    expect(row("server.listen").getByText(en.settings.locked.door)).toBeTruthy();
    const secret = row("server.token").getByLabelText(labelOf(token)) as HTMLInputElement;
    expect([secret.type, secret.value]).toEqual(["password", ""]);
    await fireEvent.change(secret, { target: { value: "s3cret" } });
    await vi.waitFor(() => expect(server.changes.at(-1)).toEqual({ "server.token": "s3cret" }));
    expect(secret.value).toBe("");
  });

  it("says that a change waits for the next start", async () => {
    render(Settings);
    await fireEvent.change(await screen.findByRole("textbox", { name: labelOf(ceiling) }), {
      target: { value: "9GB" },
    });
    expect(await row("memory.ceiling").findByText(en.settings.pendingOne)).toBeTruthy();
    expect(screen.getByText(en.settings.pending(1))).toBeTruthy();
  });
});
