// Light, dark, or as the system has it. tokens.css does the rest.

export type Theme = "auto" | "light" | "dark";

const key = "sluice.theme";

class Appearance {
  theme = $state<Theme>(stored());

  constructor() {
    show(this.theme);
  }

  choose(theme: Theme): void {
    this.theme = theme;
    show(theme);
    try {
      localStorage.setItem(key, theme);
    } catch {
      // A browser may keep nothing; the choice then lasts as long as the page.
    }
  }
}

export const appearance = new Appearance();

function show(theme: Theme): void {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function stored(): Theme {
  try {
    const theme = localStorage.getItem(key);
    if (theme === "light" || theme === "dark") return theme;
  } catch {
    // See choose.
  }
  return "auto";
}
