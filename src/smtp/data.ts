/**
 * DATA, which announces the message. RFC 5321 4.1.1.4
 *
 * Tested by `command_test.ts`.
 *
 * @module
 */

export interface Data {
  readonly verb: "DATA";
}

/** Reads what follows the word: nothing. @throws {SyntaxError} 501. */
export function parseData(args: string): Data {
  if (args.trim() !== "") throw new SyntaxError("DATA takes no argument");
  return { verb: "DATA" };
}

export function printData(_command: Data): string {
  return "DATA";
}
