import { describe, expect, test } from "vitest";
import { createScriptUrlPolicy, type TrustedTypes } from "./script-url-policy.ts";

const OURS = "/assets/guest-worker-1a2b.js";

/** As browsers have it: what a policy lets through comes in a wrapper. */
const browserTypes: TrustedTypes = {
  createPolicy: (name, { createScriptURL }) => ({ createScriptURL: (url) => ({ name, url: createScriptURL(url) }) }),
};

const strangers = [
  "/assets/guest-worker-1a2b.js?",
  "https://evil.example/assets/guest-worker-1a2b.js",
  "//evil.example/assets/guest-worker-1a2b.js",
  "/assets/../assets/guest-worker-1a2b.js",
  "data:text/javascript,0",
  "blob:0",
  "",
];

describe.each([
  ["with Trusted Types", browserTypes, { name: "ours", url: OURS }],
  ["without", undefined, OURS],
])("%s", (_, types, passed) => {
  const trusted = createScriptUrlPolicy("ours", [OURS], types);

  test("our code passes", () => {
    expect(trusted(OURS)).toEqual(passed);
  });

  test.each(strangers)("%s does not", (url) => {
    expect(() => trusted(url)).toThrow(TypeError);
  });
});
