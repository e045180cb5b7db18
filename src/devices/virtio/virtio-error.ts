/** A driver broke the specification; the message says how. */
export class VirtioError extends Error {}
