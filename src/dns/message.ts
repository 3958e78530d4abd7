/**
 * Messages of the DNS: queries as we send them, answers as they come. RFC 1035 4, RFC 6891 (EDNS), RFC 8914
 * (extended errors), RFC 2181 5, 8, 9
 *
 * What is read is bounded: 64 KiB by its 16-bit length, {@link maxRecords} records, and names of at most 255 octets
 * whose pointers lead only back. The OPT record is never among the additional records; `edns` tells what it said.
 *
 * @module
 */
import { type Bytes, fromUtf8, utf8 } from "../base/bytes.ts";
import { expandedRdata } from "./_names_in_rdata.ts";
import { WireReader, WireWriter } from "./_wire.ts";
import { nameToWire, root } from "./name.ts";
import type { Name } from "./record.ts";

/** What TCP's two octets of length can tell. RFC 1035 4.2.2 */
export const maxMessageBytes = 65535;

/**
 * Records of one message, all sections together. A name costs a record as little as two octets on the wire, and
 * up to a thousand in memory.
 */
export const maxRecords = 1024;

/** Extended errors kept of one message, and characters of each one's text: they are for people to read. */
export const maxExtendedErrors = 8;
export const maxExtendedErrorCharacters = 256;

/** A record as it came. */
export interface ResourceRecord {
  readonly name: Name;
  /** By number: also of types that nobody here knows. */
  readonly type: number;
  readonly class: number;
  /** Seconds, below 2^31. RFC 2181 8 */
  readonly ttl: number;
  /** Uncompressed wire form: names written out, letters as they came. */
  readonly rdata: Bytes;
}

/** What is asked. */
export interface Question {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
}

/** Why something failed, in the server's words. RFC 8914 */
export interface ExtendedError {
  readonly code: number;
  /** Of a stranger: control characters are taken out, nothing else. */
  readonly text: string;
}

/** What the OPT record says. RFC 6891 6.1 */
export interface Edns {
  readonly udpSize: number;
  readonly dnssecOk: boolean;
  readonly version: number;
  readonly extendedErrors: readonly ExtendedError[];
}

/** A query or an answer. */
export interface DnsMessage {
  readonly id: number;
  readonly isResponse: boolean;
  readonly opcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly authenticData: boolean;
  readonly checkingDisabled: boolean;
  /** With the upper bits of EDNS. */
  readonly rcode: number;
  /** Null where there is none; more than one is malformed (RFC 9619). */
  readonly question: Question | null;
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
  readonly additionals: readonly ResourceRecord[];
  /** Null where there is no OPT record. */
  readonly edns: Edns | null;
}

/** The class of everything here: the Internet. RFC 1035 3.2.4 */
export const classIn = 1;

/** The answer codes that are acted upon. RFC 6895 2.3 */
export const rcodes = {
  noError: 0,
  formErr: 1,
  servFail: 2,
  nxDomain: 3,
  notImp: 4,
  refused: 5,
  badVers: 16,
} as const;

/** What a query says. */
export interface Query {
  readonly id: number;
  readonly name: Name;
  readonly type: number;
  readonly recursionDesired: boolean;
  readonly checkingDisabled: boolean;
  readonly dnssecOk: boolean;
  /** The largest answer over UDP; null for a query without EDNS (then `dnssecOk` can not be said). */
  readonly udpSize: number | null;
  /** Whether AD is wanted in the answer although `dnssecOk` is not said. RFC 6840 5.7 */
  readonly authenticData?: boolean;
}

const typeOpt = 41;
const optionExtendedError = 15;

/** The octets of a query. @throws {SyntaxError} If the name is none. */
export function encodeQuery(query: Query): Bytes {
  const { udpSize } = query;
  return encodeMessage({
    id: query.id,
    isResponse: false,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: query.recursionDesired,
    recursionAvailable: false,
    authenticData: query.authenticData === true,
    checkingDisabled: query.checkingDisabled,
    rcode: rcodes.noError,
    question: { name: query.name, type: query.type, class: classIn },
    answers: [],
    authorities: [],
    additionals: [],
    edns: udpSize === null ? null : { udpSize, dnssecOk: query.dnssecOk, version: 0, extendedErrors: [] },
  });
}

/** The octets of a message; owners of records are compressed. @throws {SyntaxError} If a name or number can not be. */
export function encodeMessage(message: DnsMessage): Bytes {
  const w = new WireWriter();
  const { question, answers, authorities, additionals, edns } = message;
  w.u16(message.id).u16(flagsOf(message));
  w.u16(question === null ? 0 : 1).u16(answers.length).u16(authorities.length);
  w.u16(additionals.length + (edns === null ? 0 : 1));
  const places = new Map<string, number>();
  if (question !== null) {
    writeName(w, question.name, places);
    w.u16(question.type).u16(question.class);
  }
  for (const record of [...answers, ...authorities, ...additionals]) {
    writeName(w, record.name, places);
    w.u16(record.type).u16(record.class).u32(record.ttl).u16(record.rdata.length).octets(record.rdata);
  }
  if (edns !== null) writeEdns(w, edns, message.rcode);
  if (w.length > maxMessageBytes) throw new SyntaxError("a message over 64 KiB");
  return w.bytes();
}

/**
 * Reads a message. What stands behind its last record is ignored, as others do; in a truncated one also a last
 * record that is cut off, since some servers cut at the octet (RFC 2181 9 wants whole records).
 *
 * @throws {SyntaxError} If it is malformed.
 */
export function decodeMessage(bytes: Uint8Array): DnsMessage {
  if (bytes.length > maxMessageBytes) throw new SyntaxError("a message over 64 KiB");
  const r = new WireReader(bytes);
  const id = r.u16();
  const flags = r.u16();
  const truncated = (flags & 0x0200) !== 0;
  const counts = [r.u16(), r.u16(), r.u16(), r.u16()] as const;
  if (counts[0] > 1) throw new SyntaxError("a message of several questions"); // RFC 9619
  if (counts[1] + counts[2] + counts[3] > maxRecords) throw new SyntaxError("a message of too many records");
  const names = new Map<number, Name>();
  const question = counts[0] === 0 ? null : { name: readName(r, names), type: r.u16(), class: r.u16() };
  const [answers, authorities, all] = readSections(r, [counts[1], counts[2], counts[3]], truncated, names);
  if (answers.some(isOpt) || authorities.some(isOpt)) throw new SyntaxError("EDNS outside of its section");
  const opts = all.filter(isOpt);
  const opt = opts[0];
  if (opts.length > 1) throw new SyntaxError("EDNS twice"); // RFC 6891 6.1.1
  return {
    id,
    isResponse: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 0xf,
    authoritative: (flags & 0x0400) !== 0,
    truncated,
    recursionDesired: (flags & 0x0100) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    authenticData: (flags & 0x0020) !== 0,
    checkingDisabled: (flags & 0x0010) !== 0,
    rcode: (flags & 0xf) | (opt === undefined ? 0 : (opt.ttl >>> 24) << 4), // RFC 6891 6.1.3
    question,
    answers,
    authorities,
    additionals: opt === undefined ? all : all.filter((record) => record !== opt),
    edns: opt === undefined ? null : readEdns(opt),
  };
}

function flagsOf(message: DnsMessage): number {
  const bit = (is: boolean, value: number) => is ? value : 0;
  return bit(message.isResponse, 0x8000) | ((message.opcode & 0xf) << 11) |
    bit(message.authoritative, 0x0400) |
    bit(message.truncated, 0x0200) | bit(message.recursionDesired, 0x0100) |
    bit(message.recursionAvailable, 0x0080) | bit(message.authenticData, 0x0020) |
    bit(message.checkingDisabled, 0x0010) | (message.rcode & 0xf);
}

/** The name, or a pointer to where it stands already. */
function writeName(w: WireWriter, name: Name, places: Map<string, number>): void {
  const place = places.get(name);
  if (place !== undefined) return void w.u16(0xc000 | place);
  if (name !== root && w.length < 0x4000) places.set(name, w.length);
  w.octets(nameToWire(name));
}

function writeEdns(w: WireWriter, edns: Edns, rcode: number): void {
  const options = new WireWriter();
  for (const { code, text } of edns.extendedErrors) {
    const octets = utf8(text);
    options.u16(optionExtendedError).u16(2 + octets.length).u16(code).octets(octets);
  }
  w.name(root).u16(typeOpt).u16(edns.udpSize).u8(rcode >> 4).u8(edns.version);
  w.u16(edns.dnssecOk ? 0x8000 : 0).u16(options.length).octets(options.bytes());
}

/** Most owners are a pointer to a name that was read before. */
function readName(r: WireReader, names: Map<number, Name>): Name {
  const start = r.at;
  const high = r.bytes[start] ?? 0;
  const target = high >= 0xc0 ? ((high & 0x3f) << 8) | (r.bytes[start + 1] ?? 0) : start;
  const known = names.get(target);
  if (known !== undefined && target < start) {
    r.u16();
    return known;
  }
  const name = r.name();
  names.set(target, name);
  return name;
}

type Sections = [ResourceRecord[], ResourceRecord[], ResourceRecord[]];

function readSections(
  r: WireReader,
  counts: readonly [number, number, number],
  truncated: boolean,
  names: Map<number, Name>,
): Sections {
  const sections: Sections = [[], [], []];
  try {
    for (const [i, count] of counts.entries()) {
      for (let left = count; left > 0; left--) sections[i]?.push(readRecord(r, names));
    }
  } catch (error) {
    if (!truncated || !(error instanceof SyntaxError)) throw error;
  }
  return sections;
}

function readRecord(r: WireReader, names: Map<number, Name>): ResourceRecord {
  const name = readName(r, names);
  const type = r.u16();
  const class_ = r.u16();
  const wireTtl = r.u32();
  const length = r.u16();
  if (length > r.left) throw new SyntaxError("a record that is cut off");
  const rdata = expandedRdata(type, r.bytes, r.at, r.at + length);
  r.at += length;
  // With the highest bit set, a TTL counts as 0 (RFC 2181 8); where it is one.
  const ttl = wireTtl > 0x7fffffff && type !== typeOpt ? 0 : wireTtl;
  return { name, type, class: class_, ttl, rdata };
}

function isOpt(record: ResourceRecord): boolean {
  return record.type === typeOpt;
}

function readEdns(opt: ResourceRecord): Edns {
  if (opt.name !== root) throw new SyntaxError("EDNS of a name"); // RFC 6891 6.1.2
  const extendedErrors: ExtendedError[] = [];
  const r = new WireReader(opt.rdata);
  while (r.left > 0) {
    const code = r.u16();
    const value = r.octets(r.u16());
    if (code === optionExtendedError && extendedErrors.length < maxExtendedErrors) {
      extendedErrors.push(extendedError(value));
    }
  }
  return {
    udpSize: opt.class,
    dnssecOk: (opt.ttl & 0x8000) !== 0,
    version: (opt.ttl >>> 16) & 0xff,
    extendedErrors,
  };
}

/** Two octets, then UTF-8 that may end in a zero. RFC 8914 2 */
function extendedError(value: Bytes): ExtendedError {
  const r = new WireReader(value);
  const code = r.u16();
  const text = fromUtf8(r.rest()).slice(0, maxExtendedErrorCharacters);
  return { code, text: text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, "").toWellFormed() };
}
