// What can be told of a job from itself alone.
import type { Job, Reason, Stage, StageRun } from "./api/types";

// What these wait for all jobs lack alike.
const keepTheirPlace: readonly (Reason | undefined)[] = [undefined, "turn", "memory", "power"];

/** aside says whether a queued job lets those behind it go first. */
export function aside(job: Job): boolean {
  return !keepTheirPlace.includes(job.reason);
}

/** foremost is the job that the line stands for: the first that is not aside, or else the first. */
export function foremost(next: readonly Job[]): Job | undefined {
  return next.find((j) => !aside(j)) ?? next[0];
}

/** final says whether nothing more happens to the job by itself. */
export function final(job: Job): boolean {
  return job.state === "done" || job.state === "failed" || job.state === "canceled";
}

/** fetching says whether the job's file is still on the web. */
export function fetching({ source }: Job): boolean {
  return source.kind === "url" && source.size === 0;
}

/** stagesOf is what a job goes through, in order. Its files are saved in no time, so that this shows only while it lasts. */
export function stagesOf(job: Job): Stage[] {
  return [
    "extract",
    "transcribe",
    ...(job.translate_to?.length ? (["translate"] as const) : []),
    ...(job.summarize ? (["summarize"] as const) : []),
    ...(job.stage === "deliver" ? (["deliver"] as const) : []),
  ];
}

/** modelFor is the model that a job's stage works with: the one for speech, or the one for languages. */
export function modelFor(job: Job, stage: Stage | undefined): string {
  const languages = stage === "translate" || stage === "summarize";
  return (languages && job.llm_model) || job.model;
}

/** translating is the translation that is being made: the first with lines left. */
export function translating(job: Job): { language: string; done: number; total: number } | undefined {
  if (job.state !== "running" || job.stage !== "translate") return undefined;
  for (const language of job.translate_to ?? []) {
    const lines = job.quality.lines?.[language];
    if (lines && lines.done < lines.total) return { language, ...lines };
  }
  return undefined;
}

/** wholeIn says whether the translation of a job that is done has come to its end. Lines may stand in it as they were said. */
export function wholeIn(job: Job, language: string): boolean {
  const lines = job.quality.lines?.[language];
  if (!lines || lines.total === 0) return false;
  return lines.done >= lines.total || !job.quality.warnings.some((w) => w.code === "not_translated");
}

/** keptShare is how much is done of a job that is back in the line; 0 when nothing is, or it is not there. */
export function keptShare(job: Job): number {
  return job.state === "queued" ? (job.progress?.fraction ?? 0) : 0;
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
