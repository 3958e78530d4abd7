// deno-lint-ignore-file no-console -- A program that prints.
/**
 * What the machine itself can do, measured in the same run: bare appends with fdatasync, bare TLS handshakes, and SMTP
 * with a server that reads a message, keeps nothing and says yes. Everything else is told as a ratio to these.
 *
 * @module
 */
import net from "node:net";
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

/** A server on a port of its own. */
interface BareServer {
  readonly port: number;
  close(): void;
}

function listening(server: net.Server): Promise<BareServer> {
  const { promise, resolve } = Promise.withResolvers<BareServer>();
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    resolve({ port, close: () => server.close() });
  });
  return promise;
}

/** A TLS server that says one line after the handshake and nothing else. */
export function bareTlsServer(cert: string, key: string): Promise<BareServer> {
  return listening(tls.createServer({ cert, key }, (socket) => {
    socket.on("error", () => {});
    socket.write("220 bare\r\n");
    socket.on("data", () => {});
  }));
}

/**
 * The least that a server of SMTP in this runtime can do for the load generator's `plain` dialogue: it looks at the end of
 * what has come, and answers. No server that keeps anything can be as quick.
 */
export function bareSmtpServer(): Promise<BareServer> {
  return listening(net.createServer((socket) => {
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.write("220 bare ESMTP\r\n");
    let inData = false;
    socket.on("data", (chunk: Uint8Array) => {
      const end = String.fromCharCode(...chunk.subarray(-6));
      if (inData) {
        if (!end.endsWith(".\r\n")) return;
        inData = false;
        socket.write("250 ok\r\n");
      } else if (end === "DATA\r\n") {
        inData = true;
        socket.write("250 ok\r\n250 ok\r\n354 go\r\n");
      } else socket.write("250 ok\r\n");
    });
  }));
}

if (import.meta.main) {
  // A server in a process of its own, as the measured one is: prints its port.
  const [kind, cert, key] = Deno.args;
  const server = kind === "smtp"
    ? await bareSmtpServer()
    : await bareTlsServer(Deno.readTextFileSync(cert ?? ""), Deno.readTextFileSync(key ?? ""));
  console.log(server.port);
}
