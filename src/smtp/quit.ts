/**
 * QUIT, with which the client leaves. RFC 5321 4.1.1.10
 *
 * Tested by `command_test.ts`.
 *
 * @module
 */

export interface Quit {
  readonly verb: "QUIT";
}

/** Reads what follows the word: nothing. @throws {SyntaxError} 501. */
export function parseQuit(args: string): Quit {
  if (args.trim() !== "") throw new SyntaxError("QUIT takes no argument");
  return { verb: "QUIT" };
}

export function printQuit(_command: Quit): string {
  return "QUIT";
}
