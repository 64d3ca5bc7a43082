// What is worth knowing about a job at a glance.
import type { components } from "../../lib/api/schema";
import type { Job, State, Warning } from "../../lib/api/types";
import type { IconName } from "../../lib/ui/Icon.svelte";
import { sayFault, whyOf } from "../../lib/words/say";
import { language, t } from "../../lib/words/words.svelte";

/** JobEvent is one thing that happened to a job. */
export type JobEvent = components["schemas"]["JobEvent"];

export const stateIcons: Record<State, IconName> = {
  queued: "ring",
  running: "turn",
  done: "check",
  failed: "alert",
  canceled: "slash",
};

/** withoutSummary says of a warning that it tells why there is no summary. */
export function withoutSummary(w: Warning): boolean {
  return w.code === "no_summary" || w.code === "not_summarized";
}

/** mayHaveFailed says whether there may be tries at the job's stages that failed. */
export function mayHaveFailed(job: Job): boolean {
  return !!job.error || job.attempts > 0 || job.crashes > 0 || job.stages.some((run) => run.error);
}

/**
 * sayRemark tells a warning. In English the server's own sentence says more
 * than its code; in every language what was left out of the text is quoted.
 */
export function sayRemark(w: Warning): string {
  if (language.code === "en" && w.text) return w.text;
  const words = t.job.remark[w.code];
  const quoted = /“.*”/su.exec(w.text)?.[0];
  return words && quoted ? `${words} ${quoted}` : (words ?? w.text);
}

/** sayEvent tells what happened in a few words. */
export function sayEvent(e: JobEvent, job: Job): string {
  const { told, verbs, settled } = t.job;
  switch (e.verb) {
    case "begin":
    case "finish":
      return e.stage ? told(verbs[e.verb], t.common.stages[e.stage]) : verbs[e.verb];
    case "defer":
      return e.reason ? told(verbs.defer, whyOf(e.reason, job)) : verbs.defer;
    case "cancel":
      return e.to === "canceled" ? verbs.cancel : t.job.cancelAsked;
    case "settle":
      return because(settled[e.to], e, job);
    case "recover":
      return because(told(verbs.recover, settled[e.to]), e, job);
    default:
      return verbs[e.verb];
  }
}

/** because adds the failure, or else what a job waits for again. */
function because(what: string, e: JobEvent, job: Job): string {
  if (e.code) return t.job.told(what, sayFault({ code: e.code }).message);
  if (e.to === "queued" && e.reason && e.reason !== "turn") return t.job.told(what, whyOf(e.reason, job));
  return what;
}
