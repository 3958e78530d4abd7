/**
 * mailden: `mailden help` lists the commands.
 *
 * @module
 */
import { main } from "./src/cli/main.ts";
import { octetWriter } from "./src/cli/standard_output.ts";

if (import.meta.main) {
  // deno-lint-ignore no-console -- The command line writes to the terminal.
  const output = { out: console.log, error: console.error };
  const surroundings = { openControl: null, write: octetWriter(), now: Date.now };
  Deno.exit(await main(Deno.args, output, surroundings));
}
