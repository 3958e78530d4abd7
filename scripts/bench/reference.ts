// deno-lint-ignore-file no-console -- A program that prints.
/**
 * What the machine itself can do, measured in the same run: bare appends with fdatasync, and bare TLS
 * handshakes. Everything else is told as a ratio to these.
 *
 * @module
 */
import tls from "node:tls";
import { message } from "./load.ts";

/** Appends of `bytes` octets with one fdatasync each, a second, to a file in `folder`. */
export function appendRate(folder: string, bytes: number, seconds: number): number {
  const file = Deno.openSync(`${folder}/append`, { create: true, write: true, truncate: true });
  const piece = message(bytes, "00000000");
  const begin = performance.now();
  let n = 0;
  while (performance.now() - begin < seconds * 1000) {
    file.writeSync(piece);
    file.syncDataSync();
    n++;
  }
  const rate = n / ((performance.now() - begin) / 1000);
  file.close();
  Deno.removeSync(`${folder}/append`);
  return rate;
}

/** A TLS server that says one line after the handshake and nothing else. */
export function bareTlsServer(cert: string, key: string): Promise<{ port: number; close(): void }> {
  const server = tls.createServer({ cert, key }, (socket) => {
    socket.on("error", () => {});
    socket.write("220 bare\r\n");
    socket.on("data", () => {});
  });
  const { promise, resolve } = Promise.withResolvers<{ port: number; close(): void }>();
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    resolve({ port, close: () => server.close() });
  });
  return promise;
}

if (import.meta.main) {
  // A bare TLS server in a process of its own, as the measured server is: prints its port.
  const [cert, key] = Deno.args;
  const server = await bareTlsServer(Deno.readTextFileSync(cert ?? ""), Deno.readTextFileSync(key ?? ""));
  console.log(server.port);
}
