// deno-lint-ignore-file no-console -- A program that prints.
/**
 * The load generator of the benchmarks, run as a process of its own. Sends messages over SMTP and prints one
 * line of JSON.
 *
 *     deno run -A load.ts '{"port":1025,"connections":20,"bytes":2048,"seconds":5,"mode":"plain"}'
 *
 * @module
 */
import net from "node:net";
import tls from "node:tls";

/** What to do. */
export interface Load {
  port: number;
  connections: number;
  /** Octets of each message. */
  bytes: number;
  seconds: number;
  /**
   * `plain`: connections stay, the transaction's commands go in one packet (PIPELINING). `starttls`: a new
   * connection with a handshake for every message. `handshake`: TLS handshakes alone, at an implicit TLS port.
   */
  mode: "plain" | "starttls" | "handshake";
  /** Also measure the round trip of a NOOP on a connection of its own. */
  latency?: boolean;
  /** Stop after so many messages. */
  count?: number;
}

export interface LoadResult {
  done: number;
  seconds: number;
  failed: number;
  /** Milliseconds. */
  latencyP50: number;
  latencyP99: number;
}

const encoder = new TextEncoder();

/** A message of a size, with headers as mail has them and lines of 76 characters. */
export function message(bytes: number, id: string): Uint8Array<ArrayBuffer> {
  const head = `From: Sender Name <sender@example.org>\r\nTo: Somebody <you@localhost>\r\n` +
    `Subject: A message of the benchmark, number ${id}\r\nMessage-ID: <${id}@bench.example.org>\r\n` +
    `Date: Fri, 20 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n`;
  const line = "It is a truth universally acknowledged, that a server must be in want of mail";
  const body = `${line.slice(0, 76)}\r\n`;
  const wanted = Math.max(0, bytes - head.length);
  const text = head + body.repeat(Math.ceil(wanted / body.length)).slice(0, Math.max(0, wanted - 2)) + "\r\n";
  return encoder.encode(text);
}

const end = encoder.encode(".\r\n");
const opening = encoder.encode("MAIL FROM:<sender@example.org>\r\nRCPT TO:<you@localhost>\r\nDATA\r\n");

/** A connection that counts reply lines. */
class Client {
  readonly socket: net.Socket;
  #lines = 0;
  #bad: string | null = null;
  #wanted = 0;
  #wake: ((ok: boolean) => void) | null = null;
  #rest = "";
  #closed = false;

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (data: Uint8Array) => this.#data(data));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#closed = true;
      this.#wake?.(false);
    });
  }

  /** Waits for `count` final reply lines; false if one of them says no. */
  replies(count: number): Promise<boolean> {
    this.#wanted = count;
    if (this.#closed) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#check();
    });
  }

  #data(data: Uint8Array): void {
    const text = this.#rest + new TextDecoder().decode(data);
    const lines = text.split("\r\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line[3] === "-") continue;
      this.#lines++;
      if (line[0] === "4" || line[0] === "5") this.#bad = line;
    }
    this.#check();
  }

  #check(): void {
    if (this.#wake === null || (this.#lines < this.#wanted && this.#bad === null)) return;
    if (this.#bad !== null) console.error(this.#bad);
    const wake = this.#wake;
    this.#wake = null;
    this.#lines -= this.#wanted;
    const ok = this.#bad === null;
    this.#bad = null;
    wake(ok);
  }
}

const plainConnect = (port: number) => new Client(net.connect(port, "127.0.0.1"));

async function transaction(client: Client, content: Uint8Array): Promise<boolean> {
  client.socket.write(opening);
  if (!await client.replies(3)) return false;
  client.socket.cork();
  client.socket.write(content);
  client.socket.write(end);
  client.socket.uncork();
  return await client.replies(1);
}

async function main(load: Load): Promise<LoadResult> {
  let done = 0, failed = 0;
  const begin = performance.now();
  const until = begin + load.seconds * 1000;
  const more = () => performance.now() < until && done < (load.count ?? Infinity);
  const content = message(load.bytes, "00000000");
  const at = new TextDecoder().decode(content).indexOf("00000000@");
  let n = 0;
  /** Message-IDs differ, as they do in life: else all would be one thread. */
  const next = () => {
    const copy = content.slice();
    copy.set(encoder.encode(String(n++).padStart(8, "0")), at);
    return copy;
  };
  const plain = async () => {
    const client = plainConnect(load.port);
    await client.replies(1);
    client.socket.write("EHLO bench.example.org\r\n");
    await client.replies(1);
    while (more()) {
      if (await transaction(client, next())) done++;
      else failed++;
      if (client.socket.destroyed) break;
    }
    client.socket.destroy();
  };
  const startTls = async () => {
    while (more()) {
      const client = plainConnect(load.port);
      await client.replies(1);
      client.socket.write("EHLO bench.example.org\r\nSTARTTLS\r\n");
      await client.replies(2);
      client.socket.removeAllListeners("data");
      const secure = tls.connect({
        socket: client.socket,
        rejectUnauthorized: false,
        servername: "localhost",
      });
      const inner = new Client(secure);
      await new Promise((resolve) => secure.once("secureConnect", resolve).once("close", resolve));
      secure.write("EHLO bench.example.org\r\n");
      const ok = await inner.replies(1) && await transaction(inner, next());
      if (ok) done++;
      else failed++;
      secure.destroy();
      client.socket.destroy();
    }
  };
  const handshake = async () => {
    while (more()) {
      const secure = tls.connect({
        port: load.port,
        host: "127.0.0.1",
        rejectUnauthorized: false,
        servername: "localhost",
      });
      secure.on("error", () => {});
      const ok = await new Promise((resolve) => {
        secure.once("data", () => resolve(true)).once("close", () => resolve(false));
      });
      if (ok) done++;
      else failed++;
      secure.destroy();
    }
  };
  const latencies: number[] = [];
  const probe = async () => {
    while (performance.now() < until) {
      const client = plainConnect(load.port);
      await client.replies(1);
      // A client that moves no mail is sent away after a hundred commands.
      for (let n = 0; n < 50 && performance.now() < until; n++) {
        const sent = performance.now();
        client.socket.write("NOOP\r\n");
        if (!await client.replies(1)) break;
        latencies.push(performance.now() - sent);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      client.socket.destroy();
    }
  };
  const run = { plain, starttls: startTls, handshake }[load.mode];
  const all = Array.from({ length: load.connections }, run);
  if (load.latency === true) all.push(probe());
  await Promise.all(all);
  latencies.sort((a, b) => a - b);
  const quantile = (q: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))] ?? 0;
  return {
    done,
    failed,
    seconds: (performance.now() - begin) / 1000,
    latencyP50: quantile(.5),
    latencyP99: quantile(.99),
  };
}

if (import.meta.main) {
  const result = await main(JSON.parse(Deno.args[0] ?? "{}") as Load);
  console.log(JSON.stringify(result));
  Deno.exit(0);
}
