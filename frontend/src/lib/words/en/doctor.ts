import type { Budget, FindingLevel, Known } from "../../api/types";

/** What the check-up found. In English the server's own words come first. */
export const doctor = {
  title: "Check-up",
  again: "Check again",
  checking: "Looking at what jobs need. This can take three seconds…",
  failed: "The check-up did not work.",
  checked: (said: string, when: string) => `${said} Checked ${when}.`,
  summary: (fails: number, warns: number) => {
    if (fails > 0)
      return fails === 1 ? "1 problem keeps jobs from running." : `${fails} problems keep jobs from running.`;
    if (warns > 0)
      return warns === 1 ? "Jobs can run; look at 1 thing." : `Jobs can run; look at ${warns} things.`;
    return "All is well.";
  },
  nothing: "There was nothing to look at.",
  list: "What was found",
  level: { ok: "Fine", warn: "Attention", fail: "Problem" } satisfies Record<FindingLevel, string>,
  findings: {
    sluice: { name: "Sluice", ok: "It runs.", warn: "It is slow to answer." },
    settings: { name: "Settings", ok: "They are in order.", warn: "Something in them is odd." },
    data: {
      name: "Data folder",
      ok: "It can be written, and there is room.",
      fail: "It cannot be written, or its disk is full.",
    },
    memory: {
      name: "Memory",
      ok: "There is memory for jobs.",
      warn: "It is critically short, or cannot be read.",
    },
    engine: {
      name: "Speech engine",
      ok: "It is built in.",
      warn: "It did not answer in time.",
      fail: "This build has none.",
    },
    ffmpeg: { name: "ffmpeg", ok: "It is installed.", fail: "It is missing or does not work." },
    model: {
      name: "Speech model",
      ok: "It is installed.",
      fail: "It cannot be used. Install it, or choose another.",
    },
    budget: { name: "Models", warn: "What they need was not known in time. Check again in a while." },
    ollama: {
      name: "Ollama",
      ok: "It answers.",
      warn: "It does not answer, or lacks its language model. Speech is recognised without it.",
    },
    power: {
      name: "Power",
      ok: "No job waits for it.",
      warn: "Jobs wait while the machine is on battery, or it does not say what it runs on.",
    },
  } satisfies Record<string, FindingWords>,

  table: "Memory that models need",
  model: "Model",
  needs: "Needs",
  from: "Known from",
  machine: "This machine",
  stage: { transcribe: "Transcribe", translate: "Translate, with Ollama" } satisfies Record<
    Budget["stage"],
    string
  >,
  known: {
    catalog: "Catalog",
    file: "Estimated from the file",
    measured: "Measured",
  } satisfies Record<Known, string>,
  chosen: "Default",
  context: (tokens: string) => `${tokens} tokens at once`,
  fits: "Fits",
  tooLarge: "Too large",
  tried: "Is tried",
  notKnown: "Not known",
  /** How to get a model. */
  missing: {
    transcribe: () => "Not installed; get it in Models.",
    translate: (name: string) => `Not installed; get it with: ollama pull ${name}`,
  } satisfies Record<Budget["stage"], (name: string) => string>,
  unsure: "Whether it is installed is not known.",
  noModels: "No model is known here.",
};

/** FindingWords are the name of what was looked at, and how it is. */
export type FindingWords = { name: string } & Partial<Record<FindingLevel, string>>;
