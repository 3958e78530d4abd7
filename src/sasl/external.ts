/**
 * EXTERNAL: the certificate says who the client is, the message at most as whom it wants to act. RFC 4422 A
 *
 * Tested by `src/sasl/plain_test.ts`.
 *
 * @module
 */
import { fromStrictUtf8 } from "../base/bytes.ts";
import { maxFieldBytes } from "./secrets.ts";

/** Reads the one message: the authorization identity, empty for whoever the certificate names; null if malformed. */
export function parseExternal(message: Uint8Array): string | null {
  const authzid = message.length > maxFieldBytes ? null : fromStrictUtf8(message);
  return authzid === null || authzid.includes("\0") ? null : authzid;
}
