/**
 * NOOP, which does nothing. RFC 5321 4.1.1.9
 *
 * Tested by `command_test.ts`.
 *
 * @module
 */

export interface Noop {
  readonly verb: "NOOP";
  /** As it came; looked at by nobody. */
  readonly argument: string;
}

/** Reads what follows the word: anything. */
export function parseNoop(args: string): Noop {
  return { verb: "NOOP", argument: args.trim() };
}

export function printNoop(command: Noop): string {
  return `NOOP ${command.argument}`.trim();
}
