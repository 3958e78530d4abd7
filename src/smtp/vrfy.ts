/**
 * VRFY, which asks whether there is such a user. RFC 5321 4.1.1.6
 *
 * Tested by `command_test.ts`.
 *
 * @module
 */

export interface Vrfy {
  readonly verb: "VRFY";
  /** As it came; looked at by nobody. */
  readonly argument: string;
}

/** Reads what follows the word: anything. */
export function parseVrfy(args: string): Vrfy {
  return { verb: "VRFY", argument: args.trim() };
}

export function printVrfy(command: Vrfy): string {
  return `VRFY ${command.argument}`.trim();
}
