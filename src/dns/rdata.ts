/**
 * The data of records between wire form and values. Each type cites its source in `record.ts`.
 *
 * Values are read strictly: a record with an octet too few or too many is no record. Signatures are computed over
 * octets ({@link canonicalRdata}), never over what was read and written again.
 *
 * @module
 */
import { type Bytes, fromLatin1, latin1 } from "../base/bytes.ts";
import { parseIp, printIp } from "../base/ip_address.ts";
import { loweredRdata } from "./_names_in_rdata.ts";
import { readTypes, writeTypes } from "./_type_bitmap.ts";
import { WireReader, WireWriter } from "./_wire.ts";
import type { DataByType, Name, RecordType } from "./record.ts";

/** One type's two directions. */
interface Codec<T extends RecordType> {
  read(r: WireReader): DataByType[T];
  write(w: WireWriter, data: DataByType[T]): void;
}

/**
 * Reads the data of one record.
 *
 * @param rdata Uncompressed, as in a `ResourceRecord`.
 * @throws {SyntaxError} If they are not of this type.
 */
export function readData<T extends RecordType>(type: T, rdata: Bytes): DataByType[T] {
  const r = new WireReader(rdata);
  const data = codecs[type].read(r);
  r.finish();
  return data;
}

/** The wire form, uncompressed. @throws {SyntaxError} If a value can not be written: a bad name, a number too large. */
export function writeData<T extends RecordType>(type: T, data: DataByType[T]): Bytes {
  const w = new WireWriter();
  codecs[type].write(w, data);
  return w.bytes();
}

/**
 * The form in which data are signed and ordered: uncompressed, names of some types in lower case.
 * RFC 4034 6.2, RFC 6840 5.1
 *
 * @param type By number; data of types that nobody here knows stay as they are.
 * @throws {SyntaxError} If a name in it can not be read.
 */
export function canonicalRdata(type: number, rdata: Bytes): Bytes {
  return loweredRdata(type, rdata);
}

const codecs: { readonly [T in RecordType]: Codec<T> } = {
  A: {
    read: (r) => ({ address: printIp({ version: 4, bytes: r.octets(4) }) }),
    write: (w, { address }) => w.octets(addressOctets(address, 4)),
  },
  AAAA: {
    read: (r) => ({ address: printIp({ version: 6, bytes: r.octets(16) }) }),
    write: (w, { address }) => w.octets(addressOctets(address, 16)),
  },
  MX: {
    read: (r) => ({ preference: r.u16(), exchange: readName(r) }),
    write: (w, { preference, exchange }) => w.u16(preference).name(exchange),
  },
  TXT: { read: (r) => ({ strings: readStrings(r) }), write: (w, { strings }) => writeStrings(w, strings) },
  PTR: { read: (r) => ({ target: readName(r) }), write: (w, { target }) => w.name(target) },
  CNAME: { read: (r) => ({ target: readName(r) }), write: (w, { target }) => w.name(target) },
  DNAME: { read: (r) => ({ target: readName(r) }), write: (w, { target }) => w.name(target) },
  NS: { read: (r) => ({ host: readName(r) }), write: (w, { host }) => w.name(host) },
  SRV: {
    read: (r) => ({ priority: r.u16(), weight: r.u16(), port: r.u16(), target: readName(r) }),
    write: (w, data) => w.u16(data.priority).u16(data.weight).u16(data.port).name(data.target),
  },
  SOA: {
    read: (r) => ({
      primary: readName(r),
      mailbox: readName(r),
      serial: r.u32(),
      refresh: r.u32(),
      retry: r.u32(),
      expire: r.u32(),
      minimum: r.u32(),
    }),
    write: (w, data) =>
      w.name(data.primary).name(data.mailbox).u32(data.serial).u32(data.refresh).u32(data.retry)
        .u32(data.expire).u32(data.minimum),
  },
  CAA: { read: readCaa, write: writeCaa },
  TLSA: {
    read: (r) => ({ usage: r.u8(), selector: r.u8(), matchingType: r.u8(), data: r.rest() }),
    write: (w, data) => w.u8(data.usage).u8(data.selector).u8(data.matchingType).octets(data.data),
  },
  DS: {
    read: (r) => ({ keyTag: r.u16(), algorithm: r.u8(), digestType: r.u8(), digest: r.rest() }),
    write: (w, data) => w.u16(data.keyTag).u8(data.algorithm).u8(data.digestType).octets(data.digest),
  },
  DNSKEY: {
    read: (r) => ({ flags: r.u16(), protocol: r.u8(), algorithm: r.u8(), publicKey: r.rest() }),
    write: (w, data) => w.u16(data.flags).u8(data.protocol).u8(data.algorithm).octets(data.publicKey),
  },
  RRSIG: {
    read: (r) => ({
      typeCovered: r.u16(),
      algorithm: r.u8(),
      labels: r.u8(),
      originalTtl: r.u32(),
      expiration: r.u32(),
      inception: r.u32(),
      keyTag: r.u16(),
      signer: readName(r),
      signature: r.rest(),
    }),
    write: (w, data) =>
      w.u16(data.typeCovered).u8(data.algorithm).u8(data.labels).u32(data.originalTtl).u32(data.expiration)
        .u32(data.inception).u16(data.keyTag).name(data.signer).octets(data.signature),
  },
  NSEC: {
    read: (r) => ({ next: readName(r), types: readTypes(r) }),
    write: (w, { next, types }) => writeTypes(w.name(next), types),
  },
  NSEC3: {
    read: (r) => ({
      hashAlgorithm: r.u8(),
      flags: r.u8(),
      iterations: r.u16(),
      salt: r.string(),
      nextHash: r.string(),
      types: readTypes(r),
    }),
    write: (w, data) =>
      writeTypes(
        w.u8(data.hashAlgorithm).u8(data.flags).u16(data.iterations).string(data.salt).string(data.nextHash),
        data.types,
      ),
  },
  HTTPS: { read: readHttps, write: writeHttps },
};

function readName(r: WireReader): Name {
  return r.name({ uncompressed: true });
}

/** An IPv4-mapped address is still an AAAA record's: sixteen octets. */
function addressOctets(text: string, octets: 4 | 16): Bytes {
  const ip = parseIp(text);
  if (ip === null || text.includes(":") !== (octets === 16)) {
    throw new SyntaxError(
      `not an address for a record of ${octets} octets: ${JSON.stringify(text.slice(0, 60))}`,
    );
  }
  if (ip.bytes.length === octets) return ip.bytes;
  const mapped = new Uint8Array(16).fill(0xff, 10, 12);
  mapped.set(ip.bytes, 12);
  return mapped;
}

/** One or more. RFC 1035 3.3.14 */
function readStrings(r: WireReader): Bytes[] {
  const strings = [r.string()];
  while (r.left > 0) strings.push(r.string());
  return strings;
}

function writeStrings(w: WireWriter, strings: readonly Bytes[]): void {
  if (strings.length === 0) throw new SyntaxError("text without a character string");
  for (const string of strings) w.string(string);
}

/** Letters and digits. RFC 8659 4.1 */
const caaTag = /^[A-Za-z0-9]{1,255}$/;

function readCaa(r: WireReader): DataByType["CAA"] {
  const flags = r.u8();
  const tag = fromLatin1(r.string());
  if (!caaTag.test(tag)) throw new SyntaxError("a property tag of other than letters and digits");
  return { critical: (flags & 0x80) !== 0, tag, value: fromLatin1(r.rest()) };
}

/** The other flags are reserved, and sent as 0. RFC 8659 4.1 */
function writeCaa(w: WireWriter, { critical, tag, value }: DataByType["CAA"]): void {
  if (!caaTag.test(tag)) throw new SyntaxError("a property tag of other than letters and digits");
  w.u8(critical ? 0x80 : 0).string(latin1(tag)).octets(latin1(value));
}

/** Keys in strictly ascending order, or the record is malformed. RFC 9460 2.2 */
function readHttps(r: WireReader): DataByType["HTTPS"] {
  const priority = r.u16();
  const target = readName(r);
  const parameters: [key: number, value: Bytes][] = [];
  let last = -1;
  while (r.left > 0) {
    const key = r.u16();
    if (key <= last) throw new SyntaxError("parameters out of order");
    parameters.push([key, r.octets(r.u16())]);
    last = key;
  }
  return { priority, target, parameters };
}

function writeHttps(w: WireWriter, { priority, target, parameters }: DataByType["HTTPS"]): void {
  w.u16(priority).name(target);
  let last = -1;
  for (const [key, value] of parameters) {
    if (key <= last) throw new SyntaxError("parameters out of order");
    w.u16(key).u16(value.length).octets(value);
    last = key;
  }
}
