import { expect } from "vitest";
import { words } from "#machine/boot/elf.fixture.ts";
import { encodeI, encodeS } from "#riscv/encode.ts";
import { waitForState } from "./guests.fixture.ts";
import {
  badChains,
  hotPlacesProgram,
  li,
  queueProgram,
  STOP_HERE,
  WFI,
  WRITE_SECTORS,
  writeDiskProgram,
} from "./hostile-programs.fixture.ts";
import { create, imageOf, logged, neighbourAnswers, serve } from "./made-images.fixture.ts";
import { test } from "./page.fixture.ts";

const [T0, A0] = [5, 10] as const;

test("odd accesses to PLIC, UART and virtio are told in the guest's log, once each", async ({ openPage }) => {
  const { page } = await openPage();
  const access = [0x0c00_0000, 0x1000_0000, 0x1000_7000].flatMap((address) => [
    ...li(T0, address),
    encodeI(0x1003, A0, T0, 0),
    encodeS(0x1023, T0, 0, 2),
  ]);
  await serve(page, imageOf("odd", { kernel: words(...access, ...access, WFI, STOP_HERE) }));
  await create(page, "odd");
  for (const said of [
    "plic: an access of 2 bytes at offset 0x0; registers are aligned words, so it reads 0 and ignores writes",
    "ns16550: an access of 2 bytes",
    "virtio-rng: an access of 2 bytes to a register of 4; it reads 0 and ignores writes",
  ]) {
    await logged(page, said);
  }
});

test("a virtqueue that loops, points outside RAM or has zero length is told in the guest's log", async ({
  openPage,
}) => {
  const { page, problems } = await openPage();
  for (const [name, chain, said] of badChains) {
    await serve(page, imageOf(name, { kernel: queueProgram(chain), disk: new Uint8Array(4096) }, { memoryMiB: 64 }));
    await create(page, name);
    await logged(
      page,
      `virtio-blk disk0: the driver broke the virtio specification: ${said}; the device needs a reset`,
    );
    await page.evaluate(() => window.tabvisor.guests()[0]?.destroy());
  }
  await neighbourAnswers(page);
  expect(problems).toEqual([]);
});

test("a full disk is an I/O error in the guest and a line in its log", async ({ openPage }) => {
  const { page } = await openPage();
  const served = imageOf(
    "fills",
    { kernel: writeDiskProgram(WRITE_SECTORS), disk: new Uint8Array(64 << 20) },
    { memoryMiB: 64 },
  );
  const files = served.manifest.files.map((file) =>
    file.role === "disk"
      ? { ...file, byteLength: file.byteLength * 9, chunks: Array.from({ length: 9 }, () => file.chunks[0]!) }
      : file,
  );
  await serve(page, { ...served, manifest: { ...served.manifest, files } as never });
  const id = await create(page, "fills");
  await page.evaluate(
    (id) =>
      window.tabvisor
        .guests()
        .find((guest) => guest.id === id)!
        .console.waitFor("F", { timeoutMs: 60_000 }),
    id,
  );
  await logged(
    page,
    "virtio-blk disk0: the disk is full: its overlay holds all of 536870912 bytes; the guest sees I/O errors",
  );
  await neighbourAnswers(page);
});

test("guests that spin in traps, wait for good or keep a device busy can be paused and destroyed", async ({
  openPage,
}) => {
  const { page, problems } = await openPage();
  const hostile = [
    imageOf("waits", { kernel: words(encodeI(0x1073, 0, 0, 0x304), encodeI(0x1073, 0, 0, 0x300), WFI, STOP_HERE) }),
    // 32 MiB with every notification, one after the other, for ever.
    imageOf("writes", { kernel: writeDiskProgram(0), disk: new Uint8Array(64 << 20) }, { memoryMiB: 64 }),
    // mtvec at an empty page whose zeros are illegal instructions.
    imageOf("spins", { kernel: words(...li(T0, 0x4000_0000), encodeI(0x1073, 0, T0, 0x305), 0) }),
  ];
  for (const image of hostile) {
    await serve(page, image);
    const id = await create(page, image.id);
    await page.waitForTimeout(500);
    const took = await page.evaluate(async (id) => {
      const guest = window.tabvisor.guests().find((each) => each.id === id)!;
      const began = performance.now();
      if (guest.runState === "running") await guest.pause();
      return performance.now() - began;
    }, id);
    expect.soft(took).toBeLessThan(500);
    await neighbourAnswers(page);
    await page.evaluate(
      (id) =>
        window.tabvisor
          .guests()
          .find((each) => each.id === id)!
          .destroy(),
      id,
    );
  }
  expect(problems).toEqual([]);
});

test("a guest that only traps is said to run wild, and its neighbour answers", async ({ openPage }) => {
  const { page } = await openPage();
  await serve(page, imageOf("wild", { kernel: words(encodeI(0x1073, 0, 0, 0x305), encodeI(0x67, 0, 0, 0)) }));
  const id = await create(page, "wild");
  expect(await waitForState(page, id, "crashed")).toContain("its trap handler traps");
  await page.getByRole("alert").getByText("its trap handler traps").waitFor();
  await neighbourAnswers(page);
});

test("a program with more hot places than there may be translations ends as any other", async ({ openPage }) => {
  const { page } = await openPage();
  // 5,000 loops, each in a page of its own, become hot one after the other, thirty times: twice as many as may stand, and more than may wait.
  const kernel = hotPlacesProgram({ pages: 5000, loops: 1, rounds: 8200, passes: 30 });
  await serve(page, imageOf("hot", { kernel }, { memoryMiB: 32 }));
  const id = await create(page, "hot");
  expect(await waitForState(page, id, "stopped", 100_000)).not.toContain("failed");
  const { text, regions } = await page.evaluate(async (id) => {
    const guest = window.tabvisor.guests().find((each) => each.id === id)!;
    return { text: guest.console.text(), regions: (await guest.stats()).counters["regionsTranslated"] };
  }, id);
  console.log(`${regions} regions translated`);
  expect(text).toContain("F");
  expect(regions).toBeGreaterThan(2 * 2048);
});
