/**
 * The first message of a TLS handshake, read before TLS begins: enough of it to choose a certificate and an
 * application protocol. RFC 8446 4.1.2, RFC 5246 7.4.1.2
 *
 * The reader only looks: the same bytes go to the TLS implementation afterwards, which judges them for good.
 * So it refuses what cannot be a ClientHello and does not mind what only TLS itself needs to understand
 * (key shares, unknown extensions, GREASE of RFC 8701).
 *
 * @module
 */
import { concat, fromLatin1, noBytes } from "../base/bytes.ts";

/** What a client offers. */
export interface ClientHello {
  /** The name that it wants to reach, in lower case (RFC 6066 3); null if none, or none that a certificate has. */
  readonly serverName: string | null;
  /** Application protocols, most wanted first, one character for each byte. RFC 7301 3.1 */
  readonly alpn: readonly string[];
  /** SignatureScheme numbers; empty if the extension is absent. RFC 8446 4.2.3 */
  readonly signatureSchemes: readonly number[];
  /** Protocol versions: 0x0303 is TLS 1.2, 0x0304 is TLS 1.3. RFC 8446 4.2.1 */
  readonly versions: readonly number[];
  readonly cipherSuites: readonly number[];
  /** NamedGroup numbers, which in TLS 1.2 are also the curves of certificates. RFC 8422 5.1.1 */
  readonly groups: readonly number[];
}

/** What is known after the bytes so far. */
export type ClientHelloResult =
  | { readonly kind: "more" }
  | { readonly kind: "parsed"; readonly hello: ClientHello }
  | { readonly kind: "notTls"; readonly why: NotTls; readonly detail: string };

/**
 * `plaintext`: does not begin like TLS at all. `sslv2`: the hello of SSL 2.0, which is forbidden (RFC 6176).
 * `malformed`: begins with a TLS handshake record, and breaks then.
 */
export type NotTls = "plaintext" | "sslv2" | "malformed";

/** Longest ClientHello accepted, with its record headers; real ones have 200 to 4,000 bytes. */
export const maxClientHelloBytes = 32 * 1024;

/** Most records that one ClientHello may be cut into; real clients cut theirs into one to three. */
export const maxClientHelloRecords = 64;

/** Most extensions, names, protocols, schemes, suites or groups kept from one list. */
export const maxListEntries = 256;

/** Longest plaintext in a record. RFC 8446 5.1 */
const maxRecordBytes = 16 * 1024;

const handshakeRecord = 22;
const clientHelloMessage = 1;
const recordHeaderBytes = 5;
const messageHeaderBytes = 4;

const extensionNumber = { serverName: 0, groups: 10, signatureSchemes: 13, alpn: 16, versions: 43 } as const;

/** Collects bytes until the ClientHello is whole, however they are cut. */
export class ClientHelloReader {
  #raw: Uint8Array = noBytes;
  #length = 0;
  /** Where in `#raw` the next record header begins. */
  #at = 0;
  /** The handshake message so far, in as many pieces as were not needed together yet. */
  #pieces: Uint8Array[] = [];
  #payloadBytes = 0;
  #records = 0;
  #result: ClientHelloResult = { kind: "more" };

  /**
   * Takes bytes as they came, which are the reader's from then on; the answer stays once it is not `more`. Bytes behind
   * a whole hello are only kept.
   */
  push(bytes: Uint8Array): ClientHelloResult {
    this.#append(bytes);
    if (this.#result.kind === "more") this.#result = this.#scan();
    return this.#result;
  }

  /** Every byte that was pushed, for the TLS implementation. */
  get bytes(): Uint8Array {
    return this.#raw.subarray(0, this.#length);
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (this.#length === 0) {
      // Nearly always the whole hello: it is only looked at. What follows goes behind a copy.
      this.#raw = bytes;
      this.#length = needed;
      return;
    }
    if (needed > this.#raw.length) {
      const grown = new Uint8Array(Math.max(needed, this.#raw.length * 2, 1024));
      grown.set(this.bytes);
      this.#raw = grown;
    }
    this.#raw.set(bytes, this.#length);
    this.#length = needed;
  }

  #scan(): ClientHelloResult {
    const raw = this.bytes;
    const first = notARecord(raw);
    if (first !== null) return first;
    while (raw.length - this.#at >= recordHeaderBytes) {
      const payload = uint16(raw, this.#at + 3);
      const broken = this.#checkHeader(raw, payload);
      if (broken !== null) return malformed(broken);
      const end = this.#at + recordHeaderBytes + payload;
      if (raw.length < end) break;
      this.#pieces.push(raw.subarray(this.#at + recordHeaderBytes, end));
      this.#payloadBytes += payload;
      this.#records++;
      this.#at = end;
      const result = this.#message();
      if (result.kind !== "more") return result;
      if (this.#records >= maxClientHelloRecords) return malformed("too many records");
    }
    if (raw.length >= maxClientHelloBytes) return malformed("too large");
    return { kind: "more" };
  }

  #checkHeader(raw: Uint8Array, payload: number): string | null {
    if (raw[this.#at] !== handshakeRecord) return "another record within the ClientHello";
    if (raw[this.#at + 1] !== 3) return "unknown record version";
    if (payload === 0) return "empty handshake record"; // RFC 8446 5.1
    if (payload > maxRecordBytes) return "record too long";
    if (this.#at + payload > maxClientHelloBytes) return "too large";
    return null;
  }

  /** Reads the handshake message once all its records are there. */
  #message(): ClientHelloResult {
    if (this.#payloadBytes < messageHeaderBytes) return { kind: "more" };
    const all = this.#pieces.length === 1 ? this.#pieces[0] ?? noBytes : concat(this.#pieces);
    this.#pieces = [all];
    if (all[0] !== clientHelloMessage) return malformed("another handshake message");
    const length = ((all[1] ?? 0) << 16) | uint16(all, 2);
    if (length > maxClientHelloBytes) return malformed("too large");
    if (all.length < messageHeaderBytes + length) return { kind: "more" };
    const hello = parseClientHello(all.subarray(messageHeaderBytes, messageHeaderBytes + length));
    return hello === null ? malformed("lengths do not fit") : { kind: "parsed", hello };
  }
}

/** What the first bytes are, if they are no TLS record; null while they may be one. */
function notARecord(raw: Uint8Array): ClientHelloResult | null {
  const [first, second, third] = raw;
  if (first === undefined) return null;
  if (first === handshakeRecord) return second === undefined || second === 3 ? null : plaintext;
  if (first < 0x80) return plaintext;
  // SSL 2.0: a length with its top bit set, then CLIENT-HELLO (1). RFC 5246 E.2
  if (third === undefined) return { kind: "more" };
  return third === 1 ? { kind: "notTls", why: "sslv2", detail: "SSL 2.0 hello" } : plaintext;
}

const plaintext: ClientHelloResult = { kind: "notTls", why: "plaintext", detail: "no TLS record" };

function malformed(detail: string): ClientHelloResult {
  return { kind: "notTls", why: "malformed", detail };
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/**
 * Reads the body of a ClientHello message (behind its type and length).
 *
 * @returns Null where the lengths inside do not add up.
 */
export function parseClientHello(body: Uint8Array): ClientHello | null {
  const fields = new Fields(body);
  const legacyVersion = fields.uint16();
  fields.skip(32); // random
  fields.vector(1); // legacy_session_id
  const cipherSuites = fields.vector(2);
  const compression = fields.vector(1);
  if (cipherSuites.length % 2 !== 0 || cipherSuites.length === 0 || compression.length === 0) return null;
  const extensions = fields.atEnd ? noBytes : fields.vector(2); // Absent in the oldest clients.
  if (fields.broken || !fields.atEnd) return null;
  const found = readExtensions(extensions);
  if (found === null) return null;
  return {
    serverName: found.serverName,
    alpn: found.alpn,
    signatureSchemes: found.signatureSchemes,
    versions: found.versions ?? [legacyVersion],
    cipherSuites: uint16s(cipherSuites),
    groups: found.groups,
  };
}

interface Extensions {
  serverName: string | null;
  alpn: string[];
  signatureSchemes: number[];
  versions: number[] | null;
  groups: number[];
}

function readExtensions(bytes: Uint8Array): Extensions | null {
  const found: Extensions = { serverName: null, alpn: [], signatureSchemes: [], versions: null, groups: [] };
  const seen = new Set<number>();
  const fields = new Fields(bytes);
  while (!fields.atEnd) {
    const type = fields.uint16();
    const body = fields.vector(2);
    // RFC 8446 4.2: no extension comes twice. What TLS would use then is anybody's guess.
    if (fields.broken || seen.has(type) || seen.size >= maxListEntries) return null;
    seen.add(type);
    if (!readExtension(found, type, body)) return null;
  }
  return found;
}

function readExtension(found: Extensions, type: number, body: Uint8Array): boolean {
  const fields = new Fields(body);
  switch (type) {
    case extensionNumber.serverName:
      found.serverName = hostName(fields.vector(2));
      break;
    case extensionNumber.alpn:
      found.alpn = protocols(fields.vector(2));
      break;
    case extensionNumber.signatureSchemes:
      found.signatureSchemes = uint16s(fields.vector(2));
      break;
    case extensionNumber.groups:
      found.groups = uint16s(fields.vector(2));
      break;
    case extensionNumber.versions:
      found.versions = uint16s(fields.vector(1));
      break;
    default:
      return true;
  }
  return !fields.broken && fields.atEnd;
}

/** Longest DNS name in text. RFC 1035 2.3.4 */
const maxNameLength = 253;
const dnsName = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/;

/** The first host name of a ServerNameList, if a certificate could have it. RFC 6066 3 */
function hostName(list: Uint8Array): string | null {
  const fields = new Fields(list);
  const type = fields.byte();
  const name = fields.vector(2);
  if (fields.broken || type !== 0) return null;
  const text = fromLatin1(name).toLowerCase();
  // An IPv4 address is no host name (RFC 6066 3); IPv6 does not get here.
  return text.length <= maxNameLength && dnsName.test(text) && !/^[\d.]+$/.test(text) ? text : null;
}

function protocols(list: Uint8Array): string[] {
  const found: string[] = [];
  const fields = new Fields(list);
  while (!fields.atEnd && !fields.broken && found.length < maxListEntries) {
    const name = fields.vector(1);
    if (name.length > 0) found.push(fromLatin1(name));
  }
  return found;
}

function uint16s(bytes: Uint8Array): number[] {
  const found: number[] = [];
  for (let at = 0; at + 1 < bytes.length && found.length < maxListEntries; at += 2) {
    found.push(uint16(bytes, at));
  }
  return found;
}

/** Numbers and vectors in the notation of RFC 8446 3; once something is missing, `broken` stays true. */
class Fields {
  readonly #bytes: Uint8Array;
  #at = 0;
  broken = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.broken || this.#at === this.#bytes.length;
  }

  skip(length: number): void {
    this.#has(length);
  }

  byte(): number {
    return this.#has(1) ? this.#bytes[this.#at - 1] ?? 0 : 0;
  }

  uint16(): number {
    return this.#has(2) ? uint16(this.#bytes, this.#at - 2) : 0;
  }

  /** Bytes behind a length of one or two bytes. */
  vector(lengthBytes: 1 | 2): Uint8Array {
    return this.#take(lengthBytes === 1 ? this.byte() : this.uint16());
  }

  #take(length: number): Uint8Array {
    return this.#has(length) ? this.#bytes.subarray(this.#at - length, this.#at) : noBytes;
  }

  /** Steps over so many bytes, if they are there. */
  #has(length: number): boolean {
    if (this.broken || this.#at + length > this.#bytes.length) {
      this.broken = true;
      return false;
    }
    this.#at += length;
    return true;
  }
}
