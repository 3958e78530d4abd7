/**
 * Part of a command that needs what the launcher of all commands may not do, in a process of its own with exactly that.
 *
 * Tested by `tests/scenarios/dns_commands_test.ts` and `src/cli/connected_test.ts`.
 *
 * @module
 */
import { type Grant, grantFlags } from "../roles/grants.ts";
import { fromFileUrl } from "../server/file_url.ts";

/** The files of all commands. */
const here = fromFileUrl(new URL("./", import.meta.url));

/**
 * Runs a file to its end, with our streams as its own.
 *
 * @param entry Seen from this folder. By name, since it may import whoever runs it.
 * @throws {TypeError} If a path in the grant holds a comma.
 */
export async function runGranted(
  entry: string,
  grant: Grant,
  args: readonly string[],
  stdin: "inherit" | "null" = "inherit",
): Promise<Deno.CommandStatus> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--cached-only", ...grantFlags(grant), `${here}${entry}`, ...args],
    stdin,
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  return await child.status;
}
