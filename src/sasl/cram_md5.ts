/**
 * CRAM-MD5: a keyed digest of the server's challenge. RFC 2195. Weak (whoever has the stored secret can sign in, and
 * a recorded exchange can be guessed at quickly), kept for old clients.
 *
 * @module
 */
import { type Bytes, fromStrictUtf8, hex, latin1, utf8 } from "../base/bytes.ts";
import { md5Block, md5BlockBytes, md5Finish, md5Start, type Md5State } from "./md5.ts";
import { equalSecrets, maxMessageBytes } from "./secrets.ts";

/** The states of HMAC-MD5 after its key: enough to answer challenges, without the password. RFC 2195 2 */
export interface CramMd5Secret {
  readonly inner: Md5State;
  readonly outer: Md5State;
}

/** @param password Prepared. RFC 2104 2 */
export function cramMd5Secret(password: string): CramMd5Secret {
  const octets = utf8(password);
  const key = octets.length > md5BlockBytes ? md5Finish(md5Start, 0, octets) : octets;
  const padded = (pad: number) => {
    const block = new Uint8Array(md5BlockBytes).fill(pad);
    for (const [i, octet] of key.entries()) block[i] = octet ^ pad;
    return md5Block(md5Start, block);
  };
  return { inner: padded(0x36), outer: padded(0x5c) };
}

/** The digest that proves the secret. */
export function cramMd5Digest(secret: CramMd5Secret, challenge: Uint8Array): Bytes {
  const inner = md5Finish(secret.inner, md5BlockBytes, challenge);
  return md5Finish(secret.outer, md5BlockBytes, inner);
}

/**
 * A challenge, which must never be used twice.
 *
 * @param random At least 16 random octets.
 * @param now Milliseconds since 1970.
 */
export function cramMd5Challenge(random: Uint8Array, now: number, hostname: string): Bytes {
  return latin1(`<${hex(random)}.${now}@${hostname}>`);
}

export interface CramMd5Response {
  readonly username: string;
  readonly digest: Bytes;
}

/** Reads a client's answer; null if it is malformed. A name may hold spaces, the digest stands last. */
export function parseCramMd5(response: Uint8Array): CramMd5Response | null {
  if (response.length > maxMessageBytes) return null;
  const match = /^([^\0]+) ([0-9a-fA-F]{32})$/.exec(fromStrictUtf8(response) ?? "");
  if (match === null) return null;
  const [, username = "", digest = ""] = match;
  return { username, digest: Uint8Array.fromHex(digest) };
}

/** Whether the answer proves the secret. */
export function checkCramMd5(
  secret: CramMd5Secret,
  challenge: Uint8Array,
  response: CramMd5Response,
): boolean {
  return equalSecrets(cramMd5Digest(secret, challenge), response.digest);
}

/** What a client answers. @param password Prepared. */
export function answerCramMd5(username: string, password: string, challenge: Uint8Array): Bytes {
  return utf8(`${username} ${hex(cramMd5Digest(cramMd5Secret(password), challenge))}`);
}
