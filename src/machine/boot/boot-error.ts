/** A machine cannot start from the files it was given. The message says what is wrong and what to do. */
export class BootError extends Error {
  override readonly name = "BootError";
}
