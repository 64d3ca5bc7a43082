import type { Template } from "../../api/types";

/** What is made of what people add, beside its transcript. */
export const options = {
  title: "Options",
  hint: "For everything you add from this page, until you change it.",
  translate: "Translation",
  summarize: "Summary",
  settings: "As in the settings",
  none: "None",
  into: "Into…",
  languages: "Translate to",
  nothing: "No language is chosen, so nothing is translated.",
  yes: "Summarize",
  template: "What kind of recording",
  templates: {
    general: "Any",
    meeting: "Meeting",
    lecture: "Lecture",
    interview: "Interview",
  } satisfies Record<Template, string> as Record<Template, string>,
  said: {
    translated: (languages: string) => `Translated to ${languages}`,
    notTranslated: "Not translated",
    summarized: "Summarized",
    notSummarized: "Not summarized",
  },
};
