import type { Reason } from "../../api/types";

/** Why a job is not next, when the server's own sentence is not at hand. */
export const reasons = {
  text: {
    turn: "Waiting for its turn",
    memory: "Waiting for memory",
    backoff: "It is tried again soon.",
    held: "Held",
    paused: "The line is paused",
    scheduled: "Waiting for its start time",
    power: "Waiting for the power adapter",
    ollama: "Waiting for Ollama",
    model: "Waiting for its speech model",
    source: "Waiting for its file",
    disk: "Waiting for free disk space",
    queue_away: "The shared line is out of reach",
  } satisfies Record<Reason, string> as Record<Reason, string>,
  forMemory: (said: string) => `Waiting for memory: ${said}`,
  needsAndFree: (need: string, free: string) => `needs ${need}, ${free} free`,
  needs: (need: string) => `needs ${need}`,
  nextTry: (text: string, when: string) => `${text} Next try ${at(when)}.`,
  startsAt: (when: string) => `Starts not before ${when}`,
  shut: (free: string) => `Nothing starts now: ${free} free`,
};

/** at puts the word before a time of day that a day before it makes needless. */
function at(when: string): string {
  return /^\d\d:\d\d$/.test(when) ? `at ${when}` : when;
}
