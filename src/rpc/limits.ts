/**
 * What one RPC connection may cost. Both ends keep to the same numbers: an asker waits where it would pass one,
 * and an answerer that sees one passed closes the connection, since its peer is then broken or hostile.
 *
 * @module
 */
import { KiB, MiB } from "../base/bytes.ts";

export interface RpcLimits {
  /** Calls that were sent and not yet answered. */
  readonly maxCalls: number;
  /** Streams that were opened and have not yet ended. */
  readonly maxStreams: number;
  /** Octets of requests that were sent and not yet answered; the one that passes the limit is still sent. */
  readonly maxRequestBytes: number;
  /** Requests that wait for room under the three limits above; more are refused with `tryLater`. */
  readonly maxWaiting: number;
  /** Octets of items of one stream that were sent and not yet consumed; the one that passes it is still sent. */
  readonly streamWindowBytes: number;
  /** Octets waiting in the carrier above which no new work is begun: the peer reads too slowly. */
  readonly busyBytes: number;
  /** Octets waiting in the carrier at which the connection is given up: the peer does not read. */
  readonly maxQueuedBytes: number;
  /** For calls that name no deadline of their own; null for none. Streams have none unless they name one. */
  readonly callDeadlineMs: number | null;
}

export const defaultLimits: RpcLimits = {
  maxCalls: 4096,
  maxStreams: 16 * KiB,
  maxRequestBytes: 64 * MiB,
  maxWaiting: 16 * KiB,
  streamWindowBytes: 256 * KiB,
  busyBytes: 8 * MiB,
  maxQueuedBytes: 512 * MiB,
  callDeadlineMs: 120_000,
};

/** Octets of one message, in each carrier: a request, an answer, one item of a stream. */
export const maxMessageBytes = 32 * MiB;

/** Values (numbers, strings, arrays, objects, ...) in one message. */
export const maxMessageValues = 1024 * KiB;

/** Arrays and objects inside each other. The part tree of a message takes two for each level of nesting. */
export const maxMessageDepth = 256;

/** Members of one object; what has more is a table and belongs into columns. */
export const maxObjectMembers = 4096;

/** Octets of the name of an object's member. */
export const maxKeyBytes = 255;

/** Counted for each message beside its octets, so that many empty ones weigh something. */
export const messageOverheadBytes = 64;
