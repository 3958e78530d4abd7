/**
 * The trace fields that only the server writes which delivers a message: Delivered-To and Return-Path. They stand first in a
 * prefix, and a message that goes elsewhere must not have them. RFC 5321 4.4
 *
 * @module
 */
import { type Bytes, fromLatin1 } from "../base/bytes.ts";

/** Octets of those fields. They are ours, and never folded. */
export function endOfFinalTrace(prefix: Bytes): number {
  return /^(?:(?:delivered-to|return-path):[^\n]*\n)*/i.exec(fromLatin1(prefix))?.[0].length ?? 0;
}

/** The prefix without them. */
export function withoutFinalTrace(prefix: Bytes): Bytes {
  return prefix.subarray(endOfFinalTrace(prefix));
}
