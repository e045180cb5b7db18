import { defineConfig } from "vitest/config";

/** Tests judged by QEMU: they need the cross compiler and qemu-user, so they are not part of the unit tests. */
export default defineConfig({
  test: { include: ["e2e/differential/**/*.test.ts"], testTimeout: 120_000 },
});
