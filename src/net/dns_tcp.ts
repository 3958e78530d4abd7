/**
 * One DNS query over TCP: a length of two octets before each message. RFC 1035 4.2.2, RFC 7766
 *
 * A connection for each query: TCP is for the rare answer that does not fit in a datagram.
 *
 * Tested by `dns_exchange_test.ts`.
 *
 * @module
 */
import { type Bytes, concat } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import type { Letter } from "../dns/upstream.ts";
import { dial } from "./client.ts";
import type { QueryResult, UnderWay } from "./dns_udp.ts";
import { type Transport, TransportError } from "./transport.ts";

/** Sends a query and reads one answer. */
export function queryOverTcp(letter: Letter, clock: Clock): UnderWay {
  const stop = new AbortController();
  return { result: query(letter, clock, stop.signal), stop: () => stop.abort() };
}

/** A connection that is being made can not be stopped, but ends when the letter's time is over. */
async function query(letter: Letter, clock: Clock, signal: AbortSignal): Promise<QueryResult | null> {
  const unreachable = (why: string): QueryResult => ({ kind: "unreachable", why });
  try {
    const { server, query: octets, accept } = letter;
    const transport = await dial({ ...server, clock, connectTimeoutMs: letter.timeoutMs });
    const stop = () => transport.destroy();
    signal.addEventListener("abort", stop);
    try {
      if (signal.aborted) return null;
      await transport.write(concat([Uint8Array.of(octets.length >> 8, octets.length), octets]));
      const answer = await readMessage(transport);
      if (answer === null) return unreachable("it closed the connection");
      const message = accept(answer);
      // Nobody else can write here, so there is no other answer to wait for.
      return message === null
        ? unreachable("its answer over TCP can not be read")
        : { kind: "message", message };
    } finally {
      signal.removeEventListener("abort", stop);
      transport.destroy();
    }
  } catch (error) {
    if (signal.aborted) return null;
    if (error instanceof TransportError) return unreachable(`over TCP: ${error.message}`);
    if (error instanceof RangeError) return unreachable("not an address for TCP");
    throw error;
  }
}

/** The first message; null where the server closes before its end. At most 64 KiB, as two octets can tell. */
async function readMessage(transport: Transport): Promise<Bytes | null> {
  const pieces: Bytes[] = [];
  let length = 0;
  let wanted: number | null = null;
  while (wanted === null || length < wanted) {
    const piece = await transport.read();
    if (piece === null) return null;
    pieces.push(piece);
    length += piece.length;
    if (wanted !== null || length < 2) continue;
    const [high = 0, low = 0] = concat(pieces);
    wanted = 2 + ((high << 8) | low);
  }
  return concat(pieces).slice(2, wanted);
}
