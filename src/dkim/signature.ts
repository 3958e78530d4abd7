/**
 * The DKIM-Signature field. RFC 6376 3.5, RFC 8301, RFC 8463, RFC 8616 5
 *
 * ARC's two signature fields are made of the same tags; {@link SigningTags} is what its message signature
 * shares.
 *
 * @module
 */
import { asciiDomain } from "../address/domain.ts";
import { base64, type Bytes } from "../base/bytes.ts";
import { asciiLower } from "../base/scanner.ts";
import { isFieldName } from "../message/headers.ts";
import { parseTagList, type PrintedTag, printTagField, required, shown, type TagList } from "./tag_list.ts";
import {
  asciiSelector,
  decodeBase64,
  decodeDomain,
  decodeNumber,
  decodeQuotedPrintable,
  decodeSelector,
  encodeQuotedPrintable,
  readDomain,
  splitColons,
} from "./tag_values.ts";

/** How white space and line ends are evened out before hashing. RFC 6376 3.4 */
export type Canonicalization = "simple" | "relaxed";

/** Known algorithms; `rsa-sha1` only to say why it is not verified. RFC 6376 3.3, RFC 8301 3.1, RFC 8463 3 */
export type Algorithm = "rsa-sha256" | "ed25519-sha256" | "rsa-sha1";

/** Who signs, with what. RFC 6376 3.5 (`a b d s t`) */
export interface SignerTags {
  readonly algorithm: Algorithm;
  /** The signature itself (`b=`). */
  readonly signature: Bytes;
  /** Normal form: U-labels, lower case. */
  readonly domain: string;
  /** Normal form, as the domain. */
  readonly selector: string;
  /** Seconds since 1970, or null. */
  readonly timestamp: number | null;
}

/** What is signed, and how: all that DKIM-Signature and ARC-Message-Signature have in common. RFC 6376 3.5 */
export interface SigningTags extends SignerTags {
  readonly bodyHash: Bytes;
  readonly headerCanonicalization: Canonicalization;
  readonly bodyCanonicalization: Canonicalization;
  /** Field names in lower case, in the order of `h=`. */
  readonly signedFields: readonly string[];
  /** How many octets of the canonical body are signed; null: all. */
  readonly bodyLength: number | null;
  /** Seconds since 1970, or null for never. */
  readonly expiration: number | null;
}

/** A DKIM-Signature field. */
export interface Signature extends SigningTags {
  /** `i=`: `local@domain`, or `@domain` as the default is; the domain in normal form. */
  readonly identity: string;
}

/** Most digits of `t=` and `x=`, and of `l=`. RFC 6376 3.5 */
const maxTimeDigits = 12;
const maxLengthDigits = 76;

/**
 * Reads the value of a DKIM-Signature field, folded or not.
 *
 * @throws {SyntaxError} If anything in it is not as RFC 6376 3.5 has it ("being liberal in what you accept is
 * definitely a bad strategy", 6.1.1), or means what nobody here knows.
 */
export function parseSignature(value: string): Signature {
  return readSignature(parseTagList(value));
}

/** The same, of tags that were read before. @throws {SyntaxError} */
export function readSignature(tags: TagList): Signature {
  if (required(tags, "v") !== "1") throw new SyntaxError("an unknown version");
  const signing = readSigningTags(tags);
  if (signing.signedFields.includes("")) throw new SyntaxError("h= with an empty name");
  return { ...signing, identity: readIdentity(tags.get("i")?.value, signing.domain) };
}

/** The domain of `i=`. */
export function identityDomain(signature: Signature): string {
  return signature.identity.slice(signature.identity.lastIndexOf("@") + 1);
}

/**
 * Reads what DKIM-Signature and ARC-Message-Signature share. An empty name in `h=` stays, and is the name of no
 * field: DKIM refuses it, ARC's test suite does not.
 *
 * @param usual Both canonicalizations where `c=` is missing.
 * @throws {SyntaxError}
 */
export function readSigningTags(tags: TagList, usual: Canonicalization = "simple"): SigningTags {
  const signer = readSignerTags(tags);
  const bodyHash = decodeBase64(required(tags, "bh"));
  if (bodyHash.length !== hashOctets(signer.algorithm)) throw new SyntaxError("bh= of a wrong length");
  const [headerCanonicalization, bodyCanonicalization] = readCanonicalizations(tags.get("c")?.value, usual);
  const signedFields = splitColons(required(tags, "h")).map(readFieldName);
  const bodyLength = readNumber(tags, "l", maxLengthDigits);
  const expiration = readNumber(tags, "x", maxTimeDigits);
  if (expiration !== null && signer.timestamp !== null && expiration <= signer.timestamp) {
    throw new SyntaxError("x= is not later than t="); // RFC 6376 3.5
  }
  // RFC 6376 3.5: unknown methods are ignored, and without any that is known there is no key.
  const methods = tags.get("q")?.value;
  if (methods !== undefined && !splitColons(methods).includes("dns/txt")) {
    throw new SyntaxError(`q= with unknown methods: ${shown(methods)}`);
  }
  return {
    ...signer,
    bodyHash,
    headerCanonicalization,
    bodyCanonicalization,
    signedFields,
    bodyLength,
    expiration,
  };
}

/** Reads what ARC-Seal has too. @throws {SyntaxError} */
export function readSignerTags(tags: TagList): SignerTags {
  return {
    algorithm: readAlgorithm(required(tags, "a")),
    signature: decodeBase64(required(tags, "b")),
    domain: decodeDomain(required(tags, "d")),
    selector: decodeSelector(required(tags, "s")),
    timestamp: readNumber(tags, "t", maxTimeDigits),
  };
}

/** A DKIM-Signature field, folded, without its last line end, in ASCII: domains in A-labels. RFC 6376 3.5 */
export function printSignature(signature: Signature): string {
  const at = signature.identity.lastIndexOf("@");
  const isDefault = signature.identity === `@${signature.domain}`;
  const identity = encodeQuotedPrintable(signature.identity.slice(0, at)) + "@" +
    asciiDomain(signature.identity.slice(at + 1));
  return printTagField("DKIM-Signature", [
    ["v", "1"],
    ["a", signature.algorithm],
    ...(isDefault ? [] : [["i", identity] satisfies PrintedTag]),
    ...printSigningTags(signature),
  ]);
}

/** All but `a`, with `b` last, so that filling it in changes nothing else. */
export function printSigningTags(signing: SigningTags): PrintedTag[] {
  const tags: PrintedTag[] = [
    ["d", asciiDomain(signing.domain)],
    ["s", asciiSelector(signing.selector)],
    ["c", `${signing.headerCanonicalization}/${signing.bodyCanonicalization}`],
  ];
  if (signing.timestamp !== null) tags.push(["t", String(signing.timestamp)]);
  if (signing.expiration !== null) tags.push(["x", String(signing.expiration)]);
  if (signing.bodyLength !== null) tags.push(["l", String(signing.bodyLength)]);
  const last = signing.signedFields.length - 1;
  tags.push(["h", signing.signedFields.map((name, i) => i === last ? name : `${name}:`)]);
  tags.push(["bh", printBase64(signing.bodyHash)], ["b", printBase64(signing.signature)]);
  return tags;
}

/** Base64 that may be folded after every four characters. */
export function printBase64(bytes: Bytes): string[] {
  return base64(bytes).match(/.{4}/g) ?? [""];
}

function readAlgorithm(value: string): Algorithm {
  switch (value) {
    case "rsa-sha256":
    case "ed25519-sha256":
    case "rsa-sha1":
      return value;
    default: // RFC 6376 3.3.4
      throw new SyntaxError(`an unknown algorithm: ${shown(value)}`);
  }
}

function hashOctets(algorithm: Algorithm): number {
  return algorithm === "rsa-sha1" ? 20 : 32;
}

/** `header/body`, the second of which is `simple` where it is missing. RFC 6376 3.5 */
function readCanonicalizations(
  value: string | undefined,
  usual: Canonicalization,
): [Canonicalization, Canonicalization] {
  if (value === undefined) return [usual, usual];
  const [header = "", body = "simple", ...more] = value.split("/");
  if (more.length > 0) throw new SyntaxError(`not two canonicalizations: ${shown(value)}`);
  return [readCanonicalization(header), readCanonicalization(body)];
}

function readCanonicalization(value: string): Canonicalization {
  if (value === "simple" || value === "relaxed") return value;
  throw new SyntaxError(`an unknown canonicalization: ${shown(value)}`); // RFC 6376 3.4
}

function readFieldName(name: string): string {
  if (name !== "" && !isFieldName(name)) throw new SyntaxError(`not the name of a field: ${shown(name)}`);
  return asciiLower(name);
}

function readNumber(tags: TagList, name: string, maxDigits: number): number | null {
  const tag = tags.get(name);
  return tag === undefined ? null : decodeNumber(tag.value, maxDigits);
}

/** `[local]@domain`. RFC 6376 3.5, RFC 8616 5 */
function readIdentity(value: string | undefined, domain: string): string {
  if (value === undefined) return `@${domain}`;
  const text = decodeQuotedPrintable(value);
  const at = text.lastIndexOf("@");
  if (at === -1 || /[\x00-\x1f\x7f]/.test(text)) throw new SyntaxError(`not an identity: ${shown(text)}`);
  return `${text.slice(0, at + 1)}${readDomain(text.slice(at + 1))}`;
}
