/**
 * The messages of SCRAM as text. RFC 5802 7
 *
 * @module
 */
import { type Bytes, fromBase64, fromStrictUtf8 } from "../base/bytes.ts";
import { maxFieldBytes, maxMessageBytes } from "./secrets.ts";

/** Characters of a nonce that a client may send; honest ones have 16 to 40. */
export const maxNonceLength = 512;

/** What a client opens with. */
export interface ClientFirst {
  /** `n`: it knows no channel binding. `y`: it thinks that we do not. `p`: it insists. RFC 5802 6 */
  readonly channelBinding: "n" | "y" | "p";
  /** As whom to act; empty for the one who signs in. */
  readonly authzid: string;
  readonly username: string;
  readonly nonce: string;
  /** The header with its commas, which the client repeats later. */
  readonly gs2Header: string;
  /** The rest of the message, part of what is signed. */
  readonly bare: string;
}

/** Reads `n,a=authzid,n=user,r=nonce`; null if it is malformed or has a mandatory extension (`m=`). */
export function parseClientFirst(message: Uint8Array): ClientFirst | null {
  const text = message.length > maxMessageBytes ? null : fromStrictUtf8(message);
  const match = /^((?:(n|y)|p=[A-Za-z0-9.-]+),(?:a=([^,\0]+))?,)(n=([^,\0]+),r=([^,]+)(?:,[^\0]*)?)$/.exec(
    text ?? "",
  );
  if (match === null) return null;
  const [, gs2Header = "", flag, quotedAuthzid, bare = "", quotedName = "", nonce = ""] = match;
  const authzid = quotedAuthzid === undefined ? "" : unquoteName(quotedAuthzid);
  const username = unquoteName(quotedName);
  if (authzid === null || username === null || !isNonce(nonce) || !areExtensions(bare, 2)) return null;
  const channelBinding = flag === "n" || flag === "y" ? flag : "p";
  return { channelBinding, authzid, username, nonce, gs2Header, bare };
}

/** What a client proves itself with. */
export interface ClientFinal {
  /** Decoded: the header again, and channel binding data, which we never have. */
  readonly channelBinding: Bytes;
  readonly nonce: string;
  readonly proof: Bytes;
  /** All before `,p=`: part of what is signed. */
  readonly withoutProof: string;
}

/** Reads `c=biws,r=nonce,p=proof`; null if it is malformed. */
export function parseClientFinal(message: Uint8Array): ClientFinal | null {
  const text = message.length > maxMessageBytes ? null : fromStrictUtf8(message);
  const match = /^(c=([A-Za-z0-9+/=]+),r=([^,]+)(?:,[^\0]*)?),p=([A-Za-z0-9+/=]+)$/.exec(text ?? "");
  if (match === null) return null;
  const [, withoutProof = "", binding = "", nonce = "", proofText = ""] = match;
  const channelBinding = fromBase64(binding);
  const proof = fromBase64(proofText);
  if (channelBinding === null || proof === null) return null;
  if (!isNonce(nonce) || !areExtensions(withoutProof, 2)) return null;
  return { channelBinding, nonce, proof, withoutProof };
}

/** What a server answers first. */
export interface ServerFirst {
  readonly nonce: string;
  readonly salt: Bytes;
  readonly iterations: number;
}

/** Reads `r=nonce,s=salt,i=iterations`; null if it is malformed. */
export function parseServerFirst(text: string): ServerFirst | null {
  const match = /^r=([^,]+),s=([A-Za-z0-9+/=]+),i=([1-9]\d{0,9})(?:,.*)?$/s.exec(text);
  if (match === null) return null;
  const [, nonce = "", saltText = "", iterations = ""] = match;
  const salt = fromBase64(saltText);
  if (salt === null || !isNonce(nonce)) return null;
  return { nonce, salt, iterations: Number(iterations) };
}

/** A name with `,` and `=` as `=2C` and `=3D`. RFC 5802 5.1 */
export function quoteName(name: string): string {
  return name.replaceAll("=", "=3D").replaceAll(",", "=2C");
}

function unquoteName(quoted: string): string | null {
  if (quoted.length > maxFieldBytes || /=(?!2C|3D)/.test(quoted)) return null;
  return quoted.replaceAll("=2C", ",").replaceAll("=3D", "=");
}

/** Printable ASCII without the comma. */
function isNonce(text: string): boolean {
  return text.length <= maxNonceLength && /^[\x21-\x2b\x2d-\x7e]+$/.test(text);
}

/** Whether what follows the first `count` attributes is optional extensions: known by nobody, to be ignored. */
function areExtensions(attributes: string, count: number): boolean {
  return attributes.split(",").slice(count).every((each) => /^[A-Za-ln-z]=./su.test(each));
}
