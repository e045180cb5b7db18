/* oxlint-disable import/default -- Vite makes these two modules, whose default is the URL of the bundle */
import guestWorkerUrl from "./guest-worker.ts?worker&url";
import imageWorkerUrl from "./image-worker.ts?worker&url";
import { createScriptUrlPolicy } from "./script-url-policy.ts";

/** The page's one Trusted Types policy: a worker runs our own code, as the build named it, and nothing else. */
const trusted = createScriptUrlPolicy("tabvisor-workers", [guestWorkerUrl, imageWorkerUrl]);

export function newGuestWorker(): Worker {
  return new Worker(trusted(guestWorkerUrl), { type: "module", name: "guest" });
}

export function newImageWorker(): Worker {
  return new Worker(trusted(imageWorkerUrl), { type: "module", name: "images" });
}
