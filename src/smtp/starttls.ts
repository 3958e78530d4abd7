/**
 * STARTTLS, after which the connection speaks TLS and the session begins anew. RFC 3207 4
 *
 * Tested by `command_test.ts`.
 *
 * @module
 */

export interface StartTls {
  readonly verb: "STARTTLS";
}

/** Reads what follows the word: nothing. @throws {SyntaxError} 501. RFC 3207 4 */
export function parseStartTls(args: string): StartTls {
  if (args.trim() !== "") throw new SyntaxError("STARTTLS takes no argument");
  return { verb: "STARTTLS" };
}

export function printStartTls(_command: StartTls): string {
  return "STARTTLS";
}
