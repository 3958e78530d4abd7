/**
 * A TCP server on this machine that does what a test says with each socket, for peers that no listener of ours would be.
 *
 * @module
 */
import { createServer, type Socket } from "node:net";

export interface BareServer {
  readonly port: number;
  /** Ends all its sockets, too. */
  close(): Promise<void>;
}

/** Starts on 127.0.0.1. Sockets that break do so in silence. */
export async function startBareServer(serve: (socket: Socket) => void): Promise<BareServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    serve(socket);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((closed) => server.close(() => closed()));
    },
  };
}
