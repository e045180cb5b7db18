import type { Slice } from "./slice.ts";

/** A short message about something that has just happened. */
export interface Notice {
  readonly id: number;
  readonly tone: "good" | "plain" | "bad";
  readonly text: string;
}

/** Messages that come and go; the newest few stay. */
export interface NoticesSlice {
  readonly notices: readonly Notice[];
  notify(tone: Notice["tone"], text: string): void;
  noticeDismissed(id: number): void;
}

const MAX_NOTICES = 4;

export const createNoticesSlice: Slice<NoticesSlice> = (set) => {
  let lastId = 0;
  return {
    notices: [],
    notify: (tone, text) =>
      set(({ notices }) => ({
        notices: [...notices, { id: ++lastId, tone, text }].slice(-MAX_NOTICES),
      })),
    noticeDismissed: (id) => set(({ notices }) => ({ notices: notices.filter((notice) => notice.id !== id) })),
  };
};
