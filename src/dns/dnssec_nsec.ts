/**
 * Proofs by NSEC records: that a name, a type or a DS record is not there. RFC 4035 5.4, RFC 6840 4
 *
 * Pure: the records are of one zone, and their signatures have been checked. A record of the parent at a zone cut
 * says nothing of what is in the child, and one at a DNAME nothing of what is below (RFC 6840 4.1): each use of a
 * record asks {@link maySpeakOf} first.
 *
 * @module
 */
import { dataOf, type Rrset } from "./dnssec_rrset.ts";
import { shown } from "./dnssec_step.ts";
import { compareNames, isWithin, labelCount, parentOf, root, sameName } from "./name.ts";
import { type Name, typeNumbers } from "./record.ts";

/** What records prove of a name's records of one type; `proved` is null where they prove nothing. */
export type Denial =
  | {
    /**
     * - `noData`: there are none of the type.
     * - `noSuchName`: there is no such name.
     * - `anything`: nobody will work out which (too many rounds of hashing), so whatever the answer says.
     */
    readonly proved: "noData" | "noSuchName" | "anything";
    readonly security: "secure" | "insecure";
    readonly why: string;
  }
  | { readonly proved: null; readonly why: string };

/** What records prove of a delegation at a name. */
export interface Cut {
  /**
   * - `insecure`: there is one without DS, or nobody can tell that there is not.
   * - `none`: the name is part of the zone.
   * - `noSuchName`: neither the name nor any below it is there.
   * - null: nothing is proved.
   */
  readonly cut: "insecure" | "none" | "noSuchName" | null;
  readonly why: string;
}

/** One NSEC record of a zone. */
export interface Nsec {
  readonly owner: Name;
  readonly next: Name;
  readonly types: ReadonlySet<number>;
}

/** Tells that a name does not exist, among the types of one that pretends to. RFC 9824 3.2 */
const typeNxName = 128;

/** The records of a zone's NSEC sets. A name has one; one that leads out of the zone is none. */
export function nsecsOf(sets: readonly Rrset[], zone: Name): Nsec[] {
  const own = sets.filter(({ type, owner, rdatas }) =>
    type === typeNumbers.NSEC && isWithin(owner, zone) && rdatas.length === 1
  );
  return own.flatMap((set) =>
    dataOf("NSEC", set).filter(({ next }) => isWithin(next, zone)).map(({ next, types }) => ({
      owner: set.owner,
      next,
      types: new Set(types),
    }))
  );
}

/** What is proved of the records of one type at a name. */
export function denyByNsec(nsecs: readonly Nsec[], name: Name, type: number): Denial {
  const at = matching(nsecs, name);
  if (at !== undefined) {
    if (!lacksType(at.types, name, type)) {
      return unproved(`the NSEC record of ${shown(name)} does not deny it`);
    }
    const proved = at.types.has(typeNxName) ? "noSuchName" : "noData";
    return { proved, security: "secure", why: `the NSEC record of ${shown(name)} denies it` };
  }
  const cover = covering(nsecs, name);
  if (cover === undefined) return unproved(`no NSEC record covers ${shown(name)}`);
  if (isWithin(cover.next, name)) return noData(`${shown(name)} has nothing but names below it`);
  return denyWildcard(nsecs, name, type, closestEncloser(cover, name));
}

/** No name is there; but a wildcard could have answered for it. RFC 4035 5.4, RFC 4592 2.2.1 */
function denyWildcard(nsecs: readonly Nsec[], name: Name, type: number, encloser: Name): Denial {
  const wildcard = encloser === root ? "*." : `*.${encloser}`;
  const at = matching(nsecs, wildcard);
  if (at !== undefined) {
    return lacksType(at.types, wildcard, type)
      ? noData(`the NSEC record of ${shown(wildcard)} denies it`)
      : unproved(`the NSEC record of ${shown(wildcard)} does not deny it`);
  }
  const cover = covering(nsecs, wildcard);
  if (cover === undefined) return unproved(`no NSEC record covers ${shown(wildcard)}`);
  if (isWithin(cover.next, wildcard)) return noData(`${shown(wildcard)} has nothing but names below it`);
  return {
    proved: "noSuchName",
    security: "secure",
    why: `NSEC records cover ${shown(name)} and ${shown(wildcard)}`,
  };
}

/** Whether it is proved that nothing stands closer to `name` than the wildcard below `encloser`. RFC 4035 5.3.4 */
export function nothingCloserByNsec(nsecs: readonly Nsec[], name: Name, encloser: Name): boolean {
  const cover = covering(nsecs, name);
  return cover !== undefined && sameName(closestEncloser(cover, name), encloser);
}

/** What is proved of a delegation at a name, by those that stand above it. RFC 4035 5.2, RFC 6840 4.4 */
export function cutByNsec(nsecs: readonly Nsec[], name: Name): Cut {
  const at = matching(nsecs, name);
  if (at === undefined) {
    const denial = denyByNsec(nsecs, name, typeNumbers.DS);
    if (denial.proved === null) return { cut: null, why: denial.why };
    return { cut: denial.proved === "noSuchName" ? "noSuchName" : "none", why: denial.why };
  }
  if (!lacksType(at.types, name, typeNumbers.DS)) {
    return { cut: null, why: `the NSEC record of ${shown(name)} does not deny DS` };
  }
  if (at.types.has(typeNumbers.NS)) {
    return { cut: "insecure", why: `${shown(name)} is delegated without DS, as its NSEC record says` };
  }
  return { cut: "none", why: `${shown(name)} is no zone of its own, as its NSEC record says` };
}

function matching(nsecs: readonly Nsec[], name: Name): Nsec | undefined {
  return nsecs.find((nsec) => sameName(nsec.owner, name));
}

function covering(nsecs: readonly Nsec[], name: Name): Nsec | undefined {
  return nsecs.find((nsec) => covers(nsec, name) && maySpeakOf(nsec, name));
}

/** Whether the name stands between two that follow each other; after the last comes the zone's own. RFC 4034 4.1.1 */
function covers({ owner, next }: Nsec, name: Name): boolean {
  if (compareNames(owner, name) >= 0) return false;
  return compareNames(owner, next) >= 0 ? isWithin(name, next) : compareNames(name, next) < 0;
}

/** RFC 6840 4.1: not of what is below a delegation or a DNAME. */
function maySpeakOf({ owner, types }: Nsec, name: Name): boolean {
  const delegation = types.has(typeNumbers.NS) && !types.has(typeNumbers.SOA);
  return !isWithin(name, owner) || !(delegation || types.has(typeNumbers.DNAME));
}

/**
 * Whether the types of a name, as NSEC or NSEC3 tells them, deny one of them. RFC 6840 4.1, 4.3; a DS record is the
 * parent's alone (RFC 4035 5.2), so that the child, which has a SOA record, may not deny it.
 */
export function lacksType(types: ReadonlySet<number>, name: Name, type: number): boolean {
  if (types.has(type) || types.has(typeNumbers.CNAME)) return false;
  if (type === typeNumbers.DS) return name === root || !types.has(typeNumbers.SOA);
  return !types.has(typeNumbers.NS) || types.has(typeNumbers.SOA);
}

/** The longest name above `name` that exists, as one that covers it shows. RFC 7129 5.5 */
function closestEncloser({ owner, next }: Nsec, name: Name): Name {
  const a = commonAncestor(owner, name);
  const b = commonAncestor(next, name);
  return labelCount(a) >= labelCount(b) ? a : b;
}

function commonAncestor(a: Name, b: Name): Name {
  let at = b;
  while (!isWithin(a, at)) at = parentOf(at) ?? root;
  return at;
}

function noData(why: string): Denial {
  return { proved: "noData", security: "secure", why };
}

function unproved(why: string): Denial {
  return { proved: null, why };
}
