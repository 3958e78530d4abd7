/**
 * HELP, which asks for help. RFC 5321 4.1.1.8
 *
 * Tested by `command_test.ts`.
 *
 * @module
 */

export interface Help {
  readonly verb: "HELP";
  /** As it came; looked at by nobody. */
  readonly argument: string;
}

/** Reads what follows the word: anything. */
export function parseHelp(args: string): Help {
  return { verb: "HELP", argument: args.trim() };
}

export function printHelp(command: Help): string {
  return `HELP ${command.argument}`.trim();
}
