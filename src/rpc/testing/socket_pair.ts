/**
 * Two ends of a unix socket, for tests.
 *
 * @module
 */
import * as net from "node:net";
import { makeShortFolder } from "../../../tests/support/short_folder.ts";

export interface SocketPair {
  readonly left: net.Socket;
  readonly right: net.Socket;
  /** Destroys both and removes the socket's folder. */
  dispose(): Promise<void>;
}

/** Joins two sockets over a path in a temporary folder. */
export async function socketPair(): Promise<SocketPair> {
  const folder = await makeShortFolder();
  const path = `${folder}/s`;
  const server = net.createServer();
  const accepted = new Promise<net.Socket>((resolve) => server.once("connection", resolve));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const left = net.connect(path);
  await new Promise<void>((resolve) => left.once("connect", resolve));
  const right = await accepted;
  return {
    left,
    right,
    async dispose() {
      for (const socket of [left, right]) {
        if (socket.closed) continue;
        const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
        socket.destroy();
        await closed;
      }
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await Deno.remove(folder, { recursive: true });
    },
  };
}
