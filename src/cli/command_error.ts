/**
 * A failure of a command, in words for the person who called it.
 *
 * Tested by `src/cli/main_test.ts`.
 *
 * @module
 */

/** `message` says what failed, with path and remedy; no stack is shown. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}
