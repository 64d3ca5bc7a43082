import { afterEach, describe, expect, it, vi } from "vitest";
import type { Problem } from "../src/lib/api/client";
import { detect } from "../src/lib/shell/shell";
import { looksLikeMedia } from "../src/lib/shell/media";
import { streamSource, windowSource, type Listener } from "../src/lib/live/source";
import type { AppState } from "../src/lib/shell/shell";
import type { Dropped, LiveEvent } from "../src/lib/api/types";
import { event, job } from "./fakes";

/** FakeRuntime is what the app's window puts into its page. */
class FakeRuntime {
  listeners = new Map<string, (data: unknown) => void>();
  clipboard = "";
  opened: string[] = [];

  BrowserOpenURL = (address: string) => void this.opened.push(address);

  EventsOn = (name: string, callback: (data: unknown) => void) => {
    this.listeners.set(name, callback);
    return () => this.listeners.delete(name);
  };

  ClipboardSetText = async (text: string) => {
    this.clipboard = text;
    return true;
  };
}

function inWindow(): FakeRuntime {
  const fake = new FakeRuntime();
  window.runtime = fake;
  return fake;
}

/** answers stands in for the server: it gives each answer once and keeps what was asked. */
function answers(...bodies: { status?: number; body: unknown }[]): { url: string; body: unknown }[] {
  const asked: { url: string; body: unknown }[] = [];
  vi.stubGlobal("fetch", async (input: string | URL, init?: RequestInit) => {
    asked.push({ url: new URL(input).pathname, body: JSON.parse(String(init?.body)) as unknown });
    const next = bodies.shift() ?? { body: null };
    return new Response(JSON.stringify(next.body), { status: next.status ?? 200 });
  });
  return asked;
}

afterEach(() => {
  delete window.runtime;
});

describe("detection", () => {
  it("takes the page for a browser's when nothing was put into it", () => {
    expect(detect().kind).toBe("browser");
  });

  it("knows the app's window by its runtime", () => {
    inWindow();
    expect(detect().kind).toBe("window");
  });
});

describe("a job's file", () => {
  it("is played from the page's own address in a browser, which shows no folders", async () => {
    expect(await detect().media("a/b")).toBe("/api/v1/jobs/a%2Fb/media");
    expect(detect().reveal).toBeUndefined();
  });

  it("is played with a ticket in the window", async () => {
    inWindow();
    const path = "/api/v1/jobs/a/media?ticket=1";
    const url = `http://127.0.0.1:7584${path}`;
    const tickets = [{ path, url }, { path }];
    const asked: string[] = [];
    vi.stubGlobal("fetch", async (request: Request) => {
      asked.push(`${request.method} ${new URL(request.url).pathname}`);
      return new Response(JSON.stringify(tickets.shift()), {
        headers: { "Content-Type": "application/json" },
      });
    });
    expect([await detect().media("a"), await detect().media("a")]).toEqual([url, path]);
    expect(asked[0]).toBe("POST /api/v1/jobs/a/media/ticket");
  });

  it("is shown in its folder by the window", async () => {
    inWindow();
    const asked = answers({ body: {} });
    await detect().reveal?.("a");
    expect(asked).toEqual([{ url: "/window/reveal", body: { job: "a" } }]);
  });
});

describe("a drag over the page", () => {
  const drag = (...types: string[]) => ({ dataTransfer: { types } }) as unknown as DragEvent;

  it("brings files to a browser only when it says so", () => {
    expect(detect().brings(drag("Files"))).toBe(true);
    expect(detect().brings(drag("text/uri-list", "text/html"))).toBe(false);
  });

  it("brings files to the window also by their addresses, but no text", () => {
    inWindow();
    expect(detect().brings(drag("Files"))).toBe(true);
    expect(detect().brings(drag("text/uri-list", "text/html"))).toBe(true);
    expect(detect().brings(drag("text/plain"))).toBe(false);
  });
});

describe("the window", () => {
  it("lets the window open its own dialog and gives what came of it", async () => {
    inWindow();
    const dropped: Dropped = { jobs: [job("a")], refused: [] };
    const asked = answers({ body: dropped }, { body: null });
    expect(await detect().addFiles()).toEqual(dropped);
    expect(await detect().addFiles()).toBeUndefined();
    expect(asked.map((a) => a.url)).toEqual(["/window/pick", "/window/pick"]);
  });

  it("asks the window to save, and says whether it did", async () => {
    inWindow();
    const asked = answers({ body: { saved: "/home/mina/a.srt" } }, { body: { saved: "" } });
    expect(await detect().saveText(job("a"), "srt")).toBe(true);
    expect(await detect().saveText(job("a"), "srt")).toBe(false);
    expect(asked[0]).toEqual({ url: "/window/save", body: { job: "a", format: "srt" } });
  });

  it("tells of native drops and takes none itself", () => {
    const fake = inWindow();
    const told: Dropped[] = [];
    const shell = detect();
    const failed: Problem[] = [];
    shell.onDropped(
      (d) => told.push(d),
      (p) => failed.push(p),
    );
    const dropped: Dropped = { jobs: [], refused: [] };
    fake.listeners.get("dropped")?.(dropped);
    expect(told).toEqual([dropped]);
    fake.listeners.get("failed")?.({ code: "disk_full", detail: "The disk is full.", hint: "Free some." });
    expect(failed).toMatchObject([{ code: "disk_full", detail: "The disk is full.", hint: "Free some." }]);
    expect(shell.take(new Event("drop") as DragEvent)).toBe(false);
  });

  it("says only once that it was painted, and tells the language", async () => {
    inWindow();
    const asked = answers();
    const shell = detect();
    shell.painted();
    shell.painted();
    shell.setLanguage("ko");
    expect(asked).toEqual([
      { url: "/window/painted", body: {} },
      { url: "/window/language", body: { language: "ko" } },
    ]);
  });

  it("copies through the window", async () => {
    const fake = inWindow();
    await detect().copy("words");
    expect(fake.clipboard).toBe("words");
  });

  it("opens addresses outside itself", () => {
    const fake = inWindow();
    detect().open?.("https://example.org/");
    expect(fake.opened).toEqual(["https://example.org/"]);
  });

  it("tells which job is to be shown", () => {
    const fake = inWindow();
    const shown: string[] = [];
    detect().onShow?.((id) => shown.push(id));
    fake.listeners.get("show")?.({ job: "a" });
    fake.listeners.get("show")?.({ job: "" });
    expect(shown).toEqual(["a", ""]);
  });

  it("says how the app stands in its system, and changes it", async () => {
    inWindow();
    const state: AppState = {
      login: { on: true, possible: true },
      tool: { path: "", in_path: false, possible: true },
    };
    const refusal = { code: "request_invalid", detail: "No.", hint: "Yes." };
    const asked = answers({ body: state }, { body: state }, { status: 422, body: refusal }, { body: null });
    const { app } = detect();
    expect([await app?.state(), await app?.setLogin(true)]).toEqual([state, state]);
    await expect(app?.installTool()).rejects.toMatchObject(refusal);
    await expect(app?.state()).rejects.toMatchObject({ code: "internal" });
    expect(asked).toEqual([
      { url: "/window/app", body: {} },
      { url: "/window/login", body: { on: true } },
      { url: "/window/tool", body: {} },
      { url: "/window/app", body: {} },
    ]);
  });

  it("throws the window's refusal in its own words", async () => {
    inWindow();
    answers({
      status: 422,
      body: { title: "", status: 422, code: "not_media", detail: "No.", hint: "Yes." },
    });
    await expect(detect().addFiles()).rejects.toMatchObject({
      code: "not_media",
      detail: "No.",
      hint: "Yes.",
    });
  });
});

describe("the browser", () => {
  it("has nothing of what only a window has", () => {
    const here = detect();
    expect([here.open, here.onShow, here.attend, here.app]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it.each([
    ["film.MP4", "", true],
    ["sound.flac", "", true],
    ["unnamed", "video/mp4", true],
    ["notes.txt", "text/plain", false],
    [".mp4", "", false],
    ["README", "", false],
  ])("decides by name and type whether to send %s", (name, type, media) => {
    expect(looksLikeMedia({ name, type })).toBe(media);
  });

  it("refuses by name what is no media and sends the rest one after another", async () => {
    const sent: string[] = [];
    vi.stubGlobal(
      "XMLHttpRequest",
      class extends FakeUpload {
        override send(file: File): void {
          sent.push(file.name);
          super.send(file);
        }
      },
    );
    vi.stubGlobal("fetch", async () => new Response(JSON.stringify(job("a")), { status: 202 }));
    const told = new Promise<Dropped>((then) => {
      const shell = detect();
      shell.onDropped(then, () => {});
      const files = [new File(["x"], "one.mp4"), new File(["x"], "notes.txt"), new File(["x"], "two.wav")];
      const items = files.map((f) => ({ kind: "file", webkitGetAsEntry: () => null, getAsFile: () => f }));
      expect(shell.take({ dataTransfer: { items } } as unknown as DragEvent)).toBe(true);
    });
    const dropped = await told;
    expect(sent).toEqual(["one.mp4", "two.wav"]);
    expect(dropped.jobs).toHaveLength(2);
    expect(dropped.refused.map((r) => [r.name, r.code])).toEqual([["notes.txt", "not_media"]]);
  });

  it("opens dropped folders, past the hundred entries of one reading", async () => {
    const entries = Array.from({ length: 150 }, (_, i) => fileEntry(`clip${i}.txt`));
    const folder = folderEntry([...entries, fileEntry(".DS_Store"), folderEntry([fileEntry("deep.txt")])]);
    const told = new Promise<Dropped>((then) => {
      const shell = detect();
      shell.onDropped(then, () => {});
      const items = [{ kind: "file", webkitGetAsEntry: () => folder, getAsFile: () => null }];
      shell.take({ dataTransfer: { items } } as unknown as DragEvent);
    });
    expect((await told).refused).toHaveLength(151);
  });
});

/** FakeUpload is an upload that arrives at once. */
class FakeUpload {
  upload: { onprogress?: (e: object) => void } = {};
  onload?: () => void;
  status = 201;
  responseText = "";
  open(): void {}
  setRequestHeader(): void {}
  send(file: File): void {
    this.responseText = JSON.stringify({ id: "u", source: "upload:u", name: file.name, size: file.size });
    this.upload.onprogress?.({ lengthComputable: true, loaded: 1, total: 2 });
    queueMicrotask(() => this.onload?.());
  }
}

function fileEntry(name: string): object {
  return { isFile: true, name, file: (ok: (f: File) => void) => ok(new File(["x"], name)) };
}

function folderEntry(inside: object[]): object {
  const rest = [...inside];
  const readEntries = (ok: (e: object[]) => void) => ok(rest.splice(0, 100));
  return { isFile: false, name: "folder", createReader: () => ({ readEntries }) };
}

describe("the source of live events", () => {
  class Hearing implements Listener {
    heard: string[] = [];
    opened = () => void this.heard.push("opened");
    lost = () => void this.heard.push("lost");
    event = (e: LiveEvent) => void this.heard.push(e.id);
  }

  it("comes from the runtime in the window, and can be left", () => {
    const fake = inWindow();
    const hearing = new Hearing();
    const stop = windowSource().start(hearing);
    fake.listeners.get("live")?.(event(1, "line"));
    expect(hearing.heard).toEqual(["opened", "boot-1"]);
    stop();
    expect(fake.listeners.size).toBe(0);
  });

  it("is opened anew when the browser gives up", async () => {
    vi.useFakeTimers();
    const streams: FakeStream[] = [];
    class FakeStream extends EventTarget {
      static CLOSED = 2;
      readyState = 1;
      onopen?: () => void;
      onerror?: () => void;
      constructor() {
        super();
        streams.push(this);
      }
      close(): void {}
    }
    vi.stubGlobal("EventSource", FakeStream);
    const hearing = new Hearing();
    const stop = streamSource().start(hearing);
    const [first] = streams as [FakeStream];
    first.onopen?.();
    first.dispatchEvent(new MessageEvent("line", { data: JSON.stringify(event(1, "line")) }));
    first.onerror?.(); // the browser tries by itself
    await vi.advanceTimersByTimeAsync(10_000);
    expect(streams).toHaveLength(1);
    first.readyState = FakeStream.CLOSED;
    first.onerror?.();
    await vi.advanceTimersByTimeAsync(3001);
    expect(streams).toHaveLength(2);
    expect(hearing.heard).toEqual(["opened", "boot-1", "lost", "lost"]);
    stop();
    vi.useRealTimers();
  });
});
