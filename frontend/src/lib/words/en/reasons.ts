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
    power: "On battery, starts when plugged in",
    ollama: "Waiting for Ollama",
    model: "Waiting for its model",
    source: "Waiting for its file",
    disk: "Waiting for free disk space",
    queue_away: "The shared line is out of reach",
  } satisfies Record<Reason, string> as Record<Reason, string>,
  server: "Waiting for the server of its address",
  noModel: (name: string) => `Waiting until its model ${name} is installed`,
  forMemory: (said: string) => `Waiting for memory: ${said}`,
  needsAndFree: (need: string, free: string) => `needs ${need}, ${free} free`,
  needsAndSpare: (need: string, free: string) => `needs ${need} and some to spare, ${free} free`,
  shortOf: (need: string, missing: string) => `needs ${need}, short of it by ${missing}`,
  onlyFree: (free: string) => `${free} free`,
  needs: (need: string) => `needs ${need}`,
  startsIn: (said: string, time: string) => `${said}; starts in ${time} if memory stays free`,
  settles: (said: string) => `${said}; starts when memory has settled`,
  ranOut: (need: string, free: string) =>
    `The speech engine was stopped because memory ran out. It starts again when ${need} is free; now it is ${free}.`,
  nextTry: (text: string, when: string) => `${text} Next try ${at(when)}.`,
  startsAt: (when: string) => `Starts not before ${when}`,
  shut: (free: string, percent: string) => `Nothing starts now: ${free} (${percent}) free`,
};

/** at puts the word before a time of day that a day before it makes needless. */
function at(when: string): string {
  return /^\d\d:\d\d$/.test(when) ? `at ${when}` : when;
}
