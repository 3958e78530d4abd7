/**
 * One DNS query over UDP, on a socket of its own: the system picks a port at random for each, which makes an answer
 * hard to guess (RFC 5452 9.2). The socket takes datagrams from anybody, so where each comes from is looked at.
 *
 * Sockets are of `Deno.listenDatagram`, though it is called unstable: those of `node:dgram` cost twice the time and,
 * for each datagram, 64 KiB of garbage; and without permission to bind, they end the process instead of failing. Of
 * the net permission, `0.0.0.0:0` and `[::]:0` are needed to bind, and each server's address and port to send to. An
 * ICMP error ("nobody listens there") never reaches us, with either of them: it is silence.
 *
 * Tested by `dns_exchange_test.ts`.
 *
 * @module
 */
import { type IpAddress, parseIp, printIp } from "../base/ip_address.ts";
import type { Carried, Letter } from "../dns/upstream.ts";

/**
 * Answers from the server's own address that do not fit, after which it is asked over TCP. Somebody guesses, and may
 * not have 65,536 guesses at the id. RFC 5452 9.3
 */
export const maxWrongAnswers = 100;

/** Of a datagram; what is longer is cut, and so no answer. We tell servers that we take less. */
const bufferBytes = 4096;

/** Buffers that are kept for the next queries, as many as there are sockets. */
const maxFreeBuffers = 512;

/**
 * Buffers that nobody receives into. One for each query was most of what queries leave behind, and memory outside of
 * the heap, which no collector is in a hurry to give back.
 */
const freeBuffers: Uint8Array<ArrayBuffer>[] = [];

/** What came of it, where no deadline or signal ended it. */
export type QueryResult = Exclude<Carried, { readonly kind: "timeout" | "aborted" | "limit" }>;

/** A query under way. */
export interface UnderWay {
  /** Null where it was stopped. Never rejects. */
  readonly result: Promise<QueryResult | null>;
  stop(): void;
}

/** Sends a query and waits for the first datagram of that server that is accepted. */
export function queryOverUdp(letter: Letter): UnderWay {
  const failed = (why: string, unsent = false): UnderWay => {
    return { result: Promise.resolve({ kind: "unreachable", why, unsent }), stop: () => {} };
  };
  const ip = parseIp(withoutZone(letter.server.address));
  if (ip === null) return failed("not an IP address");
  try {
    const hostname = ip.version === 4 ? "0.0.0.0" : "::";
    return new UdpQuery(Deno.listenDatagram({ transport: "udp", hostname, port: 0 }), letter, ip);
  } catch (error) {
    return failed(`no socket: ${messageOf(error)}`, true); // As where the system has no IPv6 at all.
  }
}

/** One object and one suspended function: of hundreds at once, each octet that lives long costs twice. */
class UdpQuery implements UnderWay {
  readonly result: Promise<QueryResult | null>;
  readonly #socket: Deno.DatagramConn;
  #open = true;

  constructor(socket: Deno.DatagramConn, letter: Letter, ip: IpAddress) {
    this.#socket = socket;
    this.result = this.#run(letter, ip);
  }

  stop(): void {
    if (this.#open) this.#socket.close(); // Ends what waits for it.
    this.#open = false;
  }

  async #run(letter: Letter, ip: IpAddress): Promise<QueryResult | null> {
    const buffer = freeBuffers.pop() ?? new Uint8Array(bufferBytes);
    let unsent = true;
    try {
      const { address, port } = letter.server;
      const hostname = ip.version === 4 ? printIp(ip) : address; // With its zone.
      await this.#socket.send(letter.query, { transport: "udp", hostname, port });
      unsent = false;
      return await this.#receive(letter, printIp(ip), buffer);
    } catch (error) {
      if (!this.#open) return null;
      return { kind: "unreachable", why: `it can not be reached: ${messageOf(error)}`, unsent };
    } finally {
      this.stop();
      // The last `receive` has ended, also where the socket was closed for it: the buffer is nobody's.
      if (freeBuffers.length < maxFreeBuffers) freeBuffers.push(buffer);
    }
  }

  async #receive(letter: Letter, from: string, buffer: Uint8Array<ArrayBuffer>): Promise<QueryResult> {
    for (let wrong = 0; wrong < maxWrongAnswers;) {
      const [bytes, peer] = await this.#socket.receive(buffer);
      if (peer.transport !== "udp" || peer.port !== letter.server.port || !isAddress(peer.hostname, from)) {
        continue;
      }
      const message = letter.accept(bytes); // Nothing in it is of the buffer's memory.
      if (message !== null) return { kind: "message", message };
      wrong++;
    }
    return { kind: "guessed" };
  }
}

/** Whether an address of the runtime is the one that `printIp` has printed. */
function isAddress(text: string, printed: string): boolean {
  if (text === printed) return true;
  const ip = parseIp(withoutZone(text));
  return ip !== null && printIp(ip) === printed;
}

/** RFC 4007 11 */
function withoutZone(address: string): string {
  return address.includes("%") ? address.replace(/%.*$/, "") : address;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
