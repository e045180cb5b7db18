import type { ITheme } from "@xterm/xterm";

const dark: ITheme = {
  background: "#0a0d11",
  foreground: "#cfd8e3",
  cursor: "#cfd8e3",
  cursorAccent: "#0a0d11",
  selectionBackground: "#2f4a7a",
  selectionInactiveBackground: "#26354f",
  scrollbarSliderBackground: "#8a96a333",
  scrollbarSliderHoverBackground: "#8a96a366",
  scrollbarSliderActiveBackground: "#8a96a399",
  black: "#3a444f",
  red: "#f2706b",
  green: "#4cc38a",
  yellow: "#e5b454",
  blue: "#7aa7ff",
  magenta: "#c792ea",
  cyan: "#5cc8d7",
  white: "#cfd8e3",
  brightBlack: "#6f7b88",
  brightRed: "#ff918c",
  brightGreen: "#74dba8",
  brightYellow: "#f3cc7d",
  brightBlue: "#a3c2ff",
  brightMagenta: "#ddb3f7",
  brightCyan: "#86dfeb",
  brightWhite: "#f3f6fa",
};

const light: ITheme = {
  background: "#fbfcfd",
  foreground: "#1f2933",
  cursor: "#1f2933",
  cursorAccent: "#fbfcfd",
  selectionBackground: "#bcd3ff",
  selectionInactiveBackground: "#d8e2f2",
  scrollbarSliderBackground: "#5d697633",
  scrollbarSliderHoverBackground: "#5d697666",
  scrollbarSliderActiveBackground: "#5d697699",
  black: "#1f2933",
  red: "#b92c27",
  green: "#1a7a50",
  yellow: "#8a5c00",
  blue: "#2858bd",
  magenta: "#8036a8",
  cyan: "#0f7180",
  white: "#6b7785",
  brightBlack: "#5d6976",
  brightRed: "#d13f3a",
  brightGreen: "#1f8f5f",
  brightYellow: "#a06c06",
  brightBlue: "#2f66d6",
  brightMagenta: "#9747c4",
  brightCyan: "#15869a",
  brightWhite: "#3a4652",
};

/** The sixteen colours, cursor and selection of terminals; the same hues as the page's tokens. */
export const terminalThemes = { light, dark } as const;

/** How matches of a search are marked. */
export const matchColours = {
  light: {
    matchBackground: "#ffe9a8",
    matchBorder: "#c99a1a",
    matchOverviewRuler: "#c99a1a",
    activeMatchBackground: "#ffc74a",
    activeMatchBorder: "#8a5c00",
    activeMatchColorOverviewRuler: "#8a5c00",
  },
  dark: {
    matchBackground: "#4a3d14",
    matchBorder: "#8f7421",
    matchOverviewRuler: "#e5b454",
    activeMatchBackground: "#8f6a12",
    activeMatchBorder: "#f3cc7d",
    activeMatchColorOverviewRuler: "#f3cc7d",
  },
} as const;
