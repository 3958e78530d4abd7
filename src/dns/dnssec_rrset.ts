/**
 * Sets of records and their signatures. RFC 4034 3.1.8.1, 6; RFC 4035 5.3; RFC 6840 5
 *
 * Everything is compared and signed as octets in canonical form. A signature counts if it is by a key of the zone
 * that is told as its signer; that this is the right zone is for `dnssec_chain.ts` to know.
 *
 * @module
 */
import { type Bytes, concat } from "../base/bytes.ts";
import {
  algorithmName,
  keyTag,
  readVerifyKey,
  supportsAlgorithm,
  type VerifyKey,
} from "./dnssec_algorithms.ts";
import { shown } from "./dnssec_step.ts";
import { maxKeysOfTag, maxSignaturesSeen, maxSignaturesTried, type Work } from "./dnssec_work.ts";
import { classIn, type ResourceRecord } from "./message.ts";
import {
  canonicalName,
  compareOctets,
  isWithin,
  labelCount,
  nameToWire,
  parentOf,
  root,
  sameName,
} from "./name.ts";
import { canonicalRdata, readData } from "./rdata.ts";
import { type DataByType, type Name, type RecordType, typeNumbers } from "./record.ts";

/** All records of one name and type in a section, with the signatures that are told to be over them. */
export interface Rrset {
  /** As it first came. */
  readonly owner: Name;
  readonly type: number;
  /** Seconds: the least of the records' (RFC 2181 5.2). */
  readonly ttl: number;
  /** Uncompressed, each once, in the order in which they came. */
  readonly rdatas: readonly Bytes[];
  readonly signatures: readonly DataByType["RRSIG"][];
}

/** A key of a zone. */
export interface ZoneKey {
  readonly tag: number;
  readonly data: DataByType["DNSKEY"];
  /** In wire form, which digests are over. */
  readonly rdata: Bytes;
}

/** The keys that speak for a zone. */
export interface ZoneKeys {
  readonly zone: Name;
  readonly keys: readonly ZoneKey[];
}

/** Whether, and how, an RRset is signed. */
export type Checked =
  | {
    readonly ok: true;
    /** The signature that is right. */
    readonly signature: DataByType["RRSIG"];
    /** Seconds that the records may be kept. RFC 4035 5.3.3 */
    readonly ttl: number;
    /**
     * Where the records came of a wildcard: the name that the `*` stands below. Then it is still to be proved that
     * there is nothing closer to the owner. RFC 4035 5.3.4
     */
    readonly wildcardOf: Name | null;
  }
  | { readonly ok: false; readonly why: string };

/** RFC 4034 2.1.1, RFC 5011 7. */
export const flagZoneKey = 0x0100;
export const flagRevoked = 0x0080;
export const flagSecureEntryPoint = 0x0001;

/** Puts the records of a section together. What is of another class, and signatures of nothing, are left out. */
export function rrsetsOf(records: readonly ResourceRecord[]): Rrset[] {
  const sets = new Map<string, Collected>();
  const signatures: ResourceRecord[] = [];
  for (const record of records) {
    if (record.class !== classIn) continue;
    if (record.type === typeNumbers.RRSIG) signatures.push(record);
    else collect(sets, record);
  }
  for (const { name, rdata } of signatures) {
    const signature = readOrNull("RRSIG", rdata);
    if (signature === null) continue;
    sets.get(setKey(name, signature.typeCovered))?.signatures.push(signature);
  }
  return [...sets.values()].map(({ seen: _seen, ...set }) => set);
}

interface Collected {
  readonly owner: Name;
  readonly type: number;
  ttl: number;
  readonly rdatas: Bytes[];
  readonly seen: Set<string>;
  readonly signatures: DataByType["RRSIG"][];
}

function collect(sets: Map<string, Collected>, { name, type, ttl, rdata }: ResourceRecord): void {
  const key = setKey(name, type);
  const set = sets.get(key) ?? { owner: name, type, ttl, rdatas: [], seen: new Set(), signatures: [] };
  sets.set(key, set);
  set.ttl = Math.min(set.ttl, ttl);
  const octets = rdata.toBase64();
  if (set.seen.has(octets)) return; // RFC 2181 5, RFC 4034 6.3
  set.seen.add(octets);
  set.rdatas.push(rdata);
}

function setKey(name: Name, type: number): string {
  return `${canonicalName(name)} ${type}`;
}

/** The set of that name and type. */
export function findRrset(sets: readonly Rrset[], owner: Name, type: number): Rrset | undefined {
  return sets.find((set) => set.type === type && sameName(set.owner, owner));
}

/** The data of all records of a set that can be read. */
export function dataOf<T extends RecordType>(type: T, set: Rrset): DataByType[T][] {
  return set.rdatas.map((rdata) => readOrNull(type, rdata)).filter((data) => data !== null);
}

/** Null for octets that are not of this type. */
export function readOrNull<T extends RecordType>(type: T, rdata: Bytes): DataByType[T] | null {
  try {
    return readData(type, rdata);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The keys of a DNSKEY set that may sign a zone's records. RFC 4034 2.1.1, 2.1.2; RFC 5011 2.1 */
export function zoneKeysOf(set: Rrset): ZoneKey[] {
  return keysOf(set).filter(({ data }) =>
    (data.flags & flagZoneKey) !== 0 && (data.flags & flagRevoked) === 0
  );
}

/** All keys of a DNSKEY set that are of DNSSEC, those revoked included. */
export function keysOf(set: Rrset): ZoneKey[] {
  const keys: ZoneKey[] = [];
  for (const rdata of set.rdatas) {
    const data = readOrNull("DNSKEY", rdata);
    if (data !== null && data.protocol === 3) keys.push({ tag: keyTag(rdata), data, rdata });
  }
  return keys;
}

/** The name that an RRset had when it was signed: of a wildcard, the `*`. Null if it has too few labels. RFC 4035 5.3.2 */
export function signedName(owner: Name, labels: number): { name: Name; wildcardOf: Name | null } | null {
  const wild = owner.startsWith("*.");
  let surplus = labelCount(owner) - (wild ? 1 : 0) - labels;
  if (surplus < 0) return null;
  if (surplus === 0) return { name: owner, wildcardOf: null };
  let encloser = owner;
  for (surplus += wild ? 1 : 0; surplus > 0; surplus--) encloser = parentOf(encloser) ?? root;
  return { name: encloser === root ? "*." : `*.${encloser}`, wildcardOf: encloser };
}

/** The octets that a signature is over. RFC 4034 3.1.8.1 @throws {SyntaxError} If a name in a record can not be read. */
export function signedOctets(set: Rrset, name: Name, signature: DataByType["RRSIG"]): Bytes {
  return concat([signatureHead(signature), ...canonicalRecords(set, name, signature.originalTtl)]);
}

/** The RRSIG's data without the signature, the signer in lower case. */
function signatureHead(signature: DataByType["RRSIG"]): Bytes {
  const signer = nameToWire(signature.signer, { lowerCase: true });
  const head = new Uint8Array(18 + signer.length);
  const view = new DataView(head.buffer);
  view.setUint16(0, signature.typeCovered);
  head[2] = signature.algorithm;
  head[3] = signature.labels;
  view.setUint32(4, signature.originalTtl);
  view.setUint32(8, signature.expiration);
  view.setUint32(12, signature.inception);
  view.setUint16(16, signature.keyTag);
  head.set(signer, 18);
  return head;
}

/** Each record in canonical form, in canonical order, each once. RFC 4034 6.2, 6.3 */
function canonicalRecords(set: Rrset, name: Name, ttl: number): Bytes[] {
  const owner = nameToWire(name, { lowerCase: true });
  const rdatas = set.rdatas.map((rdata) => canonicalRdata(set.type, rdata)).sort(compareOctets);
  const records: Bytes[] = [];
  for (const [i, rdata] of rdatas.entries()) {
    const before = rdatas[i - 1];
    if (before !== undefined && compareOctets(before, rdata) === 0) continue;
    const head = new Uint8Array(10);
    const view = new DataView(head.buffer);
    view.setUint16(0, set.type);
    view.setUint16(2, classIn);
    view.setUint32(4, ttl);
    view.setUint16(8, rdata.length);
    records.push(concat([owner, head, rdata]));
  }
  return records;
}

/**
 * Types of which no record may come of a wildcard: they speak of one name alone, or of all that is below it.
 * RFC 4592 4.4 to 4.7
 */
const neverWild: readonly number[] = [
  typeNumbers.DNAME,
  typeNumbers.NSEC,
  typeNumbers.NSEC3,
  typeNumbers.DNSKEY,
  typeNumbers.DS,
  typeNumbers.SOA,
];

/**
 * Checks an RRset against the keys of a zone: one right signature is enough (RFC 6840 5.4).
 *
 * @param now Seconds since 1970.
 * @throws {Refused} When the work is used up.
 */
export function checkRrset(set: Rrset, zone: ZoneKeys, now: number, work: Work): Checked {
  const faults: Fault[] = [];
  let tried = 0;
  for (const signature of set.signatures.slice(0, maxSignaturesSeen)) {
    const fault = unfit(set, signature, zone, now);
    if (fault !== null) {
      faults.push(fault);
      continue;
    }
    const name = signedName(set.owner, signature.labels);
    const keys = zone.keys.filter((key) =>
      key.tag === signature.keyTag && key.data.algorithm === signature.algorithm
    );
    if (name === null || keys.length === 0) {
      faults.push(keys.length === 0 ? unknownKey(signature, zone) : tooFewLabels);
      continue;
    }
    if (++tried > maxSignaturesTried) break;
    const octets = readableOctets(set, name.name, signature);
    if (octets === null) return { ok: false, why: "one of its records can not be read" };
    if (keys.slice(0, maxKeysOfTag).some((key) => signs(key, octets, signature, work))) {
      const ttl = Math.min(set.ttl, signature.originalTtl, secondsUntil(signature.expiration, now));
      return { ok: true, signature, ttl, wildcardOf: name.wildcardOf };
    }
    faults.push({ rank: 3, why: `the signature by key ${signature.keyTag} does not fit` });
  }
  return { ok: false, why: worst(faults, zone) };
}

function readableOctets(set: Rrset, name: Name, signature: DataByType["RRSIG"]): Bytes | null {
  try {
    return signedOctets(set, name, signature);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Why there is no right signature; the fault of the signature that came closest to being right is told. */
interface Fault {
  readonly rank: number;
  readonly why: string;
}

const tooFewLabels: Fault = { rank: 0, why: "its signature is of a longer name" };

function unknownKey(signature: DataByType["RRSIG"], zone: ZoneKeys): Fault {
  return { rank: 1, why: `${shown(zone.zone)} has no key ${signature.keyTag}, by which it is signed` };
}

function worst(faults: readonly Fault[], { zone }: ZoneKeys): string {
  const first = faults.toSorted((a, b) => b.rank - a.rank)[0];
  return first?.why ?? `it has no signature by ${shown(zone)}`;
}

/** What keeps a signature from being tried at all. RFC 4035 5.3.1 */
function unfit(set: Rrset, signature: DataByType["RRSIG"], { zone }: ZoneKeys, now: number): Fault | null {
  const { signer, inception, expiration, keyTag: tag, labels, algorithm } = signature;
  if (!sameName(signer, zone) || !isWithin(set.owner, zone)) {
    return { rank: 0, why: `it is signed by ${shown(signer)}, not by ${shown(zone)}` };
  }
  if (!supportsAlgorithm(algorithm)) {
    return { rank: 0, why: `it is signed with ${algorithmName(algorithm)}, which is not supported` };
  }
  if (neverWild.includes(set.type) && labels < labelCount(set.owner) - (set.owner.startsWith("*.") ? 1 : 0)) {
    return { rank: 0, why: "it pretends to come of a wildcard" };
  }
  if (isAfter(inception, now)) {
    return { rank: 2, why: `the signature by key ${tag} is not valid before ${dateOf(inception, now)}` };
  }
  if (isAfter(now, expiration)) {
    return { rank: 2, why: `the signature by key ${tag} expired on ${dateOf(expiration, now)}` };
  }
  return null;
}

const verifyKeys = new WeakMap<ZoneKey, VerifyKey | "unusable">();

function signs(key: ZoneKey, octets: Bytes, signature: DataByType["RRSIG"], work: Work): boolean {
  const known = verifyKeys.get(key) ?? readVerifyKey(key.data.algorithm, key.data.publicKey) ?? "unusable";
  verifyKeys.set(key, known);
  if (known === "unusable") return false;
  work.check(known.cost);
  const right = known.verifies(octets, signature.signature);
  if (!right) work.wasted(known.cost);
  return right;
}

/** Serial numbers of 32 bits, so that the year 2106 is as good as another. RFC 4034 3.1.5, RFC 1982 3.2 */
function isAfter(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

function secondsUntil(time: number, now: number): number {
  return Math.max(0, (time - now) | 0);
}

/** The date that a serial number means, within 68 years of now. */
function dateOf(time: number, now: number): string {
  return new Date((now + ((time - now) | 0)) * 1000).toISOString().slice(0, 19) + "Z";
}
