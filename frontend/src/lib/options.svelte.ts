// What is made of what people add, beside its transcript. It is chosen once and
// remembered in this browser; what is not chosen is left to the settings.
import type { Template } from "./api/types";
import { languageName, targets } from "./languages";
import { t } from "./words/words.svelte";

export const templates: readonly Template[] = ["general", "meeting", "lecture", "interview"];

/** Decision is what people want: what the settings say, or not that. */
export type Decision = "settings" | "no" | "yes";

/** Wanted is what a request says of it; what it leaves out, the settings decide. */
export type Wanted = {
  translate_to?: string[];
  summarize?: boolean;
  summary?: { template: Template };
};

/** Kept is what the browser remembers. */
type Kept = {
  translate: Decision;
  languages: string[];
  summarize: Decision;
  template: Template | "settings";
};

const key = "sluice.adding";
const decisions: readonly unknown[] = ["settings", "no", "yes"];

export class Options {
  translate = $state<Decision>("settings");
  languages = $state.raw<readonly string[]>([]);
  summarize = $state<Decision>("settings");
  template = $state<Template | "settings">("settings");

  /** What goes with the next thing that is added. */
  readonly wanted: Wanted = $derived({
    ...(this.translate === "settings"
      ? {}
      : { translate_to: this.translate === "yes" ? [...this.languages] : [] }),
    ...(this.summarize === "settings" ? {} : { summarize: this.summarize === "yes" }),
    ...(this.summarize === "no" || this.template === "settings"
      ? {}
      : { summary: { template: this.template } }),
  });

  constructor() {
    const kept = remembered();
    if (decisions.includes(kept.translate)) this.translate = kept.translate as Decision;
    if (Array.isArray(kept.languages)) this.languages = targets.filter((c) => kept.languages?.includes(c));
    if (decisions.includes(kept.summarize)) this.summarize = kept.summarize as Decision;
    this.template = templates.find((x) => x === kept.template) ?? "settings";
  }

  /** toggle chooses a language, or no longer. They stay in the order in which they are offered. */
  toggle(code: string): void {
    const now = this.languages.includes(code)
      ? this.languages.filter((c) => c !== code)
      : [...this.languages, code];
    this.languages = targets.filter((c) => now.includes(c));
  }

  /** keep remembers what is chosen. */
  keep(): void {
    const { translate, languages, summarize, template } = this;
    try {
      localStorage.setItem(key, JSON.stringify({ translate, languages, summarize, template }));
    } catch {
      // A browser may keep nothing; the choice then lasts as long as the page.
    }
  }

  /** said tells what is chosen in a few words; "" while all is left to the settings. */
  get said(): string {
    const { said } = t.options;
    const names = this.languages.map(languageName).join(", ");
    return [
      ...(this.translate === "settings"
        ? []
        : [this.translate === "yes" && names ? said.translated(names) : said.notTranslated]),
      ...(this.summarize === "settings"
        ? []
        : [this.summarize === "yes" ? said.summarized : said.notSummarized]),
    ].join(" · ");
  }
}

/** remembered is what was kept; whoever wrote it, it is looked at like a stranger's. */
function remembered(): Partial<Kept> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? "{}");
    return typeof kept === "object" && kept !== null ? kept : {};
  } catch {
    return {};
  }
}

export const options = new Options();
