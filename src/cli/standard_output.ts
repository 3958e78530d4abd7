/**
 * Octets for standard output, as they are.
 *
 * Tested by `tests/scenarios/control_test.ts` and `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import type { Surroundings } from "./command.ts";

/** Writes to standard output; ends the command where nobody reads on, as in `queue list | head`. */
export function writeOut(bytes: Uint8Array): void {
  try {
    for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(1);
    throw error;
  }
}

/** For files and other programs; null on a terminal, which octets of others may command. */
export function octetWriter(): Surroundings["write"] {
  return Deno.stdout.isTerminal() ? null : (bytes) => Promise.resolve(writeOut(bytes));
}
