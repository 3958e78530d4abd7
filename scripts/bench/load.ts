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
  /** PEM file that the server's certificate is trusted by. */
  certificate?: string;
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

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}

/** A connection that costs as little as can be: what it takes is taken from the server. */
class BareClient {
  readonly #connection: Deno.TcpConn | Deno.TlsConn;
  readonly #buffer = new Uint8Array(4096);
  /** Octets of the present line so far, and its first and fourth. */
  #column = 0;
  #first = 0;
  #fourth = 0;
  #lines = 0;

  constructor(connection: Deno.TcpConn | Deno.TlsConn) {
    this.#connection = connection;
    if ("setNoDelay" in connection) connection.setNoDelay(true);
  }

  async send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      at += await this.#connection.write(at === 0 ? bytes : bytes.subarray(at));
    }
  }

  /** Waits for `count` final reply lines; false if one of them says no, or the server left. */
  async replies(count: number): Promise<boolean> {
    let good = true;
    for (this.#lines = 0; this.#lines < count;) {
      const got = await this.#connection.read(this.#buffer);
      if (got === null) return false;
      for (let i = 0; i < got; i++) good = this.#octet(this.#buffer[i] ?? 0) && good;
    }
    return good;
  }

  #octet(octet: number): boolean {
    if (octet !== 10) {
      if (this.#column === 0) this.#first = octet;
      else if (this.#column === 3) this.#fourth = octet;
      this.#column++;
      return true;
    }
    this.#column = 0;
    if (this.#fourth === 45) return true;
    this.#lines++;
    return this.#first === 50 || this.#first === 51;
  }

  close(): void {
    this.#connection.close();
  }
}

async function main(load: Load): Promise<LoadResult> {
  let done = 0, failed = 0;
  const begin = performance.now();
  const until = begin + load.seconds * 1000;
  const more = () => performance.now() < until && done < (load.count ?? Infinity);
  const content = concat(message(load.bytes, "00000000"), end);
  const at = new TextDecoder().decode(content).indexOf("00000000@");
  let n = 0;
  /** Message-IDs differ, as they do in life: else all would be one thread. */
  const next = () => {
    const copy = content.slice();
    copy.set(encoder.encode(String(n++).padStart(8, "0")), at);
    return copy;
  };
  const plain = async () => {
    const client = new BareClient(await Deno.connect({ hostname: "127.0.0.1", port: load.port }));
    await client.replies(1);
    await client.send(encoder.encode("EHLO bench.example.org\r\n"));
    await client.replies(1);
    while (more()) {
      await client.send(opening);
      if (!await client.replies(3)) {
        failed++;
        break;
      }
      await client.send(next());
      if (await client.replies(1)) done++;
      else failed++;
    }
    client.close();
  };
  const caCerts = load.certificate === undefined ? [] : [Deno.readTextFileSync(load.certificate)];
  const startTls = async () => {
    while (more()) {
      const plainConnection = await Deno.connect({ hostname: "127.0.0.1", port: load.port });
      const before = new BareClient(plainConnection);
      await before.replies(1);
      await before.send(encoder.encode("EHLO bench.example.org\r\nSTARTTLS\r\n"));
      await before.replies(2);
      const client = new BareClient(await Deno.startTls(plainConnection, { hostname: "localhost", caCerts }));
      await client.send(encoder.encode("EHLO bench.example.org\r\n"));
      let good = await client.replies(1);
      await client.send(opening);
      good = good && await client.replies(3);
      await client.send(next());
      if (good && await client.replies(1)) done++;
      else failed++;
      client.close();
    }
  };
  const handshake = async () => {
    while (more()) {
      // Not Deno.connectTls: it cannot switch off Nagle's algorithm, which costs 40 ms at each handshake.
      const below = await Deno.connect({ hostname: "127.0.0.1", port: load.port });
      below.setNoDelay(true);
      const connection = await Deno.startTls(below, { hostname: "localhost", caCerts });
      const client = new BareClient(connection);
      if (await client.replies(1)) done++;
      else failed++;
      client.close();
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
