/** The command line was not understood; the message says what was expected. Exit status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
