import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { DEVELOPMENT_HEADERS } from "./src/cli/http-headers.ts";

const port = Number(process.env["PORT"] ?? 5173);

export default defineConfig({
  plugins: [react()],
  server: { port, strictPort: true, headers: { ...DEVELOPMENT_HEADERS }, watch: { ignored: ["**/public/guests/**"] } },
  worker: { format: "es" },
  build: {
    outDir: "dist/page",
    target: "es2023",
    // Guest images weigh hundreds of megabytes: the server reads them where they are.
    copyPublicDir: false,
    // No data: URLs, which the content security policy forbids for scripts and workers.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  test: {
    include: ["src/**/*.test.ts", "src/**/*.test.tsx"],
    testTimeout: 30_000,
  },
});
