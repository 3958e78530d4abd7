/**
 * The algorithms of DNSSEC: checking a signature with a zone's key, digests of keys, key tags.
 * RFC 4034 appendix B, RFC 3110, RFC 5702, RFC 6605, RFC 8080; which to use: RFC 9904, RFC 9905
 *
 * SHA-1 signatures (algorithms 5 and 7) count as unknown, so that a zone that has nothing else is as good as not
 * signed: RFC 9905 2 asks just this of those who run validators. With a collision, which SHA-1 no longer prevents,
 * whoever may have one record of a zone signed could put his signature on another; to call that `secure` would
 * let DANE rest on it. `bogus`, on the other hand, would cut off zones that are merely old. SHA-1 *digests* in a
 * DS record are read, where there is no better one beside them (RFC 4509 3): forging those takes a second
 * preimage, which nobody can find, and the one who could prepare a collision already holds the zone's keys.
 *
 * Costs are told in units of about one check with an RSA key of 2048 bits, measured with the runtime's own
 * implementation, since they differ thirtyfold, and work is budgeted by them (`dnssec_work.ts`).
 *
 * @module
 */
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { base64Url, type Bytes, equalBytes } from "../base/bytes.ts";
import { nameToWire } from "./name.ts";
import type { DataByType, Name } from "./record.ts";

/** Moduli over this are refused: RFC 5702 2.1 allows no more. */
export const maxRsaModulusBits = 4096;

/** 2^32 + 1 is the largest exponent in use; each bit costs a squaring. */
export const maxRsaExponentBits = 33;

/** A public key, ready to check signatures. */
export interface VerifyKey {
  /** What one check costs, in the units of this module. */
  readonly cost: number;
  /** Whether `signature` is this key's over `data`. Never throws. */
  verifies(data: Uint8Array, signature: Uint8Array): boolean;
}

interface Algorithm {
  readonly name: string;
  /** Null for octets that are no key of this algorithm, or one outside of its limits. */
  readKey(publicKey: Uint8Array): VerifyKey | null;
}

const algorithms: ReadonlyMap<number, Algorithm> = new Map([
  // RFC 5702 2.1: from 512 bits. RFC 5702 2.2: from 1024.
  [8, { name: "RSASHA256", readKey: (key) => rsaKey(key, "sha256", 512) }],
  [10, { name: "RSASHA512", readKey: (key) => rsaKey(key, "sha512", 1024) }],
  [13, { name: "ECDSAP256SHA256", readKey: (key) => ecdsaKey(key, "P-256", "sha256", 64, 3) }],
  [14, { name: "ECDSAP384SHA384", readKey: (key) => ecdsaKey(key, "P-384", "sha384", 96, 9) }],
  [15, { name: "ED25519", readKey: (key) => edwardsKey(key, "Ed25519", 32, 64, 1) }],
  [16, { name: "ED448", readKey: (key) => edwardsKey(key, "Ed448", 57, 114, 8) }],
]);

/** Names for people, of algorithms that are not supported too. RFC 9904 */
const otherNames: Readonly<Record<number, string>> = {
  1: "RSAMD5",
  3: "DSA",
  5: "RSASHA1",
  6: "DSA-NSEC3-SHA1",
  7: "RSASHA1-NSEC3-SHA1",
  12: "ECC-GOST",
  17: "SM2SM3",
  23: "ECC-GOST12",
};

/** Whether signatures of this algorithm can be checked here. */
export function supportsAlgorithm(algorithm: number): boolean {
  return algorithms.has(algorithm);
}

/** `ED25519`, or `algorithm 253` where there is no name for it. */
export function algorithmName(algorithm: number): string {
  return algorithms.get(algorithm)?.name ?? otherNames[algorithm] ?? `algorithm ${algorithm}`;
}

/**
 * A key, ready to check signatures.
 *
 * @returns Null where it can not be used: of an unknown algorithm, malformed, too short or too long.
 */
export function readVerifyKey(algorithm: number, publicKey: Uint8Array): VerifyKey | null {
  return algorithms.get(algorithm)?.readKey(publicKey) ?? null;
}

/** Hashes for DS records, the better ones with higher numbers. RFC 4509, RFC 6605 2, RFC 3658 2.4 */
const digests: ReadonlyMap<
  number,
  { readonly hash: string; readonly octets: number; readonly name: string }
> = new Map([
  [1, { hash: "sha1", octets: 20, name: "SHA-1" }],
  [2, { hash: "sha256", octets: 32, name: "SHA-256" }],
  [4, { hash: "sha384", octets: 48, name: "SHA-384" }],
]);

/** The digest type that counts only where the others are absent. RFC 4509 3 */
export const digestSha1 = 1;

/** Whether a DS record's digest can be checked here. */
export function supportsDigest(digestType: number): boolean {
  return digests.has(digestType);
}

/** `SHA-256`, or `digest type 3`. */
export function digestName(digestType: number): string {
  return digests.get(digestType)?.name ?? `digest type ${digestType}`;
}

/**
 * The digest of a DNSKEY record, as a DS record holds it. RFC 4034 5.1.4
 *
 * @param rdata The DNSKEY's data in wire form.
 * @throws {RangeError} If the digest type is not supported.
 */
export function dsDigest(digestType: number, owner: Name, rdata: Uint8Array): Bytes {
  const digest = digests.get(digestType);
  if (digest === undefined) throw new RangeError(`no digest of type ${digestType}`);
  const octets = createHash(digest.hash).update(nameToWire(owner, { lowerCase: true })).update(rdata)
    .digest();
  return new Uint8Array(octets);
}

/** Whether a DS record stands for a key; its tag and algorithm have been compared already. RFC 4034 5.2 */
export function dsMatches(ds: DataByType["DS"], owner: Name, rdata: Uint8Array): boolean {
  return supportsDigest(ds.digestType) && equalBytes(dsDigest(ds.digestType, owner, rdata), ds.digest);
}

/**
 * A number by which signatures and DS records point at keys. It is no digest: several keys may have the same.
 * RFC 4034 appendix B (without B.1: nobody here knows algorithm 1)
 *
 * @param rdata The DNSKEY's data in wire form.
 */
export function keyTag(rdata: Uint8Array): number {
  let sum = 0;
  for (const [i, octet] of rdata.entries()) sum += (i & 1) === 0 ? octet << 8 : octet;
  return (sum + (sum >>> 16)) & 0xffff;
}

/** Exponent and modulus, both highest octet first, the exponent after its length. RFC 3110 2 */
function rsaKey(publicKey: Uint8Array, hash: string, minModulusBits: number): VerifyKey | null {
  const short = publicKey[0] ?? 0;
  const length = short !== 0 ? short : ((publicKey[1] ?? 0) << 8) | (publicKey[2] ?? 0);
  const start = short !== 0 ? 1 : 3;
  const exponent = publicKey.subarray(start, start + length);
  const modulus = publicKey.subarray(start + length);
  const bits = bitLength(modulus);
  if (bits < minModulusBits || bits > maxRsaModulusBits || bits > modulus.length * 8) return null;
  if (exponent.length !== length || bitLength(exponent) > maxRsaExponentBits) return null;
  const key = imported({ kty: "RSA", e: base64Url(exponent), n: base64Url(modulus) });
  if (key === null) return null;
  const squarings = bitLength(exponent) / 17; // 65537 has 17 bits.
  const cost = Math.max(1, Math.ceil((bits / 2048) ** 2 * Math.max(1, squarings) * 1.25 - 0.25));
  return usable(cost, modulus.length, (data, signature) => verify(hash, data, key, signature));
}

/** A point without the octet that says so. RFC 6605 4 */
function ecdsaKey(
  point: Uint8Array,
  crv: string,
  hash: string,
  octets: number,
  cost: number,
): VerifyKey | null {
  if (point.length !== octets) return null;
  const half = octets / 2;
  const x = base64Url(point.subarray(0, half));
  const key = imported({ kty: "EC", crv, x, y: base64Url(point.subarray(half)) });
  if (key === null) return null;
  const how = { key, dsaEncoding: "ieee-p1363" } as const;
  return usable(cost, octets, (data, signature) => verify(hash, data, how, signature));
}

/** RFC 8080 3, 4 */
function edwardsKey(
  point: Uint8Array,
  crv: string,
  octets: number,
  signatureOctets: number,
  cost: number,
): VerifyKey | null {
  const key = point.length === octets ? imported({ kty: "OKP", crv, x: base64Url(point) }) : null;
  if (key === null) return null;
  return usable(cost, signatureOctets, (data, signature) => verify(null, data, key, signature));
}

/** Null for what the runtime does not take as a key: a point that is not on its curve, an even modulus. */
function imported(key: Record<string, string>): KeyObject | null {
  try {
    return createPublicKey({ key, format: "jwk" });
  } catch {
    return null;
  }
}

type Check = (data: Uint8Array, signature: Uint8Array) => boolean;

/** A signature of another length is never right, and some implementations throw for it. */
function usable(cost: number, signatureOctets: number, check: Check): VerifyKey {
  return {
    cost,
    verifies(data, signature) {
      if (signature.length !== signatureOctets) return false;
      try {
        return check(data, signature);
      } catch {
        return false;
      }
    },
  };
}

/** Bits of a number from its highest that is set; more than there are octets for, where a leading octet is 0. */
function bitLength(bytes: Uint8Array): number {
  const first = bytes[0] ?? 0;
  if (first === 0) return Infinity; // RFC 3110 2: no leading zeros. An empty number is none.
  return bytes.length * 8 - (Math.clz32(first) - 24);
}
