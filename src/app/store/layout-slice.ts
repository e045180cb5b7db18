import type { GuestsSlice } from "./guests-slice.ts";
import type { Slice } from "./slice.ts";
import {
  type LayoutNode,
  type Place,
  groupOf,
  placed,
  withActive,
  withGuest,
  withOnly,
  withSizes,
  withoutGuest,
} from "./layout-tree.ts";

/** Where things stand on the screen, and which guest the person works with. */
export interface LayoutSlice {
  readonly layout: LayoutNode | undefined;
  readonly selectedGuest: string | undefined;
  readonly view: "workspace" | "gallery";
  /** Widths of the side regions in pixels. */
  readonly guestListWidth: number;
  readonly inspectorWidth: number;
  /** Undefined until the person has chosen: then the width of the window decides. */
  readonly inspectorOpen: boolean | undefined;
  /** `maxTiles`: how many panes there is room for before guests share them as tabs. */
  guestOpened(guestId: string, maxTiles: number): void;
  /** The tab goes, the guest runs on; it is opened again from the guest list. */
  guestTabClosed(guestId: string): void;
  guestsVanished(exists: (guestId: string) => boolean): void;
  guestSelected(guestId: string): void;
  tabPlaced(guestId: string, place: Place): void;
  splitResized(splitId: string, sizes: readonly number[]): void;
  viewChosen(view: "workspace" | "gallery"): void;
  sideResized(side: "guestListWidth" | "inspectorWidth", pixels: number): void;
  inspectorChosen(inspectorOpen: boolean): void;
}

export const createLayoutSlice: Slice<LayoutSlice, Pick<GuestsSlice, "guests">> = (set) => ({
  layout: undefined,
  selectedGuest: undefined,
  view: "workspace",
  guestListWidth: 180,
  inspectorWidth: 244,
  inspectorOpen: undefined,
  guestOpened: (guestId, maxTiles) =>
    set(({ layout, selectedGuest, guests }) => {
      const isHere = (id: string) => guests.some((guest) => guest.id === id);
      const panes = groupOf(layout, guestId) ? layout : withOnly(layout, isHere);
      const focused = selectedGuest === undefined ? undefined : groupOf(panes, selectedGuest)?.id;
      return { layout: withGuest(panes, guestId, focused, maxTiles), selectedGuest: guestId, view: "workspace" };
    }),
  guestTabClosed: (guestId) => set(({ layout }) => ({ layout: withoutGuest(layout, guestId) })),
  guestsVanished: (exists) =>
    set(({ layout, selectedGuest }) => ({
      layout: withOnly(layout, exists),
      selectedGuest: selectedGuest !== undefined && exists(selectedGuest) ? selectedGuest : undefined,
    })),
  guestSelected: (guestId) =>
    set(({ layout }) => ({
      selectedGuest: guestId,
      ...(layout ? { layout: withActive(layout, guestId) } : {}),
    })),
  tabPlaced: (guestId, place) =>
    set(({ layout }) => (layout ? { layout: placed(layout, guestId, place), selectedGuest: guestId } : {})),
  splitResized: (splitId, sizes) => set(({ layout }) => (layout ? { layout: withSizes(layout, splitId, sizes) } : {})),
  viewChosen: (view) => set({ view }),
  sideResized: (side, pixels) => set({ [side]: pixels }),
  inspectorChosen: (inspectorOpen) => set({ inspectorOpen }),
});
