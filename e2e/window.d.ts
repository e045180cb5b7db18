import type { Tabvisor } from "#protocol/tabvisor.ts";

declare global {
  interface Window {
    readonly tabvisor: Tabvisor;
  }
}
