/* oxlint-disable import/default -- Vite makes these two modules, whose default is the URL of the bundle */
import imageWorkerUrl from "./image-worker.ts?worker&url";
import { createScriptUrlPolicy } from "./script-url-policy.ts";
import wardenUrl from "./warden.ts?worker&url";

/** The page's one Trusted Types policy: a worker runs our own code, as the build named it, and nothing else. */
const trusted = createScriptUrlPolicy("tabvisor-workers", [wardenUrl, imageWorkerUrl]);

/** A guest's worker, behind its warden. */
export function newWarden(): Worker {
  return new Worker(trusted(wardenUrl), { type: "module", name: "guest" });
}

export function newImageWorker(): Worker {
  return new Worker(trusted(imageWorkerUrl), { type: "module", name: "images" });
}
