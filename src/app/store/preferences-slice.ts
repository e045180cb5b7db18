import type { Slice } from "./slice.ts";

export type ThemeChoice = "system" | "light" | "dark";
export type InspectorTab = "snapshots" | "resources" | "devices" | "log";

/** What a person likes; kept in the browser. */
export interface PreferencesSlice {
  readonly theme: ThemeChoice;
  readonly fontSize: number;
  /** False once a person has said that resets need no question. */
  readonly askBeforeReset: boolean;
  readonly inspectorTab: InspectorTab;
  themeChosen(theme: ThemeChoice): void;
  fontSizeChosen(fontSize: number): void;
  askBeforeResetChosen(askBeforeReset: boolean): void;
  inspectorTabChosen(inspectorTab: InspectorTab): void;
}

export const FONT_SIZES = { smallest: 9, usual: 13, largest: 24 } as const;

export const createPreferencesSlice: Slice<PreferencesSlice> = (set) => ({
  theme: "system",
  fontSize: FONT_SIZES.usual,
  askBeforeReset: true,
  inspectorTab: "snapshots",
  themeChosen: (theme) => set({ theme }),
  fontSizeChosen: (fontSize) =>
    set({ fontSize: Math.min(FONT_SIZES.largest, Math.max(FONT_SIZES.smallest, fontSize)) }),
  askBeforeResetChosen: (askBeforeReset) => set({ askBeforeReset }),
  inspectorTabChosen: (inspectorTab) => set({ inspectorTab }),
});
