// Languages by their codes.
import { language } from "./words/words.svelte";

/** languageName says a language by its name in the language of the page. */
export function languageName(code: string): string {
  try {
    return new Intl.DisplayNames([language.code], { type: "language" }).of(code) ?? code;
  } catch {
    return code; // not a code at all
  }
}

/** Languages that are often translated into. A job takes as many as these. */
export const targets = [
  ...["en", "ko", "ja", "zh-hans", "zh-hant", "es", "fr", "de"],
  ...["pt", "it", "ru", "vi", "id", "th", "hi", "ar"],
] as const;
