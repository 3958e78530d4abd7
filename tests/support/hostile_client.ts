/**
 * A client that behaves badly on purpose: sends octets of any kind, does not read, does not finish, resets.
 *
 * @module
 */
import { connect, type Socket } from "node:net";
import { fromLatin1, latin1 } from "../../src/base/bytes.ts";

/**
 * How long an answer may take on a machine that does much else. A connection that is closed before is seen at once, so that
 * no answer but one that never comes takes so long.
 */
const answerMs = 60_000;

/** The same for an end: less than the 30 s after which the server closes any connection that says nothing. */
export const patienceMs = 20_000;

/** One connection. Text is latin1 in both directions: a character is an octet. */
export class HostileClient {
  readonly #socket: Socket;
  #text = "";
  #ended = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Uint8Array) => {
      this.#text += fromLatin1(bytes);
      this.#wake();
    });
    const ended = () => {
      this.#ended = true;
      this.#wake();
    };
    socket.on("end", ended);
    socket.on("close", ended);
    socket.on("error", ended);
  }

  /** @param from Where to come from, an address of 127.0.0.0/8. */
  static connect(port: number, from = "127.0.0.1"): Promise<HostileClient> {
    const { promise, resolve, reject } = Promise.withResolvers<HostileClient>();
    const socket = connect({ host: "127.0.0.1", port, localAddress: from, noDelay: true });
    const client = new HostileClient(socket);
    socket.once("connect", () => resolve(client));
    socket.once("error", reject);
    return promise;
  }

  /** Hands octets to the kernel; what does not fit waits, and nobody waits for it. */
  send(octets: string | Uint8Array): void {
    this.#socket.write(typeof octets === "string" ? latin1(octets) : octets);
  }

  /** Sends a large amount, no faster than it is taken; returns early when the server has had enough. */
  async pour(piece: Uint8Array, times: number): Promise<void> {
    for (let i = 0; i < times && !this.#ended; i++) {
      if (this.#socket.write(piece)) continue;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#socket.once("drain", resolve);
      this.#wake = resolve;
      await promise;
      this.#socket.off("drain", resolve);
    }
  }

  /** What comes up to a match, which it takes; null if the connection ends before. */
  async until(pattern: RegExp): Promise<string | null> {
    for (;;) {
      const match = pattern.exec(this.#text);
      if (match !== null) {
        const end = match.index + match[0].length;
        const taken = this.#text.slice(0, end);
        this.#text = this.#text.slice(end);
        return taken;
      }
      if (this.#ended) return null;
      await this.#more(answerMs, () => `${pattern}, and has ${JSON.stringify(this.#text.slice(0, 300))}`);
    }
  }

  /** The next line. */
  async line(): Promise<string | null> {
    return (await this.until(/\r\n/))?.slice(0, -2) ?? null;
  }

  /** Everything that still comes, up to the end of the connection, which must come by itself. */
  async toTheEnd(): Promise<string> {
    while (!this.#ended) await this.#more(patienceMs, () => "the end of the connection");
    const text = this.#text;
    this.#text = "";
    return text;
  }

  /** Sends lines and returns the answer to the last, whatever came before it. For SMTP. */
  async say(line: string): Promise<string | null> {
    this.send(`${line}\r\n`);
    return await this.until(/^\d{3}(?: .*)?\r\n/m);
  }

  /** Ends without a word: RST instead of FIN. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Says that nothing more comes, and goes on listening. */
  finish(): void {
    this.#socket.end();
  }

  leave(): void {
    this.#socket.destroy();
  }

  async #more(ms: number, what: () => string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const late = setTimeout(
      () => reject(new Error(`a hostile client waits in vain for ${what()}`)),
      ms,
    );
    this.#wake = resolve;
    try {
      await promise;
    } finally {
      clearTimeout(late);
      this.#wake = () => {};
    }
  }
}
