import { defineConfig } from "vitest/config";

/** Tests of the whole: one file after the other, since each has two cores to share with Chromium and its guests. */
export default defineConfig({
  test: {
    include: ["e2e/**/*.test.ts"],
    exclude: ["e2e/differential/**"],
    globalSetup: ["e2e/global-setup.ts"],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
