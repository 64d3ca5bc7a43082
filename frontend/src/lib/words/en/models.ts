import { isolated } from "../isolate";

export const models = {
  choose: "Try again with another model…",
  title: "Try again with another model",
  text: (title: string) =>
    `“${isolated(title)}” goes to the back of the line and is transcribed with the model you choose.`,
  textDone: (title: string) =>
    `“${isolated(title)}” is transcribed again with the model you choose. The text it has now is replaced when that begins.`,
  yes: "Try with this model",
  loading: "Reading the models…",
  failed: "The models could not be read.",
  installed: "Installed",
  others: "Not installed",
  present: "Used so far",
  standard: "Default",
  suits: "Suits this machine",
  english: "English only",
  file: (size: string) => `File ${size}`,
  need: (need: string) => `needs ${need} of memory`,
  never: (need: string) => `Needs ${need}, more than a job may have here`,
  tooLarge: "Needs more memory than a job may have here",
  /** What to expect of a model, when the server's own sentence is not at hand. */
  about: {
    "large-v3-turbo": "Nearly the quality of large-v3, several times faster.",
    "large-v3": "The best text; slow, and needs the most memory.",
    medium: "Good text; slower than turbo.",
    small: "Fair text with little memory.",
    base: "Rough text, fast.",
    tiny: "The roughest text, the fastest.",
  },
  own: "A file of your own.",
  damaged: "Damaged, or no speech model.",
  waits: (name: string) => `The job waits until ${name} is installed. You can download it in Models.`,
  added: (title: string, name: string) => `“${isolated(title)}” is in line again, with ${name}`,
};
