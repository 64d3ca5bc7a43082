// Times to start a job at, as people choose them: by the clock on their wall.
const minute = 60_000;
const hour = 60 * minute;
const farthest = 10; // years the server looks ahead

/** Suggestion is a time that many would choose. */
export type Suggestion = { key: "hour" | "tonight" | "morning" | "tomorrowNight"; at: number };

/** suggestions are such times, seen from now. In an hour is a whole minute, and never sooner. */
export function suggestions(now: number): Suggestion[] {
  const [night, morning] = [onDay(now, 0, 22), onDay(now, 1, 7)];
  const days: Suggestion[] =
    night > now
      ? [
          { key: "tonight", at: night },
          { key: "morning", at: morning },
        ]
      : [
          { key: "morning", at: morning },
          { key: "tomorrowNight", at: onDay(now, 1, 22) },
        ];
  return [{ key: "hour", at: Math.ceil((now + hour) / minute) * minute }, ...days];
}

/** fieldText is a time as a field for date and time takes it. */
export function fieldText(at: number): string {
  const d = new Date(at);
  const [year, ...rest] = [d.getFullYear(), d.getMonth() + 1, d.getDate(), d.getHours(), d.getMinutes()];
  const [month, day, hours, minutes] = rest.map((n) => String(n).padStart(2, "0"));
  return `${String(year).padStart(4, "0")}-${month}-${day}T${hours}:${minutes}`;
}

/** Wrong is why a job cannot start at what a field says. */
export type Wrong = "missing" | "past" | "far";

/** chosenTime reads such a field. */
export function chosenTime(text: string, now: number): { at: number } | { wrong: Wrong } {
  const at = Date.parse(text); // without a zone it is the local one
  if (Number.isNaN(at)) return { wrong: "missing" };
  if (at <= now) return { wrong: "past" };
  return at > latest(now) ? { wrong: "far" } : { at };
}

/** latest is the last time that can be chosen. */
export function latest(now: number): number {
  const d = new Date(now);
  return d.setFullYear(d.getFullYear() + farthest);
}

/** onDay is an hour of this day or of one that comes, however long the days between are. */
function onDay(now: number, days: number, hours: number): number {
  const d = new Date(now);
  return new Date(d.getFullYear(), d.getMonth(), d.getDate() + days, hours).getTime();
}
