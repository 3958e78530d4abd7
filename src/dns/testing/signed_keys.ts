/**
 * Fresh keys that sign zones in tests, of every algorithm, those that validators no longer take included.
 *
 * @module
 */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { type Bytes, concat } from "../../base/bytes.ts";
import { keyTag } from "../dnssec_algorithms.ts";
import { writeData } from "../rdata.ts";
import type { DataByType } from "../record.ts";

/** A key pair of a zone. */
export interface SigningKey {
  readonly data: DataByType["DNSKEY"];
  readonly rdata: Bytes;
  readonly tag: number;
  sign(octets: Uint8Array): Bytes;
}

/** Hashes of the RSA algorithms. RFC 3110, RFC 5155 2, RFC 5702 */
const rsaHashes: Readonly<Record<number, string>> = { 5: "sha1", 7: "sha1", 8: "sha256", 10: "sha512" };

/** Makes a key. @param flags 257 for one that signs keys (and perhaps all), 256 for one that signs the rest. */
export function makeKey(algorithm: number, flags = 257): SigningKey {
  const { privateKey, publicKey } = pair(algorithm);
  const hash = rsaHashes[algorithm] ?? { 13: "sha256", 14: "sha384" }[algorithm] ?? null;
  const isEcdsa = algorithm === 13 || algorithm === 14;
  const key = isEcdsa ? { key: privateKey, dsaEncoding: "ieee-p1363" as const } : privateKey;
  const data = { flags, protocol: 3, algorithm, publicKey };
  return keyOf(data, (octets) => new Uint8Array(sign(hash, octets, key)));
}

/** The same key with other flags (as when it is revoked), and so another tag. */
export function withFlags(key: SigningKey, flags: number): SigningKey {
  return keyOf({ ...key.data, flags }, (octets) => key.sign(octets));
}

/** The same key under the number of an algorithm that nobody knows. */
export function withAlgorithm(key: SigningKey, algorithm: number): SigningKey {
  return keyOf({ ...key.data, algorithm }, (octets) => key.sign(octets));
}

function keyOf(data: DataByType["DNSKEY"], sign: SigningKey["sign"]): SigningKey {
  const rdata = writeData("DNSKEY", data);
  return { data, rdata, tag: keyTag(rdata), sign };
}

function pair(algorithm: number): { privateKey: KeyObject; publicKey: Bytes } {
  const { privateKey, publicKey } = generate(algorithm);
  const jwk = publicKey.export({ format: "jwk" });
  const part = (name: "n" | "e" | "x" | "y") =>
    Uint8Array.fromBase64(jwk[name] ?? "", { alphabet: "base64url" });
  if (rsaHashes[algorithm] !== undefined) {
    const exponent = part("e");
    return { privateKey, publicKey: concat([Uint8Array.of(exponent.length), exponent, part("n")]) };
  }
  return { privateKey, publicKey: jwk.kty === "EC" ? concat([part("x"), part("y")]) : part("x") };
}

function generate(algorithm: number): { publicKey: KeyObject; privateKey: KeyObject } {
  switch (algorithm) {
    case 5:
    case 7:
    case 8:
    case 10:
      return generateKeyPairSync("rsa", { modulusLength: 1024 });
    case 13:
      return generateKeyPairSync("ec", { namedCurve: "P-256" });
    case 14:
      return generateKeyPairSync("ec", { namedCurve: "P-384" });
    case 16:
      return generateKeyPairSync("ed448");
    default:
      return generateKeyPairSync("ed25519");
  }
}
