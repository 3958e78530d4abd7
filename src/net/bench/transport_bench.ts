/**
 * What a connection costs through our transport, beside bare `node:net` and `node:tls` in the same run.
 *
 * Client and server share the process, so only the ratios mean something. Run with `deno bench -A`.
 *
 * @module
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { utf8 } from "../../base/bytes.ts";
import { listenLocally, localhostCertificate } from "../testing/loopback.ts";
import type { Transport } from "../transport.ts";

const line = utf8("MAIL FROM:<someone@example.org>\r\n");
const linesEach = 200;
const handshakesEach = 20;

const portOf = (server: Server) => Object(server.address()).port as number;
const listening = (server: Server) =>
  new Promise<Server>((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));

async function echo(transport: Transport): Promise<void> {
  for (let piece = await transport.read(); piece !== null; piece = await transport.read()) {
    await transport.write(piece);
  }
}
const bareEcho = (socket: Socket) =>
  void socket.on("data", (chunk) => socket.write(chunk)).on("error", () => {});

const certificate = localhostCertificate();
const ours = await listenLocally({ handler: echo });
const oursTls = await listenLocally({ handler: echo, implicitTls: true });
const bare = await listening(createServer({ noDelay: true }, bareEcho));
const bareTls = await listening(
  createTlsServer({ cert: certificate.chainPem, key: certificate.keyPem }, bareEcho),
);

/** One connection, on which a line goes there and back, again and again. */
async function pingPong(port: number): Promise<() => Promise<void>> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await new Promise((resolve) => socket.once("connect", resolve));
  return () =>
    new Promise((resolve) => {
      let left = linesEach;
      socket.removeAllListeners("data");
      socket.on("data", () => left-- > 0 ? socket.write(line) : resolve());
      socket.write(line);
    });
}

/** A connection for each handshake, with one line after it; several at once. */
async function handshakes(port: number): Promise<void> {
  await Promise.all(Array.from({ length: handshakesEach }, () =>
    new Promise<void>((resolve, reject) => {
      const socket = connectTls({
        port,
        host: "127.0.0.1",
        servername: "localhost",
        ca: certificate.chainPem,
      });
      socket.on("error", reject);
      socket.once("data", () => {
        socket.destroy();
        resolve();
      });
      socket.write(line);
    })));
}

const [bareEchoes, oursEchoes] = [await pingPong(portOf(bare)), await pingPong(ours.port)];
// The runtime waits only for functions that are declared async; others would pile up unmeasured.
Deno.bench({ name: "node:net", group: "echo", baseline: true, fn: async () => await bareEchoes() });
Deno.bench({ name: "Transport", group: "echo", fn: async () => await oursEchoes() });
Deno.bench({
  name: "node:tls",
  group: "handshakes",
  baseline: true,
  fn: async () => await handshakes(portOf(bareTls)),
});
Deno.bench({ name: "Transport", group: "handshakes", fn: async () => await handshakes(oursTls.port) });
