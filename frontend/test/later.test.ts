import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chosenTime, fieldText, suggestions } from "../src/lib/later";
import { en } from "../src/lib/words/en";
import { ko } from "../src/lib/words/ko";

// A zone whose clocks are put forward on 29 March 2026 at 2:00, and back on 25 October.
const zone = process.env.TZ;
beforeAll(() => void (process.env.TZ = "Europe/Berlin"));
afterAll(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

const local = (text: string) => Date.parse(text);
const said = (now: string) => suggestions(local(now)).map(({ key, at }) => `${key} ${fieldText(at)}`);

describe("the suggested times", () => {
  const [tonight, tomorrow] = ["tonight 2026-03-14T22:00", "tomorrowNight 2026-03-15T22:00"];
  const morning = "morning 2026-03-15T07:00";

  it.each([
    ["in the afternoon", "2026-03-14T16:20", ["hour 2026-03-14T17:20", tonight, morning]],
    ["just before ten", "2026-03-14T21:59:59", ["hour 2026-03-14T23:00", tonight, morning]],
    ["at ten", "2026-03-14T22:00", ["hour 2026-03-14T23:00", morning, tomorrow]],
    ["before midnight", "2026-03-14T23:30", ["hour 2026-03-15T00:30", morning, tomorrow]],
  ])("are to come, and of the right day: %s", (_, now, times) => {
    expect(said(now)).toEqual(times);
  });

  it("belong to the new day after midnight, also at the end of a month and of a year", () => {
    expect(said("2027-01-01T00:10")).toEqual([
      "hour 2027-01-01T01:10",
      "tonight 2027-01-01T22:00",
      "morning 2027-01-02T07:00",
    ]);
    expect(said("2026-12-31T23:10")).toEqual([
      "hour 2027-01-01T00:10",
      "morning 2027-01-01T07:00",
      "tomorrowNight 2027-01-01T22:00",
    ]);
  });

  it("are whole minutes, and an hour is never less", () => {
    const now = local("2026-03-14T16:20:01.500");
    expect(fieldText(suggestions(now)[0]?.at ?? 0)).toBe("2026-03-14T17:21");
  });

  it.each([
    ["forward", "2026-03-29T01:30", "hour 2026-03-29T03:30", "2026-03-28T23:00", 7],
    ["back", "2026-10-25T02:30", "hour 2026-10-25T02:30", "2026-10-24T23:00", 9],
  ])("keep the hour of the day when the clocks are put %s", (_, now, hour, evening, hours) => {
    expect(said(now)[0]).toBe(hour);
    const morning = suggestions(local(evening)).find((s) => s.key === "morning")?.at ?? 0;
    expect(fieldText(morning)).toMatch(/T07:00$/);
    expect((morning - local(evening)) / 3_600_000).toBe(hours);
  });

  it("all have words in both languages", () => {
    const keys = ["2026-03-14T16:20", "2026-03-14T23:30"].flatMap((now) => suggestions(local(now)));
    for (const { key } of keys) {
      expect(en.later.suggested[key]).toMatch(/^[A-Z]/);
      expect(ko.later.suggested[key]).toMatch(/[가-힣]/);
    }
  });
});

describe("a time of one's own", () => {
  const now = () => local("2026-03-14T16:20:30");

  it("is local", () => {
    expect(chosenTime("2026-03-14T22:00", now())).toEqual({ at: Date.UTC(2026, 2, 14, 21) });
  });

  it.each([
    ["missing", ""],
    ["missing", "2026-03-14T"],
    ["past", "2026-03-14T16:20"],
    ["past", "2025-01-01T00:00"],
    ["far", "2036-03-14T16:21"],
  ])("is refused as %s: %s", (wrong, text) => {
    expect(chosenTime(text, now())).toEqual({ wrong });
  });

  it("comes back as it was", () => {
    const at = local("2026-10-25T07:05");
    expect(chosenTime(fieldText(at), now())).toEqual({ at });
  });
});
