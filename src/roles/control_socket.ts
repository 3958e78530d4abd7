/**
 * The server's end of the control socket: who may open the file, of mode 0600, is the administrator. The first line tells
 * a command the capability for it (`ctl/greeting.ts`); what follows is RPC with the store.
 *
 * Not the supervisor listens here, as was meant at first: a permission for a unix socket names its one path (measured with
 * Deno 2.9.6: neither a folder nor all of them can be named), it must be there when the process starts, and the
 * launcher learns where the installation is only later. So `serve` has the store listen, which the commands speak with
 * anyhow, and `localserve` its process, which hands each connection on to the store's Worker, unread.
 *
 * @module
 */
import net, { type Socket } from "node:net";
import { printGreeting, printRefusal } from "../ctl/greeting.ts";

/** Commands that are connected at one time; more are told so. */
export const maxCommands = 32;

/** A command that neither reads nor says anything for so long is disconnected: its place is for others. */
export const commandIdleMs = 30 * 60_000;

export interface ControlSettings {
  readonly path: string;
  /** Told to each command. */
  readonly adminCapability: string;
  /** Takes over a connection that was greeted. */
  readonly accept: (socket: Socket) => void;
  readonly maxCommands?: number;
  readonly idleMs?: number;
}

export interface ControlSocket {
  /** Takes no more commands, and ends those that are there. */
  close(): void;
}

/** Listens. A file that a killed server left is removed: whoever calls this holds the lock of the installation. */
export function listenControl(settings: ControlSettings): Promise<ControlSocket> {
  const { path, adminCapability, accept } = settings;
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const open = new Set<Socket>();
  const server = net.createServer((socket) => {
    socket.on("error", () => {}); // A command may go at any time.
    if (open.size >= (settings.maxCommands ?? maxCommands)) {
      socket.end(printRefusal("too many commands speak with the server at this time: try again"));
      socket.destroySoon();
      return;
    }
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    socket.setTimeout(settings.idleMs ?? commandIdleMs, () => socket.destroy());
    socket.write(printGreeting(adminCapability));
    accept(socket);
  });
  const { promise, resolve, reject } = Promise.withResolvers<ControlSocket>();
  server.once("error", reject);
  const close = () => {
    server.close();
    for (const socket of open) socket.destroy();
  };
  server.listen(path, () => resolve({ close }));
  // The file is there by now, before anybody can connect; where it is not, an "error" tells why.
  try {
    Deno.chmodSync(path, 0o600);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return promise;
    close();
    throw error;
  }
  return promise;
}
