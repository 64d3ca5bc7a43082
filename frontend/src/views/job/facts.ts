// What is worth knowing about a job at a glance.
import type { State, Warning } from "../../lib/api/types";
import type { IconName } from "../../lib/ui/Icon.svelte";
import { language, t } from "../../lib/words/words.svelte";

export const stateIcons: Record<State, IconName> = {
  queued: "ring",
  running: "turn",
  done: "check",
  failed: "alert",
  canceled: "slash",
};

/** languageName says a language by its name in the language of the page. */
export function languageName(code: string): string {
  try {
    return new Intl.DisplayNames([language.code], { type: "language" }).of(code) ?? code;
  } catch {
    return code; // not a code at all
  }
}

/** sayRemark tells a warning. In English the server's own sentence says more than its code. */
export function sayRemark(w: Warning): string {
  return language.code === "en" && w.text ? w.text : (t.job.remark[w.code] ?? w.text);
}
