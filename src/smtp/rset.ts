/**
 * RSET, which gives the transaction up. RFC 5321 4.1.1.5
 *
 * Tested by `command_test.ts`.
 *
 * @module
 */

export interface Rset {
  readonly verb: "RSET";
}

/** Reads what follows the word: nothing. @throws {SyntaxError} 501. */
export function parseRset(args: string): Rset {
  if (args.trim() !== "") throw new SyntaxError("RSET takes no argument");
  return { verb: "RSET" };
}

export function printRset(_command: Rset): string {
  return "RSET";
}
