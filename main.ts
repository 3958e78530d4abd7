/**
 * mailden: `mailden help` lists the commands.
 *
 * @module
 */
import { main } from "./src/cli/main.ts";

if (import.meta.main) {
  // deno-lint-ignore no-console -- The command line writes to the terminal.
  Deno.exit(await main(Deno.args, { out: console.log, error: console.error }));
}
