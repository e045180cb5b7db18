import type { GuestLog } from "./guest-log.ts";
import type { HypervisorHost } from "./host.ts";

/** A guest that has printed nothing for so long since power-on is pointed out. */
const MUTE_MS = 15_000;

/** A kernel that is damaged where no checksum tells may wait or spin without a word: the log says so. `isMute`: asked once. */
export function watchForSilence(host: HypervisorHost, log: GuestLog, isMute: () => boolean): void {
  host.after(MUTE_MS, () => {
    if (!isMute()) return;
    log.add(
      "warning",
      `Nothing has been printed since power-on, ${MUTE_MS / 1000} seconds ago. If nothing comes, the kernel or its initrd is damaged, made for another machine, or has its console elsewhere.`,
    );
  });
}
