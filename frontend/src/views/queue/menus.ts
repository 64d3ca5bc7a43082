// What can be done to a job, as the choices of a menu.
import type { Job } from "../../lib/api/types";
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
  place: number; // index in what is shown
  shown: number; // how many are
  last: boolean; // whether no other of its priority stands behind it
  to: (place: number) => void;
  toBack: () => void;
};

/** moveItems are the ways to another place in the line. */
export function moveItems(m: Moves): MenuItem[] {
  const last = m.place === m.shown - 1;
  return [
    { label: t.queue.toFront, icon: "front", disabled: m.place === 0, run: () => m.to(0) },
    {
      label: t.queue.up,
      icon: "up",
      detail: alt("↑"),
      disabled: m.place === 0,
      run: () => m.to(m.place - 1),
    },
    { label: t.queue.down, icon: "down", detail: alt("↓"), disabled: last, run: () => m.to(m.place + 1) },
    { label: t.queue.toBack, icon: "end", disabled: m.last, run: m.toBack },
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
  const again: MenuItem[] = [
    { label: t.queue.again, icon: "redo", run: () => void retry(job, "transcribe").then(then) },
    ...(job.translate_to?.length
      ? [
          {
            label: t.queue.translateAgain,
            icon: "redo" as const,
            run: () => void retry(job, "translate").then(then),
          },
        ]
      : []),
    ...(job.summarize
      ? [
          {
            label: t.queue.summarizeAgain,
            icon: "redo" as const,
            run: () => void retry(job, "summarize").then(then),
          },
        ]
      : []),
    { label: t.queue.startOver, icon: "film", run: () => void retry(job, "extract").then(then) },
  ];
  const tryAgain: MenuItem = { label: t.queue.tryAgain, icon: "redo", run: () => void retry(job).then(then) };
  return [
    ...(job.state === "done" ? again : [tryAgain, ...again.slice(-1)]),
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
