/**
 * PLAIN: identities and a password in one message. RFC 4616
 *
 * @module
 */
import { type Bytes, fromStrictUtf8, utf8 } from "../base/bytes.ts";
import { maxFieldBytes, maxMessageBytes } from "./secrets.ts";

/** What a client says with a password, not yet prepared. */
export interface PasswordLogin {
  /** As whom to act; empty for the one who signs in. */
  readonly authzid: string;
  /** Whose password it is. */
  readonly authcid: string;
  readonly password: string;
}

/** Reads the one message of PLAIN; null if it is malformed. RFC 4616 2 */
export function parsePlain(message: Uint8Array): PasswordLogin | null {
  if (message.length > maxMessageBytes) return null;
  const text = fromStrictUtf8(message);
  const [authzid, authcid, password, ...more] = text?.split("\0") ?? [];
  if (authzid === undefined || !authcid || !password || more.length > 0) return null;
  if ([authzid, authcid, password].some((field) => utf8(field).length > maxFieldBytes)) return null;
  return { authzid, authcid, password };
}

/** What a client sends. */
export function printPlain(login: PasswordLogin): Bytes {
  return utf8(`${login.authzid}\0${login.authcid}\0${login.password}`);
}
