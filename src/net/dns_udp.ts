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
  const failed = (why: string): UnderWay => {
    return { result: Promise.resolve({ kind: "unreachable", why }), stop: () => {} };
  };
  const ip = parseIp(withoutZone(letter.server.address));
  if (ip === null) return failed("not an IP address");
  let socket: Deno.DatagramConn;
  try {
    const hostname = ip.version === 4 ? "0.0.0.0" : "::";
    socket = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
  } catch (error) {
    return failed(`no socket: ${messageOf(error)}`);
  }
  let open = true;
  const stop = () => {
    if (open) socket.close(); // Ends what waits for it.
    open = false;
  };
  const unreachable = (error: unknown): QueryResult | null =>
    open ? { kind: "unreachable", why: `it can not be reached: ${messageOf(error)}` } : null;
  return { result: sendAndReceive(socket, letter, ip).catch(unreachable).finally(stop), stop };
}

async function sendAndReceive(
  socket: Deno.DatagramConn,
  letter: Letter,
  ip: IpAddress,
): Promise<QueryResult> {
  const { address, port } = letter.server;
  const hostname = ip.version === 4 ? printIp(ip) : address; // With its zone.
  await socket.send(letter.query, { transport: "udp", hostname, port });
  const from = printIp(ip);
  const buffer = new Uint8Array(bufferBytes);
  for (let wrong = 0; wrong < maxWrongAnswers;) {
    const [bytes, peer] = await socket.receive(buffer);
    if (peer.transport !== "udp" || peer.port !== port || !isAddress(peer.hostname, from)) continue;
    const message = letter.accept(bytes);
    if (message !== null) return { kind: "message", message };
    wrong++;
  }
  return { kind: "guessed" };
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
