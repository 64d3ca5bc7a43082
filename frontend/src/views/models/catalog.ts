// Models in the parts in which people look at them, and what can be
// done with each.
import type { Download, Model } from "../../lib/api/types";
import { about as roughly, bytes, percent } from "../../lib/format";
import { about, marks, needs } from "../../lib/models";
import type { IconName } from "../../lib/ui/Icon.svelte";
import { t } from "../../lib/words/words.svelte";
import type { Either } from "./catalog.svelte";

/** Part is a list of the view. */
export type Part = "downloads" | "installed" | "available";

const parts: Part[] = ["downloads", "installed", "available"];

/** Graded is what says where a model stands among others. */
type Graded = Either & { suits: boolean; fits: boolean; damaged?: boolean };

/** partOf says where a model stands. A damaged file is there, if to no use. */
export function partOf(m: Graded): Part {
  if (m.download) return "downloads";
  return m.installed || m.damaged ? "installed" : "available";
}

/**
 * partsOf gives the lists that are not empty. What suits the machine comes
 * first, and last what can never run on it; the rest stays as the server has it.
 */
export function partsOf<M extends Graded>(models: readonly M[]): { part: Part; models: M[] }[] {
  const rank = (m: M) => (m.suits ? 0 : m.fits ? 1 : 2);
  return parts
    .map((part) => ({
      part,
      models: models.filter((m) => partOf(m) === part).sort((a, b) => rank(a) - rank(b)),
    }))
    .filter((p) => p.models.length > 0);
}

/** Verb is what a button does. */
export type Verb = "download" | "cancel" | "delete" | "dismiss";

/** verbsOf is what can be done with a model, the most likely first. */
export function verbsOf(m: Model): Verb[] {
  const d = m.download;
  if (d && d.state !== "stopped") return ["cancel"];
  const there = m.installed || m.damaged || (d?.done_bytes ?? 0) > 0;
  return [
    ...(m.catalog && !m.installed && (m.fits || d) ? (["download"] as const) : []),
    ...(there ? (["delete"] as const) : d ? (["dismiss"] as const) : []),
  ];
}

/** wordOf is what a button says. */
export function wordOf(verb: Verb, m: Graded): string {
  if (verb !== "download") return t.catalog[verb];
  const d = m.download;
  if (d && d.done_bytes > 0) return t.catalog.goOn;
  if (d) return t.common.retry;
  return m.damaged ? t.catalog.again : t.catalog.download;
}

/** factsOf is what to know of a model before it is chosen. */
export function factsOf(m: Model): string {
  const spoken = m.languages ? [t.catalog.languages[m.languages]] : [];
  const jobs = m.jobs ? [t.catalog.needed(m.jobs)] : [];
  return [...spoken, needs(m), ...jobs].filter(Boolean).join(" · ");
}

/** aboutOf is what to expect of it. */
export function aboutOf(m: Model): string {
  if (!m.damaged) return about(m);
  return m.catalog ? t.catalog.damagedText : t.catalog.damagedOwn;
}

/** marksOf sets a model apart from the others. */
export function marksOf(m: Model): string[] {
  return marks({ ...m, languages: undefined }, "");
}

/** shareOf is how much of a model is here. */
export function shareOf(d: Download): number {
  return d.total_bytes ? d.done_bytes / d.total_bytes : 0;
}

/** saidOf tells how far a download is. */
export function saidOf(d: Download): string {
  const part = d.total_bytes
    ? t.catalog.part(percent(shareOf(d)), bytes(d.total_bytes))
    : bytes(d.done_bytes);
  const begun = d.done_bytes > 0 ? [part] : [];
  switch (d.state) {
    case "waiting":
      return [t.catalog.waiting, ...begun].join(" · ");
    case "stalled":
      return [t.catalog.stalled, part].join(" · ");
    case "stopped":
      return [t.catalog.stopped, ...begun].join(" · ");
    case "running":
      if (d.total_bytes && d.done_bytes >= d.total_bytes) return t.catalog.checking;
      return [part, ...(d.eta_seconds ? [t.catalog.left(roughly(d.eta_seconds))] : [])].join(" · ");
  }
}

/** summaryOf says what lies on the disk. */
export function summaryOf(models: readonly Model[]): string {
  const here = models.filter((m) => m.installed);
  if (here.length === 0) return t.catalog.none;
  return t.catalog.summary(here.length, bytes(here.reduce((sum, m) => sum + (m.size_bytes ?? 0), 0)));
}

/** Standing is whether a model can be used here. */
export type Standing = { icon: IconName; tone: "good" | "danger"; word: string };

export function standingOf(m: Graded): Standing {
  if (m.damaged) return { icon: "alert", tone: "danger", word: t.catalog.damaged };
  return m.fits
    ? { icon: "check", tone: "good", word: t.doctor.fits }
    : { icon: "slash", tone: "danger", word: t.doctor.tooLarge };
}

/** Act is a button of a model. */
export type Act = { verb: Verb; word: string; title?: string; disabled?: boolean };

/** actsOf is what can be done with a model, as its buttons. One that jobs need stays. */
export function actsOf(m: Model): Act[] {
  const needed = m.installed && !!m.jobs;
  return verbsOf(m).map((verb) => ({
    verb,
    word: wordOf(verb, m),
    ...(verb === "delete"
      ? { disabled: needed, title: needed ? t.catalog.needed(m.jobs ?? 0) : t.catalog.delete }
      : {}),
  }));
}
