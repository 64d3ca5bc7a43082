import { isolated } from "../isolate";

export const later = {
  choose: "Start later…",
  change: "Change start time…",
  title: "Start later",
  changeTitle: "Change the start time",
  text: (title: string) =>
    `“${isolated(title)}” does not start before the time you choose. After that it starts when its turn comes.`,
  suggested: {
    hour: "In an hour",
    tonight: "Tonight",
    tomorrowNight: "Tomorrow night",
    morning: "Tomorrow morning",
  },
  own: "Another time",
  start: "Start then",
  wrong: {
    missing: "Choose a date and a time.",
    past: "That time has passed. Choose a later one.",
    far: "Choose a time within the next ten years.",
  },
  set: (title: string, when: string) => `“${isolated(title)}” starts not before ${when}`,
};
