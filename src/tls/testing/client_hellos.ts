/**
 * ClientHellos made to order, for tests.
 *
 * @module
 */
import { type Bytes, concat, latin1, noBytes, utf8 } from "../../base/bytes.ts";

/** What the hello shall offer; what is left out is not in it. */
export interface HelloOffer {
  readonly serverName?: string;
  readonly alpn?: readonly string[];
  readonly signatureSchemes?: readonly number[];
  readonly versions?: readonly number[];
  readonly groups?: readonly number[];
  readonly cipherSuites?: readonly number[];
  /** More extensions, by number. */
  readonly extra?: readonly (readonly [type: number, body: Uint8Array])[];
}

/** A ClientHello message (type, length, body), without records. RFC 8446 4.1.2 */
export function clientHelloMessage(offer: HelloOffer): Bytes {
  const extensions: Bytes[] = [];
  const add = (type: number, body: Uint8Array) => extensions.push(concat([uint16(type), vector(2, body)]));
  if (offer.serverName !== undefined) {
    add(0, vector(2, concat([new Uint8Array([0]), vector(2, utf8(offer.serverName))])));
  }
  if (offer.groups) add(10, vector(2, list(offer.groups)));
  if (offer.signatureSchemes) add(13, vector(2, list(offer.signatureSchemes)));
  if (offer.alpn) add(16, vector(2, concat(offer.alpn.map((name) => vector(1, latin1(name))))));
  if (offer.versions) add(43, vector(1, list(offer.versions)));
  for (const [type, body] of offer.extra ?? []) add(type, body);
  const body = concat([
    uint16(0x0303),
    new Uint8Array(32).fill(7),
    vector(1, noBytes),
    vector(2, list(offer.cipherSuites ?? [0x1301, 0xc02b, 0xc02f])),
    vector(1, new Uint8Array([0])),
    extensions.length === 0 ? noBytes : vector(2, concat(extensions)),
  ]);
  return concat([new Uint8Array([1, 0]), uint16(body.length), body]);
}

/** A message in records of at most `size` bytes each. */
export function records(message: Uint8Array, size = 16 * 1024): Bytes {
  const pieces: Bytes[] = [];
  for (let at = 0; at < message.length; at += size) {
    pieces.push(concat([new Uint8Array([22, 3, 1]), vector(2, message.subarray(at, at + size))]));
  }
  return concat(pieces);
}

/** A length of one or two bytes, and the bytes. */
export function vector(lengthBytes: 1 | 2, bytes: Uint8Array): Bytes {
  return concat([lengthBytes === 1 ? new Uint8Array([bytes.length]) : uint16(bytes.length), bytes]);
}

function uint16(n: number): Bytes {
  return new Uint8Array([n >> 8, n & 0xff]);
}

function list(numbers: readonly number[]): Bytes {
  return concat(numbers.map(uint16));
}
