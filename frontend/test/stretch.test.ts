import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Problem } from "../src/lib/api/client";
import type { Job, Page } from "../src/lib/api/types";
import { Stretch } from "../src/lib/stretch.svelte";
import { job } from "./fakes";

const long: Job[] = Array.from({ length: 1000 }, (_, i) => job(`j${i}`, { position: i + 1 }));

/** List answers as the server does, and tells what it was asked. */
class List {
  jobs = long;
  asked: string[] = [];
  flying = 0;
  answer: (() => void) | undefined;
  read = async (from: number, limit: number): Promise<Page> => {
    this.asked.push(`${from}+${limit}`);
    expect(++this.flying).toBe(1);
    const page = { jobs: this.jobs.slice(from - 1, from - 1 + limit), total: this.jobs.length };
    await new Promise<void>((go) => (this.answer = go));
    this.flying--;
    return page;
  };

  /** answers lets what was asked come, until nothing more is asked. */
  async answers(): Promise<void> {
    while (this.answer) {
      const go = this.answer;
      this.answer = undefined;
      go();
      await vi.advanceTimersByTimeAsync(1);
    }
    flushSync();
  }
}

let list: List;
let head: readonly Job[];
let age: number;
let stretch: Stretch;
const at = (place: number) => stretch.jobs[stretch.slot(place)]?.id;

beforeEach(() => {
  vi.useFakeTimers();
  list = new List();
  head = long.slice(0, 50);
  age = 1;
  stretch = new Stretch(
    list.read,
    () => head,
    () => age,
  );
});

afterEach(() => {
  stretch.close();
  vi.useRealTimers();
});

describe("a stretch of a long list", () => {
  it("reads nothing while its head is looked at", () => {
    stretch.want(0, 20, 1000);
    expect(list.asked).toEqual([]);
    expect([at(0), at(49), at(50)]).toEqual(["j0", "j49", undefined]);
    expect(stretch.place(7)).toBe(7);
  });

  it("reads on before the end of what is there is seen", async () => {
    stretch.want(15, 35, 1000);
    await list.answers();
    expect(list.asked).toEqual(["51+51"]);
    expect(at(50)).toBe("j50");
    stretch.want(60, 78, 1000);
    expect(list.asked).toHaveLength(1);
    stretch.want(70, 90, 1000);
    await list.answers();
    expect(list.asked[1]).toBe("51+91");
  });

  it("reads what is far away in one go, and forgets what it left", async () => {
    stretch.want(500, 520, 1000);
    await list.answers();
    expect(list.asked).toEqual(["451+121"]);
    expect([at(500), at(450), at(300), at(0)]).toEqual(["j500", "j450", undefined, "j0"]);
    const slot = stretch.slot(500);
    expect(stretch.place(slot)).toBe(500);
    expect(stretch.jobs[slot]?.position).toBe(501);
    stretch.want(990, 999, 1000);
    await list.answers();
    expect([at(999), at(500)]).toEqual(["j999", undefined]);
  });

  it("reads once at a time, at last what is wanted then", async () => {
    stretch.want(300, 320, 1000);
    for (let i = 400; i < 900; i += 10) stretch.want(i, i + 20, 1000);
    await list.answers();
    expect(list.asked).toEqual(["251+121", "841+121"]);
    expect([at(895), at(300)]).toEqual(["j895", undefined]);
  });

  it("reads again what is looked at when something has changed, also while it is read", async () => {
    stretch.want(500, 520, 1000);
    list.jobs = long.slice(1);
    stretch.refresh();
    await list.answers();
    expect(list.asked).toEqual(["451+121", "451+121"]);
    expect(at(500)).toBe("j501");
    expect(stretch.total).toBe(999);
  });

  it("is as new as its oldest part", async () => {
    expect(stretch.as).toBe(1);
    stretch.want(500, 520, 1000);
    await list.answers();
    expect(stretch.as).toBe(1);
    stretch.refresh();
    age = 2; // while it is read
    expect(stretch.as).toBe(1);
    stretch.refresh();
    await list.answers();
    expect(stretch.as).toBe(2);
  });

  it("lets go what is not looked at when something has changed", async () => {
    stretch.want(500, 520, 1000);
    await list.answers();
    stretch.want(0, 20, 1000);
    stretch.refresh();
    expect(list.asked).toHaveLength(1);
    expect(at(500)).toBeUndefined();
  });

  it("never shows a job twice when its head is newer", async () => {
    stretch.want(35, 45, 1000);
    await list.answers();
    head = [...long.slice(1, 50), long[60] as Job]; // one began, one came forward
    const again = new Stretch(list.read, () => head);
    again.want(35, 45, 1000);
    await list.answers();
    const ids = again.jobs.map((j) => j.id);
    expect(new Set(ids).size).toBe(ids.length);
    again.close();
  });

  it("is content with a list that has become shorter than it was said to be", async () => {
    list.jobs = long.slice(0, 60);
    stretch.want(500, 520, 1000);
    await list.answers();
    expect(stretch.total).toBe(60);
    expect(list.asked).toHaveLength(1);
  });

  it("says what went wrong, and tries again by itself", async () => {
    let broken = true;
    const other = new Stretch((from, limit) => {
      if (broken) return Promise.reject(new Problem({ code: "server_away", detail: "Away." }));
      return Promise.resolve({ jobs: long.slice(from - 1, from - 1 + limit), total: 1000 });
    });
    await other.open();
    expect([other.problem?.code, other.loaded]).toEqual(["server_away", false]);
    broken = false;
    await vi.advanceTimersByTimeAsync(2000);
    expect([other.problem, other.loaded, other.total]).toEqual([undefined, true, 1000]);
    other.close();
  });

  it("has no answer any more when it is closed", async () => {
    stretch.want(500, 520, 1000);
    stretch.close();
    await list.answers();
    expect(at(500)).toBeUndefined();
  });
});
