import type { AppStore } from "./store/app-store.ts";
import type { ThemeChoice } from "./store/preferences-slice.ts";
import type { TerminalSessions } from "./terminal/terminal-sessions.ts";

const prefersLight = matchMedia("(prefers-color-scheme: light)");

/** The theme that a choice comes to on this system. */
export function themeShown(choice: ThemeChoice): "light" | "dark" {
  if (choice !== "system") return choice;
  return prefersLight.matches ? "light" : "dark";
}

/** Keeps page and terminals in the chosen theme, and terminals in the chosen size. */
export function followTheme(store: AppStore, terminals: TerminalSessions): void {
  const apply = () => {
    const { theme, fontSize } = store.getState();
    const shown = themeShown(theme);
    document.documentElement.dataset["theme"] = shown;
    terminals.look({ theme: shown, fontSize });
  };
  apply();
  prefersLight.addEventListener("change", apply);
  store.subscribe((state, before) => {
    if (state.theme !== before.theme || state.fontSize !== before.fontSize) apply();
  });
}
