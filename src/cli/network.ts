/**
 * Commands that ask the network run in a process of their own: the launcher that all commands share may not, and what
 * asks strangers may neither write nor run anything, and read nothing but the files that it was given.
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { runGranted } from "./granted_process.ts";

/** Whether this process may use the network. */
export function mayUseNetwork(): boolean {
  return Deno.permissions.querySync({ name: "net" }).state === "granted";
}

/** Where the system's list of DNS servers is. */
export const systemServersFile = "/etc/resolv.conf";

/** The files that words of the command line name, alone or as `--ca=FILE`. One with a comma cannot be granted. */
function filesIn(words: readonly string[]): string[] {
  return words.map((word) => word.replace(/^--[^=]*=/, "")).filter((word) => {
    if (word.includes(",") || word.startsWith("-")) return false;
    try {
      return Deno.statSync(word).isFile;
    } catch {
      return false;
    }
  });
}

/** Runs the same command line where it may; returns its exit code. */
export async function runWithNetwork(args: readonly string[]): Promise<number> {
  const read = [systemServersFile, ...filesIn(args)];
  return (await runGranted("../../main.ts", { net: "any", read, write: [] }, args)).code;
}
