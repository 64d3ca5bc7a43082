// The settings in the groups in which people look for them.
import type { Setting } from "../../lib/api/types";
import { t } from "../../lib/words/words.svelte";

/** Group is a part of the view. */
export type Group = "app" | "speech" | "language" | "results" | "memory" | "watch" | "network" | "advanced";

const groups: Record<Group, string[]> = {
  app: ["notify.about", "updates.check", "updates.feed"],
  speech: [
    ...["speech.model", "speech.language", "speech.beam_size", "speech.words", "speech.prompt"],
    ...["models.auto_download", "speech.threads"],
  ],
  language: [
    ...["defaults.translate_to", "defaults.summarize", "summary.template", "summary.language"],
    ...["translate.register", "translate.glossary", "ollama.model", "ollama.context"],
    ...["ollama.when_away", "ollama.host", "ollama.start", "ollama.path"],
  ],
  results: [
    ...["export.dir", "export.formats", "export.name", "webhook.url", "webhook.secret", "webhook.allow"],
  ],
  memory: ["memory.ceiling", "power.only_on_ac", "disk.min_free"],
  watch: ["watch.folders", "watch.recursive", "watch.existing", "watch.settle"],
  network: [
    ...["server.listen", "server.token", "server.roots", "server.sync_timeout"],
    ...["uploads.max", "fetch.max", "fetch.allow"],
  ],
  advanced: ["models.dir", "models.url", "models.catalog", "media.ffmpeg", "memory.script"],
};

/** Extra is what the window sets beside the settings, in the group of the app. */
export type Extra = "login" | "tool";
export const extras: readonly Extra[] = ["login", "tool"];

/** labelOf is what people call a setting; one that the page does not know has its key. */
export function labelOf(s: Setting): string {
  return wordsOf(s)?.label ?? s.key;
}

/** hintOf is what it is for. */
export function hintOf(s: Setting): string {
  return wordsOf(s)?.hint ?? s.doc;
}

function wordsOf(s: Setting): { label: string; hint: string } | undefined {
  return (t.settings.keys as Record<string, { label: string; hint: string } | undefined>)[s.key];
}

/** Part is a group with what is in it. */
export type Part = { group: Group; settings: Setting[]; extra: Extra[] };

/**
 * grouped puts settings into their groups, those that the page does not know
 * into the last; of them only what words are about, and no group that is empty.
 */
export function grouped(all: readonly Setting[], words = "", extra: readonly Extra[] = []): Part[] {
  const known = new Set(Object.values(groups).flat());
  const sought = words.toLowerCase().split(/\s+/).filter(Boolean);
  const says = (...about: string[]) => {
    const text = about.join(" ").toLowerCase();
    return sought.every((word) => text.includes(word));
  };
  const found = (s: Setting) => says(s.key, labelOf(s), hintOf(s));
  const here = extra.filter((e) => says(t.settings.app[e].label, t.settings.app[e].hint));
  return (Object.keys(groups) as Group[])
    .map((group) => {
      const named = groups[group].flatMap((key) => all.find((s) => s.key === key) ?? []);
      const rest = group === "advanced" ? all.filter((s) => !known.has(s.key)) : [];
      return { group, settings: [...named, ...rest].filter(found), extra: group === "app" ? here : [] };
    })
    .filter((g) => g.settings.length + g.extra.length > 0);
}
