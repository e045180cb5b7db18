import type { Slice } from "./slice.ts";

/** The dialog that stands over the page, and what it is about. */
export type Dialog =
  | { readonly type: "help" }
  | { readonly type: "palette" }
  | { readonly type: "options"; readonly imageId: string }
  | { readonly type: "renameGuest"; readonly guestId: string }
  | { readonly type: "renameSnapshot"; readonly guestId: string; readonly snapshotId: string }
  | { readonly type: "takeSnapshot"; readonly guestId: string }
  | { readonly type: "plainText"; readonly guestId: string }
  | { readonly type: "destroyGuest"; readonly guestId: string }
  | { readonly type: "powerOff"; readonly guestId: string }
  | { readonly type: "resetGuest"; readonly guestId: string; readonly snapshotId: string }
  | { readonly type: "deleteSnapshot"; readonly guestId: string; readonly snapshotId: string };

/** At most one dialog at a time. */
export interface DialogsSlice {
  readonly dialog: Dialog | undefined;
  dialogOpened(dialog: Dialog): void;
  dialogClosed(): void;
}

export const createDialogsSlice: Slice<DialogsSlice> = (set) => ({
  dialog: undefined,
  dialogOpened: (dialog) => set({ dialog }),
  dialogClosed: () => set({ dialog: undefined }),
});
