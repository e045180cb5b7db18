import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { currentBundle, root } from "#cli/bundle.mjs";
import { createNodeTabvisor } from "#workers/node-host.ts";

const PROMPT = /~ # $/;

test("Node offers the same object as the page: a guest boots, is broken and is reset", async () => {
  const tabvisor = createNodeTabvisor({
    guestsFolder: join(root, "public/guests"),
    workerUrl: pathToFileURL(join(await currentBundle(), "guest-worker-node.js")),
  });
  expect((await tabvisor.images()).map(({ id }) => id)).toEqual(["linux", "uboot"]);
  const guest = await tabvisor.create({ image: "linux", memoryMiB: 128 });
  await guest.console.waitFor(PROMPT, { timeoutMs: 60_000 });
  await guest.snapshot("fresh");

  guest.console.send("rm -rf /etc; touch /made-since; echo broken $((1+1))\n");
  await guest.console.waitFor(/broken 2/);
  await guest.reset();

  const from = guest.console.text().length;
  guest.console.send("ls -d /etc /made-since; echo listed $((1+1))\n");
  const listed = await guest.console.waitFor(/listed 2/, { from });
  expect(listed.slice(from)).toMatch(/^\/etc\s*$/m);
  expect(listed.slice(from)).toContain("/made-since: No such file");
  await guest.destroy();
  expect(tabvisor.guests()).toEqual([]);
});
