/**
 * The store's RPC socket: a unix socket in a folder that only the server's users reach.
 *
 * Tested by `tests/scenarios/roles_test.ts`.
 *
 * @module
 */
import net from "node:net";
import { type Carrier } from "../rpc/carrier.ts";
import { SocketCarrier } from "../rpc/socket_carrier.ts";

/** Connects to the socket at `path`. */
export function dialUnix(path: string): Promise<Carrier> {
  const { promise, resolve, reject } = Promise.withResolvers<Carrier>();
  const socket = net.connect(path);
  socket.once("error", reject);
  socket.once("connect", () => {
    socket.off("error", reject);
    resolve(new SocketCarrier(socket));
  });
  return promise;
}

/** Peers of the store at one time: fronts, and later the control commands. */
const maxPeers = 16;

/**
 * Listens at `path`; each connection is given to `accept`.
 *
 * A server that was killed leaves its socket file behind: it is removed, for whoever calls this holds the lock of the
 * data folder.
 */
export function listenUnix(path: string, accept: (carrier: Carrier) => void): Promise<{ close(): void }> {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const { promise, resolve, reject } = Promise.withResolvers<{ close(): void }>();
  const server = net.createServer((socket) => accept(new SocketCarrier(socket)));
  server.maxConnections = maxPeers;
  server.once("error", reject);
  server.listen(path, () => {
    Deno.chmodSync(path, 0o660);
    resolve({ close: () => server.close() });
  });
  return promise;
}
