/**
 * What a certificate says, read by our own code where every octet counts: for DANE, which compares parts of
 * certificates, and for checks that the runtime does not make. RFC 5280 4
 *
 * Reading decides nothing: whoever relies on a certificate looks at dates, names, constraints and signatures.
 *
 * @module
 */
import { fromLatin1, fromUtf8, KiB } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { asciiLower } from "../base/scanner.ts";
import {
  DerReader,
  type DerValue,
  inside,
  readBoolean,
  readIdentifier,
  readSmallInteger,
  readTime,
  tags,
} from "./der_reader.ts";

/** Most octets of one certificate that are read. */
export const maxCertificateOctets = 64 * KiB;
/** Most extensions. */
export const maxExtensions = 100;
/** More names of one certificate are not looked at: each is compared with each name that is wanted. */
export const maxCertificateNames = 1000;

/** A certificate as read; byte ranges share the memory of the whole. */
export interface CertificateFields {
  readonly whole: Uint8Array;
  /** What is signed, and by what. */
  readonly toBeSigned: Uint8Array;
  /** Dotted. */
  readonly signatureAlgorithm: string;
  readonly signature: Uint8Array;
  /** 1, 2 or 3. */
  readonly version: number;
  /** Distinguished names in DER, to be compared octet by octet. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
  readonly notBefore: Millis;
  readonly notAfter: Millis;
  /** Of the subject, in lower case; for those who have no names in subjectAltName. */
  readonly commonNames: readonly string[];
  /** DNS names of subjectAltName in lower case; what could never be one is left out. */
  readonly dnsNames: readonly string[];
  /** Null without basicConstraints. RFC 5280 4.2.1.9 */
  readonly isCa: boolean | null;
  /** How many intermediate certificates may follow; null: no limit. */
  readonly pathLength: number | null;
  /** keyCertSign; null without keyUsage. RFC 5280 4.2.1.3 */
  readonly maySignCertificates: boolean | null;
  /** Dotted; null without extKeyUsage. RFC 5280 4.2.1.12 */
  readonly purposes: readonly string[] | null;
  /** Of DNS names; null without nameConstraints. RFC 5280 4.2.1.10 */
  readonly nameConstraints:
    | { readonly permitted: readonly string[]; readonly excluded: readonly string[] }
    | null;
  /** Extensions that are critical and that nobody here knows: who relies on the certificate must refuse it. */
  readonly unknownCritical: readonly string[];
}

/** Reads a certificate. @throws {SyntaxError} */
export function readCertificate(der: Uint8Array): CertificateFields {
  if (der.length > maxCertificateOctets) throw new SyntaxError("a certificate that is too large");
  const outer = inside(der);
  const signed = outer.take(tags.sequence);
  const algorithm = algorithmOf(outer.take(tags.sequence));
  const signature = bitsOf(outer.take(tags.bitString));
  outer.end();
  const r = new DerReader(signed.content);
  const version = readVersion(r);
  r.take(tags.integer); // The serial number; its form matters to nobody here.
  const inner = algorithmOf(r.take(tags.sequence));
  if (inner !== algorithm) throw new SyntaxError("two signature algorithms"); // RFC 5280 4.1.1.2
  const issuer = r.take(tags.sequence).whole;
  const validity = new DerReader(r.take(tags.sequence).content);
  const notBefore = readTime(validity.take());
  const notAfter = readTime(validity.take());
  validity.end();
  const subject = r.take(tags.sequence).whole;
  const publicKey = r.take(tags.sequence).whole;
  r.takeIf(0x81); // Unique identifiers, of version 2. RFC 5280 4.1.2.8
  r.takeIf(0x82);
  const extensions = readExtensions(r.takeIf(0xa3));
  r.end();
  return {
    whole: der,
    toBeSigned: signed.whole,
    signatureAlgorithm: algorithm,
    signature,
    version,
    issuer,
    subject,
    publicKey,
    notBefore,
    notAfter,
    commonNames: commonNamesOf(subject),
    ...extensions,
  };
}

function readVersion(r: DerReader): number {
  const explicit = r.takeIf(0xa0);
  if (explicit === null) return 1;
  const inner = new DerReader(explicit.content);
  const version = readSmallInteger(inner.take(tags.integer).content) + 1;
  inner.end();
  if (version > 3) throw new SyntaxError("a version that no certificate has");
  return version;
}

function algorithmOf({ content }: DerValue): string {
  return readIdentifier(new DerReader(content).take(tags.objectIdentifier).content);
}

/** Bits that fill whole octets. */
function bitsOf({ content }: DerValue): Uint8Array {
  if (content[0] !== 0) throw new SyntaxError("bits that fill no whole octets");
  return content.subarray(1);
}

const commonName = "2.5.4.3";

function commonNamesOf(subject: Uint8Array): string[] {
  const names: string[] = [];
  for (const set = inside(subject); !set.done;) {
    const r = new DerReader(set.take(tags.set).content);
    while (!r.done && names.length < maxCertificateNames) {
      const pair = new DerReader(r.take(tags.sequence).content);
      const id = readIdentifier(pair.take(tags.objectIdentifier).content);
      const { tag, content } = pair.take();
      if (id !== commonName) continue;
      names.push(asciiLower(tag === tags.utf8String ? fromUtf8(content) : fromLatin1(content)));
    }
  }
  return names;
}

type Extensions = Pick<
  CertificateFields,
  | "dnsNames"
  | "isCa"
  | "pathLength"
  | "maySignCertificates"
  | "purposes"
  | "nameConstraints"
  | "unknownCritical"
>;
type Draft = { -readonly [K in keyof Extensions]: Extensions[K] };

/** What is done with each extension that is known. */
const known: ReadonlyMap<string, (value: Uint8Array, draft: Draft) => void> = new Map([
  ["2.5.29.19", readBasicConstraints],
  ["2.5.29.15", readKeyUsage],
  ["2.5.29.37", readPurposes],
  ["2.5.29.17", readAlternativeNames],
  ["2.5.29.30", readNameConstraints],
  // Policies: a client that asks for none need not follow them. RFC 5280 6.1.1 (c) to (e)
  ["2.5.29.32", ignore],
  ["2.5.29.33", ignore],
  ["2.5.29.36", ignore],
  ["2.5.29.54", ignore],
  // Identifiers of keys, and where to ask about revocation: never critical in good certificates.
  ["2.5.29.14", ignore],
  ["2.5.29.35", ignore],
]);

function readExtensions(wrapped: DerValue | null): Extensions {
  const draft: Draft = {
    dnsNames: [],
    isCa: null,
    pathLength: null,
    maySignCertificates: null,
    purposes: null,
    nameConstraints: null,
    unknownCritical: [],
  };
  if (wrapped === null) return draft;
  const seen = new Set<string>();
  const unknownCritical: string[] = [];
  for (const list = inside(wrapped.content); !list.done;) {
    const r = new DerReader(list.take(tags.sequence).content);
    const id = readIdentifier(r.take(tags.objectIdentifier).content);
    const critical = r.takeIf(tags.boolean);
    const value = r.take(tags.octetString).content;
    r.end();
    if (seen.has(id)) throw new SyntaxError(`the extension ${id} twice`); // RFC 5280 4.2
    seen.add(id);
    if (seen.size > maxExtensions) throw new SyntaxError("too many extensions");
    const read = known.get(id);
    if (read !== undefined) read(value, draft);
    else if (critical !== null && readBoolean(critical.content)) unknownCritical.push(id);
  }
  return { ...draft, unknownCritical };
}

function ignore(): void {}

function readBasicConstraints(value: Uint8Array, draft: Draft): void {
  const r = inside(value);
  const isCa = r.takeIf(tags.boolean);
  draft.isCa = isCa !== null && readBoolean(isCa.content);
  const length = r.takeIf(tags.integer);
  draft.pathLength = length === null ? null : readSmallInteger(length.content);
  r.end();
}

/** keyCertSign is bit 5, counted from the left. */
function readKeyUsage(value: Uint8Array, draft: Draft): void {
  const { content } = new DerReader(value).take(tags.bitString);
  draft.maySignCertificates = ((content[1] ?? 0) & 0x04) !== 0;
}

function readPurposes(value: Uint8Array, draft: Draft): void {
  const purposes: string[] = [];
  for (const r = inside(value); !r.done && purposes.length < maxExtensions;) {
    purposes.push(readIdentifier(r.take(tags.objectIdentifier).content));
  }
  draft.purposes = purposes;
}

/** `[2] IMPLICIT IA5String`. RFC 5280 4.2.1.6 */
const dnsNameTag = 0x82;

function readAlternativeNames(value: Uint8Array, draft: Draft): void {
  const names: string[] = [];
  for (const r = inside(value); !r.done && names.length < maxCertificateNames;) {
    const { tag, content } = r.take();
    if (tag !== dnsNameTag) continue;
    const name = asciiLower(fromLatin1(content));
    // A name with a NUL, a space or a comma in it is made to be misread.
    if (/^(?:\*\.)?[a-z0-9_.-]{1,253}$/.test(name)) names.push(name);
  }
  draft.dnsNames = names;
}

/** Only of DNS names: no other kind of name is taken from a certificate here, so no other can do harm. */
function readNameConstraints(value: Uint8Array, draft: Draft): void {
  const r = inside(value);
  const permitted = subtrees(r.takeIf(0xa0));
  const excluded = subtrees(r.takeIf(0xa1));
  r.end();
  draft.nameConstraints = { permitted, excluded };
}

function subtrees(list: DerValue | null): string[] {
  const names: string[] = [];
  if (list === null) return names;
  for (const r = new DerReader(list.content); !r.done && names.length < maxCertificateNames;) {
    const { tag, content } = new DerReader(r.take(tags.sequence).content).take();
    if (tag === dnsNameTag) names.push(asciiLower(fromLatin1(content)));
  }
  return names;
}
