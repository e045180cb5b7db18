import type { ReactNode } from "react";
import { Mark } from "#app/top-bar/mark.tsx";
import type { MissingRequirement } from "./requirements.ts";
import styles from "./requirements-page.module.css";

/** Says what is missing and what to do about it, instead of the page. */
export function RequirementsPage({ missing }: { readonly missing: MissingRequirement }) {
  return (
    <main className={styles["page"]}>
      <div className={styles["card"]}>
        <span className={styles["name"]}>
          <Mark /> Tabvisor
        </span>
        {explanations[missing]}
      </div>
    </main>
  );
}

const explanations = {
  isolation: (
    <>
      <h1>This page was served without isolation headers</h1>
      <p>
        Guests run in workers on shared memory (<code>SharedArrayBuffer</code>), and browsers give that only to pages
        that are isolated from other sites. The browser is not at fault: the server has to send two headers with every
        file.
      </p>
      <h2>If this is your server</h2>
      <p>
        In the checkout, <code>npm start</code> serves the page as it must be. Any other server does too, when it sends:
      </p>
      <pre>{"Cross-Origin-Opener-Policy: same-origin\nCross-Origin-Embedder-Policy: require-corp"}</pre>
      <p>
        The page also has to come over <code>https://</code>, or from <code>http://localhost</code>.
      </p>
      <h2>If it is somebody else’s</h2>
      <p>
        Open the page in a tab of its own, not inside another page’s frame. If this message stays, tell them what it
        says.
      </p>
    </>
  ),
  wasmThreads: (
    <>
      <h1>This browser has no WebAssembly threads</h1>
      <p>Guests are emulated in WebAssembly on memory that several threads share, and this browser cannot do that.</p>
      <Browsers />
    </>
  ),
  webAssembly: (
    <>
      <h1>This browser has no WebAssembly</h1>
      <p>
        Guests are emulated in WebAssembly. It is missing here, or has been switched off, as some hardened modes do.
      </p>
      <Browsers />
    </>
  ),
} as const satisfies Record<MissingRequirement, ReactNode>;

function Browsers() {
  return (
    <>
      <h2>What to do</h2>
      <p>Open the page in one of these, or newer:</p>
      <ul>
        <li>Chrome, Edge or another Chromium, version 119</li>
        <li>Firefox 121</li>
        <li>Safari 18.2</li>
      </ul>
    </>
  );
}
