// The models of Ollama as people look at them.
import type { LanguageModel } from "../../lib/api/types";
import { bytes } from "../../lib/format";
import { t } from "../../lib/words/words.svelte";
import { wordOf, type Act, type Verb } from "./catalog";

/** actsOfLanguage is what can be done with a model of Ollama. To delete one is Ollama's own affair. */
export function actsOfLanguage(m: LanguageModel): Act[] {
  return verbs(m).map((verb) => ({ verb, word: wordOf(verb, m) }));
}

function verbs(m: LanguageModel): Verb[] {
  if (m.download && m.download.state !== "stopped") return ["cancel"];
  if (m.installed) return [];
  const load: Verb[] = m.fits || m.download ? ["download"] : [];
  return m.download ? [...load, "dismiss"] : load;
}

/** factsOfLanguage is what to know of it before it is chosen. */
export function factsOfLanguage(m: LanguageModel): string {
  return [
    ...(m.parameters ? [m.parameters] : []),
    ...(m.remote ? [t.ollama.here] : []),
    ...(m.size_bytes ? [t.models.file(bytes(m.size_bytes))] : []),
    ...(m.need_bytes
      ? [m.fits ? t.models.need(bytes(m.need_bytes)) : t.models.never(bytes(m.need_bytes))]
      : []),
    ...(m.held_bytes ? [t.ollama.held(bytes(m.held_bytes))] : []),
    ...(m.jobs ? [t.catalog.needed(m.jobs)] : []),
  ].join(" · ");
}

/** marksOfLanguage sets it apart from the others. */
export function marksOfLanguage(m: LanguageModel): string[] {
  if (m.default) return [t.models.standard];
  return m.suits ? [t.models.suits] : [];
}
