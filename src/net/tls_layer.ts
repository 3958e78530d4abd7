/**
 * TLS over a connection's socket, both for the server and for the client: a `TLSSocket` on a {@link Gate}.
 *
 * Tested by `src/net/connection_tls_test.ts`
 *
 * @module
 */
import { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { nextTick } from "node:process";
import { connect, type ConnectionOptions, TLSSocket, type TLSSocketOptions } from "node:tls";
import type { Bytes } from "../base/bytes.ts";
import { fingerprintOf } from "../tls/certificates.ts";
import { isKeyProved } from "../tls/proved_key.ts";
import { Gate } from "./gate.ts";
import type { ClientCertificate } from "./transport.ts";

/** What the layer tells its connection. Nothing comes after `failed`. */
export interface TlsEvents {
  /** The handshake is done. */
  secure(): void;
  data(bytes: Bytes): void;
  /** The peer will send no more. */
  end(): void;
  /** What was written has been handed on; more may be written. */
  drain(): void;
  failed(error: Error): void;
}

/** Settings of either side; the connection's own part is added here. */
export type TlsSide =
  | { readonly isServer: true; readonly options: TLSSocketOptions }
  | { readonly isServer: false; readonly options: ConnectionOptions };

export class TlsLayer {
  /** Whether the peer has said that it sends no more (close_notify, RFC 8446 6.1), or the connection just ended. */
  endedInOrder = false;
  readonly #gate: Gate;
  readonly #top: TLSSocket;
  #over = false;
  #isCut = false;
  /** What came before the TLS socket has begun; null from then on. */
  #early: Uint8Array[] | null = [];

  constructor(socket: Socket, side: TlsSide, events: TlsEvents) {
    this.#gate = new Gate(socket);
    // The types ask for a socket; any duplex stream is taken (and wrapped), as for `connect`.
    this.#top = side.isServer
      ? new TLSSocket(this.#gate as unknown as Socket, { ...side.options, isServer: true })
      : connect({ ...side.options, socket: this.#gate });
    this.#listen(side.isServer ? "secure" : "secureConnect", events);
    // The runtime begins in the next tick. Bytes that break the handshake and are there already make it throw
    // where nobody can catch it, and the process would end; so they wait until it has begun.
    nextTick(() => this.#begun());
  }

  #begun(): void {
    const early = this.#early ?? [];
    this.#early = null;
    for (const bytes of early) this.#gate.feed(bytes);
  }

  #listen(secureEvent: string, events: TlsEvents): void {
    const failed = (error: Error) => {
      if (this.#over) return;
      this.#over = true;
      events.failed(error);
    };
    const top = this.#top;
    top.on(secureEvent, () => events.secure());
    top.on("data", (chunk: Bytes) => events.data(chunk));
    top.on("end", () => {
      this.endedInOrder = !this.#isCut;
      events.end();
    });
    top.on("drain", () => events.drain());
    top.on("error", failed);
    top.on("_tlsError", failed); // A damaged record after the handshake is told by this event alone.
    top.on("close", () => {
      // An error with its stack is made only for who hears of it.
      if (!this.#over) failed(new Error("the TLS socket was closed"));
    });
  }

  feed(bytes: Uint8Array): void {
    if (this.#early === null) this.#gate.feed(bytes);
    else this.#early.push(bytes);
  }

  feedEnd(): void {
    // The runtime tells the end of both in the same way. What came before goes up first, and ends it if it is close_notify.
    setImmediate(() => {
      this.#isCut = true;
      this.#gate.feedEnd();
    });
  }

  /** Whether more encrypted bytes may come up. */
  set open(open: boolean) {
    this.#gate.open = open;
  }

  /** The socket below has room again. */
  drained(): void {
    this.#gate.drained();
  }

  /** Encrypts and sends; false when `drain` should be waited for. */
  write(bytes: Uint8Array): boolean {
    return this.#top.write(bytes);
  }

  /** Sends what waits, then close_notify (RFC 8446 6.1), then calls. */
  end(done: () => void): void {
    this.#over = true;
    // The runtime reports the end a moment before close_notify comes down to the gate.
    this.#top.end(() => setImmediate(done));
  }

  destroy(): void {
    this.#over = true;
    this.#top.destroy();
    this.#gate.destroy();
  }

  get version(): string {
    return this.#top.getProtocol() ?? "";
  }

  get cipher(): string {
    return this.#top.getCipher()?.name ?? "";
  }

  get alpn(): string | null {
    return this.#top.alpnProtocol || null;
  }

  /**
   * Why the server's certificate is not trusted, or null if it is. Only for the client's side, where the
   * runtime always asks for one: at a server `authorized` is true of clients that were never asked.
   */
  get serverDistrust(): string | null {
    if (this.#top.authorized) return null;
    return String(this.#top.authorizationError ?? "not trusted");
  }

  /** The peer's certificates, its own first, whether it has the key or not; empty if it sent none. */
  peerChain(): Bytes[] {
    const chain: Bytes[] = [];
    let next = this.#top.getPeerCertificate(true);
    while (next?.raw !== undefined && chain.length < maxChain) {
      chain.push(new Uint8Array(next.raw));
      if (next.issuerCertificate === next) break;
      next = next.issuerCertificate;
    }
    return chain;
  }

  /** What a client proved to have; null if nothing. Only ask if a certificate was requested. */
  clientCertificate(): ClientCertificate | null {
    const raw = this.#top.getPeerCertificate()?.raw;
    if (raw === undefined || !isKeyProved(raw)) return null;
    const der = new Uint8Array(raw);
    return { der, fingerprint: fingerprintOf(new X509Certificate(der)) };
  }
}

/** Most certificates of a peer that are looked at. */
const maxChain = 10;
