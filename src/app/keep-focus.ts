import type { AppWorld } from "./store/app-context.tsx";

/**
 * The keyboard belongs to a console: it comes back to the selected guest's when what had it is gone (the page was drawn anew
 * for another width, a button vanished with its state), and to a pane's when a button of the pane was clicked. Who goes through
 * the buttons by keyboard, or has text selected, is left alone.
 */
export function keepFocus({ store, terminals }: Pick<AppWorld, "store" | "terminals">): void {
  const isFree = () => store.getState().dialog === undefined && document.querySelector("[role=menu]") === null;
  const comeBack = () => {
    requestAnimationFrame(() => {
      const { selectedGuest } = store.getState();
      const isLost = document.activeElement === null || document.activeElement === document.body;
      if (!isLost || selectedGuest === undefined || !isFree() || document.getSelection()?.isCollapsed === false) return;
      terminals.of(selectedGuest)?.focus();
    });
  };
  store.subscribe(comeBack);
  window.addEventListener("resize", comeBack);
  window.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target.closest("button") : null;
    const guestId = target?.closest<HTMLElement>("[role=toolbar][data-guest]")?.dataset["guest"];
    // A click by keyboard counts no presses.
    if (guestId === undefined || event.detail === 0 || target?.hasAttribute("aria-haspopup")) return;
    requestAnimationFrame(() => isFree() && terminals.of(guestId)?.focus());
  });
}
