/**
 * Commands that ask the network run in a process of their own: the launcher that all commands share may not, and what
 * asks strangers may neither write nor run anything.
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { fromFileUrl } from "../server/file_url.ts";

/** Whether this process may use the network. */
export function mayUseNetwork(): boolean {
  return Deno.permissions.querySync({ name: "net" }).state === "granted";
}

/** Runs the same command line where it may; returns its exit code. */
export async function runWithNetwork(args: readonly string[]): Promise<number> {
  const main = `${fromFileUrl(new URL("../../", import.meta.url))}main.ts`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--cached-only", "--allow-net", "--allow-read", main, ...args],
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  return (await child.status).code;
}
