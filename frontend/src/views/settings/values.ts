// Values of settings as people read and type them.
import type { Setting, SettingValue } from "../../lib/api/types";
import type { Problem } from "../../lib/api/client";
import { bytes, lasting } from "../../lib/format";
import { languageName } from "../../lib/languages";
import { inOne, sayFault } from "../../lib/words/say";
import { language, t } from "../../lib/words/words.svelte";

/** textOf is a value as it stands in a field to type in. */
export function textOf(v: SettingValue): string {
  if (Array.isArray(v)) return v.join("\n");
  return v === null ? "" : String(v);
}

/** valueOf is what somebody has typed, as the server takes it; undefined when it cannot be that kind. */
export function valueOf(s: Setting, typed: string): SettingValue | undefined {
  const text = typed.trim();
  switch (s.kind) {
    case "number":
      return /^\d{1,9}$/.test(text) && within(s, Number(text)) ? Number(text) : undefined;
    case "list":
    case "paths":
      return text
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean);
    default:
      return text;
  }
}

function within(s: Setting, n: number): boolean {
  return n >= (s.minimum ?? -Infinity) && n <= (s.maximum ?? Infinity);
}

/** same says whether two values are one. */
export function same(a: SettingValue, b: SettingValue): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** choiceWord is what one of a few values is called. */
export function choiceWord(s: Setting, choice: string): string {
  if (s.key === "summary.template")
    return (t.options.templates as Record<string, string | undefined>)[choice] ?? choice;
  const own = t.settings.choices[s.key]?.[choice];
  return own ?? (choice || t.settings.empty);
}

/** sayValue is a value that is only read. */
export function sayValue(s: Setting): string {
  const v = s.value;
  if (s.secret) return s.set ? t.settings.secretSet : t.settings.secretUnset;
  if (typeof v === "boolean") return v ? t.settings.yes : t.settings.no;
  if (s.kind === "choice" && typeof v === "string") return choiceWord(s, v);
  if (s.key === "speech.language" && typeof v === "string") return spokenName(v);
  return textOf(v) || t.settings.empty;
}

/** spokenName is a language that is spoken. */
export function spokenName(code: string): string {
  return code === "auto" ? t.settings.detect : languageName(code);
}

/** sayOrigin tells where a value comes from. */
export function sayOrigin(s: Setting): string {
  const { origin } = t.settings;
  switch (s.origin) {
    case "file":
      return origin.file(s.origin_detail ?? "settings.toml");
    case "environment":
      return origin.environment(s.env);
    case "default":
    case "overlay":
    case "flag":
      return origin[s.origin];
  }
}

/** sayWrong tells what is wrong with what somebody has typed. In English the server may know more. */
export function sayWrong(s: Setting, problem?: Problem): string {
  const { wrong } = t.settings;
  if (problem && problem.code !== "setting_invalid" && problem.code !== "request_invalid")
    return inOne(sayFault(problem));
  switch (s.kind) {
    case "number":
      return wrong.number(s.minimum ?? 0, s.maximum ?? 0);
    case "size":
      return [wrong.size, ...(s.minimum ? [wrong.least(bytes(s.minimum))] : [])].join(" ");
    case "duration":
      return wrong.duration(lasting(Math.max(1, s.minimum ?? 1)), lasting(s.maximum ?? 3600));
    case "path":
    case "paths":
      return wrong.path;
    default: {
      const own = problem?.fields.find((f) => f.field === s.key)?.message ?? problem?.detail;
      if (!own) return wrong.other;
      return language.code === "en" ? own : `${wrong.other} ${own}`;
    }
  }
}
