/**
 * Dialing: a {@link Transport} to a server, plain, with TLS from the first byte, or with STARTTLS.
 *
 * @module
 */
import { connect, type Socket } from "node:net";
import type { Clock } from "../base/clock.ts";
import { parseIp } from "../base/ip_address.ts";
import type { ClientTls, ServerProof } from "./client_tls.ts";
import { Connection, type ConnectionTimes, defaultTimes } from "./connection.ts";
import { deadlinesOf } from "./deadlines.ts";
import { endpoint } from "./endpoint.ts";
import { type TlsInfo, type Transport, TransportError } from "./transport.ts";

/** Whom to call, and how. */
export interface DialSettings {
  /** An IP address: names are looked up, and addresses checked, by whoever calls this. */
  readonly address: string;
  readonly port: number;
  readonly clock: Clock;
  /** TLS from the first byte on (implicit TLS). */
  readonly tls?: ClientTls;
  /** Dial from this address of ours. */
  readonly localAddress?: string;
  readonly id?: string;
  readonly connectTimeoutMs?: number;
  /** Gives up connecting, implicit TLS included, when it aborts; a connection that stands is not touched. */
  readonly signal?: AbortSignal;
  readonly times?: Partial<ConnectionTimes>;
}

/** The client's end. */
export interface DialedTransport extends Transport {
  /** Becomes TLS as a client; call after the server has agreed to STARTTLS. Without `tls` it is a TypeError. */
  startTls(tls?: ClientTls): Promise<TlsInfo>;
  /** What the server showed, after the handshake. */
  readonly serverProof: ServerProof | null;
  /** Where a read has told the end: whether the server itself ended TLS (RFC 8446 6.1); else it may have been cut. */
  readonly endedInOrder: boolean;
}

/** How long a dialed server may take to answer at all, where nothing else is said. */
export const defaultConnectTimeoutMs = 30_000;

/**
 * Connects.
 *
 * @throws {RangeError} If the address is none.
 * @throws {TransportError} `timeout`; `reset` if the server cannot be reached (the cause has the system's code);
 * `closed` if the signal aborts; `handshake` if implicit TLS fails.
 */
export async function dial(settings: DialSettings): Promise<DialedTransport> {
  if (parseIp(settings.address) === null) throw new RangeError(`not an IP address: ${settings.address}`);
  const socket = await connected(settings);
  if (settings.signal?.aborted === true) {
    socket.destroy();
    throw new TransportError("closed", "given up");
  }
  const remote = endpoint(socket.remoteAddress, socket.remotePort);
  const local = endpoint(socket.localAddress, socket.localPort);
  if (remote === null || local === null) {
    socket.destroy();
    throw new TransportError("reset", "the server closed at once");
  }
  const connection = new Connection(socket, {
    id: settings.id ?? "",
    remote,
    local,
    deadlines: deadlinesOf(settings.clock),
    times: { ...defaultTimes, ...settings.times },
    serverTls: null,
  });
  if (settings.tls !== undefined) {
    const gaveUp = () => connection.destroy();
    settings.signal?.addEventListener("abort", gaveUp);
    try {
      await connection.secureAtOnce(settings.tls);
    } catch (error) {
      connection.destroy();
      throw error;
    } finally {
      settings.signal?.removeEventListener("abort", gaveUp);
    }
  }
  return connection;
}

function connected(settings: DialSettings): Promise<Socket> {
  const { address, port, localAddress, clock, signal } = settings;
  if (signal?.aborted === true) return Promise.reject(new TransportError("closed", "given up"));
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({
    host: address,
    port,
    allowHalfOpen: true,
    noDelay: true,
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  const give = (error: TransportError) => {
    settled();
    socket.destroy();
    reject(error);
  };
  const late = clock.after(
    settings.connectTimeoutMs ?? defaultConnectTimeoutMs,
    () => give(new TransportError("timeout", "the server does not answer")),
  );
  const gaveUp = () => give(new TransportError("closed", "given up"));
  const failed = (error: Error) => give(new TransportError("reset", "the server cannot be reached", error));
  const settled = () => {
    late.cancel();
    signal?.removeEventListener("abort", gaveUp);
  };
  signal?.addEventListener("abort", gaveUp, { once: true });
  socket.once("error", failed);
  socket.once("connect", () => {
    settled();
    socket.off("error", failed);
    resolve(socket);
  });
  return promise;
}
