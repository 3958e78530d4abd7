/**
 * Commands that speak with the running server run in a process of their own, which may open its control socket and do
 * nothing else: the launcher that all commands share may not use sockets, and where this one is turns out only at the call.
 *
 * @module
 */
import { resolve } from "node:path";
import { grantFlags } from "../roles/grants.ts";
import { findControlSocket } from "../server/installation.ts";
import { fromFileUrl } from "../server/file_url.ts";
import type { Arguments } from "./command.ts";
import { CommandError } from "./command_error.ts";

/** Runs the same command line where the server can be spoken with; returns its exit code. */
export async function runWithServer(args: readonly string[], given: Arguments): Promise<number> {
  const folder = resolve(given.text("config") ?? ".");
  const socket = await findControlSocket(folder).catch((error) => {
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new CommandError(
        `This user may not look into ${folder}: call this as the user that the server runs as.`,
      );
    }
    throw new CommandError(noServer(folder));
  });
  // It runs the command line again: by name, since it is this file's importer.
  const entry = `${fromFileUrl(new URL("./", import.meta.url))}connected_main.ts`;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--cached-only",
      ...connectedFlags(socket),
      entry,
      socket,
      folder,
      ...args,
    ],
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  return (await child.status).code;
}

/**
 * All that a command may do that speaks with the server.
 *
 * @throws {TypeError} If the path holds a comma; then no server runs there either.
 */
export function connectedFlags(socket: string): string[] {
  return grantFlags({ net: [`unix:${socket}`], read: [socket], write: [socket] });
}

/** For who calls a command where nobody answers. */
export function noServer(folder: string): string {
  return `No server runs in ${folder}: start it, or say with --config DIR where its mailden.toml is.`;
}
