/**
 * Public keys out of key records, and what they say of a signature. RFC 6376 3.3.2, 3.6.1, RFC 8301 3.2,
 * RFC 8463 3
 *
 * @module
 */
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { type Bytes, concat } from "../base/bytes.ts";
import { type KeyRecord, maxKeyRecordOctets, parseKeyRecord } from "./key_record.ts";

/** Sizes of RSA keys that are used, in bits. RFC 8301 3.2: 1024 is the least, all up to 4096 must be known. */
export const minRsaBits = 1024;
export const maxRsaBits = 4096;

/** Larger exponents would only cost time (RFC 6376 8.13); nearly all keys have 65537. */
export const maxRsaExponent = 2n ** 32n;

/** A public key that can verify. */
export interface PublicKey {
  readonly type: "rsa" | "ed25519";
  readonly bits: number;
  readonly object: KeyObject;
}

/**
 * The key of a record.
 *
 * @throws {SyntaxError} If its type is unknown or the data are not one of its type.
 */
export function publicKeyOf(record: KeyRecord): PublicKey {
  if (record.keyType === "rsa") return rsaKey(record.publicKey);
  if (record.keyType === "ed25519") return ed25519Key(record.publicKey);
  throw new SyntaxError("a key of unknown type");
}

/** Whether `signature` is this key's over `data`. RFC 6376 3.3.2, RFC 8463 3 */
export function isSignature(key: PublicKey, data: Bytes, signature: Bytes): boolean {
  if (key.type === "rsa") return verify("sha256", data, key.object, signature);
  // RFC 8463 3: Ed25519 signs the hash, not the data.
  return verify(null, createHash("sha256").update(data).digest(), key.object, signature);
}

/**
 * RFC 6376 3.6.1 has a bare RSAPublicKey, its own example and nearly everyone a SubjectPublicKeyInfo around it
 * (erratum 3017): both are read.
 */
function rsaKey(der: Bytes): PublicKey {
  const object = readKey(der, "spki") ?? readKey(der, "pkcs1");
  const { modulusLength, publicExponent } = object?.asymmetricKeyDetails ?? {};
  if (object?.asymmetricKeyType !== "rsa" || modulusLength === undefined || publicExponent === undefined) {
    // Some platforms read no longer ones either.
    throw new SyntaxError(`p= is not an RSA key of at most ${maxRsaBits} bits`);
  }
  if (modulusLength > maxRsaBits) throw new SyntaxError(`an RSA key of ${modulusLength} bits is too long`);
  if (publicExponent < 3n || publicExponent > maxRsaExponent || publicExponent % 2n === 0n) {
    throw new SyntaxError("an RSA key with an unreasonable exponent");
  }
  return { type: "rsa", bits: modulusLength, object };
}

/** SubjectPublicKeyInfo in front of the 32 octets of an Ed25519 key. RFC 8410 4 */
const ed25519Prefix = Uint8Array.fromHex("302a300506032b6570032100");

function ed25519Key(raw: Bytes): PublicKey {
  const object = raw.length === 32 ? readKey(concat([ed25519Prefix, raw]), "spki") : null;
  if (object === null) throw new SyntaxError("p= is not an Ed25519 key");
  return { type: "ed25519", bits: 256, object };
}

function readKey(der: Bytes, type: "spki" | "pkcs1"): KeyObject | null {
  try {
    // The types ask for Node's Buffer; any Uint8Array will do.
    return createPublicKey({ key: der as Bytes & Buffer, format: "der", type });
  } catch {
    return null; // Whatever the platform says of a stranger's octets.
  }
}

/** A record that was read, with its key or why there is none. */
export type ReadRecord =
  | { readonly kind: "key"; readonly record: KeyRecord; readonly key: PublicKey }
  | { readonly kind: "revoked"; readonly record: KeyRecord }
  | { readonly kind: "useless"; readonly record: KeyRecord; readonly problem: string }
  | { readonly kind: "malformed"; readonly problem: string };

/** Most records kept by a {@link KeyCache}: the usual senders' many times over, in a few megabytes. */
export const maxCachedKeys = 1000;

/**
 * Records by their text, with keys ready to verify: reading one costs a good part of a verification. For one
 * process, not one message; knows nothing of time, since the text says it all.
 */
export class KeyCache {
  readonly #max: number;
  readonly #byText = new Map<string, ReadRecord>();

  constructor(max = maxCachedKeys) {
    this.#max = max;
  }

  /** How many records are kept. */
  get size(): number {
    return this.#byText.size;
  }

  /** Reads a record, or finds what was read before. */
  read(text: string): ReadRecord {
    // Of a text that is too long not even the length is worth keeping.
    if (text.length > maxKeyRecordOctets) return readRecord(text);
    const known = this.#byText.get(text);
    if (known !== undefined) this.#byText.delete(text); // Comes back as the youngest.
    const record = known ?? readRecord(text);
    this.#byText.set(text, record);
    const [oldest] = this.#byText.keys();
    if (this.#byText.size > this.#max && oldest !== undefined) this.#byText.delete(oldest);
    return record;
  }
}

/** Reads the text of a record and its key. */
export function readRecord(text: string): ReadRecord {
  let record: KeyRecord;
  try {
    record = parseKeyRecord(text);
  } catch (error) {
    return { kind: "malformed", problem: problemOf(error) };
  }
  if (record.publicKey.length === 0) return { kind: "revoked", record };
  try {
    return { kind: "key", record, key: publicKeyOf(record) };
  } catch (error) {
    return { kind: "useless", record, problem: problemOf(error) };
  }
}

/** What a SyntaxError says; anything else is our own fault and goes on. */
export function problemOf(error: unknown): string {
  if (error instanceof SyntaxError) return error.message;
  throw error;
}
