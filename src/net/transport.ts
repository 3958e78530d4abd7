/**
 * One connection, as everything above the sockets sees it: pull reads, back-pressured writes, deadlines and
 * byte counts, the same before and after TLS.
 *
 * Tested by `src/net/connection_test.ts`
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";

/** One end of a connection. IPv4-mapped IPv6 addresses are given as IPv4. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** What the handshake settled. */
export interface TlsInfo {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly version: string;
  readonly cipher: string;
  /** The name that the client asked for (SNI), or null. */
  readonly serverName: string | null;
  /** The application protocol agreed on, or null. */
  readonly alpn: string | null;
  /** What the client proved with its certificate, if it sent one. */
  readonly clientCertificate: ClientCertificate | null;
}

/** A certificate whose key the peer has; nobody has checked who signed it. */
export interface ClientCertificate {
  /** base64url(SHA-256(SubjectPublicKeyInfo)), without padding. */
  readonly fingerprint: string;
  readonly der: Bytes;
}

/** Why a connection cannot be used any more. */
export type TransportFailure = "timeout" | "reset" | "closed" | "handshake" | "injected" | "garbled";

/** Thrown by reads and writes of a broken connection. `message` is for the log. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  readonly failure: TransportFailure;

  constructor(failure: TransportFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.failure = failure;
  }
}

/**
 * A connection. One reader and one writer at a time.
 *
 * Memory is bounded: while nobody reads, at most {@link queueHighBytes} decrypted bytes (and what the
 * kernel holds) are kept and the peer is blocked.
 */
export interface Transport {
  /** The connection's id, `cid` in the log. */
  readonly id: string;
  readonly remote: Endpoint;
  readonly local: Endpoint;
  /** Null while plain. */
  readonly tls: TlsInfo | null;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Decrypted bytes that wait to be read. */
  readonly buffered: number;
  /** For how long a read or a write may make no progress, in milliseconds, from the next one on. */
  readTimeoutMs: number;
  writeTimeoutMs: number;

  /**
   * The next bytes, as they came (the caller owns them); null when the peer has closed its side in order.
   *
   * @throws {TransportError}
   */
  read(): Promise<Bytes | null>;

  /**
   * Puts bytes back, to be read first. Only of what was just read.
   */
  unread(bytes: Bytes): void;

  /**
   * Sends bytes. Resolves when they are handed to the kernel or fit in the bounded buffer before it; the
   * bytes must not be changed afterwards.
   *
   * @throws {TransportError}
   */
  write(bytes: Uint8Array): Promise<void>;

  /**
   * Becomes TLS, as the server. Call after the last plain bytes were written.
   *
   * @throws {TransportError} `injected` if the peer had sent plain bytes behind its STARTTLS (RFC 3207 4.2,
   * RFC 9051 6.2.1; ClientHello bytes are no such thing), `handshake`, `timeout`.
   */
  startTls(): Promise<TlsInfo>;

  /** Sends what waits, then closes; returns when the peer has got it or a short deadline passed. Never throws. */
  close(): Promise<void>;

  /** Drops the connection now. Never throws; a read or write under way fails with `closed`. */
  destroy(): void;

  /** Aborts when the connection has ended, whoever ended it. */
  readonly ended: AbortSignal;
}

/** Above this many decrypted bytes in the queue the gate closes; below a quarter of it, it opens again. */
export const queueHighBytes = 64 * 1024;
