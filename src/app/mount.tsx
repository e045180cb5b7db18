import { createRoot } from "react-dom/client";
import type { Tabvisor } from "#protocol/tabvisor.ts";
import { keepFocus } from "./keep-focus.ts";
import { FaultPage } from "./fault-page.tsx";
import { RequirementsPage } from "./requirements/requirements-page.tsx";
import type { MissingRequirement } from "./requirements/requirements.ts";
import { Shell } from "./shell.tsx";
import { createAppActs } from "./store/app-acts.ts";
import { AppProvider } from "./store/app-context.tsx";
import { createAppStore } from "./store/app-store.ts";
import { keepInStep } from "./store/sync.ts";
import { TerminalSessions } from "./terminal/terminal-sessions.ts";
import { followTheme, themeShown } from "./theme.ts";
import "./styles/base.css";

const FONT_WAIT_MS = 1500;

/** Draws the page for a hypervisor into `root`. */
export async function mountPage(root: HTMLElement, tabvisor: Tabvisor): Promise<void> {
  const store = createAppStore();
  const { theme, fontSize } = store.getState();
  const refused = (reason: string) => store.getState().notify("bad", reason);
  const terminals = new TerminalSessions(tabvisor, { theme: themeShown(theme), fontSize }, refused);
  followTheme(store, terminals);
  await fontsLoaded();
  const acts = createAppActs(tabvisor, store, terminals);
  keepInStep(tabvisor, store, terminals);
  keepFocus({ store, terminals });
  askBeforeLeaving(tabvisor);
  void acts.readImages();
  createRoot(root).render(
    <FaultPage>
      <AppProvider value={{ store, acts, terminals }}>
        <Shell />
      </AppProvider>
    </FaultPage>,
  );
}

/** Draws what is missing instead of the page. */
export function mountRequirements(root: HTMLElement, missing: MissingRequirement): void {
  document.documentElement.dataset["theme"] = themeShown("system");
  createRoot(root).render(<RequirementsPage missing={missing} />);
}

/** Guests end with their page, and Ctrl+W, which shells use too, closes it: the browser asks first while one is up. */
function askBeforeLeaving(tabvisor: Tabvisor): void {
  window.addEventListener("beforeunload", (event) => {
    if (tabvisor.guests().some(({ runState }) => runState === "running" || runState === "paused"))
      event.preventDefault();
  });
}

/** A terminal measures its font when it opens, so the font has to be there. */
async function fontsLoaded(): Promise<void> {
  const late = new Promise((resolve) => setTimeout(resolve, FONT_WAIT_MS));
  const fonts = ['13px "JetBrains Mono Variable"', '700 13px "JetBrains Mono Variable"', '13px "Inter Variable"'];
  await Promise.race([late, Promise.allSettled(fonts.map((font) => document.fonts.load(font)))]);
}
