/** The models that translate and summarize. */
export const ollama = {
  title: "Language models (Ollama)",
  text: "They translate and summarize. Ollama keeps them and runs them.",
  loading: "Asking Ollama…",
  failed: "The language models could not be read.",
  none: "Ollama has no model yet. Download one, and texts can be translated and summarized.",
  here: "Runs on another machine",
  held: (size: string) => `in memory now: ${size}`,
  field: "Download another model by its name",
  example: (name: string) => `For example ${name}. The names are on ollama.com/library.`,
  wrong: "Type the name of a model, such as gemma3:4b.",
  there: (name: string) => `${name} is installed already`,
};
