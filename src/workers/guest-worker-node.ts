/// <reference types="node" />
import { randomFillSync } from "node:crypto";
import { parentPort } from "node:worker_threads";
import type { PageMessage } from "#protocol/messages.ts";
import { GuestRunner } from "./guest-runner.ts";
import { makeMachine, prepareHart } from "./make-machine.ts";

const port = parentPort;
if (!port) throw new Error("this file is the entry of a worker thread");

/** Node's worker thread: one guest. */
const runner = new GuestRunner({
  post: (message, transfer = []) => port.postMessage(message, [...transfer]),
  now: () => performance.now(),
  // Not by performance.now(), which stands still while the host sleeps and does not follow when its clock is set.
  epoch: () => Date.now(),
  random: (bytes) => void randomFillSync(bytes),
  // Not a MessageChannel: Node would go on with its messages for seconds before any other port's.
  soon: (callback) => void setImmediate(callback),
  prepare: prepareHart,
  makeMachine,
});

port.on("message", (message: PageMessage) => runner.receive(message));
