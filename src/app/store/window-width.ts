import { useSyncExternalStore } from "react";

const wide = matchMedia("(min-width: 1000px)");

/** How many consoles the window has room for beside and above each other. */
export function tilesThatFit(): number {
  return wide.matches ? 3 : 1;
}

/** Whether the window has room for side regions and consoles at once. */
export function useIsWide(): boolean {
  return useSyncExternalStore(onChange, () => wide.matches);
}

function onChange(changed: () => void): () => void {
  wide.addEventListener("change", changed);
  return () => wide.removeEventListener("change", changed);
}
