import { useEffect } from "react";
import { type AppWorld, useWorld } from "./store/app-context.tsx";
import { FIND_EVENT } from "./terminal/find-bar.tsx";

/** The page's own keys (see help); everything else is left to whatever has the keyboard. */
export function useKeys(): void {
  const world = useWorld();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (!event.ctrlKey || !event.shiftKey || event.altKey || event.metaKey) return;
      const act = acts[event.code];
      if (!act || world.store.getState().dialog !== undefined) return;
      event.preventDefault();
      event.stopPropagation();
      act(world);
    };
    window.addEventListener("keydown", onKeyDown, { capture: true });
    return () => window.removeEventListener("keydown", onKeyDown, { capture: true });
  }, [world]);
}

const acts: Readonly<Record<string, (world: AppWorld) => void>> = {
  KeyK: ({ store }) => store.getState().dialogOpened({ type: "palette" }),
  KeyH: ({ store }) => store.getState().dialogOpened({ type: "help" }),
  KeyG: (world) => goToNext(world),
  KeyL: (world) => selectedElement(world, "data-guest")?.querySelector("button")?.focus(),
  KeyS: ({ store, acts: { snapshot } }) => {
    const { selectedGuest } = store.getState();
    if (selectedGuest !== undefined) void snapshot(selectedGuest);
  },
  KeyF: (world) => selectedElement(world, "data-console")?.dispatchEvent(new CustomEvent(FIND_EVENT)),
};

function selectedElement({ store }: AppWorld, attribute: string): Element | null {
  const { selectedGuest } = store.getState();
  return selectedGuest === undefined ? null : document.querySelector(`[${attribute}="${CSS.escape(selectedGuest)}"]`);
}

function goToNext({ store, acts: { goTo } }: AppWorld): void {
  const { guests, selectedGuest } = store.getState();
  const next = guests[(guests.findIndex(({ id }) => id === selectedGuest) + 1) % guests.length];
  if (next) goTo(next.id);
}
