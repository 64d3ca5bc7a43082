import type { Reason, RunOutcome, WorkerState } from "../../api/types";

const stages = (n: number) => (n === 1 ? "1 stage" : `${n} stages`);
const jobs = (n: number) => (n === 1 ? "1 job" : `${n} jobs`);

/** What the Machine view tells of jobs: what ran and waited, what got done, and the worker. */
export const past = {
  lanes: "What ran and waited",
  runs: "Stages that ran. Arrow keys move, Enter opens the job",
  waits: "What jobs waited for. Arrow keys move, Enter opens the job",
  ran: "Ran",
  failed: "Failed",
  back: "Put back or canceled",
  waited: "Waited",
  noRuns: "Nothing ran",
  noWaits: "Nothing waited",
  outcome: {
    done: "",
    failed: "failed",
    crashed: "crashed",
    yielded: "put back in line",
    canceled: "canceled",
    running: "still running",
  } satisfies Record<RunOutcome, string> as Record<RunOutcome, string>,
  reason: {
    turn: "its turn",
    memory: "memory",
    backoff: "the next try",
    held: "held",
    paused: "paused",
    scheduled: "its start time",
    power: "mains power",
    ollama: "Ollama",
    model: "its model",
    source: "its file",
    disk: "disk space",
    queue_away: "the shared line",
  } satisfies Record<Reason, string> as Record<Reason, string>,
  since: (when: string) => `since ${when}`,
  run: (stage: string, title: string, when: string, took: string, outcome: string) =>
    [stage, title, `${when} (${took})`, outcome].filter(Boolean).join(" · "),
  runMany: (n: number, of: number, when: string, failed: number) =>
    `${stages(n)} of ${jobs(of)} · ${when}` + (failed > 0 ? ` · ${failed} failed` : ""),
  wait: (reason: string, title: string, when: string, took: string) =>
    `Waited for ${reason} · ${title} · ${when} (${took})`,
  waitMany: (n: number, reasons: string, when: string) => `${jobs(n)} waited for ${reasons} · ${when}`,
  sum: (n: number, of: number, ran: string, failed: number, waited: string, reasons: string) =>
    (n > 0
      ? `${stages(n)} of ${jobs(of)} ran, ${ran} in all${failed > 0 ? `, ${failed} failed` : ""}. `
      : "Nothing ran. ") + (waited ? `Jobs waited for ${reasons}, ${waited} in all.` : "Nothing waited."),

  done: "Throughput",
  last: "The last 24 hours",
  total: (n: number, failed: number, canceled: number) =>
    [`${jobs(n)} done`, `${failed} failed`, ...(canceled > 0 ? [`${canceled} canceled`] : [])].join(", "),
  media: (media: string, busy: string) => `${media} of media in ${busy} of work`,
  busyOnly: (busy: string) => `${busy} of work`,
  idleDay: "Nothing ended in the last 24 hours.",
  most: (hour: string, n: number) => `Most in the hour from ${hour}: ${n}.`,
  kept: "Deleted jobs are not counted.",
  byHour: "Hour by hour",
  hour: "Hour",
  doneHead: "Done",
  failedHead: "Failed",
  mediaHead: "Media",
  busyHead: "At work",
  failures: "What failed",
  times: (n: number) => (n === 1 ? "once" : `${n} times`),
  lastAt: (when: string) => `last ${when}:`,

  stages: "How long stages take",
  stage: "Stage",
  runsHead: "Runs",
  median: "Usually",
  p95: "19 of 20 within",
  factor: "Speed",
  realTime: (factor: string) => `${factor}× real time`,
  noStages: "No stage ran to its end in the last 24 hours.",

  worker: "Worker",
  state: {
    idle: "The line is empty",
    working: "At work",
    waiting: "Waiting",
    paused: "The line is paused",
  } satisfies Record<WorkerState, string> as Record<WorkerState, string>,
  for: (time: string) => `for ${time}`,
  waitingFor: (reason: string) => `Waiting for ${reason}`,
  soon: "About to start the next job",
  job: "Job",
  engine: "Speech engine",
  engineOff: "Not running, holds no memory",
  engineOn: (model: string, bytes: string, pid: number) =>
    [model, bytes, `process ${pid}`].filter(Boolean).join(" · "),
  loading: "loads its model",
  warm: "model loaded",
  process: "Sluice",
  processIs: (version: string, pid: number, up: string) => `${version} · process ${pid} · running for ${up}`,
  uses: (bytes: string, cpu: string) =>
    [bytes, cpu && `${cpu} of processor time`].filter(Boolean).join(" · "),
  figuresFailed: "What got done could not be read.",
};
