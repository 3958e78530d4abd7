/**
 * A client that speaks lines over TCP, plain or TLS: enough for SMTP and IMAP dialogues in scenarios.
 *
 * @module
 */

import { fromLatin1 } from "../../src/base/bytes.ts";

/** One connection. */
export class LineClient {
  #connection: Deno.TcpConn | Deno.TlsConn;
  #buffer = new Uint8Array(0);

  constructor(connection: Deno.TcpConn | Deno.TlsConn) {
    this.#connection = connection;
  }

  static async connect(port: number): Promise<LineClient> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay(true);
    return new LineClient(connection);
  }

  static async connectTls(port: number, caCert: string): Promise<LineClient> {
    return new LineClient(await Deno.connectTls({ hostname: "localhost", port, caCerts: [caCert] }));
  }

  /** Turns into TLS, after the server said to go ahead. */
  async startTls(caCert: string): Promise<void> {
    this.#connection = await Deno.startTls(this.#connection as Deno.TcpConn, {
      hostname: "localhost",
      caCerts: [caCert],
    });
  }

  async send(bytes: string | Uint8Array): Promise<void> {
    const data = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
    for (let at = 0; at < data.length;) at += await this.#connection.write(data.subarray(at));
  }

  /** The next line without CRLF, each byte one character; null at the end. */
  async line(): Promise<string | null> {
    for (;;) {
      const end = this.#buffer.indexOf(10);
      if (end !== -1) {
        const line = this.#buffer.subarray(0, end > 0 && this.#buffer[end - 1] === 13 ? end - 1 : end);
        this.#buffer = this.#buffer.subarray(end + 1);
        return fromLatin1(line);
      }
      if (!await this.#fill()) return null;
    }
  }

  /** Exactly so many bytes. */
  async bytes(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const out = new Uint8Array(count);
    let at = 0;
    while (at < count) {
      if (this.#buffer.length === 0 && !await this.#fill()) {
        throw new Error("the server closed the connection");
      }
      const piece = this.#buffer.subarray(0, count - at);
      out.set(piece, at);
      at += piece.length;
      this.#buffer = this.#buffer.subarray(piece.length);
    }
    return out;
  }

  async #fill(): Promise<boolean> {
    const piece = new Uint8Array(64 * 1024);
    const count = await this.#connection.read(piece);
    if (count === null) return false;
    const all = new Uint8Array(this.#buffer.length + count);
    all.set(this.#buffer);
    all.set(piece.subarray(0, count), this.#buffer.length);
    this.#buffer = all;
    return true;
  }

  close(): void {
    try {
      this.#connection.close();
    } catch {
      // Closed by the other side.
    }
  }
}

/** SMTP: sends a line, returns the whole reply. */
export async function smtp(client: LineClient, command: string | Uint8Array | null): Promise<string> {
  if (command !== null) await client.send(typeof command === "string" ? `${command}\r\n` : command);
  const lines: string[] = [];
  for (;;) {
    const line = await client.line();
    if (line === null) throw new Error(`the server closed the connection after ${lines.join(" | ")}`);
    lines.push(line);
    if (line[3] !== "-") return lines.join("\n");
  }
}

/** IMAP: sends a tagged command, returns all lines up to its tagged answer; literals are in the line they belong to. */
export async function imap(client: LineClient, tag: string, command: string): Promise<string[]> {
  await client.send(`${tag} ${command}\r\n`);
  const lines: string[] = [];
  for (;;) {
    let line = await client.line();
    if (line === null) throw new Error(`the server closed the connection after ${lines.join(" | ")}`);
    for (let literal = /\{(\d+)\}$/.exec(line); literal !== null; literal = /\{(\d+)\}$/.exec(line)) {
      const content = await client.bytes(Number(literal[1]));
      line += `\r\n${fromLatin1(content)}${await client.line() ?? ""}`;
    }
    lines.push(line);
    if (line.startsWith(`${tag} `)) return lines;
  }
}
