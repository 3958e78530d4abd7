/**
 * EXPN, which asks who is on a list. RFC 5321 4.1.1.7
 *
 * Tested by `command_test.ts`.
 *
 * @module
 */

export interface Expn {
  readonly verb: "EXPN";
  /** As it came; looked at by nobody. */
  readonly argument: string;
}

/** Reads what follows the word: anything. */
export function parseExpn(args: string): Expn {
  return { verb: "EXPN", argument: args.trim() };
}

export function printExpn(command: Expn): string {
  return `EXPN ${command.argument}`.trim();
}
