/**
 * Signing messages. RFC 6376 5, RFC 8301, RFC 8463
 *
 * The body is hashed while it streams by, before: {@link bodyHasherFor} says which hashes will be needed, and
 * {@link signMessage} is the rest. The same message, keys and time give the same fields. RSA and Ed25519
 * signatures are both without chance.
 *
 * @module
 */
import { createHash, type KeyObject, sign } from "node:crypto";
import { parseDomain } from "../address/domain.ts";
import { type Bytes, noBytes } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { asciiLower } from "../base/scanner.ts";
import { isFieldName } from "../message/headers.ts";
import { DkimBodyHasher } from "./body_hasher.ts";
import { HeaderSection, octetsOf } from "./header_section.ts";
import { maxRsaBits, minRsaBits } from "./public_key.ts";
import {
  type Algorithm,
  type Canonicalization,
  printBase64,
  printSignature,
  type Signature,
} from "./signature.ts";
import { foldOn } from "./tag_list.ts";
import { readSelector } from "./tag_values.ts";

/**
 * What is signed if nothing else is said: what readers see, and what makes the body look as it does. RFC 6376
 * 5.4.1
 */
export const defaultSignedFields: readonly string[] = [
  "from",
  "to",
  "cc",
  "bcc",
  "reply-to",
  "references",
  "in-reply-to",
  "subject",
  "date",
  "message-id",
  "content-type",
];

/** One signature to make. */
export interface Signer {
  readonly domain: string;
  readonly selector: string;
  /** Private: RSA of 1024 to 4096 bits (RFC 8301 3.2), or Ed25519. */
  readonly key: KeyObject;
  /** Names of fields; From must be one. {@link defaultSignedFields} if absent. */
  readonly fields?: readonly string[];
  /**
   * Also sign that there is no further field of each name, so that none can be added (RFC 6376 5.4). On if
   * absent.
   */
  readonly seal?: boolean;
  readonly headerCanonicalization: Canonicalization;
  readonly bodyCanonicalization: Canonicalization;
  /** `local@domain` or `@domain`, within the domain (`i=`). Left out if absent. */
  readonly identity?: string;
  /** How long the signature is to be good for (`x=`), or absent for ever. */
  readonly expirationSeconds?: number;
}

/** A message to be signed. */
export interface ToSign {
  /** The header section as it will be sent, CRLF as line ends, with or without its empty line. */
  readonly header: Uint8Array;
  /** Of {@link bodyHasherFor}, finished. */
  readonly body: DkimBodyHasher;
  readonly signers: readonly Signer[];
  readonly now: Millis;
}

/** A hasher that is ready to take the body for all of these. */
export function bodyHasherFor(signers: readonly Signer[]): DkimBodyHasher {
  const hasher = new DkimBodyHasher();
  for (const signer of signers) hasher.want(signer.bodyCanonicalization);
  return hasher;
}

/**
 * DKIM-Signature fields, one for each signer, in their order, each with its line end: to be put in front of the
 * header section. RFC 6376 5.6
 *
 * None of them signs another.
 *
 * @throws {SyntaxError} If the message does not have exactly one From (RFC 5322 3.6): whoever reads it might
 * see another one than the one that was checked.
 * @throws {TypeError} If a signer is wrong: a key that cannot sign, From not among its fields, an identity
 * outside of its domain, a body that was not hashed for it.
 */
export function signMessage(message: ToSign): string[] {
  const section = new HeaderSection(message.header);
  const count = section.all("from").length;
  if (count !== 1) throw new SyntaxError(`a message with ${count} From fields is not signed`);
  return message.signers.map((signer) => signOnce(section, message, signer));
}

function signOnce(section: HeaderSection, message: ToSign, signer: Signer): string {
  const fields = signer.fields ?? defaultSignedFields;
  const signedFields = namesToSign(section, fields, signer.seal ?? true);
  const timestamp = Math.floor(message.now / 1000);
  const domain = parseDomain(signer.domain);
  const unsigned: Signature = {
    algorithm: algorithmOf(signer.key),
    signature: noBytes,
    domain,
    selector: readSelector(signer.selector),
    timestamp,
    bodyHash: bodyHash(message.body, signer.bodyCanonicalization),
    headerCanonicalization: signer.headerCanonicalization,
    bodyCanonicalization: signer.bodyCanonicalization,
    signedFields,
    bodyLength: null, // RFC 6376 8.2: no l=, ever.
    expiration: signer.expirationSeconds === undefined ? null : timestamp + signer.expirationSeconds,
    identity: identityOf(signer.identity ?? `@${domain}`, domain),
  };
  const field = printSignature(unsigned);
  return `${signField(section, field, unsigned, signer.key)}\r\n`;
}

/** RFC 6376 3.5 (`i=`) */
function identityOf(identity: string, domain: string): string {
  const at = identity.lastIndexOf("@");
  const within = parseDomain(identity.slice(at + 1));
  if (at === -1 || (within !== domain && !within.endsWith(`.${domain}`))) {
    throw new TypeError("an identity outside of its domain");
  }
  return `${identity.slice(0, at)}@${within}`;
}

/**
 * Fills in the last tag, `b=`, of a field that signs others. RFC 6376 3.7
 *
 * @param field Printed with an empty `b=`, without line end.
 */
export function signField(
  section: HeaderSection,
  field: string,
  signing: { readonly signedFields: readonly string[]; readonly headerCanonicalization: Canonicalization },
  key: KeyObject,
): string {
  const form = signing.headerCanonicalization;
  let text = "";
  for (const one of section.select(signing.signedFields)) text += section.canonical(one, form);
  return fillIn(field, text + canonicalField(field, form), key);
}

/** The field with the signature of `text` behind its `b=`. */
export function fillIn(field: string, text: string, key: KeyObject): string {
  return foldOn(field, printBase64(signatureOf(key, octetsOf(text))));
}

/** A field of our own in canonical form, without line end. */
export function canonicalField(field: string, form: Canonicalization): string {
  const own = new HeaderSection(octetsOf(field));
  const [name = ""] = field.split(":", 1);
  const [only] = own.all(asciiLower(name));
  return only === undefined ? "" : own.canonical(only, form).slice(0, -2);
}

/** RFC 6376 3.3.2, RFC 8463 3 */
function signatureOf(key: KeyObject, data: Bytes): Bytes {
  if (key.asymmetricKeyType === "rsa") return new Uint8Array(sign("sha256", data, key));
  return new Uint8Array(sign(null, createHash("sha256").update(data).digest(), key));
}

/** The algorithm that a private key signs with. @throws {TypeError} If there is none. */
export function algorithmOf(key: KeyObject): Algorithm {
  if (key.type !== "private") throw new TypeError("signing takes a private key");
  if (key.asymmetricKeyType === "ed25519") return "ed25519-sha256";
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType === "rsa" && bits >= minRsaBits && bits <= maxRsaBits) return "rsa-sha256";
  throw new TypeError(`DKIM has no signatures of a key of type ${key.asymmetricKeyType}, or of its size`);
}

/**
 * The names for `h=`: each as often as there are fields of it, and, sealed, once more. RFC 6376 5.4, 5.4.2
 *
 * @throws {TypeError}
 */
export function namesToSign(section: HeaderSection, fields: readonly string[], seal: boolean): string[] {
  const names = new Set(fields.map(asciiLower));
  if (!names.has("from")) throw new TypeError("From must be among the signed fields"); // RFC 6376 5.4
  return [...names].flatMap((name) => {
    // RFC 5322 2.2 lets a semicolon into a name, which h= cannot hold.
    if (!isFieldName(name) || name.includes(";")) {
      throw new TypeError(`not the name of a field: ${JSON.stringify(name)}`);
    }
    return Array<string>(section.all(name).length + (seal ? 1 : 0)).fill(name);
  });
}

/** The digest that was asked for with {@link bodyHasherFor}. @throws {TypeError} If it was not. */
export function bodyHash(body: DkimBodyHasher, form: Canonicalization): Bytes {
  const hash = body.want(form);
  if (hash === null) throw new TypeError("the body was not hashed for this signer");
  return hash.digest;
}
