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
import { Duplex } from "node:stream";

/** Encrypted bytes that the stream may hold on their way up. */
const readableHighWaterMark = 16 * 1024;

export class Gate extends Duplex {
  readonly #socket: Socket;
  #open = true;

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
   * The runtime destroys its socket, and so this stream, when a handshake fails, and writes the alert that
   * tells the peer why (RFC 8446 6.2) a moment later. It goes past the stream then.
   */
  override write(bytes: unknown, encoding?: unknown, done?: unknown): boolean {
    if (!this.destroyed) return super.write(bytes, encoding as BufferEncoding, done as () => void);
    if (bytes instanceof Uint8Array && this.#socket.writable) this.#socket.write(bytes);
    return false;
  }

  override _read(): void {
    if (this.#open) this.#socket.resume();
  }

  override _write(bytes: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes, done); // Done when the kernel took them: that is the back-pressure for writers.
  }
}
