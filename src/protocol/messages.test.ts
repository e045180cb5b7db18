import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseWorkerMessage } from "./messages.ts";

const TYPES = [
  "ready",
  "output",
  "room",
  "pong",
  "rebooted",
  "pausedItself",
  "bootFailed",
  "failed",
  "log",
  "stopped",
  "paused",
  "snapshotted",
  "restored",
  "hashed",
  "refused",
] as const;

/** Mutated messages of a run; a campaign has 100,000 and more. */
const MUTATED = Number(process.env["WORKER_MESSAGES"] ?? 5000);

const anything = fc.anything({ withBigInt: true, withTypedArray: true, withNullPrototype: true });

describe("parseWorkerMessage", () => {
  test("takes every message that workers send", () => {
    const pages = new ArrayBuffer(8);
    const messages = [
      { type: "ready" },
      { type: "bootFailed", message: "no" },
      { type: "log", level: "warning", message: "plic: odd" },
      { type: "stopped", code: undefined },
      { type: "stopped", code: 3 },
      { type: "paused", requestId: 1 },
      { type: "snapshotted", requestId: 1, pages, parts: {} },
      { type: "restored", requestId: 1, milliseconds: 0.5, outputPosition: 7 },
      { type: "hashed", requestId: 1, hash: "0123456789abcdef" },
      { type: "refused", requestId: 1, message: "no" },
    ];
    for (const message of messages) expect(parseWorkerMessage(message)).toEqual(message);
  });

  test("whatever comes, the answer is a message of ours or none, and nothing is thrown", { timeout: 600_000 }, () => {
    const fields = fc.record(
      {
        type: fc.oneof(fc.constantFrom(...TYPES), anything),
        requestId: fc.oneof(fc.nat(), anything),
        message: fc.oneof(fc.string({ unit: "binary", maxLength: 50 }), anything),
        level: anything,
        code: fc.oneof(fc.double(), anything),
        pages: anything,
        parts: anything,
        milliseconds: fc.oneof(fc.double(), anything),
        outputPosition: fc.oneof(fc.double(), anything),
        hash: fc.oneof(fc.string(), anything),
      },
      { requiredKeys: ["type"] },
    );
    fc.assert(
      fc.property(fc.oneof(fields, anything), (message) => {
        const parsed = parseWorkerMessage(message);
        if (parsed === undefined) return;
        expect(TYPES).toContain(parsed.type);
        if ("requestId" in parsed) expect(Number.isSafeInteger(parsed.requestId)).toBe(true);
        // oxlint-disable-next-line no-control-regex -- they must not come through
        if ("message" in parsed) expect(parsed.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
        if (parsed.type === "restored") {
          expect(parsed.milliseconds).toBeGreaterThanOrEqual(0);
          expect(Number.isSafeInteger(parsed.outputPosition)).toBe(true);
        }
        if (parsed.type === "snapshotted") expect(parsed.pages).toBeInstanceOf(ArrayBuffer);
      }),
      { numRuns: MUTATED },
    );
  });

  test("text is bounded and has no control characters", () => {
    const said = parseWorkerMessage({ type: "log", level: "shout", message: `a\n\u001b[31mb${"c".repeat(1e6)}` });
    expect(said).toMatchObject({ type: "log", level: "info" });
    expect((said as { message: string }).message).toMatch(/^a \[31mbc{1900}/);
    expect((said as { message: string }).message.length).toBeLessThanOrEqual(2000);
  });
});
