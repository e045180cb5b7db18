import { join } from "node:path";
import { root } from "./bundle.mjs";

/** Where this checkout's guest images stand. */
export function guestsFolder(): string {
  return join(root, "public/guests");
}
