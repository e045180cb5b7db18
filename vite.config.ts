import type { Plugin } from "vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { DEVELOPMENT_HEADERS, policyInPage } from "./src/cli/server/http-headers.ts";

const port = Number(process.env["PORT"] ?? 5173);

/** The page brings its policy along to hosts that send no header for it. Vite's development client would not run under it. */
const contentSecurityPolicyInPage: Plugin = {
  name: "content-security-policy-in-page",
  apply: "build",
  transformIndexHtml: () => [
    {
      tag: "meta",
      attrs: { "http-equiv": "Content-Security-Policy", content: policyInPage() },
      injectTo: "head-prepend",
    },
  ],
};

export default defineConfig({
  plugins: [react(), contentSecurityPolicyInPage],
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
