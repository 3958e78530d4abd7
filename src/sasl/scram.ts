/**
 * SCRAM: client and server prove to each other that they know a password, or what was derived from it, without
 * sending either. RFC 5802 (SHA-1), RFC 7677 (SHA-256)
 *
 * ```text
 * C: n,,n=user,r=CLIENT
 * S: r=CLIENTSERVER,s=salt,i=iterations
 * C: c=biws,r=CLIENTSERVER,p=proof
 * S: v=signature
 * ```
 *
 * There is no -PLUS (channel binding): the runtime has no TLS exporter (RFC 9266), which SMTP servers bind to. What a certificate
 * alone would do for, `tls-server-end-point` (RFC 5929 4), cannot be offered: nobody can ask a server whether it knows it, one
 * that does not refuses the password, and a handful of refusals locks accounts. So our flag is `n`, and never `y`, with which
 * such servers have to refuse us (RFC 5802 6).
 *
 * @module
 */
import { createHash, createHmac } from "node:crypto";
import { base64, type Bytes, equalBytes, fromBase64, fromStrictUtf8, utf8 } from "../base/bytes.ts";
import { type ClientFirst, parseClientFinal, parseServerFirst, quoteName } from "./scram_message.ts";
import { equalSecrets } from "./secrets.ts";

export type ScramHash = "SHA-1" | "SHA-256";

/** What a server keeps of a password. Whoever has it can pose as the server, not as the client. RFC 5802 9 */
export interface ScramSecret {
  readonly salt: Bytes;
  readonly iterations: number;
  readonly storedKey: Bytes;
  readonly serverKey: Bytes;
}

/** A server may ask a client for so much work at most, and so little at least. RFC 5802 5.1, RFC 7677 4 */
export const maxIterations = 10_000_000;
export const minIterations = 4096;

/** Octets of a key. */
export const scramKeyBytes: Readonly<Record<ScramHash, number>> = { "SHA-1": 20, "SHA-256": 32 };

/** RFC 5802 3 */
export async function deriveScram(
  hash: ScramHash,
  password: string,
  salt: Bytes,
  iterations: number,
): Promise<ScramSecret> {
  const keys = await deriveKeys(hash, password, salt, iterations);
  return { salt, iterations, storedKey: digest(hash, keys.clientKey), serverKey: keys.serverKey };
}

/** The SaltedPassword takes the time; the two keys come from it. @param password Prepared. */
async function deriveKeys(hash: ScramHash, password: string, salt: Bytes, iterations: number) {
  const key = await crypto.subtle.importKey("raw", utf8(password), "PBKDF2", false, ["deriveBits"]);
  const bits = 8 * scramKeyBytes[hash];
  const salted = new Uint8Array(
    await crypto.subtle.deriveBits({ name: "PBKDF2", hash, salt, iterations }, key, bits),
  );
  return { clientKey: hmac(hash, salted, "Client Key"), serverKey: hmac(hash, salted, "Server Key") };
}

/** A server's part of an exchange, from the client's first message on. */
export class ScramServer {
  readonly #hash: ScramHash;
  readonly #first: ClientFirst;
  readonly #secret: ScramSecret;
  readonly #nonce: string;
  readonly #serverFirst: string;

  /**
   * @param secret Of the user; a made-up one where there is none, so that nobody can tell.
   * @param nonce The server's part of the nonce: printable ASCII without comma, never used before.
   */
  constructor(hash: ScramHash, first: ClientFirst, secret: ScramSecret, nonce: string) {
    this.#hash = hash;
    this.#first = first;
    this.#secret = secret;
    this.#nonce = first.nonce + nonce;
    this.#serverFirst = `r=${this.#nonce},s=${base64(secret.salt)},i=${secret.iterations}`;
  }

  /** What is sent first. */
  get challenge(): Bytes {
    return utf8(this.#serverFirst);
  }

  /** Checks the client's final message. `proved` comes with what is to be sent last. */
  finish(message: Uint8Array): { kind: "proved"; final: Bytes } | { kind: "wrong" } | { kind: "malformed" } {
    const final = parseClientFinal(message);
    if (final === null || final.nonce !== this.#nonce) return { kind: "malformed" };
    // We bind to no channel, so this is the header alone; anything else was changed on the way. RFC 5802 6
    if (!equalBytes(final.channelBinding, utf8(this.#first.gs2Header))) return { kind: "malformed" };
    const signed = `${this.#first.bare},${this.#serverFirst},${final.withoutProof}`;
    const signature = hmac(this.#hash, this.#secret.storedKey, signed);
    const clientKey = xor(signature, final.proof);
    if (clientKey === null) return { kind: "malformed" };
    if (!equalSecrets(digest(this.#hash, clientKey), this.#secret.storedKey)) return { kind: "wrong" };
    return { kind: "proved", final: utf8(`v=${base64(hmac(this.#hash, this.#secret.serverKey, signed))}`) };
  }
}

/** A client's part of an exchange. */
export class ScramClient {
  readonly #hash: ScramHash;
  readonly #password: string;
  readonly #nonce: string;
  readonly #gs2Header: string;
  readonly #bare: string;
  #expected: Bytes | null = null;

  /**
   * @param password Prepared.
   * @param nonce Printable ASCII without comma, never used before.
   */
  constructor(hash: ScramHash, username: string, password: string, nonce: string, authzid = "") {
    this.#hash = hash;
    this.#password = password;
    this.#nonce = nonce;
    this.#gs2Header = authzid === "" ? "n,," : `n,a=${quoteName(authzid)},`;
    this.#bare = `n=${quoteName(username)},r=${nonce}`;
  }

  /** The first message. */
  get initial(): Bytes {
    return utf8(this.#gs2Header + this.#bare);
  }

  /**
   * Answers the server's first message; null if it is malformed, does not continue our nonce, or asks for too
   * little or too much work.
   */
  async respond(challenge: Uint8Array): Promise<Bytes | null> {
    const text = fromStrictUtf8(challenge);
    const first = text === null ? null : parseServerFirst(text);
    if (first === null || !first.nonce.startsWith(this.#nonce) || first.nonce === this.#nonce) return null;
    if (first.iterations < minIterations || first.iterations > maxIterations) return null;
    const keys = await deriveKeys(this.#hash, this.#password, first.salt, first.iterations);
    const withoutProof = `c=${base64(utf8(this.#gs2Header))},r=${first.nonce}`;
    const signed = `${this.#bare},${text},${withoutProof}`;
    const signature = hmac(this.#hash, digest(this.#hash, keys.clientKey), signed);
    const proof = xor(signature, keys.clientKey);
    if (proof === null) return null;
    this.#expected = hmac(this.#hash, keys.serverKey, signed);
    return utf8(`${withoutProof},p=${base64(proof)}`);
  }

  /** Whether the server's last message proves that it knows our password too. */
  verify(final: Uint8Array): boolean {
    const match = /^v=([A-Za-z0-9+/=]+)(?:,.*)?$/s.exec(fromStrictUtf8(final) ?? "");
    const signature = match === null ? null : fromBase64(match[1] ?? "");
    return signature !== null && this.#expected !== null && equalSecrets(signature, this.#expected);
  }
}

function hmac(hash: ScramHash, key: Uint8Array, text: string): Bytes {
  return new Uint8Array(createHmac(nodeName(hash), key).update(text, "utf8").digest());
}

function digest(hash: ScramHash, bytes: Uint8Array): Bytes {
  return new Uint8Array(createHash(nodeName(hash)).update(bytes).digest());
}

function nodeName(hash: ScramHash): string {
  return hash === "SHA-1" ? "sha1" : "sha256";
}

function xor(a: Uint8Array, b: Uint8Array): Bytes | null {
  return a.length === b.length ? Uint8Array.from(a, (octet, i) => octet ^ (b[i] ?? 0)) : null;
}
