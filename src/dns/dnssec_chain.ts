/**
 * From a trust anchor down to a zone's keys: DS records, DNSKEY sets, and proofs that there are none.
 * RFC 4035 5.1, 5.2; RFC 6840 4.4, 5.2, 5.11; RFC 4509 3
 *
 * The way is found from below where records are signed, since a signature tells its zone: each zone takes one
 * question for its DS records, whose signature tells the zone above, and one for its keys, both at once. Where
 * records are not signed, it is looked for from above, name by name, until a delegation is proved to be insecure;
 * long names (an address of IPv6 has 34 labels) begin at the zone that the answer's SOA record tells.
 *
 * Signers and SOA records are of strangers. They only choose what is asked; nothing is believed but what a chain
 * of signatures shows, and each question is paid for by the lookup's `Work`.
 *
 * @module
 */
import {
  algorithmName,
  digestName,
  digestSha1,
  dsMatches,
  supportsAlgorithm,
  supportsDigest,
} from "./dnssec_algorithms.ts";
import { cutAt, nothingCloser, proofOf } from "./dnssec_denial.ts";
import {
  type Checked,
  checkRrset,
  dataOf,
  findRrset,
  type Rrset,
  rrsetsOf,
  type ZoneKey,
  zoneKeysOf,
} from "./dnssec_rrset.ts";
import { shown, type SignatureSeen, type Step } from "./dnssec_step.ts";
import {
  broken,
  failed,
  insecure,
  maxTrustSeconds,
  noAnchor,
  notAZone,
  type NoZone,
  noZone,
  type SecureZone,
  type Trust,
  type TrustCache,
} from "./dnssec_trust.ts";
import { maxDsTried, maxKeysOfTag, maxProofSets, maxZoneKeys, type Work } from "./dnssec_work.ts";
import type { ExchangeResult } from "./exchange.ts";
import type { DnsMessage } from "./message.ts";
import { canonicalName, isWithin, labelCount, parentOf, root, sameName } from "./name.ts";
import { type DataByType, type Name, typeNumbers } from "./record.ts";
import type { TrustAnchor } from "./trust_anchors.ts";

/** Labels that are gone down one by one, before a hint is tried. */
const maxLabelsByStep = 4;

/** What a walk is made of. */
export interface WalkSettings {
  /** Asks with DO and CD. */
  readonly ask: (name: Name, type: number) => Promise<ExchangeResult>;
  readonly anchors: readonly TrustAnchor[];
  readonly cache: TrustCache;
  readonly work: Work;
  /** Seconds since 1970. */
  readonly now: number;
}

type Signed = Extract<Checked, { readonly ok: true }>;

/** The way to the zones that one lookup needs. Every method may throw `Refused`, when the work is used up. */
export class ChainWalk {
  readonly settings: WalkSettings;
  /** What this lookup has found already, also where it is not to be kept. */
  readonly #found = new Map<string, Promise<Trust>>();

  constructor(settings: WalkSettings) {
    this.settings = settings;
  }

  /**
   * What is known of a name that something says to be a zone.
   *
   * @param signs Whether signatures of it were seen: then its keys are asked for at once.
   */
  zone(name: Name, signs = false): Promise<Trust> {
    const key = canonicalName(name);
    const kept = this.#found.get(key);
    if (kept !== undefined) return kept;
    const found = this.#lookUp(name, signs);
    this.#found.set(key, found);
    return found;
  }

  async #lookUp(name: Name, signs: boolean): Promise<Trust> {
    const kept = this.settings.cache.get(name) ?? this.#insecureAbove(name);
    if (kept !== null) return kept;
    const trust = await this.#find(name, signs);
    this.settings.cache.put(trust);
    return trust;
  }

  /**
   * What is known of the zone that a name belongs to, whose records came without signatures.
   *
   * @param hint A zone that the server named.
   * @returns Never `none`; `secure` if no delegation on the way is proved to be insecure.
   */
  async enclosing(name: Name, hint: Name | null): Promise<Exclude<Trust, NoZone>> {
    const anchor = this.#anchorAbove(name);
    if (anchor === null) return noAnchor(name);
    let at = await this.zone(anchor);
    if (at.kind !== "secure") return at.kind === "none" ? notAZone(at) : at;
    let names = namesBetween(anchor, name);
    if (names.length > maxLabelsByStep && hint !== null && isWithin(name, hint)) {
      const hinted = await this.zone(hint);
      if (hinted.kind === "insecure") return hinted;
      if (hinted.kind === "secure") {
        at = hinted;
        names = namesBetween(hint, name);
      }
    }
    for (const next of names) {
      const found = await this.zone(next);
      if (found.kind === "secure") at = found;
      else if (found.kind !== "none") return found;
      else if (!found.exists) return at;
    }
    return at;
  }

  async #find(zone: Name, signs: boolean): Promise<Trust> {
    const anchors = this.settings.anchors.filter((anchor) => sameName(anchor.zone, zone));
    if (anchors.length > 0) return this.#fromAnchors(zone, anchors.map(({ ds }) => ds));
    if (this.#anchorAbove(zone) === null) return noAnchor(zone);
    const keys = signs ? this.#ask(zone, typeNumbers.DNSKEY) : null;
    keys?.catch(() => {}); // Where it is not needed, nobody asks what became of it.
    const told = await this.#ask(zone, typeNumbers.DS);
    if (told.ok) return await this.#fromDsAnswer(zone, told.message, keys);
    // A server too old for DS records may say anything; below an insecure zone it does not matter.
    const above = told.kind === "serverFailure" ? await this.enclosing(parentOf(zone) ?? root, null) : null;
    if (above?.kind === "insecure") return above;
    return failed(zone, null, told.kind, `nobody tells the DS records of ${shown(zone)}: ${told.why}`);
  }

  /** A zone above that is known to be insecure makes all below it so. RFC 4035 4.3 */
  #insecureAbove(name: Name): Trust | null {
    const anchor = this.#anchorAbove(name);
    for (const above of anchor === null ? [] : namesBetween(anchor, name)) {
      const kept = this.settings.cache.get(above);
      if (kept?.kind === "insecure") return kept;
    }
    return null;
  }

  /**
   * Whether a zone may speak of a name: not from above the anchor that counts for it, where the chain may be
   * insecure, or nobody can tell.
   */
  mayVouch(zone: Name, name: Name): boolean {
    const anchor = this.#anchorAbove(name);
    return isWithin(name, zone) && (anchor === null || isWithin(zone, anchor));
  }

  /** The signer, above `zone`, of the first set that has one. A zone does not speak of its own DS records. */
  #signerAbove(sets: readonly Rrset[], zone: Name): Name | null {
    for (const { owner, signatures } of sets) {
      for (const { signer } of signatures) {
        if (!sameName(zone, signer) && isWithin(owner, signer) && this.mayVouch(signer, zone)) return signer;
      }
    }
    return null;
  }

  /** The deepest anchor at or above a name. RFC 6840 C.3: the closest encloser. */
  #anchorAbove(name: Name): Name | null {
    let deepest: Name | null = null;
    for (const { zone } of this.settings.anchors) {
      const deeper = deepest === null || labelCount(zone) > labelCount(deepest);
      if (deeper && isWithin(name, zone)) deepest = zone;
    }
    return deepest;
  }

  #fromAnchors(zone: Name, all: readonly DataByType["DS"][]): Promise<Trust> {
    const usable = usableDs(all);
    if (usable.length > 0) return this.#fromKeys(zone, usable, maxTrustSeconds, null, null);
    const why = `the trust anchors of ${shown(zone)} have only algorithms that are not supported`;
    return Promise.resolve(broken("indeterminate", zone, null, why));
  }

  async #fromDsAnswer(zone: Name, message: DnsMessage, keys: Promise<ExchangeResult> | null): Promise<Trust> {
    const answers = rrsetsOf(message.answers);
    const ds = findRrset(answers, zone, typeNumbers.DS);
    const told = ds ?? answers.find((set) => isAliasOf(set, zone));
    const proofs = told === undefined ? proofSetsOf(message) : [];
    const signer = this.#signerAbove(told === undefined ? proofs : [told], zone);
    if (signer === null) return this.#fromUnsignedDs(zone, message);
    const above = await this.zone(signer, true);
    if (above.kind !== "secure") return above.kind === "none" ? notAZone(above) : above;
    if (told === undefined) return this.#fromProof(zone, proofs, above);
    const { now, work } = this.settings;
    const checked = checkRrset(told, above, now, work);
    if (!checked.ok) {
      return broken(
        "bogus",
        zone,
        above,
        `what ${shown(above.zone)} says of ${shown(zone)} is not signed rightly: ${checked.why}`,
      );
    }
    if (ds === undefined) return this.#fromAlias(zone, checked, proofSetsOf(message), above);
    return this.#fromDs(zone, dataOf("DS", ds), checked.ttl, above, keys);
  }

  /** Of a wildcard, the alias stands for every name that is not there: it must be proved that this one is not. */
  #fromAlias(zone: Name, alias: Signed, proofs: readonly Rrset[], above: SecureZone): Trust {
    const { wildcardOf } = alias;
    const why = `${shown(zone)} is an alias, and no zone of its own`;
    if (wildcardOf === null) return noZone(zone, above, true, alias.ttl, why);
    const { now, work } = this.settings;
    const { right, ttl } = rightSets(proofs, above, now, work);
    const closer = nothingCloser(proofOf(right, above.zone, work), zone, wildcardOf);
    const least = Math.min(alias.ttl, ttl);
    if (closer === "secure") return noZone(zone, above, true, least, why);
    if (closer === null) {
      const fault = `${
        shown(zone)
      } is an alias that comes of a wildcard, and no proof shows that nothing stands closer`;
      return broken("bogus", zone, above, fault, right.length === 0);
    }
    return insecure(
      zone,
      above,
      least,
      [],
      `${shown(zone)} may be delegated without DS, in a gap with Opt-Out`,
    );
  }

  /** Nothing is signed: either the zone above has no keys, or someone left them out. */
  async #fromUnsignedDs(zone: Name, message: DnsMessage): Promise<Trust> {
    const above = await this.enclosing(parentOf(zone) ?? root, hintOf(message, zone));
    if (above.kind !== "secure") return above;
    const why = `${shown(above.zone)} is signed, and what it says of ${shown(zone)} came without signature`;
    return broken("bogus", zone, above, why, true);
  }

  #fromProof(zone: Name, proofs: readonly Rrset[], above: SecureZone): Trust {
    const { now, work } = this.settings;
    const { right, ttl, why } = rightSets(proofs, above, now, work);
    if (right.length === 0) {
      return broken("bogus", zone, above, `no DS of ${shown(zone)}, and the proof fails: ${why}`);
    }
    const found = cutAt(proofOf(right, above.zone, work), zone);
    if (found.cut === null) {
      return broken("bogus", zone, above, `no DS of ${shown(zone)}, and no proof of it: ${found.why}`);
    }
    if (found.cut === "insecure") return insecure(zone, above, ttl, [], `${found.why}`);
    return noZone(zone, above, found.cut === "none", ttl, found.why);
  }

  async #fromDs(
    zone: Name,
    ds: readonly DataByType["DS"][],
    ttl: number,
    above: SecureZone,
    keys: Promise<ExchangeResult> | null,
  ): Promise<Trust> {
    const usable = usableDs(ds);
    if (usable.length > 0) return await this.#fromKeys(zone, usable, ttl, above, keys);
    const names = [
      ...new Set(ds.map((one) => `${algorithmName(one.algorithm)} with ${digestName(one.digestType)}`)),
    ];
    const why = `the DS records of ${shown(zone)} have only algorithms that are not supported (${
      names.slice(0, 4).join(", ")
    })`;
    return insecure(zone, above, ttl, ds.map(seenDs), why);
  }

  async #fromKeys(
    zone: Name,
    ds: readonly DataByType["DS"][],
    ttl: number,
    above: SecureZone | null,
    asked: Promise<ExchangeResult> | null,
  ): Promise<Trust> {
    const told = await (asked ?? this.#ask(zone, typeNumbers.DNSKEY));
    if (!told.ok) {
      return failed(zone, above, told.kind, `nobody tells the keys of ${shown(zone)}: ${told.why}`);
    }
    const set = findRrset(rrsetsOf(told.message.answers), zone, typeNumbers.DNSKEY);
    if (set === undefined) {
      return broken("bogus", zone, above, `${shown(zone)} must have keys, and none came`, true);
    }
    const { now, work } = this.settings;
    const checked = checkKeySet(set, zone, ds, now, work);
    if (!checked.ok) {
      const { fits, signed } = checked;
      if (fits) {
        const why = `the keys of ${shown(zone)} are not signed rightly: ${signed}`;
        return broken("bogus", zone, above, why, set.signatures.length === 0);
      }
      const from = above === null ? "trust anchors" : "DS records";
      const tags = ds.map((one) => one.keyTag).join(", ");
      return broken("bogus", zone, above, `none of the keys of ${shown(zone)} fits its ${from} (${tags})`);
    }
    const { keys, entries } = checked;
    const step: Step = {
      kind: "zone",
      name: zone,
      type: null,
      ds: ds.map(seenDs),
      keys: keys.slice(0, maxZoneKeys).map((key) => seenKey(key, entries.includes(key))),
      signature: seenSignature(checked.signature),
      result: "secure",
      why: above === null
        ? `the trust anchor ${checked.signature.keyTag} signs the keys of ${shown(zone)}`
        : `a DS record of ${
          shown(above.zone)
        } stands for key ${checked.signature.keyTag}, which signs the keys of ${shown(zone)}`,
    };
    const usable = keys.filter((key) => supportsAlgorithm(key.data.algorithm)).slice(0, maxZoneKeys);
    return { kind: "secure", zone, keys: usable, ttl: Math.min(ttl, checked.ttl), above, step };
  }

  async #ask(name: Name, type: number): Promise<ExchangeResult> {
    const { work, ask } = this.settings;
    work.query();
    const told = await ask(name, type);
    if (told.ok) work.read(told.message);
    return told;
  }
}

/** The chain from the trust anchor to what is known of a zone. */
export function stepsOf(trust: Trust): Step[] {
  const steps = [trust.step];
  for (let at = trust.above; at !== null; at = at.above) steps.unshift(at.step);
  return steps;
}

/** NSEC and NSEC3 sets of an answer. */
export function proofSetsOf(message: DnsMessage): Rrset[] {
  return rrsetsOf(message.authorities).filter(({ type }) =>
    type === typeNumbers.NSEC || type === typeNumbers.NSEC3
  )
    .slice(0, maxProofSets);
}

/** The zone that an answer without records says it is of, if that is above `name`: unproved. RFC 2308 2 */
export function hintOf(message: DnsMessage, name: Name): Name | null {
  const soa = message.authorities.find(({ type }) => type === typeNumbers.SOA);
  if (soa === undefined || !isWithin(name, soa.name) || sameName(name, soa.name)) return null;
  return soa.name;
}

/** Whether a DNSKEY set is signed by a key for which a DS record, or a trust anchor, stands. */
export type CheckedKeys =
  | {
    readonly ok: true;
    /** All that speak for the zone, and those of them that a DS record stands for. */
    readonly keys: readonly ZoneKey[];
    readonly entries: readonly ZoneKey[];
    readonly signature: DataByType["RRSIG"];
    readonly ttl: number;
  }
  | {
    readonly ok: false;
    /** Whether there is such a key, and what is wrong with its signatures. */
    readonly fits: boolean;
    readonly signed: string;
  };

/** Checks the DNSKEY set of a zone. RFC 4035 5.2 @throws {Refused} When the work is used up. */
export function checkKeySet(
  set: Rrset,
  zone: Name,
  ds: readonly DataByType["DS"][],
  now: number,
  work: Work,
): CheckedKeys {
  const keys = zoneKeysOf(set);
  const entries = entryKeys(zone, usableDs(ds), keys);
  if (entries.length === 0) return { ok: false, fits: false, signed: "" };
  const checked = checkRrset(set, { zone, keys: entries }, now, work);
  if (!checked.ok) return { ok: false, fits: true, signed: checked.why };
  return { ok: true, keys, entries, signature: checked.signature, ttl: checked.ttl };
}

/** Those of some sets that a zone signed, the least TTL of them, and what is wrong with the others. */
export function rightSets(
  sets: readonly Rrset[],
  zone: SecureZone,
  now: number,
  work: Work,
): { right: Rrset[]; ttl: number; signature: DataByType["RRSIG"] | null; why: string } {
  const right: Rrset[] = [];
  let ttl = Infinity;
  let why = "there are no NSEC or NSEC3 records";
  let signature: DataByType["RRSIG"] | null = null;
  for (const set of sets) {
    const checked = checkRrset(set, zone, now, work);
    if (!checked.ok) {
      why = `of the records of ${shown(set.owner)}, ${checked.why}`;
      continue;
    }
    right.push(set);
    signature = checked.signature;
    ttl = Math.min(ttl, checked.ttl);
  }
  return { right, ttl, signature, why };
}

/** How a signature is shown. */
export function seenSignature(signature: DataByType["RRSIG"]): SignatureSeen {
  const { signer, keyTag, algorithm, inception, expiration } = signature;
  return { signer, keyTag, algorithm: algorithmName(algorithm), inception, expiration };
}

/** DS records that can be checked. One with SHA-1 only counts alone. RFC 4509 3, RFC 6840 5.2 */
function usableDs(all: readonly DataByType["DS"][]): DataByType["DS"][] {
  const known = all.filter((ds) => supportsAlgorithm(ds.algorithm) && supportsDigest(ds.digestType));
  const better = known.filter((ds) => ds.digestType !== digestSha1);
  return (better.length > 0 ? better : known).slice(0, maxDsTried);
}

/** The keys for which a DS record stands. RFC 4035 5.2 */
function entryKeys(zone: Name, all: readonly DataByType["DS"][], keys: readonly ZoneKey[]): ZoneKey[] {
  const entries = new Set<ZoneKey>();
  for (const ds of all) {
    const named = keys.filter((key) => key.tag === ds.keyTag && key.data.algorithm === ds.algorithm);
    for (const key of named.slice(0, maxKeysOfTag)) if (dsMatches(ds, zone, key.rdata)) entries.add(key);
  }
  return [...entries];
}

function isAliasOf({ type, owner }: Rrset, zone: Name): boolean {
  if (type === typeNumbers.CNAME) return sameName(owner, zone);
  return type === typeNumbers.DNAME && isWithin(zone, owner) && !sameName(zone, owner);
}

/** From the one below `above` down to `name` itself. */
function namesBetween(above: Name, name: Name): Name[] {
  const names: Name[] = [];
  for (let at: Name | null = name; at !== null && !sameName(at, above); at = parentOf(at)) names.unshift(at);
  return names;
}

function seenDs(ds: DataByType["DS"]): Step["ds"][number] {
  return { keyTag: ds.keyTag, algorithm: algorithmName(ds.algorithm), digest: digestName(ds.digestType) };
}

function seenKey({ tag, data }: ZoneKey, vouchedFor: boolean): Step["keys"][number] {
  return { keyTag: tag, algorithm: algorithmName(data.algorithm), vouchedFor };
}
