// Models as people choose among them.
import type { Model } from "./api/types";
import { bytes } from "./format";
import { language, t } from "./words/words.svelte";

/** Shelf is the models that are installed, or those that are not. */
export type Shelf = { installed: boolean; models: Model[] };

/** shelves puts what is there before what must be installed first, and what can never run last. */
export function shelves(models: readonly Model[]): Shelf[] {
  const all = [true, false].map((installed) => {
    const these = models.filter((m) => m.installed === installed);
    return { installed, models: [...these.filter(selectable), ...these.filter((m) => !selectable(m))] };
  });
  return all.filter((shelf) => shelf.models.length > 0);
}

/** selectable says whether a job could ever run with a model. One that is not installed is waited for. */
export function selectable(m: Model): boolean {
  return m.fits;
}

/** marks are what sets a model apart, for a job that had the present one. */
export function marks(m: Model, present: string): string[] {
  const { models } = t;
  return [
    ...(m.name === present ? [models.present] : []),
    ...(m.default ? [models.standard] : m.suits ? [models.suits] : []),
    ...(m.languages === "english" ? [models.english] : []),
  ];
}

/** needs says how much a model takes, or why it can never run here. */
export function needs(m: Model): string {
  if (!selectable(m)) return m.need_bytes ? t.models.never(bytes(m.need_bytes)) : t.models.tooLarge;
  return [
    ...(m.size_bytes ? [t.models.file(bytes(m.size_bytes))] : []),
    ...(m.need_bytes ? [t.models.need(bytes(m.need_bytes))] : []),
  ].join(" · ");
}

/**
 * about says what to expect of a model. In English the server's own sentence
 * knows more than its name.
 */
export function about(m: Model): string {
  if (language.code === "en" && m.note) return m.note;
  const kind = m.name.replace(/-q\d.*$/, "").replace(/\.en$/, "");
  const known = (t.models.about as Record<string, string | undefined>)[kind];
  if (known) return known;
  if (m.damaged) return t.models.damaged;
  return m.catalog ? (m.note ?? "") : t.models.own; // of a catalog of one's own only its file knows more
}

/** ofOllama says of a name that it is that of a language model: those of Ollama have a tag behind a colon. */
export function ofOllama(name: string): boolean {
  return name.includes(":");
}
