/**
 * Zones that tests sign: with fresh keys, NSEC or NSEC3, delegations of every kind, and the faults that a test
 * wants. What answers questions of them is `zone_servers.ts`.
 *
 * @module
 */
import type { Bytes } from "../../base/bytes.ts";
import type { Millis } from "../../base/clock.ts";
import { dsDigest } from "../dnssec_algorithms.ts";
import { base32Hex } from "../dnssec_base32.ts";
import { nsec3Hash } from "../dnssec_nsec3.ts";
import { flagSecureEntryPoint, signedOctets } from "../dnssec_rrset.ts";
import { classIn, type ResourceRecord } from "../message.ts";
import {
  canonicalName,
  compareNames,
  isWithin,
  labelCount,
  nameFromText,
  parentOf,
  root,
  sameName,
} from "../name.ts";
import { writeData } from "../rdata.ts";
import { type DataByType, type Name, type RecordType, typeNumbers } from "../record.ts";
import { makeKey, type SigningKey } from "./signed_keys.ts";

/** How a zone denies. */
export type DenialKind =
  | "nsec"
  | { readonly iterations: number; readonly salt?: Bytes; readonly optOut?: boolean };

/** What is wrong with the signatures of one RRset. */
export type Fault = "missing" | "wrong" | "expired" | "early" | "stranger";

/** How a zone is made. */
export interface ZoneSettings {
  /** When it is signed: from a day before to ten days after, signatures are valid. */
  readonly now: Millis;
  /** Ed25519 if absent. */
  readonly algorithm?: number;
  /** One key for all, unless told. */
  readonly keys?: readonly SigningKey[];
  /** With a key for keys and one for the rest. */
  readonly splitKeys?: boolean;
  readonly signed?: boolean;
  readonly denial?: DenialKind;
  /** Of all records, in seconds; an hour if absent. */
  readonly ttl?: number;
  /** The address of its server. */
  readonly server?: string;
}

const day = 86_400;
const typeNsec3Param = 51;

const addressType = (address: string) => address.includes(":") ? "AAAA" : "A";

interface Rdatas {
  readonly ttl: number;
  readonly rdatas: Bytes[];
}

/** A zone and its keys. */
export class SignedZone {
  readonly origin: Name;
  readonly keys: readonly SigningKey[];
  readonly denial: DenialKind;
  readonly server: string;
  readonly signed: boolean;
  readonly #settings: ZoneSettings;
  readonly #nodes = new Map<Name, Map<number, Rdatas>>();
  readonly #faults = new Map<string, Fault>();
  readonly #signatures = new Map<string, ResourceRecord[]>();
  /** Owners of NSEC or NSEC3 records; null until they are needed. */
  #chain: Name[] | null = null;
  readonly #namesByHash = new Map<Name, Name>();

  constructor(origin: string, settings: ZoneSettings) {
    const { algorithm = 15, splitKeys = false } = settings;
    this.origin = nameFromText(origin);
    this.#settings = settings;
    this.signed = settings.signed ?? true;
    this.denial = settings.denial ?? "nsec";
    this.server = settings.server ?? "192.0.2.1";
    const fresh = () => splitKeys ? [makeKey(algorithm), makeKey(algorithm, 256)] : [makeKey(algorithm)];
    this.keys = this.signed ? settings.keys ?? fresh() : [];
    const host = this.absolute("ns");
    const [refresh, minimum] = [3600, 300];
    this.add("@", "SOA", {
      primary: host,
      mailbox: host,
      serial: 1,
      refresh,
      retry: 600,
      expire: day,
      minimum,
    });
    this.add("@", "NS", { host }).add("ns", addressType(this.server), { address: this.server });
    for (const key of this.keys) this.add("@", "DNSKEY", key.data);
    if (this.signed && this.denial !== "nsec") {
      this.addRaw("@", typeNsec3Param, this.#nsec3Param(this.denial));
    }
  }

  /** `www` is below the zone, `@` the zone itself, `a.example.` as it stands. */
  absolute(name: string): Name {
    if (name === "@") return this.origin;
    if (name.endsWith(".")) return nameFromText(name);
    return nameFromText(this.origin === root ? `${name}.` : `${name}.${this.origin}`);
  }

  add<T extends RecordType>(name: string, type: T, data: DataByType[T], ttl?: number): this {
    return this.addRaw(name, typeNumbers[type], writeData(type, data), ttl);
  }

  /** Adds a record as it is on the wire. */
  addRaw(name: string, type: number, rdata: Bytes, ttl = this.#settings.ttl ?? 3600): this {
    const owner = canonicalName(this.absolute(name));
    const node = this.#nodes.get(owner) ?? new Map<number, Rdatas>();
    this.#nodes.set(owner, node);
    const set = node.get(type) ?? { ttl, rdatas: [] };
    node.set(type, set);
    set.rdatas.push(rdata);
    this.#chain = null;
    this.#signatures.clear();
    return this;
  }

  /** Takes the records of one type away. */
  remove(name: string, type: RecordType): this {
    this.#nodes.get(canonicalName(this.absolute(name)))?.delete(typeNumbers[type]);
    this.#signatures.clear();
    return this;
  }

  /** Delegates to a child, with DS records of its keys, or with others, or with none. */
  delegate(child: SignedZone, ds: readonly DataByType["DS"][] | "none" = child.ds()): this {
    const host = child.absolute("ns");
    this.add(child.origin, "NS", { host });
    if (isWithin(host, this.origin)) this.add(host, addressType(child.server), { address: child.server });
    for (const one of ds === "none" ? [] : ds) this.add(child.origin, "DS", one);
    return this;
  }

  /** DS records of the keys that sign keys. */
  ds(digestType = 2): DataByType["DS"][] {
    return this.keys.filter(({ data }) => (data.flags & flagSecureEntryPoint) !== 0).map((key) => ({
      keyTag: key.tag,
      algorithm: key.data.algorithm,
      digestType,
      digest: dsDigest(digestType, this.origin, key.rdata),
    }));
  }

  /** Makes the signatures of an RRset wrong from now on. */
  spoil(name: string, type: RecordType | number, fault: Fault): this {
    this.#faults.set(
      `${canonicalName(this.absolute(name))} ${typeof type === "number" ? type : typeNumbers[type]}`,
      fault,
    );
    this.#signatures.clear();
    return this;
  }

  /** Whether there are records at a name. */
  has(name: Name): boolean {
    return this.#nodes.has(canonicalName(name));
  }

  /** Whether the name has records, or names below it have. */
  exists(name: Name): boolean {
    return this.has(name) || [...this.#nodes.keys()].some((node) => isWithin(node, name));
  }

  /** Where the zone ends above a name, or at it; null where it does not. */
  cutAbove(name: Name): Name | null {
    let cut: Name | null = null;
    for (let at: Name | null = name; at !== null && !sameName(at, this.origin); at = parentOf(at)) {
      if (this.#nodes.get(canonicalName(at))?.has(typeNumbers.NS) === true) cut = at;
    }
    return cut;
  }

  /** The records of one name and type, without signatures, with `as` for their owner. */
  records(name: Name, type: number, as: Name = name): ResourceRecord[] {
    const denial = this.#denialRecord(name, type);
    if (denial !== null) return [denial];
    const set = this.#nodes.get(canonicalName(name))?.get(type);
    return (set?.rdatas ?? []).map((rdata) => ({
      name: as,
      type,
      class: classIn,
      ttl: set?.ttl ?? 0,
      rdata,
    }));
  }

  /** The same with their signatures. Delegations and glue have none. */
  withSignatures(name: Name, type: number, as: Name = name): ResourceRecord[] {
    const records = this.records(name, type, as);
    if (!this.signed || records.length === 0) return records;
    const cut = this.cutAbove(name);
    const ownAtCut = type === typeNumbers.DS || type === typeNumbers.NSEC;
    if (cut !== null && !(sameName(cut, name) && ownAtCut)) return records;
    return [...records, ...this.#signaturesOf(name, type).map((record) => ({ ...record, name: as }))];
  }

  #signaturesOf(name: Name, type: number): ResourceRecord[] {
    const key = `${canonicalName(name)} ${type}`;
    const kept = this.#signatures.get(key);
    if (kept !== undefined) return kept;
    const fault = this.#faults.get(key);
    const signers = this.#signers(type);
    const made = fault === "missing"
      ? []
      : signers.map((signer) => this.#signature(name, type, signer, fault));
    this.#signatures.set(key, made);
    return made;
  }

  #signers(type: number): readonly SigningKey[] {
    const zoneKeys = this.keys.filter(({ data }) => (data.flags & flagSecureEntryPoint) === 0);
    if (zoneKeys.length === 0) return this.keys;
    return type === typeNumbers.DNSKEY ? this.keys.filter((key) => !zoneKeys.includes(key)) : zoneKeys;
  }

  #signature(name: Name, type: number, signer: SigningKey, fault: Fault | undefined): ResourceRecord {
    const records = this.records(name, type);
    const ttl = records[0]?.ttl ?? 0;
    const now = Math.floor(this.#settings.now / 1000);
    const shift = fault === "expired" ? -20 * day : fault === "early" ? 20 * day : 0;
    const head: DataByType["RRSIG"] = {
      typeCovered: type,
      algorithm: signer.data.algorithm,
      labels: labelCount(name) - (name.startsWith("*.") ? 1 : 0),
      originalTtl: ttl,
      inception: now - day + shift,
      expiration: now + 10 * day + shift,
      keyTag: signer.tag,
      signer: fault === "stranger" ? nameFromText("stranger.") : this.origin,
      signature: new Uint8Array(0),
    };
    const set = { owner: name, type, ttl, rdatas: records.map(({ rdata }) => rdata), signatures: [] };
    const signature = signer.sign(signedOctets(set, name, head));
    if (fault === "wrong") signature[9] = (signature[9] ?? 0) ^ 1;
    return {
      name,
      type: typeNumbers.RRSIG,
      class: classIn,
      ttl,
      rdata: writeData("RRSIG", { ...head, signature }),
    };
  }

  /** The name whose NSEC or NSEC3 record is at `name`, or covers it; null if there is none. */
  denier(name: Name): { owner: Name; matches: boolean } {
    const chain = this.#names();
    const place = this.denial === "nsec" ? name : this.hashed(name);
    const at = chain.findLastIndex((owner) => compareNames(owner, place) <= 0);
    const owner = chain.at(at) ?? this.origin;
    return { owner, matches: sameName(owner, place) };
  }

  /** The owner of a name's NSEC3 record. */
  hashed(name: Name): Name {
    const { iterations, salt } = this.#nsec3();
    const label = base32Hex(nsec3Hash(name, salt, iterations));
    return this.origin === root ? `${label}.` : `${label}.${this.origin}`;
  }

  get denialType(): number {
    return this.denial === "nsec" ? typeNumbers.NSEC : typeNumbers.NSEC3;
  }

  #nsec3(): { iterations: number; salt: Bytes; optOut: boolean } {
    if (this.denial === "nsec") return { iterations: 0, salt: new Uint8Array(0), optOut: false };
    const { iterations, salt = new Uint8Array(0), optOut = false } = this.denial;
    return { iterations, salt, optOut };
  }

  #nsec3Param({ iterations, salt = new Uint8Array(0) }: Exclude<DenialKind, "nsec">): Bytes {
    return Uint8Array.of(1, 0, iterations >> 8, iterations, salt.length, ...salt);
  }

  /** Owners of NSEC records, or of NSEC3 records, in their order. RFC 4034 4, RFC 5155 7.1 */
  #names(): Name[] {
    if (this.#chain !== null) return this.#chain;
    const all = [...this.#nodes.keys()].filter((name) => {
      const cut = this.cutAbove(name);
      return cut === null || sameName(cut, name);
    });
    if (this.denial === "nsec") return this.#chain = all.sort(compareNames);
    const { optOut } = this.#nsec3();
    const kept = new Set<Name>();
    for (const name of all) {
      const node = this.#nodes.get(name);
      if (optOut && this.cutAbove(name) !== null && node?.has(typeNumbers.DS) !== true) continue;
      for (let at: Name | null = name; at !== null && isWithin(at, this.origin); at = parentOf(at)) {
        kept.add(at);
      }
    }
    for (const name of kept) this.#namesByHash.set(this.hashed(name), name);
    return this.#chain = [...kept].map((name) => this.hashed(name)).sort(compareNames);
  }

  #denialRecord(owner: Name, type: number): ResourceRecord | null {
    if (type !== this.denialType || !this.signed) return null;
    const chain = this.#names();
    const at = chain.findIndex((name) => sameName(name, owner));
    const next = chain[(at + 1) % chain.length];
    if (at === -1 || next === undefined) return null;
    const whole = { name: owner, type, class: classIn, ttl: 300 };
    if (this.denial === "nsec") {
      const types = this.#typesAt(owner, typeNumbers.NSEC);
      return { ...whole, rdata: writeData("NSEC", { next, types }) };
    }
    const { iterations, salt, optOut } = this.#nsec3();
    const nextHash = nsec3Hash(this.#namesByHash.get(next) ?? next, salt, iterations);
    const types = this.#typesAt(this.#namesByHash.get(owner) ?? owner, null);
    const flags = optOut ? 1 : 0;
    return {
      ...whole,
      rdata: writeData("NSEC3", { hashAlgorithm: 1, flags, iterations, salt, nextHash, types }),
    };
  }

  /** At a cut, of the zone above only what is its own. RFC 4034 4.1.2, RFC 5155 7.1 */
  #typesAt(name: Name, own: number | null): number[] {
    const types = [...this.#nodes.get(canonicalName(name))?.keys() ?? []];
    const atCut = this.cutAbove(name) !== null;
    const shown = atCut ? types.filter((type) => type === typeNumbers.NS || type === typeNumbers.DS) : types;
    const isSigned = own !== null || (atCut ? shown.includes(typeNumbers.DS) : shown.length > 0);
    return [...shown, ...(isSigned ? [typeNumbers.RRSIG] : []), ...(own === null ? [] : [own])];
  }
}
