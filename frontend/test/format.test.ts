import { afterEach, describe, expect, it } from "vitest";
import {
  about,
  absolute,
  bytes,
  clockTime,
  dayTime,
  doneAbout,
  lasting,
  percent,
  relative,
} from "../src/lib/format";
import { language } from "../src/lib/words/words.svelte";

const now = new Date(2026, 10, 22, 10, 0).getTime();
const minute = 60_000;
const hour = 60 * minute;

afterEach(() => language.choose("en"));

describe("numbers for people", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [999_499, "999 kB"],
    [999_500, "1 MB"],
    [734_003_200, "734 MB"],
    [999_500_000, "1.0 GB"],
    [6_900_000_000, "6.9 GB"],
    [18e9, "18.0 GB"],
    [2.5e12, "2.5 TB"],
    [-5e9, "-5.0 GB"],
  ])("says %d bytes as %s, as the server does", (n, said) => expect(bytes(n)).toBe(said));

  it("says 100% only when nothing is left", () => {
    expect(percent(0.424)).toBe("42%");
    expect(percent(0.999)).toBe("99%");
    expect(percent(1)).toBe("100%");
    expect(percent(7)).toBe("100%");
  });

  it("says places in a recording", () => {
    expect(clockTime(7_000)).toBe("0:07");
    expect(clockTime(750_000)).toBe("12:30");
    expect(clockTime(3_725_999)).toBe("1:02:05");
  });

  it("says how long something takes, in both languages", () => {
    const seconds = [40, 60, 59.6 * 60, 3600, 3900, 90_000];
    expect(seconds.map(lasting)).toEqual(["40 s", "1 min", "1 h", "1 h", "1 h 5 min", "1 d 1 h"]);
    language.choose("ko");
    expect(seconds.map(lasting)).toEqual(["40초", "1분", "1시간", "1시간", "1시간 5분", "1일 1시간"]);
  });

  it("says estimates no finer than they are", () => {
    expect([4, 38, 720].map(about)).toEqual(["a few seconds", "about 40 s", "about 12 min"]);
    language.choose("ko");
    expect([4, 38, 720].map(about)).toEqual(["몇 초", "약 40초", "약 12분"]);
  });

  it("says when something will be done, with the day when it is not today", () => {
    expect(doneAbout(now + 24 * minute, now)).toBe("done about 10:24");
    expect(doneAbout(now + 20 * hour, now)).toBe("done about tomorrow 06:00");
    language.choose("ko");
    expect(doneAbout(now + 24 * minute, now)).toBe("10:24쯤 완료");
    expect(doneAbout(now + 20 * hour, now)).toBe("내일 06:00쯤 완료");
  });

  it("says how long ago, and the date when that is far", () => {
    const ago = [10_000, 5 * minute, 3 * hour, 16 * hour, 9 * 24 * hour];
    expect(ago.map((ms) => relative(now - ms, now))).toEqual([
      "just now",
      "5 min ago",
      "3 h ago",
      "yesterday 18:00",
      "13 Nov 2026, 10:00",
    ]);
    language.choose("ko");
    expect(ago.map((ms) => relative(now - ms, now))).toEqual([
      "방금",
      "5분 전",
      "3시간 전",
      "어제 18:00",
      "2026년 11월 13일 10:00",
    ]);
    expect(absolute(now)).toBe("2026년 11월 22일 10:00");
    expect(dayTime(now - 9 * hour, now)).toBe("01:00");
  });
});
