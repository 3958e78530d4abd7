/**
 * The byte stream under TLS, which lets bytes up only while its gate is open.
 *
 * The runtime's TLS sockets cannot be paused: they decrypt and keep whatever they are given. So they are never
 * paused, and this stream, which they take for their connection, stops giving instead. The raw socket belongs
 * to the connection, which feeds the gate; destroying the gate leaves it alone.
 *
 * Tested by `src/net/connection_tls_test.ts`
 *
 * @module
 */
import type { Socket } from "node:net";
import { nextTick } from "node:process";
import { Duplex } from "node:stream";

/** Encrypted bytes that the stream may hold on their way up. */
const readableHighWaterMark = 16 * 1024;

export class Gate extends Duplex {
  readonly #socket: Socket;
  #open = true;
  /** Called when the socket has room again. */
  readonly #waiting: (() => void)[] = [];

  constructor(socket: Socket) {
    super({ readableHighWaterMark, allowHalfOpen: true });
    this.#socket = socket;
    // Failures reach the connection through its socket or the TLS socket; unheard, they would end the process.
    this.on("error", () => {});
  }

  /** Bytes from the peer, on their way up; stops the socket when they have to wait. */
  feed(bytes: Uint8Array): void {
    if (this.destroyed) return;
    if (!this.push(bytes) || !this.#open) this.#socket.pause();
  }

  /** The peer has closed its side. */
  feedEnd(): void {
    if (!this.destroyed) this.push(null);
  }

  /** While closed, nothing more is read from the socket. */
  set open(open: boolean) {
    this.#open = open;
    if (open) this.#socket.resume();
    else this.#socket.pause();
  }

  /**
   * Sends encrypted bytes, past the stream's own queue, which would only cost time: the socket has one. `done` is
   * called in a tick while the socket has room, else when it has room again; that is the back-pressure for writers.
   *
   * Also when the stream is destroyed, as the runtime does when a handshake fails: the alert that tells the peer why
   * (RFC 8446 6.2) comes a moment later.
   */
  override write(bytes: unknown, encoding?: unknown, done?: unknown): boolean {
    if (!(bytes instanceof Uint8Array) || !this.#socket.writable) return false;
    const room = this.#socket.write(bytes);
    const written = typeof encoding === "function" ? encoding : done;
    if (typeof written === "function") {
      if (room) nextTick(written as () => void);
      else this.#waiting.push(written as () => void);
    }
    return room;
  }

  /** The socket has room again. */
  drained(): void {
    for (const written of this.#waiting.splice(0)) written();
  }

  override _read(): void {
    if (this.#open) this.#socket.resume();
  }

  /** Never called: see {@link Gate.write}. */
  override _write(_bytes: Uint8Array, _encoding: string, done: () => void): void {
    done();
  }
}
