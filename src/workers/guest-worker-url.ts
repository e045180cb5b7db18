/* oxlint-disable import/default -- Vite makes this module, whose default is the URL of the bundle */
import guestWorkerUrl from "./guest-worker.ts?worker&url";
import { createScriptUrlPolicy } from "./script-url-policy.ts";

/** A warden's one Trusted Types policy: it starts the guest's worker, and nothing else. */
const trusted = createScriptUrlPolicy("tabvisor-workers", [guestWorkerUrl]);

export function newGuestWorker(): Worker {
  return new Worker(trusted(guestWorkerUrl), { type: "module", name: "guest" });
}
