// deno-lint-ignore-file no-console -- A program that prints.
/**
 * What the machine and the runtime can do, measured in the same run: bare appends with fdatasync, bare TLS handshakes, and
 * SMTP with servers that do next to nothing: one that reads a message, keeps nothing and says yes, one that has another
 * thread write it into a table first, one that does STARTTLS before. Everything else is told as a ratio to these.
 *
 * @module
 */
import net from "node:net";
import { Duplex } from "node:stream";
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

/** Says when a message is kept; what keeps nothing says so at once. */
type Keep = (message: Uint8Array, kept: () => void) => void;

/** The load generator's dialogue, on a connection that is greeted: looks at the end of what has come, and answers. */
function converse(socket: net.Socket, keep: Keep, startTls?: () => void): void {
  socket.on("error", () => {});
  let inData = false;
  const take = (chunk: Uint8Array) => {
    const end = String.fromCharCode(...chunk.subarray(-6));
    if (inData) {
      if (!end.endsWith(".\r\n")) return;
      inData = false;
      keep(chunk, () => socket.write("250 ok\r\n"));
    } else if (end === "DATA\r\n") {
      inData = true;
      socket.write("250 ok\r\n250 ok\r\n354 go\r\n");
    } else if (end === "TTLS\r\n" && startTls !== undefined) {
      socket.off("data", take);
      socket.write("250 ok\r\n220 go\r\n");
      startTls();
    } else socket.write("250 ok\r\n");
  };
  socket.on("data", take);
}

const keepNothing: Keep = (_, kept) => kept();

/**
 * The least that a server of SMTP in this runtime can do for the load generator's `plain` dialogue. No server that keeps
 * anything can be as quick.
 */
export function bareSmtpServer(keep = keepNothing): Promise<BareServer> {
  return listening(net.createServer((socket) => {
    socket.setNoDelay(true);
    socket.write("220 bare ESMTP\r\n");
    converse(socket, keep);
  }));
}

/**
 * The least that keeps: a Worker writes the octets as they came into a table of two columns, all that are there in one
 * transaction with one fsync, and the answer waits for it. Nothing is parsed, checked, counted, or looked up.
 */
export function bareKeep(folder: string): Keep {
  const worker = new Worker(new URL("./reference_store.ts", import.meta.url), { type: "module" });
  const waiting = new Map<number, () => void>();
  let last = 0;
  worker.onmessage = ({ data }: MessageEvent<number[]>) => {
    for (const id of data) {
      waiting.get(id)?.();
      waiting.delete(id);
    }
  };
  worker.postMessage(folder);
  return (message, kept) => {
    waiting.set(++last, kept);
    worker.postMessage([last, message]);
  };
}

/** A socket that has been read from already: TLS begins on it only through another stream. */
function duplex(socket: net.Socket): net.Socket {
  const stream = new Duplex({
    read: () => {},
    write: (chunk, _, done) => void socket.write(chunk, () => done()),
    final: (done) => void socket.end(done),
  });
  socket.on("data", (chunk: Uint8Array) => stream.push(chunk));
  socket.on("end", () => stream.push(null));
  return stream as net.Socket; // The types ask for a socket; any duplex stream is taken.
}

/** STARTTLS, then the same dialogue, keeping nothing. */
export function bareStartTlsServer(cert: string, key: string): Promise<BareServer> {
  return listening(net.createServer((socket) => {
    socket.setNoDelay(true);
    socket.write("220 bare ESMTP\r\n");
    converse(socket, keepNothing, () => {
      const secure = new tls.TLSSocket(duplex(socket), { isServer: true, cert, key });
      converse(secure, keepNothing);
    });
  }));
}

const servers: Readonly<Record<string, (a: string, b: string) => Promise<BareServer>>> = {
  smtp: () => bareSmtpServer(),
  keep: (folder) => bareSmtpServer(bareKeep(folder)),
  starttls: (cert, key) => bareStartTlsServer(Deno.readTextFileSync(cert), Deno.readTextFileSync(key)),
  tls: (cert, key) => bareTlsServer(Deno.readTextFileSync(cert), Deno.readTextFileSync(key)),
};

if (import.meta.main) {
  // A server in a process of its own, as the measured one is: prints its port.
  const [kind = "", first = "", second = ""] = Deno.args;
  const server = await servers[kind]?.(first, second);
  console.log(server?.port);
}
