export const settings = {
  title: "Settings",
  language: "Language",
  languageText: "Of this page and its messages. It does not change what is transcribed.",
  languages: { auto: "As the system", en: "English", ko: "한국어" },
  appearance: "Appearance",
  appearanceText: "Light, dark, or following the system.",
  themes: { auto: "As the system", light: "Light", dark: "Dark" },
  here: "Both are remembered on this machine only.",
};
