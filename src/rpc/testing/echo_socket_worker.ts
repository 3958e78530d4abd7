/**
 * A Worker that listens on the unix socket whose path it is sent, and answers with what it was asked.
 *
 * @module
 */
import * as net from "node:net";
import { silentLog } from "../../base/log.ts";
import { offer } from "../callee.ts";
import { connect } from "../connection.ts";
import { SocketCarrier } from "../socket_carrier.ts";

const clock = { now: () => 0, monotonic: () => 0, after: () => ({ cancel() {} }) };
const echo = { echo: (request: unknown) => Promise.resolve(request) };
const scope = globalThis as unknown as Worker;

scope.onmessage = (event) => {
  const server = net.createServer((socket) => {
    connect(new SocketCarrier(socket), {
      clock,
      log: silentLog,
      offers: { echo: offer<typeof echo>({ echo: "call" }, echo) },
    });
  });
  server.listen(String(event.data), () => scope.postMessage("listening"));
};
