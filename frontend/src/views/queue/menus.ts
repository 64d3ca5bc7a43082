// What can be done to a job, as the choices of a menu.
import type { Job, Stage } from "../../lib/api/types";
import { alt } from "../../lib/keys";
import { board } from "../../lib/live/board.svelte";
import { hold, release, retry, setPriority } from "../../lib/steering";
import type { Ask } from "../../lib/ui/Question.svelte";
import type { MenuItem } from "../../lib/ui/MenuList.svelte";
import { isolated } from "../../lib/words/isolate";
import { sayReason } from "../../lib/words/say";
import { t } from "../../lib/words/words.svelte";

/** Urgency is a priority as people choose it. */
export type Urgency = "high" | "normal" | "low";

const priorities: Record<Urgency, number> = { high: 10, normal: 0, low: -10 };

/** urgency says which of them a priority is nearest to. */
export function urgency(job: Job): Urgency {
  if (job.priority === 0) return "normal";
  return job.priority > 0 ? "high" : "low";
}

/** Moves is what moving needs to know about the place of a job in the line. */
export type Moves = {
  place: number; // index in the line
  last: boolean; // whether nobody stands behind it
  end: boolean; // whether no other of its priority does
  by: (step: 1 | -1) => void;
  toFront: () => void;
  toBack: () => void;
};

/** moveItems are the ways to another place in the line. */
export function moveItems(m: Moves): MenuItem[] {
  return [
    { label: t.queue.toFront, icon: "front", disabled: m.place === 0, run: m.toFront },
    {
      label: t.queue.up,
      icon: "up",
      detail: alt("↑"),
      disabled: m.place === 0,
      run: () => m.by(-1),
    },
    { label: t.queue.down, icon: "down", detail: alt("↓"), disabled: m.last, run: () => m.by(1) },
    { label: t.queue.toBack, icon: "end", disabled: m.end, run: m.toBack },
  ];
}

/** waitItems hold a waiting job or let it go, now or later, and say how urgent it is. */
export function waitItems(
  job: Job,
  act: { later: () => void; then?: (now: Job | undefined) => void },
): MenuItem[] {
  const { later, then = () => {} } = act;
  const waits = job.reason === "held" || job.reason === "scheduled" || job.reason === "backoff";
  const chosen = urgency(job);
  const free: MenuItem = { label: t.queue.release, icon: "play", run: () => void release(job).then(then) };
  const held: MenuItem = { label: t.queue.hold, icon: "hold", run: () => void hold(job).then(then) };
  const choice = waits ? (job.reason === "held" ? [free] : [free, held]) : [held];
  const time = job.reason === "scheduled" ? t.later.change : t.later.choose;
  return [
    ...choice.map((item, i) => ({ ...item, apart: i === 0 })),
    { label: time, icon: "calendar", run: later },
    ...(["high", "normal", "low"] as const).map((u, i) => ({
      label: t.queue.urgent[u],
      checked: u === chosen,
      apart: i === 0,
      run: () => void (u === chosen || setPriority(job, priorities[u]).then(then)),
    })),
  ];
}

/** steered tells in words what one of those choices has changed. */
export function steered(job: Job, now: Job): string {
  const what =
    now.priority === job.priority ? sayReason(now, board.snapshot?.memory) : t.queue.urgent[urgency(now)];
  return `${isolated(now.title)}: ${what}`;
}

/** endedItems are the ways to begin again, and the way out. */
export function endedItems(
  job: Job,
  act: {
    ask: (ask: Ask) => void;
    model: () => void;
    remove: () => void;
    then?: (now: Job | undefined) => void;
  },
): MenuItem[] {
  const { then = () => {} } = act;
  // What a job has not come to yet it cannot do again.
  const ran = (stage: Stage) => job.state === "done" || job.stages.some((r) => r.stage === stage);
  const from = (stage: Stage, label: string): MenuItem[] =>
    ran(stage) ? [{ label, icon: "redo", run: () => void retry(job, stage).then(then) }] : [];
  const again: MenuItem[] = [
    ...from("transcribe", t.queue.again),
    ...(job.translate_to?.length ? from("translate", t.queue.translateAgain) : []),
    ...(job.summarize ? from("summarize", t.queue.summarizeAgain) : []),
    ...from("deliver", t.queue.deliverAgain),
    { label: t.queue.startOver, icon: "film", run: () => void retry(job, "extract").then(then) },
  ];
  const tryAgain: MenuItem = { label: t.queue.tryAgain, icon: "redo", run: () => void retry(job).then(then) };
  return [
    ...(job.state === "done" ? again : [tryAgain, ...again]),
    { label: t.models.choose, icon: "speech", run: act.model },
    {
      label: t.queue.delete,
      icon: "trash",
      apart: true,
      danger: true,
      run: () => act.ask(deleteAsk(job, act.remove)),
    },
  ];
}

/** deleteAsk asks whether a job is to go, and names what is lost. */
function deleteAsk(job: Job, run: () => void): Ask {
  return {
    title: t.queue.deleteTitle,
    text: job.state === "done" ? t.queue.deleteDone(job.title) : t.queue.deleteOther(job.title),
    yes: t.queue.delete,
    no: t.queue.keep,
    run,
  };
}
