/**
 * Ids for the outside (MAILBOXID, EMAILID, THREADID): 128 random bits in base64url, 22 characters that say
 * nothing of row numbers, times or counts. RFC 8474 4 allows letters, digits, `-` and `_`.
 *
 * @module
 */
import { base64Url } from "../base/bytes.ts";

/** Random octets are drawn for so many ids at once: each call for them costs as much as sixteen ids. */
const stock = 64;
const idBytes = 16;

const pool = new Uint8Array(stock * idBytes);
let used = pool.length;

/** A new id. */
export function newObjectId(): string {
  if (used === pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  const id = base64Url(pool.subarray(used, used + idBytes));
  used += idBytes;
  return id;
}

/** Whether a text has the form of such an id. */
export function isObjectId(text: string): boolean {
  return /^[A-Za-z0-9_-]{22}$/.test(text);
}
