import { cleanup, fireEvent, render, screen } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { pasted, webAddress } from "../src/lib/address";
import { adding } from "../src/lib/adding.svelte";
import { toasts } from "../src/lib/ui/toasts.svelte";
import { en } from "../src/lib/words/en";
import { ko } from "../src/lib/words/ko";
import { language } from "../src/lib/words/words.svelte";
import AddressDialog from "../src/views/AddressDialog.svelte";
import { job, snapshot, withDialogs } from "./fakes";

const talk = "https://media.example.com/talk.mp4";

describe("an address", () => {
  it.each([
    [talk],
    ["HTTP://nas.local:8080/a/b.wav?key=1#t=3"],
    ["http://127.0.0.1"],
    ["https://[2001:db8::1]/x"],
    ["https://예시.kr/강연.mp4"],
  ])("is taken as it is: %s", (text) => {
    expect(webAddress(text)).toEqual({ address: text });
    expect(webAddress(` ${text}\n`)).toEqual({ address: text });
  });

  it.each([
    ["missing", ""],
    ["missing", "  \n"],
    ["scheme", "media.example.com/talk.mp4"],
    ["scheme", "ftp://example.com/talk.mp4"],
    ["scheme", "/films/talk.mp4"],
    ["scheme", "javascript:alert(1)"],
    ["broken", "https://"],
    ["broken", "https:talk.mp4"],
    ["broken", "https:///talk.mp4"],
    ["broken", "https://exa mple.com/talk.mp4"],
    ["broken", `${talk}\n${talk}`],
    ["broken", "https://example.com:port/"],
  ])("is refused as %s: %j", (wrong, text) => {
    expect(webAddress(text)).toEqual({ wrong });
  });

  it("has words for what is wrong in both languages", () => {
    for (const wrong of ["missing", "scheme", "broken"] as const) {
      expect(en.address.wrong[wrong]).toBeTruthy();
      expect(ko.address.wrong[wrong]).toMatch(/[가-힣]/);
    }
  });
});

describe("a paste", () => {
  const paste = (text: string, target: Element = document.body) =>
    pasted({ target, clipboardData: { getData: () => text } } as unknown as ClipboardEvent);

  it("into the page is an address when it is one, and else nothing", () => {
    expect(paste(`${talk}\n`)).toBe(talk);
    expect(paste("the harbour master")).toBeUndefined();
    expect(paste("")).toBeUndefined();
  });

  it.each(["input", "textarea"])("into a field is the field's: %s", (tag) => {
    expect(paste(talk, document.createElement(tag))).toBeUndefined();
  });
});

describe("the dialog for an address", () => {
  const words = en.address;
  const field = () => screen.getByLabelText<HTMLInputElement>(words.field);
  const add = () => fireEvent.click(screen.getByRole("button", { name: words.add }));
  let asked: unknown[] = [];

  /** answers lets the server answer to a new job, and keeps what it was asked. */
  function answers(status: number, body: object): void {
    vi.stubGlobal("fetch", async (request: Request) => {
      if (request.method === "POST") asked.push(await request.json());
      return request.method === "POST" ? Response.json(body, { status }) : Response.json(snapshot(1));
    });
  }

  beforeEach(() => {
    withDialogs();
    language.choose("en");
    asked = [];
    render(AddressDialog);
  });

  afterEach(() => {
    cleanup();
    adding.address = undefined;
    toasts.all = [];
  });

  async function open(first = ""): Promise<void> {
    adding.address = first;
    flushSync();
    await screen.findByLabelText(words.field);
  }

  it("sends what is an address, and tells it like any file that was added", async () => {
    answers(201, { ...job("a"), existing: false });
    await open(talk);
    expect(field().value).toBe(talk);
    await add();
    await vi.waitFor(() => expect(adding.address).toBeUndefined());
    expect(asked).toEqual([{ source: talk }]);
    expect(toasts.all.map((toast) => toast.text)).toEqual([en.queue.added(1)]);
  });

  it("sends nothing that is none, says so at the field, and forgets it when that changes", async () => {
    answers(201, job("a"));
    await open();
    await fireEvent.input(field(), { target: { value: "media.example.com/talk.mp4" } });
    await add();
    await screen.findByText(words.wrong.scheme);
    expect(field().getAttribute("aria-invalid")).toBe("true");
    expect(document.activeElement).toBe(field());
    await fireEvent.input(field(), { target: { value: talk } });
    expect(screen.queryByText(words.wrong.scheme)).toBeNull();
    expect(asked).toEqual([]);
  });

  it("stays open with what the server has against it, and begins anew the next time", async () => {
    const why = { code: "url_refused", detail: "10.0.0.1 is on this network.", hint: "Name it." };
    answers(422, { title: "", status: 422, ...why });
    await open("http://10.0.0.1/x.mp4");
    await add();
    await screen.findByText("10.0.0.1 is on this network. Name it.");
    expect(field().value).toBe("http://10.0.0.1/x.mp4");
    await fireEvent.click(screen.getByRole("button", { name: en.common.cancel }));
    await open();
    expect(field().value).toBe("");
    expect(screen.queryByText(/this network/)).toBeNull();
  });

  describe("closed before the answer", () => {
    /** late sends an address, closes the dialog, opens it for another one, and has the server answer then. */
    async function late(status: number, body: object): Promise<void> {
      let answer = (): void => undefined;
      const gate = new Promise<void>((resolve) => (answer = resolve));
      vi.stubGlobal("fetch", async (request: Request) => {
        if (request.method !== "POST") return Response.json(snapshot(1));
        await gate;
        return Response.json(body, { status });
      });
      await open(talk);
      await add();
      const button = screen.getByRole("button", { name: words.add });
      expect(button.getAttribute("aria-disabled")).toBe("true");
      await fireEvent.click(screen.getByRole("button", { name: en.common.cancel }));
      await open("https://media.example.com/next.mp4");
      expect(button.getAttribute("aria-disabled")).toBe("false");
      answer();
      await vi.waitFor(() => expect(toasts.all).toHaveLength(1));
    }

    it("a refusal is still told, elsewhere", async () => {
      await late(422, {
        title: "",
        status: 422,
        code: "url_refused",
        detail: "10.0.0.1 is on this network.",
      });
      expect(toasts.all[0]?.text).toContain("this network");
      expect(screen.queryByText(/this network/)).toBeNull();
      expect(field().value).toBe("https://media.example.com/next.mp4");
    });

    it("a success leaves the next one open", async () => {
      await late(201, { ...job("a"), existing: false });
      expect(adding.address).toBe("https://media.example.com/next.mp4");
    });
  });
});
