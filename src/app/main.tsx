// oxlint-disable-next-line no-restricted-imports -- the page's one composition root: here, and only here, it gets the world that browsers run
import { createBrowserTabvisor } from "#workers/browser-host.ts";
import { mountPage, mountRequirements } from "./mount.tsx";
import { missingRequirement } from "./requirements/requirements.ts";

/** Brings the page up, or says why it cannot be. */
async function main(root: HTMLElement): Promise<void> {
  const tabvisor = createBrowserTabvisor();
  Object.assign(window, { tabvisor });
  const missing = missingRequirement();
  if (missing === undefined) await mountPage(root, tabvisor);
  else mountRequirements(root, missing);
}

const root = document.getElementById("root");
if (root) void main(root);
