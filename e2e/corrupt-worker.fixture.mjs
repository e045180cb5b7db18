import { parentPort, workerData } from "node:worker_threads";

/** What a corrupt worker can reach: every buffer that it was ever sent, its guest's memory first. */
const reachable = new Set();
let isCorrupt = false;

// What it sends stays in its reach where it is shared.
const { postMessage } = parentPort;
parentPort.postMessage = function (message, transfer) {
  collect(message);
  postMessage.call(this, message, transfer);
};

// Its listener comes first: the port keeps messages until there is one.
await import(workerData);
parentPort.on("message", (message) => {
  collect(message);
  if (message.type === "resize" && message.columns === 666) isCorrupt = true;
  if (isCorrupt) scribble();
});
setInterval(() => isCorrupt && scribble(), 20);

function collect(value) {
  if (value instanceof WebAssembly.Memory) reachable.add(value.buffer);
  else if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) reachable.add(value);
  else if (ArrayBuffer.isView(value)) reachable.add(value.buffer);
  else if (typeof value === "object" && value !== null) Object.values(value).forEach(collect);
}

function scribble() {
  for (const buffer of reachable) {
    if (buffer.byteLength === 0) continue;
    const words = new Uint32Array(buffer, 0, buffer.byteLength >> 2);
    for (let count = 0; count < 10_000; count++)
      words[Math.floor(Math.random() * words.length)] = Math.random() * 2 ** 32;
  }
}
