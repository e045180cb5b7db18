import { createContext, use } from "react";
import { useStore } from "zustand";
import type { AppActs } from "./app-acts.ts";
import type { AppState, AppStore } from "./app-store.ts";
import type { TerminalSessions } from "#app/terminal/terminal-sessions.ts";

/** What every part of the page may reach. */
export interface AppWorld {
  readonly store: AppStore;
  readonly acts: AppActs;
  readonly terminals: TerminalSessions;
}

const AppContext = createContext<AppWorld | undefined>(undefined);

/** Hands the world to the page below it. */
export const AppProvider = AppContext.Provider;

/** The world, inside `AppProvider`. */
export function useWorld(): AppWorld {
  const world = use(AppContext);
  if (!world) throw new Error("useWorld is called outside AppProvider");
  return world;
}

/** A piece of the state; renders again when that piece changes. */
export function useApp<Piece>(selector: (state: AppState) => Piece): Piece {
  return useStore(useWorld().store, selector);
}

/** What a person can do. */
export function useActs(): AppActs {
  return useWorld().acts;
}
