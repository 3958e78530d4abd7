/**
 * Commands that speak with the running server run in a process of their own, which may open its control socket and do
 * nothing else: the launcher that all commands share may not use sockets, and where this one is turns out only at the call.
 *
 * @module
 */
import { resolve } from "node:path";
import type { Grant } from "../roles/grants.ts";
import { findControlSocket } from "../server/installation.ts";
import type { Arguments } from "./command.ts";
import { CommandError } from "./command_error.ts";
import { runGranted } from "./granted_process.ts";

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
  return (await runGranted("connected_main.ts", connectedGrant(socket), [socket, folder, ...args], "null"))
    .code;
}

/** All that a command may do that speaks with the server. No server runs where the path holds a comma. */
export function connectedGrant(socket: string): Grant {
  return { net: [`unix:${socket}`], read: [socket], write: [socket] };
}

/** For who calls a command where nobody answers. */
export function noServer(folder: string): string {
  return `No server runs in ${folder}: start it, or say with --config DIR where its mailden.toml is.`;
}
