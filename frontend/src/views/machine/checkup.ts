// What the doctor found, in the order and the parts in which people look at it.
import type { Budget, Finding, FindingLevel } from "../../lib/api/types";
import type { IconName } from "../../lib/ui/Icon.svelte";
import { atHand } from "../../lib/words/say";
import { language, t } from "../../lib/words/words.svelte";

export const levelIcons: Record<FindingLevel, IconName> = { ok: "check", warn: "alert", fail: "close" };
export const levelTones = { ok: "good", warn: "warn", fail: "danger" } as const;

const worst: FindingLevel[] = ["fail", "warn", "ok"];

/** byLevel puts the worst first and keeps the server's order among the rest. */
export function byLevel(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => worst.indexOf(a.level) - worst.indexOf(b.level));
}

/** summaryOf says in one sentence how all of it is. */
export function summaryOf(findings: readonly Finding[]): string {
  const count = (level: FindingLevel) => findings.filter((f) => f.level === level).length;
  return findings.length > 0 ? t.doctor.summary(count("fail"), count("warn")) : t.doctor.nothing;
}

/** Part is what one stage needs, model by model. */
export type Part = { stage: Budget["stage"]; rows: Budget[] };

/** partsOf gives the budget stage by stage, each as the server has ordered it. */
export function partsOf(budget: readonly Budget[]): Part[] {
  const stages = [...new Set(budget.map((b) => b.stage))].sort(); // as they run, and in the alphabet too
  return stages.map((stage) => ({ stage, rows: budget.filter((b) => b.stage === stage) }));
}

/** Fit says whether a machine can give what a model needs; what is not known is tried. */
export type Fit = "fits" | "tooLarge" | "tried";

export const fitIcons: Record<Fit, IconName> = { fits: "check", tooLarge: "slash", tried: "info" };
export const fitTones = { fits: "good", tooLarge: "danger", tried: "quiet" } as const;

export function fitOf(b: Budget): Fit {
  if (!b.fits) return "tooLarge";
  return b.need_bytes > 0 ? "fits" : "tried";
}

/** notesOf is what else to know of a model. In English the server knows more. */
export function notesOf(b: Budget): string[] {
  const context = b.context ? t.doctor.context(b.context.toLocaleString("en")) : "";
  return [context, (language.code === "en" && atHand(b.text ?? "")) || absence(b)].filter(Boolean);
}

/** fetchable says whether the page's own view of models has a model to get. */
export function fetchable(b: Budget): boolean {
  return b.stage === "transcribe" && b.installed === false && b.fits;
}

/** absence is how to get a model that is not here. What can never fit is not worth getting. */
function absence(b: Budget): string {
  if (b.installed || !b.fits) return "";
  return b.installed === undefined ? t.doctor.unsure : t.doctor.missing[b.stage](b.model);
}
