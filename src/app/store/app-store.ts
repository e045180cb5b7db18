import { type StoreApi, createStore } from "zustand/vanilla";
import { type StateStorage, createJSONStorage, persist } from "zustand/middleware";
import { type DialogsSlice, createDialogsSlice } from "./dialogs-slice.ts";
import { type GuestsSlice, createGuestsSlice } from "./guests-slice.ts";
import { type ImagesSlice, createImagesSlice } from "./images-slice.ts";
import { type LayoutSlice, createLayoutSlice } from "./layout-slice.ts";
import { type NoticesSlice, createNoticesSlice } from "./notices-slice.ts";
import { type PreferencesSlice, createPreferencesSlice } from "./preferences-slice.ts";

/** Everything the page shows, as plain data: no workers, terminals or bytes. */
export type AppState = GuestsSlice & ImagesSlice & LayoutSlice & NoticesSlice & PreferencesSlice & DialogsSlice;
export type AppStore = StoreApi<AppState>;

const FORMAT_VERSION = 1;

/** Makes the page's store; layout and preferences outlive a reload. */
export function createAppStore(): AppStore {
  return createStore<AppState>()(
    persist(
      (set) => ({
        ...createGuestsSlice(set),
        ...createImagesSlice(set),
        ...createLayoutSlice(set),
        ...createNoticesSlice(set),
        ...createPreferencesSlice(set),
        ...createDialogsSlice(set),
      }),
      {
        name: "tabvisor-page",
        version: FORMAT_VERSION,
        storage: createJSONStorage(() => whenChanged(localStorage)),
        partialize: ({
          layout,
          guestListWidth,
          inspectorWidth,
          inspectorOpen,
          theme,
          fontSize,
          askBeforeReset,
          inspectorTab,
        }) => ({
          layout,
          guestListWidth,
          inspectorWidth,
          inspectorOpen,
          theme,
          fontSize,
          askBeforeReset,
          inspectorTab,
        }),
      },
    ),
  );
}

/** Most changes of the state change nothing that is kept: those need not reach the disk. */
function whenChanged(storage: Storage): StateStorage {
  const newest = new Map<string, string>();
  return {
    getItem: (name) => storage.getItem(name),
    removeItem: (name) => storage.removeItem(name),
    setItem: (name, value) => {
      if (newest.get(name) === value) return;
      newest.set(name, value);
      storage.setItem(name, value);
    },
  };
}
