// The page's words in the language of its reader. `t.queue.add` is a sentence
// or a function that makes one; a view that uses it follows a change of language.
import { en } from "./en";
import { ko } from "./ko";

/** Code is a language the page can speak. */
export type Code = "en" | "ko";

/** Choice is what people choose: one of them, or what the system speaks. */
export type Choice = Code | "auto";

export type Words = typeof en;

const tables: Record<Code, Words> = { en, ko };
const key = "sluice.language";

class Language {
  choice = $state<Choice>(stored());
  readonly code: Code = $derived(this.choice === "auto" ? spoken() : this.choice);

  /** choose changes the language and remembers it on this machine. */
  choose(choice: Choice): void {
    this.choice = choice;
    document.documentElement.lang = this.code;
    try {
      localStorage.setItem(key, choice);
    } catch {
      // A browser may keep nothing; the choice then lasts as long as the page.
    }
  }
}

export const language = new Language();
document.documentElement.lang = language.code;

/** t holds all words of the current language. */
export const t: Words = new Proxy({} as Words, {
  get: (_, room) => Reflect.get(tables[language.code], room) as unknown,
});

function stored(): Choice {
  try {
    const choice = localStorage.getItem(key);
    if (choice === "en" || choice === "ko") return choice;
  } catch {
    // See choose.
  }
  return "auto";
}

/** spoken is the first of the reader's languages that the page can speak. */
function spoken(): Code {
  for (const tag of navigator.languages) {
    const code = tag.slice(0, 2).toLowerCase();
    if (code === "en" || code === "ko") return code;
  }
  return "en";
}
