import { FakeTabvisor } from "#app/fake-tabvisor.fixture.ts";
import { mountPage } from "#app/mount.tsx";

const query = new URLSearchParams(location.search);
const stuckAt = query.get("stuckAt");
const tabvisor = new FakeTabvisor({
  loadMs: Number(query.get("loadMs") ?? 0),
  ...(stuckAt === null ? {} : { stuckAt: Number(stuckAt) }),
});
Object.assign(globalThis, { tabvisor });
const root = document.getElementById("root");
if (root) await mountPage(root, tabvisor);
