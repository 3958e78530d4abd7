/**
 * Two ends of a connection that exists in memory only, for tests of the edges.
 *
 * Both ends are a {@link Transport}. Time passes only where a clock is handed in; TLS is a word that the two
 * ends say to each other. What a test wants to look at is kept: each write on its own.
 *
 * @module
 */
import { type Bytes, concat, fromUtf8, noBytes, utf8 } from "../../src/base/bytes.ts";
import type { Clock, Timer } from "../../src/base/clock.ts";
import {
  type Endpoint,
  queueHighBytes,
  type TlsInfo,
  type Transport,
  TransportError,
} from "../../src/net/transport.ts";

/** Settings of {@link memoryTransports}, all with a default. */
export interface MemorySettings {
  readonly id?: string;
  /** For deadlines; without one no read and no write ever times out. */
  readonly clock?: Clock;
  /** Where the client is. */
  readonly remote?: Endpoint;
  /** Where the server listens. */
  readonly local?: Endpoint;
  /** What the handshake settles; given to both ends. */
  readonly tls?: TlsInfo;
  /** Begin with TLS (implicit TLS). */
  readonly secure?: boolean;
}

export const memoryTls: TlsInfo = {
  version: "TLSv1.3",
  cipher: "TLS_AES_128_GCM_SHA256",
  serverName: null,
  alpn: null,
  clientCertificate: null,
};

interface Waiting {
  resolve(): void;
  reject(error: TransportError): void;
}

/** One end. The other is {@link MemoryTransport.peer}. */
export class MemoryTransport implements Transport {
  readonly id: string;
  readonly remote: Endpoint;
  readonly local: Endpoint;
  tls: TlsInfo | null;
  bytesRead = 0;
  bytesWritten = 0;
  readTimeoutMs = Infinity;
  writeTimeoutMs = Infinity;
  /** What was written, an entry for each call of write. */
  readonly writes: Bytes[] = [];

  readonly #clock: Clock | null;
  readonly #handshake: TlsInfo;
  readonly #abort = new AbortController();
  #peer: MemoryTransport | null = null;
  #queue: Bytes[] = [];
  #ended = false;
  #failure: TransportError | null = null;
  #reader: Waiting | null = null;
  #writer: Waiting | null = null;
  #tlsWaiter: Waiting | null = null;
  #helloSeen = false;

  constructor(settings: MemorySettings, side: "server" | "client") {
    const client = settings.remote ?? { address: "198.51.100.7", port: 40000 };
    const server = settings.local ?? { address: "192.0.2.1", port: 25 };
    this.id = settings.id ?? "1";
    this.remote = side === "server" ? client : server;
    this.local = side === "server" ? server : client;
    this.#clock = settings.clock ?? null;
    this.#handshake = settings.tls ?? memoryTls;
    this.tls = settings.secure === true ? this.#handshake : null;
  }

  get peer(): MemoryTransport {
    if (this.#peer === null) throw new TypeError("this end has no peer");
    return this.#peer;
  }

  /** Ties the two ends together, once. */
  static join(a: MemoryTransport, b: MemoryTransport): void {
    a.#peer = b;
    b.#peer = a;
  }

  get buffered(): number {
    return this.#queue.reduce((sum, piece) => sum + piece.length, 0);
  }

  get ended(): AbortSignal {
    return this.#abort.signal;
  }

  /** Whether this end is closed or broken. */
  get isClosed(): boolean {
    return this.#failure !== null;
  }

  async read(): Promise<Bytes | null> {
    const piece = this.#queue.shift();
    if (piece !== undefined) return this.#taken(piece);
    if (this.#failure !== null) throw this.#failure;
    if (this.#ended) return null;
    if (this.#reader !== null) throw new TypeError("two readers");
    await this.#wait(this.readTimeoutMs, "read", (waiting) => this.#reader = waiting);
    const came = this.#queue.shift();
    return came === undefined ? null : this.#taken(came);
  }

  unread(bytes: Bytes): void {
    if (bytes.length > 0) this.#queue.unshift(bytes);
    this.bytesRead -= bytes.length;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    const copy = concat([bytes]);
    this.writes.push(copy);
    this.bytesWritten += copy.length;
    this.peer.#receive(copy);
    if (this.peer.buffered > queueHighBytes) {
      await this.#wait(this.writeTimeoutMs, "write", (waiting) => this.#writer = waiting);
    }
  }

  /** Text as UTF-8; for tests. */
  async send(text: string): Promise<void> {
    await this.write(utf8(text));
  }

  /** All that has come by now, as text, waiting for the first bytes; null at the end. For tests. */
  async receive(): Promise<string | null> {
    const first = await this.read();
    if (first === null) return null;
    const pieces = [first];
    while (this.#queue.length > 0) pieces.push(await this.read() ?? noBytes);
    return fromUtf8(concat(pieces));
  }

  async startTls(): Promise<TlsInfo> {
    if (this.#failure !== null) throw this.#failure;
    if (this.#queue.length > 0) this.#fail(new TransportError("injected", "plain bytes behind STARTTLS"));
    else if (!this.#helloSeen) {
      await this.#wait(this.readTimeoutMs, "handshake", (waiting) => this.#tlsWaiter = waiting);
    }
    if (this.#failure !== null) throw this.#failure;
    this.#helloSeen = false;
    this.tls = this.#handshake;
    this.peer.tls = this.#handshake;
    return this.#handshake;
  }

  /** The client's side of a handshake. */
  connectTls(): void {
    this.peer.#helloSeen = true;
    const waiter = this.peer.#tlsWaiter;
    this.peer.#tlsWaiter = null;
    waiter?.resolve();
  }

  /** Closes this side's direction only: the peer reads to the end, then null. */
  endWriting(): void {
    this.peer.#end();
  }

  close(): Promise<void> {
    this.peer.#end();
    this.#fail(new TransportError("closed", "closed by this side"));
    return Promise.resolve();
  }

  destroy(): void {
    this.peer.#fail(new TransportError("reset", "dropped by the peer"));
    this.#fail(new TransportError("closed", "dropped by this side"));
  }

  #taken(piece: Bytes): Bytes {
    this.bytesRead += piece.length;
    if (this.buffered <= queueHighBytes) this.peer.#drained();
    return piece;
  }

  #drained(): void {
    const waiter = this.#writer;
    this.#writer = null;
    waiter?.resolve();
  }

  #receive(bytes: Bytes): void {
    if (this.#failure !== null || bytes.length === 0) return;
    if (this.#tlsWaiter !== null) {
      this.#fail(new TransportError("injected", "plain bytes behind STARTTLS"));
      return;
    }
    this.#queue.push(bytes);
    this.#wakeReader();
  }

  #end(): void {
    this.#ended = true;
    this.#wakeReader();
    const waiter = this.#tlsWaiter;
    this.#tlsWaiter = null;
    waiter?.reject(new TransportError("handshake", "the peer left during the handshake"));
  }

  #wakeReader(): void {
    const waiter = this.#reader;
    this.#reader = null;
    waiter?.resolve();
  }

  #fail(error: TransportError): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    const waiters = [this.#reader, this.#writer, this.#tlsWaiter];
    this.#reader = this.#writer = this.#tlsWaiter = null;
    for (const waiter of waiters) waiter?.reject(error);
    // Whoever waits for this side to read will wait in vain.
    if (error.failure !== "reset" && this.#peer !== null) this.#peer.#drained();
    this.#abort.abort(error);
  }

  #wait(ms: number, what: string, place: (waiting: Waiting) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer: Timer | null = this.#clock === null || !Number.isFinite(ms)
        ? null
        : this.#clock.after(ms, () => this.#fail(new TransportError("timeout", `${what} timed out`)));
      place({
        resolve: () => {
          timer?.cancel();
          resolve();
        },
        reject: (error) => {
          timer?.cancel();
          reject(error);
        },
      });
    });
  }
}

/** A connection: `server` is the accepting end, `client` the other. */
export function memoryTransports(
  settings: MemorySettings = {},
): { server: MemoryTransport; client: MemoryTransport } {
  const server = new MemoryTransport(settings, "server");
  const client = new MemoryTransport(settings, "client");
  MemoryTransport.join(server, client);
  return { server, client };
}
