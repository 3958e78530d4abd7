/**
 * The author of a message that is sent, found in its own octets: for whom it is signed. RFC 6376 5.1, RFC 6409 8.1
 *
 * Tested by `src/delivery/submission_service_test.ts`.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import { readMailbox } from "../address/mailbox.ts";
import { type Bytes, concat, fromLatin1, noBytes } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { asciiLower } from "../base/scanner.ts";
import { maxHeaderOctets } from "../dkim/message_reader.ts";
import { hasOneReading } from "../evidence/from_field.ts";
import { headerFields } from "../message/headers.ts";
import { Indexer } from "../message/indexer.ts";

/**
 * The header section up to its empty line, that included. Found here: the front's index is believed for what clients are
 * shown, not for who signs.
 *
 * @throws {Refused} `tooLarge`
 */
export function headerOf(pieces: Iterable<Bytes>): Bytes {
  let header: Bytes = noBytes;
  for (const piece of pieces) {
    const from = Math.max(0, header.length - 3);
    header = concat([header, piece.subarray(0, maxHeaderOctets + 4 - header.length)]);
    const end = fromLatin1(header, from).indexOf("\r\n\r\n");
    if (end !== -1) return header.subarray(0, from + end + 4);
    if (header.length > maxHeaderOctets) throw new Refused("tooLarge", "the header section is too large");
  }
  return header;
}

/**
 * The one author, as the front reads it too; null if there is not exactly one From with exactly one address, which is all
 * that anybody could take for one: the signature confirms its domain for whatever a reader shows.
 */
export function authorOf(header: Bytes): Address | null {
  const froms = [...headerFields(header)].filter(({ name }) => asciiLower(name) === "from");
  if (!froms.every(hasOneReading)) return null;
  const indexer = new Indexer();
  indexer.write(header);
  return addressOf(indexer.end().fromAddress);
}

/** Octets `start` to `end` of pieces. */
export function* cut(pieces: Iterable<Bytes>, start: number, end: number): Generator<Bytes> {
  let at = 0;
  for (const piece of pieces) {
    const part = piece.subarray(Math.max(0, start - at), Math.max(0, end - at));
    if (part.length > 0) yield part;
    at += piece.length;
    if (at >= end) return;
  }
}

/** `MessageIndex.fromAddress` as an address. */
export function addressOf(text: string | null): Address | null {
  return text === null ? null : readMailbox(text);
}
