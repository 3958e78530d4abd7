/**
 * A {@link Transport} over a TCP socket, at either end, before and after TLS.
 *
 * Received bytes wait in a bounded queue; over its mark the socket (plain) or the gate under TLS is closed
 * until the session has read. Deadlines cost a number to move (see `deadlines.ts`). Whatever goes wrong ends
 * in `#fail`, which frees everything once.
 *
 * ```text
 * plain --startTls--> hello --ClientHello--> handshake --> secure --close--> closing --> ended
 *   |                 (server)                                                 ^
 *   +--startTls as a client------------------> handshake    (any) --close------+
 * ```
 *
 * Tested by `src/net/connection_test.ts` and `src/net/connection_tls_test.ts`
 *
 * @module
 */
import type { Socket } from "node:net";
import type { Bytes } from "../base/bytes.ts";
import { type ClientHello, ClientHelloReader } from "../tls/client_hello.ts";
import { ByteQueue } from "./byte_queue.ts";
import { askedName, clientSide, type ClientTls, proofOf, type ServerProof } from "./client_tls.ts";
import { Deadline, type Deadlines } from "./deadlines.ts";
import { answerHello, type HelloAnswer, type ServerTls } from "./server_tls.ts";
import { TlsLayer, type TlsSide } from "./tls_layer.ts";
import {
  type Endpoint,
  queueHighBytes,
  type TlsInfo,
  type Transport,
  TransportError,
  type TransportFailure,
} from "./transport.ts";

/** Times of a connection, in milliseconds. */
export interface ConnectionTimes {
  /** First value of {@link Transport.readTimeoutMs}. */
  readonly readTimeoutMs: number;
  /** First value of {@link Transport.writeTimeoutMs}. */
  readonly writeTimeoutMs: number;
  /** From startTls() to the end of the handshake. */
  readonly handshakeTimeoutMs: number;
  /** How long a connection that is closed, and has sent all, waits for the peer to close its side. */
  readonly lingerMs: number;
}

export const defaultTimes: ConnectionTimes = {
  readTimeoutMs: 5 * 60_000, // RFC 5321 4.5.3.2.7
  writeTimeoutMs: 30_000,
  handshakeTimeoutMs: 30_000,
  lingerMs: 2000,
};

/** What a connection is made of. */
export interface ConnectionSettings {
  readonly id: string;
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly deadlines: Deadlines;
  readonly times: ConnectionTimes;
  /** For startTls() as a server. */
  readonly serverTls: ServerTls | null;
}

/** Below this the gate opens again. */
const queueLowBytes = queueHighBytes / 4;

/**
 * Written at a time. A write makes progress when the kernel has taken what was buffered, at most this and what
 * a TLS record adds; so the slowest reader that is not cut off takes 64 KiB in each `writeTimeoutMs`.
 */
const pieceBytes = 64 * 1024;

type Phase = "plain" | "hello" | "handshake" | "secure" | "closing" | "ended";

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: TransportError): void;
}

interface Handshake extends Waiter<TlsInfo> {
  readonly reader: ClientHelloReader;
  /** Whether plain bytes went before, so that more of them are an injection. */
  readonly afterPlain: boolean;
  serverName: string | null;
}

interface Failure {
  readonly failure: TransportFailure;
  readonly message: string;
  readonly cause: unknown;
}

const done = Promise.resolve();
const atEnd: Promise<null> = Promise.resolve(null);

export class Connection implements Transport {
  readonly id: string;
  readonly remote: Endpoint;
  readonly local: Endpoint;
  bytesRead = 0;
  bytesWritten = 0;
  readTimeoutMs: number;
  writeTimeoutMs: number;
  tls: TlsInfo | null = null;
  /** What the server showed; only at the client's end, after the handshake. */
  serverProof: ServerProof | null = null;

  /** Whether the peer itself ended TLS; else somebody on the way may have cut the connection. */
  get endedInOrder(): boolean {
    return this.#layer?.endedInOrder === true;
  }

  readonly #socket: Socket;
  readonly #times: ConnectionTimes;
  readonly #serverTls: ServerTls | null;
  readonly #deadlines: Deadlines;
  readonly #deadline = new Deadline(() => this.#expired());
  readonly #queue = new ByteQueue();
  #phase: Phase = "plain";
  #layer: TlsLayer | null = null;
  #handshake: Handshake | null = null;
  #full = false;
  #peerEnded = false;
  #failure: Failure | null = null;
  #reader: Waiter<Bytes | null> | null = null;
  #writer: Waiter<void> | null = null;
  #readDue = Infinity;
  #writeDue = Infinity;
  #phaseDue = Infinity;
  #closed: PromiseWithResolvers<void> | null = null;
  #abort: AbortController | null = null;

  /** Takes over a connected socket made with `allowHalfOpen`, which nobody else listens to. */
  constructor(socket: Socket, settings: ConnectionSettings) {
    this.id = settings.id;
    this.remote = settings.remote;
    this.local = settings.local;
    this.readTimeoutMs = settings.times.readTimeoutMs;
    this.writeTimeoutMs = settings.times.writeTimeoutMs;
    this.#socket = socket;
    this.#times = settings.times;
    this.#serverTls = settings.serverTls;
    this.#deadlines = settings.deadlines;
    socket.on("data", (chunk: Bytes) => this.#onData(chunk));
    socket.on("end", () => this.#onEnd());
    socket.on("drain", () => this.#onDrain());
    socket.on("error", (error: Error) => this.#fail("reset", "the connection broke", error));
    socket.on(
      "close",
      () => this.#fail(this.#phase === "closing" ? "closed" : "reset", "the socket was closed"),
    );
  }

  get buffered(): number {
    return this.#queue.bytes;
  }

  get ended(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#phase === "ended") this.#abort.abort(this.#error());
    }
    return this.#abort.signal;
  }

  read(): Promise<Bytes | null> {
    const piece = this.#queue.shift();
    if (piece !== undefined) {
      if (this.#full && this.#queue.cost < queueLowBytes) this.#setFull(false);
      this.bytesRead += piece.length;
      return Promise.resolve(piece);
    }
    if (this.#failure !== null) return Promise.reject(this.#error());
    if (this.#peerEnded) return atEnd;
    if (this.#reader !== null) return Promise.reject(new TypeError("one reader at a time"));
    this.#readDue = this.#deadlines.now() + this.readTimeoutMs;
    this.#schedule();
    return new Promise((resolve, reject) => this.#reader = { resolve, reject });
  }

  unread(bytes: Bytes): void {
    if (this.#failure !== null) return;
    this.#queue.unshift(bytes);
    this.bytesRead -= bytes.length;
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#error());
    if (this.#writer !== null) return Promise.reject(new TypeError("one writer at a time"));
    if (this.#phase !== "plain" && this.#phase !== "secure") {
      return Promise.reject(new TypeError("no writing within a handshake"));
    }
    if (bytes.length > pieceBytes) return this.#writePieces(bytes);
    if (bytes.length === 0) return done;
    return this.#writePiece(bytes) ? done : this.#drained();
  }

  /** As the server; or as the client, if told how. */
  startTls(client?: ClientTls): Promise<TlsInfo> {
    return this.#secure(true, client);
  }

  /** Becomes TLS from the first byte on (implicit TLS). */
  secureAtOnce(client?: ClientTls): Promise<TlsInfo> {
    return this.#secure(false, client);
  }

  close(): Promise<void> {
    if (this.#phase === "ended") return done;
    if (this.#phase !== "closing") {
      const secure = this.#phase === "secure";
      // First the last bytes have the time of any write, then the peer has the time to answer them.
      this.#linger(
        { failure: "closed", message: "closed by this side", cause: undefined },
        this.writeTimeoutMs,
      );
      const end = () => this.#socket.end(() => this.#lingerFor(this.#times.lingerMs));
      if (secure && this.#layer !== null) this.#layer.end(end);
      else end();
    }
    this.#closed ??= Promise.withResolvers();
    return this.#closed.promise;
  }

  destroy(): void {
    this.#fail("closed", "dropped by this side");
  }

  // Reading.

  #onData(chunk: Bytes): void {
    switch (this.#phase) {
      case "plain":
        return this.#receive(chunk);
      case "hello":
        return this.#readHello(chunk);
      case "handshake":
      case "secure":
        return this.#layer?.feed(chunk);
      default: // Closing: read and dropped, since closing over unread bytes would reset the connection.
    }
  }

  /** Decrypted or plain bytes. */
  #receive(chunk: Bytes): void {
    // A view without the runtime's own methods, some of which do not do what those of other bytes do.
    const piece = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const reader = this.#reader;
    if (reader !== null && piece.length > 0) {
      this.#reader = null;
      this.#readDue = Infinity;
      this.bytesRead += piece.length;
      reader.resolve(piece);
      return;
    }
    this.#queue.push(piece);
    if (!this.#full && this.#queue.cost > queueHighBytes) this.#setFull(true);
  }

  #setFull(full: boolean): void {
    this.#full = full;
    if (this.#layer !== null) this.#layer.open = !full;
    else if (full) this.#socket.pause();
    else this.#socket.resume();
  }

  #onEnd(): void {
    switch (this.#phase) {
      case "plain":
        return this.#receiveEnd();
      case "secure":
        return this.#layer?.feedEnd();
      case "hello":
      case "handshake":
        return this.#fail("handshake", "the peer closed within the handshake");
      default:
    }
  }

  #receiveEnd(): void {
    this.#peerEnded = true;
    const reader = this.#reader;
    this.#reader = null;
    this.#readDue = Infinity;
    reader?.resolve(null);
  }

  // Writing.

  #writePiece(bytes: Uint8Array): boolean {
    this.bytesWritten += bytes.length;
    return this.#layer === null ? this.#socket.write(bytes) : this.#layer.write(bytes);
  }

  async #writePieces(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      if (this.#failure !== null) throw this.#error();
      if (!this.#writePiece(bytes.subarray(at, at + pieceBytes))) await this.#drained();
    }
  }

  #drained(): Promise<void> {
    this.#writeDue = this.#deadlines.now() + this.writeTimeoutMs;
    this.#schedule();
    return new Promise((resolve, reject) => this.#writer = { resolve, reject });
  }

  #onDrain(): void {
    if (this.#layer === null) this.#wrote();
    else this.#layer.drained();
  }

  #wrote(): void {
    const writer = this.#writer;
    this.#writer = null;
    this.#writeDue = Infinity;
    writer?.resolve();
  }

  // TLS.

  #secure(afterPlain: boolean, client: ClientTls | undefined): Promise<TlsInfo> {
    if (this.#failure !== null) return Promise.reject(this.#error());
    const wrong = this.#phase !== "plain" || this.#reader !== null || this.#writer !== null;
    if (wrong) return Promise.reject(new TypeError("TLS begins once, while nobody reads or writes"));
    const tls = client ?? this.#serverTls;
    if (tls === null) return Promise.reject(new TypeError("this connection has no settings for TLS"));
    if (client?.serverName === null && !client.unverified) {
      return Promise.reject(new TypeError("there is no name to verify"));
    }
    const result = new Promise<TlsInfo>((resolve, reject) => {
      this.#handshake = { resolve, reject, reader: new ClientHelloReader(), afterPlain, serverName: null };
    });
    this.#phaseDue = this.#deadlines.now() + this.#times.handshakeTimeoutMs;
    this.#schedule();
    if (client === undefined) this.#awaitHello();
    else this.#beginAsClient(client);
    return result;
  }

  #awaitHello(): void {
    this.#phase = "hello";
    const early: Bytes[] = [];
    for (let piece = this.#queue.shift(); piece !== undefined; piece = this.#queue.shift()) early.push(piece);
    this.#full = false;
    for (const piece of early) this.#onData(piece); // The hello may end in the first of them.
    if (this.#peerEnded) this.#onEnd();
    else this.#socket.resume();
  }

  #readHello(chunk: Bytes): void {
    const handshake = this.#handshake;
    if (handshake === null) return;
    const result = handshake.reader.push(chunk);
    if (result.kind === "notTls") {
      // What begins like a handshake record is a ClientHello, sent early or broken; all else is plain text
      // that somebody put behind STARTTLS. RFC 3207 6, RFC 9051 6.2.1
      const injected = handshake.afterPlain && result.why !== "malformed";
      this.#fail(injected ? "injected" : "handshake", `no ClientHello: ${result.why}, ${result.detail}`);
    } else if (result.kind === "parsed") this.#beginAsServer(handshake, result.hello);
  }

  #beginAsServer(handshake: Handshake, hello: ClientHello): void {
    const answer = this.#answerHello(hello);
    if (answer === null) return;
    if (answer.kind === "refuse") {
      this.#linger({ failure: "handshake", message: answer.detail, cause: undefined });
      this.#socket.end(answer.alert);
      return;
    }
    handshake.serverName = hello.serverName;
    this.#begin(answer.side);
    this.#layer?.feed(handshake.reader.bytes);
  }

  #answerHello(hello: ClientHello): HelloAnswer | null {
    try {
      return this.#serverTls && answerHello(this.#serverTls, hello);
    } catch (error) { // A store that fails, or a certificate that the runtime refuses.
      this.#fail("handshake", "no certificate could be chosen", error);
      return null;
    }
  }

  #beginAsClient(tls: ClientTls): void {
    if (this.#queue.bytes > 0 || this.#peerEnded) {
      // A server that speaks before our ClientHello wants its words taken for encrypted ones.
      this.#fail("injected", "plain bytes behind the answer to STARTTLS");
      return;
    }
    if (this.#handshake !== null) this.#handshake.serverName = askedName(tls);
    this.#begin(clientSide(tls));
  }

  #begin(side: TlsSide): void {
    this.#phase = "handshake";
    try {
      this.#layer = new TlsLayer(this.#socket, side, {
        secure: () => this.#onSecure(side.isServer),
        data: (bytes) => this.#receive(bytes),
        end: () => this.#receiveEnd(),
        drain: () => this.#wrote(),
        failed: (error) => this.#onTlsFailed(error),
      });
    } catch (error) { // Settings that the runtime refuses, such as a key it cannot use.
      this.#fail("handshake", "TLS could not begin", error);
    }
  }

  #onSecure(isServer: boolean): void {
    const [handshake, layer] = [this.#handshake, this.#layer];
    if (handshake === null || layer === null || this.#phase !== "handshake") return;
    this.#handshake = null;
    this.#phase = "secure";
    this.#phaseDue = Infinity;
    try {
      if (!isServer) this.serverProof = proofOf(layer);
      const asked = isServer && this.#serverTls?.requestClientCertificate === true;
      this.tls = {
        version: layer.version,
        cipher: layer.cipher,
        serverName: handshake.serverName,
        alpn: layer.alpn,
        clientCertificate: asked ? layer.clientCertificate() : null,
      };
      handshake.resolve(this.tls);
    } catch (error) { // A certificate that rustls takes and the reader of certificates does not.
      this.#handshake = handshake;
      this.#fail("handshake", "the peer's certificate cannot be read", error);
    }
  }

  #onTlsFailed(error: Error): void {
    if (this.#phase !== "handshake") return this.#fail("reset", "TLS broke", error);
    // The alert that tells the peer why is on its way; it gets the time that a close would give it.
    this.#linger({ failure: "handshake", message: "the TLS handshake failed", cause: error });
    setImmediate(() => this.#socket.end());
  }

  // The end.

  /** Refuses all further work, and drops what comes, until the peer has closed or the time for it is over. */
  #linger(failure: Failure, ms = this.#times.lingerMs): void {
    this.#phase = "closing";
    this.#failure = failure;
    this.#queue.clear();
    this.#settle();
    this.#readDue = this.#writeDue = Infinity;
    this.#lingerFor(ms);
    this.#socket.resume();
  }

  #lingerFor(ms: number): void {
    if (this.#phase !== "closing") return;
    this.#phaseDue = this.#deadlines.now() + ms;
    this.#schedule();
  }

  #fail(failure: TransportFailure, message: string, cause?: unknown): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    this.#failure ??= { failure, message, cause };
    this.#deadlines.remove(this.#deadline);
    this.#queue.clear();
    this.#layer?.destroy();
    this.#socket.destroy();
    this.#settle();
    this.#abort?.abort(this.#error());
    this.#closed?.resolve();
  }

  /** Whoever waits learns of the failure. */
  #settle(): void {
    const waiting = [this.#reader, this.#writer, this.#handshake];
    this.#reader = this.#writer = this.#handshake = null;
    for (const waiter of waiting) waiter?.reject(this.#error());
  }

  /** Made when somebody is told, since most connections end without anybody asking. */
  #error(): TransportError {
    const { failure, message, cause } = this.#failure ?? { failure: "closed", message: "", cause: undefined };
    return new TransportError(failure, message, cause);
  }

  #schedule(): void {
    const due = Math.min(this.#readDue, this.#writeDue, this.#phaseDue);
    if (due !== this.#deadline.dueAt) this.#deadlines.set(this.#deadline, due);
  }

  #expired(): void {
    const now = this.#deadlines.now();
    if (this.#phaseDue <= now && this.#phase === "closing") this.#fail("closed", "closed by this side");
    else if (this.#phaseDue <= now) this.#fail("timeout", "the TLS handshake took too long");
    else if (this.#readDue <= now) this.#fail("timeout", "the peer sent nothing for too long");
    else if (this.#writeDue <= now) this.#fail("timeout", "the peer took nothing for too long");
    else this.#schedule();
  }
}
