import type { Reason } from "../../api/types";

/** Why a job is not next, when the server's own sentence is not at hand. */
export const reasons = {
  text: {
    turn: "Waits for its turn",
    memory: "Waits for memory",
    backoff: "It is tried again soon.",
    held: "Held back",
    paused: "The line is paused",
    scheduled: "Waits for its time",
    power: "Waits for the power adapter",
    ollama: "Waits for Ollama",
    model: "Waits for its speech model",
    source: "Waits for its file",
    disk: "Waits for free disk space",
    queue_away: "The shared line is out of reach",
  } satisfies Record<Reason, string> as Record<Reason, string>,
  forMemory: (said: string) => `Waiting for memory: ${said}`,
  needsAndFree: (need: string, free: string) => `needs ${need}, ${free} free`,
  needs: (need: string) => `needs ${need}`,
  nextTry: (text: string, when: string) => `${text} Next try at ${when}.`,
  startsAt: (when: string) => `Starts at ${when}`,
  shut: (free: string) => `Nothing starts now: ${free} free`,
};
