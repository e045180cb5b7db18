import { mountPage, mountRequirements } from "./mount.tsx";
import { missingRequirement } from "./requirements/requirements.ts";

/** Brings the page up, or says why it cannot be. */
async function main(root: HTMLElement): Promise<void> {
  const missing = missingRequirement();
  if (missing !== undefined) {
    mountRequirements(root, missing);
    return;
  }
  // The page's one composition root: app imports no world, so the one that is built for browsers is fetched here.
  const { createBrowserTabvisor } = await import("#workers/browser-host.ts");
  const tabvisor = createBrowserTabvisor();
  Object.assign(window, { tabvisor });
  await mountPage(root, tabvisor);
}

const root = document.getElementById("root");
if (root) void main(root);
