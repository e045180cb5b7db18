import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fingerprint, root } from "./bundle.mjs";
import { main as tabvisor } from "./main.ts";
import { ensurePageBuild, pageFolder } from "./page-build.ts";
import { probePort, startStaticServer } from "./server/static-server.ts";

const DEFAULT_PORT = 5173;

const USAGE = `Usage: npm start [-- OPTIONS]

Builds the guest images and the page where needed, and serves the playground.

  --port N          the port (else the environment's PORT, else ${DEFAULT_PORT}; 0: any free one)
  --allow-host NAME answer to this name too, beside localhost (behind a proxy or tunnel; may be given again)
  --no-isolation    leave out the headers that give the page shared memory (to see what it then says)
  --help`;

function say(text: string): void {
  console.log(`[tabvisor] ${text}`);
}

/** Whether each image that the catalogue names has its manifest. */
function imagesAreThere(): boolean {
  const folder = join(root, "public/guests");
  const catalogue = join(folder, "index.json");
  if (!existsSync(catalogue)) return false;
  const { images } = JSON.parse(readFileSync(catalogue, "utf8")) as { images: readonly string[] };
  return images.length > 0 && images.every((id) => existsSync(join(folder, `${id}.json`)));
}

const STAMP = join(root, "public/guests/.built-from");

/** Makes the guest images when they are not there, and anew when their recipes have changed. */
export async function ensureGuestImages(): Promise<void> {
  const areThere = imagesAreThere();
  const wanted = fingerprint(["src/recipes"]);
  if (areThere && existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted)
    return say("The guest images are current.");
  say(
    areThere
      ? "Bringing the guest images up to date …"
      : "Making the guest images (the first time, this downloads packages) …",
  );
  const status = await tabvisor(["build"]);
  if (status === 0) writeFileSync(STAMP, wanted);
  else if (areThere) say("That failed (see above): going on with the images that are there.");
  else {
    throw new Error(
      'The guest images could not be made: see above. The README\'s section "Images" says how to name a mirror or ready images.',
    );
  }
}

function portFrom(option: string | undefined): number {
  const text = option ?? process.env["PORT"] ?? String(DEFAULT_PORT);
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535)
    throw new Error(`"${text}" is no port. Give a number up to 65535: PORT=8080 npm start`);
  return port;
}

/** `npm start`: everything from a fresh clone to a served page. */
export async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      port: { type: "string" },
      "allow-host": { type: "string", multiple: true, default: [] },
      "no-isolation": { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const port = portFrom(values.port);
  await probePort(port);
  await ensureGuestImages();
  await ensurePageBuild(say);
  const server = await startStaticServer({
    folders: [pageFolder, join(root, "public")],
    port,
    allowedHosts: values["allow-host"].map((name) => name.toLowerCase()),
    isolated: !values["no-isolation"],
  });
  say(`Tabvisor is served at ${server.url} (Ctrl-C stops it)`);
  await new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
  await server.close();
  return 0;
}
