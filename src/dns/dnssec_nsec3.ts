/**
 * Proofs by NSEC3 records, which name hashes in place of names. RFC 5155 5, 8; RFC 6840 4; RFC 9276
 *
 * Pure: the records' signatures have been checked. Where a proof rests on a record with Opt-Out, there may be an
 * unsigned delegation in the gap, and nothing below is more than insecure (RFC 5155 9.2, 12.2).
 *
 * Hashing is the work: each round has the price of a query's, and who asks picks how many names. Over
 * {@link maxNsec3Iterations} the records prove nothing, which makes insecure what they deny (RFC 9276 3.2); below
 * it, `Work` counts the rounds of a whole lookup.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { type Bytes, concat, hex } from "../base/bytes.ts";
import { type Cut, type Denial, lacksType } from "./dnssec_nsec.ts";
import { dataOf, type Rrset } from "./dnssec_rrset.ts";
import { shown } from "./dnssec_step.ts";
import type { Work } from "./dnssec_work.ts";
import { fromBase32Hex } from "./dnssec_base32.ts";
import { labelsOf, nameToWire, parentOf, root, sameName } from "./name.ts";
import { type Name, typeNumbers } from "./record.ts";

/** Above it, what is denied is insecure. RFC 9276 3.2 lets validators choose; 0 is what zones should use (3.1). */
export const maxNsec3Iterations = 100;

/** SHA-1, the only one there is. RFC 5155 11 */
const hashAlgorithmSha1 = 1;
const hashOctets = 20;
const flagOptOut = 0x01;

/** One NSEC3 record; hashes in hexadecimal, which orders as their octets do. */
interface Nsec3 {
  readonly hash: string;
  readonly next: string;
  readonly optOut: boolean;
  readonly types: ReadonlySet<number>;
}

/** A zone's NSEC3 records, with the parameters that all of them have. */
export interface Nsec3Proof {
  readonly zone: Name;
  readonly records: readonly Nsec3[];
  readonly salt: Bytes;
  readonly iterations: number;
  readonly work: Work;
  /** Hashes that were computed, by name. */
  readonly hashes: Map<Name, string>;
}

/** The salted, iterated hash of a name. RFC 5155 5 */
export function nsec3Hash(name: Name, salt: Uint8Array, iterations: number): Bytes {
  let digest: Uint8Array = nameToWire(name, { lowerCase: true });
  for (let round = 0; round <= iterations; round++) {
    digest = createHash("sha1").update(concat([digest, salt])).digest();
  }
  return new Uint8Array(digest);
}

/**
 * The records of a zone's NSEC3 sets, null if there are none. Unknown hashes and flags are left out (RFC 5155 8.1,
 * 8.2), as are those of other parameters than the first (RFC 5155 8.2: they must all be the same).
 */
export function nsec3ProofOf(sets: readonly Rrset[], zone: Name, work: Work): Nsec3Proof | null {
  let proof: { salt: Bytes; iterations: number } | null = null;
  const records: Nsec3[] = [];
  for (const set of sets) {
    const isOne = set.type === typeNumbers.NSEC3 && set.rdatas.length === 1;
    const hash = isOne ? ownerHash(set.owner, zone) : null;
    if (hash === null) continue;
    for (const data of dataOf("NSEC3", set)) {
      const known = data.hashAlgorithm === hashAlgorithmSha1 && (data.flags & ~flagOptOut) === 0;
      if (!known || data.nextHash.length !== hashOctets) continue;
      proof ??= { salt: data.salt, iterations: data.iterations };
      if (proof.iterations !== data.iterations || hex(proof.salt) !== hex(data.salt)) continue;
      const optOut = (data.flags & flagOptOut) !== 0;
      records.push({ hash, next: hex(data.nextHash), optOut, types: new Set(data.types) });
    }
  }
  return proof === null ? null : { zone, records, ...proof, work, hashes: new Map() };
}

/** The first label, if the record is the zone's own. RFC 5155 3 */
function ownerHash(owner: Name, zone: Name): string | null {
  const above = parentOf(owner);
  if (above === null || !sameName(above, zone)) return null;
  const hash = fromBase32Hex(labelsOf(owner)[0] ?? new Uint8Array(0));
  return hash?.length === hashOctets ? hex(hash) : null;
}

/** Whether hashing would be too much work to prove anything. */
export function hasTooManyIterations({ iterations }: Nsec3Proof): boolean {
  return iterations > maxNsec3Iterations;
}

const tooManyIterations = "its NSEC3 records take too many rounds of hashing (RFC 9276)";

/** What is proved of the records of one type at a name. RFC 5155 8.4, 8.5 with erratum 3441, 8.6, 8.7 */
export function denyByNsec3(proof: Nsec3Proof, name: Name, type: number): Denial {
  if (hasTooManyIterations(proof)) {
    return { proved: "anything", security: "insecure", why: tooManyIterations };
  }
  const at = matching(proof, name);
  if (at !== undefined) {
    return lacksType(at.types, name, type)
      ? { proved: "noData", security: "secure", why: `the NSEC3 record of ${shown(name)} denies it` }
      : unproved(`the NSEC3 record of ${shown(name)} does not deny it`);
  }
  const found = closestEncloser(proof, name);
  if (typeof found === "string") return unproved(found);
  const wildcard = found.encloser === root ? "*." : `*.${found.encloser}`;
  const security = found.cover.optOut ? "insecure" : "secure";
  const gap = found.cover.optOut ? ", in a gap with Opt-Out" : "";
  const wild = matching(proof, wildcard);
  if (wild !== undefined) {
    return lacksType(wild.types, wildcard, type)
      ? { proved: "noData", security, why: `the NSEC3 record of ${shown(wildcard)} denies it${gap}` }
      : unproved(`the NSEC3 record of ${shown(wildcard)} does not deny it`);
  }
  if (covering(proof, wildcard) !== undefined) {
    return {
      proved: "noSuchName",
      security,
      why: `NSEC3 records cover ${shown(found.nextCloser)} and ${shown(wildcard)}${gap}`,
    };
  }
  // An unsigned delegation, or names above one, need not be in the chain. RFC 5155 8.6, erratum 3441
  if (found.cover.optOut) {
    return {
      proved: "noData",
      security,
      why: `an NSEC3 record with Opt-Out covers ${shown(found.nextCloser)}`,
    };
  }
  return unproved(`no NSEC3 record covers ${shown(wildcard)}`);
}

/** Whether nothing stands closer to `name` than the wildcard below `encloser`; null if that is not proved. RFC 5155 8.8 */
export function nothingCloserByNsec3(
  proof: Nsec3Proof,
  name: Name,
  encloser: Name,
): "secure" | "insecure" | null {
  if (hasTooManyIterations(proof)) return "insecure";
  const cover = covering(proof, nextCloserName(name, encloser));
  if (cover === undefined) return null;
  return cover.optOut ? "insecure" : "secure";
}

/** What is proved of a delegation at a name, by those that stand above it. RFC 5155 8.6, 8.9; RFC 6840 4.4 */
export function cutByNsec3(proof: Nsec3Proof, name: Name): Cut {
  if (hasTooManyIterations(proof)) return { cut: "insecure", why: tooManyIterations };
  const at = matching(proof, name);
  if (at !== undefined) {
    if (!lacksType(at.types, name, typeNumbers.DS)) {
      return { cut: null, why: `the NSEC3 record of ${shown(name)} does not deny DS` };
    }
    return at.types.has(typeNumbers.NS)
      ? { cut: "insecure", why: `${shown(name)} is delegated without DS, as its NSEC3 record says` }
      : { cut: "none", why: `${shown(name)} is no zone of its own, as its NSEC3 record says` };
  }
  const found = closestEncloser(proof, name);
  if (typeof found === "string") return { cut: null, why: found };
  return found.cover.optOut
    ? {
      cut: "insecure",
      why: `${shown(name)} may be delegated without DS: an NSEC3 record with Opt-Out covers it`,
    }
    : { cut: "noSuchName", why: `an NSEC3 record covers ${shown(found.nextCloser)}` };
}

interface ClosestEncloser {
  readonly encloser: Name;
  readonly nextCloser: Name;
  /** The record that covers the next closer name. */
  readonly cover: Nsec3;
}

/** RFC 5155 8.3; a sentence where there is no proof. */
function closestEncloser(proof: Nsec3Proof, name: Name): ClosestEncloser | string {
  let nextCloser = name;
  for (let at = parentOf(name); at !== null; at = parentOf(at)) {
    const record = matching(proof, at);
    if (record !== undefined) {
      if (!mayEnclose(record)) return `the NSEC3 record of ${shown(at)} does not speak of names below it`;
      const cover = covering(proof, nextCloser);
      return cover === undefined
        ? `no NSEC3 record covers ${shown(nextCloser)}`
        : { encloser: at, nextCloser, cover };
    }
    if (sameName(at, proof.zone)) break;
    nextCloser = at;
  }
  return `no NSEC3 record shows which name above ${shown(name)} exists`;
}

/** RFC 5155 8.3: no delegation, no DNAME. */
function mayEnclose({ types }: Nsec3): boolean {
  return !types.has(typeNumbers.DNAME) && (!types.has(typeNumbers.NS) || types.has(typeNumbers.SOA));
}

function nextCloserName(name: Name, encloser: Name): Name {
  let at = name;
  for (let up = parentOf(at); up !== null && !sameName(up, encloser); up = parentOf(up)) at = up;
  return at;
}

function matching(proof: Nsec3Proof, name: Name): Nsec3 | undefined {
  const hash = hashOf(proof, name);
  return proof.records.find((record) => record.hash === hash);
}

/** RFC 5155 8.3; the last record's next hash is the first's own. */
function covering(proof: Nsec3Proof, name: Name): Nsec3 | undefined {
  const hash = hashOf(proof, name);
  return proof.records.find((record) =>
    record.hash < record.next
      ? record.hash < hash && hash < record.next
      : hash !== record.hash && (hash > record.hash || hash < record.next)
  );
}

function hashOf(proof: Nsec3Proof, name: Name): string {
  const known = proof.hashes.get(name);
  if (known !== undefined) return known;
  proof.work.hash(proof.iterations + 1);
  const hash = hex(nsec3Hash(name, proof.salt, proof.iterations));
  proof.hashes.set(name, hash);
  return hash;
}

function unproved(why: string): Denial {
  return { proved: null, why };
}
