/**
 * Listening: accepts connections, applies limits, does implicit TLS, and runs a handler for each.
 *
 * @module
 */
import { createServer, type Server, type Socket } from "node:net";
import type { Clock, Timer } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { Connection, type ConnectionTimes, defaultTimes } from "./connection.ts";
import type { ConnectionLimits, Refusal } from "./connection_limits.ts";
import { deadlinesOf } from "./deadlines.ts";
import { endpoint } from "./endpoint.ts";
import type { ServerTls } from "./server_tls.ts";
import { type Endpoint, type Transport, TransportError, type TransportFailure } from "./transport.ts";

/**
 * Where to listen: an address without name lookup (`::` is IPv6 alone; add `0.0.0.0`), or a socket that was bound
 * by whoever started us.
 */
export type ListenAddress = Endpoint | { readonly fd: number };

/** One service on one or more addresses. */
export interface ListenSettings {
  readonly addresses: readonly ListenAddress[];
  /**
   * Serves a connection. It is closed when this returns, and dropped when this throws.
   *
   * @param closing Aborts when the service is to end: say goodbye and return.
   */
  readonly handler: (transport: Transport, closing: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  /** Gives each connection its id; see `connectionIds`. One for the whole process. */
  readonly newId: () => string;
  /** Null for a service that knows no TLS. */
  readonly tls: ServerTls | null;
  /** Whether TLS comes before the first byte (465, 993) rather than by STARTTLS. */
  readonly implicitTls?: boolean;
  /** Shared by all listeners that count together; without it there is no limit. */
  readonly limits?: ConnectionLimits;
  /** What to say to those refused, if TLS is not due first; nothing unless given. */
  readonly refusal?: (why: Refusal) => Uint8Array;
  readonly times?: Partial<ConnectionTimes>;
  readonly observer?: ListenerObserver;
}

/** Is told what happens, for metrics. */
export interface ListenerObserver {
  accepted?(): void;
  refused?(why: Refusal): void;
  /** Implicit TLS only; the rest is known to whoever calls startTls(). */
  handshake?(result: "ok" | TransportFailure): void;
  ended?(): void;
}

/** Connections that the kernel may hold until we accept them. */
const backlog = 511;

/**
 * Nobody comes for so long (in milliseconds) to one that may be deaf: then it listens anew. A server of the runtime (Deno
 * 2.9.6) that finds no file for a connection which it accepts never accepts another: it tells nobody, and is not to be
 * known from one to whom nobody comes. Whoever waits in the kernel is turned away then; otherwise they would wait for ever.
 */
export const quietMs = 5000;

export interface Listener {
  /** Where it listens, with the port that the system chose for port 0. */
  readonly addresses: readonly Endpoint[];
  /** Connections being served. */
  readonly open: number;
  /** Too many files are open: it may have found none for a connection, and listens anew once nobody comes any more. */
  mayBeDeaf(): void;
  /** Accepts no more; goes on with the connections that are there. */
  stopAccepting(): void;
  /**
   * Also tells the handlers to end, and drops what is left after `deadlineMs`. Returns when every handler has
   * returned: one that does not mind that its transport has ended holds it up.
   */
  close(deadlineMs: number): Promise<void>;
}

/** Listens on every address, or on none. @throws {Error} Of the system, such as EADDRINUSE. */
export async function listen(settings: ListenSettings): Promise<Listener> {
  const service = new Service(settings);
  try {
    for (const address of settings.addresses) await service.add(address);
  } catch (error) {
    await service.close(0);
    throw error;
  }
  return service;
}

class Service implements Listener {
  readonly addresses: Endpoint[] = [];
  readonly #settings: ListenSettings;
  readonly #times: ConnectionTimes;
  readonly #servers = new Map<Server, ListenAddress>();
  /** While a server may accept no more. */
  #quiet: Timer | null = null;
  /** When it was known last to accept, or to have found no room. */
  #lastSign = 0;
  readonly #stopped: Promise<void>[] = [];
  readonly #closing = new AbortController();
  readonly #connections = new Map<Connection, Promise<void>>();

  constructor(settings: ListenSettings) {
    if (settings.implicitTls && settings.tls === null) {
      throw new TypeError("implicit TLS needs settings for TLS");
    }
    this.#settings = settings;
    this.#times = { ...defaultTimes, ...settings.times };
  }

  get open(): number {
    return this.#connections.size;
  }

  async add(address: ListenAddress): Promise<void> {
    const bound = await this.#listen(address);
    if (bound !== null) this.addresses.push(bound);
  }

  /** @returns Where. */
  async #listen(address: ListenAddress): Promise<Endpoint | null> {
    // Half-open: a client that has sent all and closed its side still gets its answers.
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    this.#servers.set(server, address);
    const where = "fd" in address
      ? { fd: address.fd, backlog }
      : { host: address.address, port: address.port, backlog, ipv6Only: address.address === "::" };
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(where, () => {
        server.off("error", reject);
        server.on("error", (error) => this.#settings.log.error("cannot accept connections", { error }));
        resolve();
      });
    });
    const bound = server.address();
    if (bound === null || typeof bound === "string") return null;
    const here = { address: bound.address, port: bound.port };
    if (!("fd" in address)) this.#servers.set(server, here); // With the port that the system chose.
    return here;
  }

  stopAccepting(): void {
    this.#quiet?.cancel();
    this.#quiet = null;
    for (const server of this.#servers.keys()) this.#stop(server);
  }

  /** Its connections go on. */
  #stop(server: Server): void {
    this.#servers.delete(server);
    // The callback gets an error where the server was not listening; both mean that it is closed.
    this.#stopped.push(new Promise<void>((resolve) => server.close(() => resolve())));
  }

  mayBeDeaf(): void {
    this.#lastSign = this.#settings.clock.monotonic();
    if (this.#servers.size > 0) this.#quiet ??= this.#settings.clock.after(quietMs, () => this.#lookAgain());
  }

  #lookAgain(): void {
    const { clock } = this.#settings;
    const left = this.#lastSign + quietMs - clock.monotonic();
    this.#quiet = left > 0 ? clock.after(left, () => this.#lookAgain()) : null;
    if (this.#quiet === null) void this.#listenAnew();
  }

  /** On a socket that somebody else has bound it cannot be done. */
  async #listenAnew(): Promise<void> {
    for (const [server, address] of [...this.#servers]) {
      if ("fd" in address || !this.#servers.has(server)) continue;
      this.#stop(server);
      try {
        await this.#listen(address);
        this.#settings.log.info("listening anew, since no file may have been left for connections", {
          ...address,
        });
      } catch (error) {
        this.#settings.log.error("cannot listen anew", { ...address, error: error as Error });
        this.mayBeDeaf(); // The server that failed is still among those that are looked after.
      }
    }
  }

  async close(deadlineMs: number): Promise<void> {
    this.stopAccepting();
    this.#closing.abort();
    const late = this.#settings.clock.after(deadlineMs, () => {
      for (const connection of this.#connections.keys()) connection.destroy();
    });
    while (this.#connections.size > 0) await Promise.all(this.#connections.values());
    late.cancel();
    await Promise.all(this.#stopped);
  }

  #accept(socket: Socket): void {
    const { limits, observer } = this.#settings;
    const remote = endpoint(socket.remoteAddress, socket.remotePort);
    const local = endpoint(socket.localAddress, socket.localPort);
    if (remote === null || local === null || this.#closing.signal.aborted) {
      socket.on("error", () => {});
      socket.destroy();
      return;
    }
    if (this.#quiet !== null) this.mayBeDeaf();
    const admission = limits?.admit(remote.address);
    if (admission?.kind === "refused") return this.#refuse(socket, remote, admission.why);
    observer?.accepted?.();
    const connection = new Connection(socket, {
      id: this.#settings.newId(),
      remote,
      local,
      deadlines: deadlinesOf(this.#settings.clock),
      times: this.#times,
      serverTls: this.#settings.tls,
    });
    const served = this.#serve(connection).finally(() => {
      this.#connections.delete(connection);
      admission?.release();
      observer?.ended?.();
    });
    this.#connections.set(connection, served);
  }

  /** Tells a peer to come later, without waiting for it: a flood must stay cheap. */
  #refuse(socket: Socket, remote: Endpoint, why: Refusal): void {
    const { refusal, implicitTls, log, observer } = this.#settings;
    observer?.refused?.(why);
    log.debug("connection refused", { remote: remote.address, why });
    socket.on("error", () => {});
    const words = implicitTls ? undefined : refusal?.(why);
    if (words === undefined) socket.destroy();
    else socket.end(words, () => socket.destroy());
  }

  /** Never throws. */
  async #serve(connection: Connection): Promise<void> {
    try {
      if (!this.#settings.implicitTls || await this.#handshake(connection)) {
        await this.#settings.handler(connection, this.#closing.signal);
      }
      await connection.close();
    } catch (error) {
      const { log } = this.#settings;
      const fields = { cid: connection.id, remote: connection.remote.address };
      if (error instanceof TransportError) {
        log.debug("connection ended", { ...fields, failure: error.failure, why: error.message });
      } else if (error instanceof Error) log.error("handler failed", { ...fields, error });
      else log.error("handler failed", { ...fields, thrown: String(error) });
      connection.destroy();
    }
  }

  async #handshake(connection: Connection): Promise<boolean> {
    const { observer, log } = this.#settings;
    try {
      await connection.secureAtOnce();
      observer?.handshake?.("ok");
      return true;
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      observer?.handshake?.(error.failure);
      log.debug("TLS handshake failed", {
        cid: connection.id,
        remote: connection.remote.address,
        failure: error.failure,
        why: error.message,
        cause: error.cause instanceof Error ? error.cause.message : undefined,
      });
      return false;
    }
  }
}
