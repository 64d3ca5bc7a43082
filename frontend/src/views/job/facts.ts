// What is worth knowing about a job at a glance.
import type { Job, StageRun, State, Warning } from "../../lib/api/types";
import type { IconName } from "../../lib/ui/Icon.svelte";
import { language, t } from "../../lib/words/words.svelte";

export const stateIcons: Record<State, IconName> = {
  queued: "ring",
  running: "half",
  done: "check",
  failed: "alert",
  canceled: "slash",
};

/** final says whether nothing more happens to the job by itself. */
export function final(job: Job): boolean {
  return job.state === "done" || job.state === "failed" || job.state === "canceled";
}

/** runSeconds is how long a run of a stage lasted; one that goes on lasts until now. */
export function runSeconds(run: StageRun, now: number): number {
  const end = run.finished_at ? Date.parse(run.finished_at) : now;
  return Math.max(0, (end - Date.parse(run.started_at)) / 1000);
}

/** workSeconds is how long was worked on the job, without the time it waited. */
export function workSeconds(job: Job, now: number): number {
  return job.stages.reduce((sum, run) => sum + (run.reused ? 0 : runSeconds(run, now)), 0);
}

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
