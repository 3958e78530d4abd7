/**
 * From a message to an {@link Answer}: aliases followed, denials told apart, times to live joined.
 * RFC 1034 3.6.2, 4.3.2; RFC 2308 2, 5; RFC 6672 2.2, 2.3; RFC 6604 3
 *
 * Nothing here asks whether a record is true: a validator has looked at a message before it comes here, or nobody has.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import { classIn, type DnsMessage, rcodes, type ResourceRecord } from "./message.ts";
import { isWithin, nameFromText, root, sameName } from "./name.ts";
import { readData, writeData } from "./rdata.ts";
import { type DataByType, type Name, type RecordType, typeNumbers } from "./record.ts";
import type { Answer, FailureKind, Security } from "./resolver.ts";

/** Aliases on the way from the name asked for to the one that has the records, whatever number of messages tells of them. */
export const maxAliases = 8;

/**
 * Seconds for which answers are kept at least: what one message makes us ask twice is asked once, also where a TTL is
 * 0 ("for the transaction in progress", RFC 1035 3.2.1).
 */
export const minTtlSeconds = 5;
/** Seconds for which records are kept at most. */
export const maxTtlSeconds = 24 * 3600;
/** Seconds for which a denial is kept at most; RFC 2308 5 has found up to three hours to work well. */
export const maxNegativeTtlSeconds = 3600;

/** One alias on the way. */
export interface Alias {
  /** The name that is an alias. */
  readonly owner: Name;
  readonly target: Name;
  /** The record that says so: a CNAME of `owner`, or a DNAME of a name above it. Its signature is the one that counts. */
  readonly record: ResourceRecord;
}

/** What one message says of the end of a trail. */
export type Finding =
  | {
    readonly kind: "found";
    readonly records: readonly ResourceRecord[];
    /** Of the set whose signature counts: of the records' own, or the DNAME that they follow from. */
    readonly signed: ResourceRecord;
  }
  /** `soa` is the zone's that denies; null where the server sent none. */
  | { readonly kind: "noData" | "noSuchDomain"; readonly soa: ResourceRecord | null }
  /** Aliases led to a name of which the message says nothing: ask for `trail.at`. */
  | { readonly kind: "again" }
  | Failed;

interface Failed {
  readonly kind: "failed";
  readonly failure: FailureKind;
  readonly why: string;
}

/** The way from a name through its aliases, over one message or several. */
export class AliasTrail {
  readonly aliases: Alias[] = [];
  #at: Name;

  constructor(name: Name) {
    this.#at = name;
  }

  /** Where it stands. */
  get at(): Name {
    return this.#at;
  }

  /** Goes on as far as `records` lead; null, or why it can not. */
  follow(records: readonly ResourceRecord[], type: number): Failed | null {
    for (;;) {
      if (records.some((record) => record.type === type && isOf(record, this.#at))) return null;
      const alias = aliasOf(this.#at, records, type);
      if (alias === null) return null;
      if ("kind" in alias) return alias;
      this.aliases.push(alias);
      this.#at = alias.target;
      if (this.aliases.some(({ owner }) => sameName(owner, alias.target))) {
        return failed("aliases", `the aliases of ${alias.owner} are a circle`);
      }
      if (this.aliases.length > maxAliases) return failed("aliases", `more than ${maxAliases} aliases`);
    }
  }

  /** The least TTL of the aliases; Infinity without one. */
  get ttl(): number {
    return leastTtl(this.aliases.map((alias) => alias.record));
  }
}

/** Follows the aliases of a message and tells what it says at their end. Moves `trail`. */
export function readFinding(message: DnsMessage, type: RecordType, trail: AliasTrail): Finding {
  const number = typeNumbers[type];
  const start = trail.at;
  const made = type === "CNAME" ? madeAlias(start, message.answers) : null;
  if (made !== null) return made;
  const stuck = trail.follow(message.answers, number);
  if (stuck !== null) return stuck;
  const records = recordsOf(message.answers, trail.at, number);
  const [signed] = records;
  if (signed !== undefined) {
    if (message.rcode === rcodes.noError) return { kind: "found", records, signed };
    return failed("serverFailure", `the server has records of ${trail.at} and says that it does not exist`);
  }
  const soa = zoneOf(message.authorities, trail.at);
  // The code is of the last name of the chain. RFC 6604 3
  if (message.rcode === rcodes.nxDomain) return { kind: "noSuchDomain", soa };
  if (soa === null && trail.at !== start) return { kind: "again" };
  return { kind: "noData", soa };
}

/** The CNAME that follows from a DNAME above a name: the server's own is not signed. RFC 6672 3.1, 5.3.1 */
function madeAlias(name: Name, records: readonly ResourceRecord[]): Finding | null {
  const alias = aliasOf(name, records, typeNumbers.CNAME);
  if (alias === null || "kind" in alias) return alias;
  const { owner, target, record: signed } = alias;
  const rdata = writeData("CNAME", { target });
  return { kind: "found", records: [{ ...signed, name: owner, type: typeNumbers.CNAME, rdata }], signed };
}

/** What an answer is made of. */
export interface AnswerParts<T extends RecordType> {
  readonly name: Name;
  readonly type: T;
  readonly trail: AliasTrail;
  readonly finding: Exclude<Finding, { readonly kind: "again" }>;
  readonly security: Security;
  /** Why `security` is what it is. */
  readonly why: string;
}

/** The answer. A record that can not be read makes it a failure: what is not understood is not left out quietly. */
export function answerOf<T extends RecordType>(parts: AnswerParts<T>): Answer<T> {
  const { name, type, trail, finding, security, why } = parts;
  const failure = (kind: FailureKind, reason: string) => failedAnswer(name, type, trail.at, kind, reason);
  if (finding.kind === "failed") return failure(finding.failure, finding.why);
  const whole = { name, type, canonicalName: trail.at, security, why, failure: null };
  if (finding.kind !== "found") {
    return { ...whole, status: finding.kind, records: [], ttl: negativeTtl(finding.soa, trail.ttl) };
  }
  const records: DataByType[T][] = [];
  try {
    for (const record of finding.records) records.push(readData(type, record.rdata));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return failure("serverFailure", `a ${type} record of ${trail.at} can not be read: ${error.message}`);
  }
  const ttl = Math.min(leastTtl(finding.records), trail.ttl);
  return { ...whole, status: "found", records, ttl: clamp(ttl, maxTtlSeconds) };
}

/** The answer that there is none. */
export function failedAnswer<T extends RecordType>(
  name: Name,
  type: T,
  canonicalName: Name,
  failure: FailureKind,
  why: string,
): Answer<T> {
  const security = failure === "bogus" ? "bogus" : "indeterminate";
  return { name, type, status: "failed", canonicalName, records: [], ttl: 0, security, why, failure };
}

/** The records of one name and type, each once (RFC 2181 5), of the Internet. */
export function recordsOf(records: readonly ResourceRecord[], name: Name, type: number): ResourceRecord[] {
  const found = records.filter((record) => record.type === type && isOf(record, name));
  if (found.length < 2) return found;
  const seen = new Set<string>();
  return found.filter(({ rdata }) => seen.size < seen.add(hex(rdata)).size);
}

/** The least TTL: a set has one, and where a server sent several, the least counts. RFC 2181 5.2 */
function leastTtl(records: readonly ResourceRecord[]): number {
  return records.reduce((least, record) => Math.min(least, record.ttl), Infinity);
}

/** Without a SOA, nobody said how long: not kept. RFC 2308 5 */
function negativeTtl(soa: ResourceRecord | null, trailTtl: number): number {
  if (soa === null) return 0;
  return clamp(Math.min(soaMinimum(soa), soa.ttl, trailTtl), maxNegativeTtlSeconds);
}

function soaMinimum(soa: ResourceRecord): number {
  try {
    return readData("SOA", soa.rdata).minimum;
  } catch {
    return 0;
  }
}

function clamp(ttl: number, most: number): number {
  return Math.min(Math.max(ttl, minTtlSeconds), most);
}

/** The zone that speaks of `name`. RFC 2308 2.1, 2.2 */
function zoneOf(authorities: readonly ResourceRecord[], name: Name): ResourceRecord | null {
  const isSoa = (record: ResourceRecord) => record.type === typeNumbers.SOA && record.class === classIn;
  return authorities.find((record) => isSoa(record) && isWithin(name, record.name)) ?? null;
}

function isOf(record: ResourceRecord, name: Name): boolean {
  return record.class === classIn && sameName(record.name, name);
}

/**
 * The next alias of `name`. A DNAME above it comes before a CNAME of its own: that one is made up by the server, and
 * nobody signed it (RFC 6672 3.1, 5.3.1).
 */
function aliasOf(name: Name, records: readonly ResourceRecord[], type: number): Alias | Failed | null {
  try {
    return dnameOf(name, records) ?? (type === typeNumbers.CNAME ? null : cnameOf(name, records));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return failed("serverFailure", `an alias of ${name} can not be followed: ${error.message}`);
  }
}

function cnameOf(name: Name, records: readonly ResourceRecord[]): Alias | null {
  const [record, ...others] = recordsOf(records, name, typeNumbers.CNAME);
  if (record === undefined) return null;
  if (others.length > 0) throw new SyntaxError("there are several CNAMEs"); // RFC 2181 10.1
  return { owner: name, target: readData("CNAME", record.rdata).target, record };
}

/** RFC 6672 2.2; a name that becomes too long is one that can not be followed. */
function dnameOf(name: Name, records: readonly ResourceRecord[]): Alias | null {
  const covers = (record: ResourceRecord) =>
    record.type === typeNumbers.DNAME && record.class === classIn && isWithin(name, record.name) &&
    !sameName(name, record.name);
  const record = records.find(covers);
  if (record === undefined) return null;
  const { target } = readData("DNAME", record.rdata);
  const below = name.slice(0, name.length - (record.name === root ? 0 : record.name.length));
  return { owner: name, target: nameFromText(target === root ? below : below + target), record };
}

function failed(failure: FailureKind, why: string): Failed {
  return { kind: "failed", failure, why };
}
