/**
 * Validation of what one answer holds: a set of records, or that there are none. RFC 4035 5.3, 5.4; RFC 5155 8
 *
 * Secure is what a secure zone signed; insecure, what belongs to a zone that is proved to be insecure, or what a
 * gap with Opt-Out leaves open; everything else is bogus, or nobody answered.
 *
 * Tested by `validating_resolver_test.ts`.
 *
 * @module
 */
import { algorithmName } from "./dnssec_algorithms.ts";
import { type ChainWalk, hintOf, proofSetsOf, rightSets, seenSignature, stepsOf } from "./dnssec_chain.ts";
import { deny, nothingCloser, proofOf } from "./dnssec_denial.ts";
import { checkRrset, type Rrset } from "./dnssec_rrset.ts";
import { shown, type Step } from "./dnssec_step.ts";
import type { SecureZone, Trust } from "./dnssec_trust.ts";
import { type DnsMessage, rcodes } from "./message.ts";
import { parentOf, root, sameName } from "./name.ts";
import { type Name, typeNumbers } from "./record.ts";
import type { FailureKind } from "./resolver.ts";

/** Signers of one set that are looked at: a zone has one; another's signature may stand beside it in error. */
const maxSigners = 2;

/** What validation says of one step of an answer. */
export interface Verdict {
  readonly security: "secure" | "insecure" | "bogus" | "indeterminate" | "failed";
  /** One sentence. */
  readonly why: string;
  /** Seconds that it may be kept at most. */
  readonly ttl: number;
  /** Of `failed`. */
  readonly failure: FailureKind | null;
  /** Signatures were not wrong but absent: perhaps the server leaves them out. */
  readonly unsigned: boolean;
  /** What is known of the zone that it belongs to. */
  readonly trust: Trust | null;
  /** The chain, and this as its last. */
  readonly steps: readonly Step[];
}

/** What validation says of a denial. */
export interface DenialVerdict extends Verdict {
  /** What is proved; the answer's own word where nothing is to be proved. */
  readonly status: "noData" | "noSuchDomain";
}

/** What is being validated. */
interface Subject {
  readonly kind: "records" | "denial";
  readonly name: Name;
  readonly type: number;
  readonly walk: ChainWalk;
  readonly message: DnsMessage;
}

/**
 * Validates the records of one name and type.
 *
 * @param message The answer that they came in, with its proofs.
 * @throws {Refused} When the work is used up.
 */
export async function validateSet(walk: ChainWalk, set: Rrset, message: DnsMessage): Promise<Verdict> {
  const subject: Subject = { kind: "records", name: set.owner, type: set.type, walk, message };
  let first: Verdict | null = null;
  for (const signer of signersOf([set], subject)) {
    const trust = await walk.zone(signer, true);
    const found = trust.kind === "secure" ? signedSet(subject, set, trust) : byTrust(subject, trust);
    if (found.security === "secure" || found.security === "insecure") return found;
    first ??= found;
  }
  return first ?? await unsigned(subject);
}

/** Of signatures: they are not signed themselves. RFC 4035 2.2 */
export function unsignable(walk: ChainWalk, name: Name, message: DnsMessage): Verdict {
  const subject: Subject = { kind: "records", name, type: typeNumbers.RRSIG, walk, message };
  return verdict(subject, "indeterminate", "signatures are not signed themselves", null);
}

function signedSet(subject: Subject, set: Rrset, zone: SecureZone): Verdict {
  const { walk: { settings: { now, work } }, message } = subject;
  const checked = checkRrset(set, zone, now, work);
  if (!checked.ok) {
    return verdict(subject, "bogus", `of the records of ${shown(set.owner)}, ${checked.why}`, zone);
  }
  const { signature, wildcardOf, ttl } = checked;
  const why = `${shown(zone.zone)} signed it with key ${signature.keyTag} (${
    algorithmName(signature.algorithm)
  })`;
  if (wildcardOf === null) return verdict(subject, "secure", why, zone, { signature, ttl });
  const proofs = rightSets(proofSetsOf(message), zone, now, work);
  const closer = nothingCloser(proofOf(proofs.right, zone.zone, work), set.owner, wildcardOf);
  if (closer === null) {
    const fault = `${shown(set.owner)} comes of a wildcard, and no proof shows that nothing stands closer`;
    return verdict(subject, "bogus", fault, zone, { unsigned: proofs.right.length === 0 });
  }
  const gap = closer === "insecure"
    ? ", whose records with Opt-Out leave open whether that stands for this name"
    : "";
  const wild = `${why}, as a wildcard below ${shown(wildcardOf)}${gap}`;
  return verdict(subject, closer, wild, zone, { signature, ttl: Math.min(ttl, proofs.ttl) });
}

/**
 * Validates that a name, or a type of it, is not there.
 *
 * @throws {Refused} When the work is used up.
 */
export async function validateDenial(
  walk: ChainWalk,
  name: Name,
  type: number,
  message: DnsMessage,
): Promise<DenialVerdict> {
  const subject: Subject = { kind: "denial", name, type, walk, message };
  const told = message.rcode === rcodes.nxDomain ? "noSuchDomain" : "noData";
  let first: DenialVerdict | null = null;
  for (const signer of signersOf(proofSetsOf(message), subject)) {
    const trust = await walk.zone(signer, true);
    const found = trust.kind === "secure"
      ? signedDenial(subject, told, trust)
      : { ...byTrust(subject, trust), status: told } as const;
    if (found.security === "secure" || found.security === "insecure") return found;
    first ??= found;
  }
  return first ?? { ...await unsigned(subject), status: told };
}

function signedDenial(subject: Subject, told: DenialVerdict["status"], zone: SecureZone): DenialVerdict {
  const { name, type, walk: { settings: { now, work } }, message } = subject;
  const proofs = rightSets(proofSetsOf(message), zone, now, work);
  const denial = deny(proofOf(proofs.right, zone.zone, work), name, type);
  if (denial.proved === null) {
    const why = proofs.right.length === 0 ? proofs.why : denial.why;
    return {
      ...verdict(subject, "bogus", `${shown(zone.zone)} does not prove it: ${why}`, zone),
      status: told,
    };
  }
  // With Opt-Out, a wildcard that would have answered must still be denied. RFC 5155 8.4
  if (told === "noSuchDomain" && denial.proved === "noData" && denial.security === "insecure") {
    const why = `${shown(zone.zone)} does not prove that ${shown(name)} does not exist: ${denial.why}`;
    return { ...verdict(subject, "bogus", why, zone), status: told };
  }
  const { ttl, signature } = proofs;
  const why = denial.security === "secure" ? `${shown(zone.zone)} proves it: ${denial.why}` : denial.why;
  const found = verdict(subject, denial.security, why, zone, { signature, ttl });
  // A gap with Opt-Out may hide a delegation, and so the names above it: that one does not exist is only told.
  if (denial.security === "insecure") return { ...found, status: told };
  return { ...found, status: denial.proved === "noData" ? "noData" : "noSuchDomain" };
}

/** Without signatures, it must be proved that its zone has none. */
async function unsigned(subject: Subject): Promise<Verdict> {
  const { name, type, walk, message } = subject;
  const within = type === typeNumbers.DS ? parentOf(name) ?? root : name; // RFC 4035 2.4: the parent's.
  const trust = await walk.enclosing(within, hintOf(message, within));
  if (trust.kind !== "secure") return byTrust(subject, trust);
  const why = `${shown(trust.zone)} is signed, and what it says of ${shown(name)} came without signature`;
  return verdict(subject, "bogus", why, trust, { unsigned: true });
}

/** What follows from a zone that is not secure. */
function byTrust(subject: Subject, trust: Exclude<Trust, SecureZone>): Verdict {
  if (trust.kind === "insecure") return verdict(subject, "insecure", trust.step.why, trust);
  if (trust.kind === "none") {
    const why = `${shown(trust.zone)}, which signed it, is no zone: ${trust.step.why}`;
    return verdict(subject, "bogus", why, trust);
  }
  const { failure, unsigned } = trust;
  return verdict(subject, trust.kind, trust.why, trust, { failure, unsigned });
}

/** Zones that say they signed one of some sets, those alone that may speak of the name. */
function signersOf(sets: readonly Rrset[], { name, type, walk }: Subject): Name[] {
  const signers: Name[] = [];
  const within = type === typeNumbers.DS ? parentOf(name) ?? root : name;
  for (const { signer } of sets.flatMap((set) => set.signatures)) {
    if (!walk.mayVouch(signer, within) || signers.some((one) => sameName(one, signer))) continue;
    signers.push(signer);
    if (signers.length === maxSigners) break;
  }
  return signers;
}

function verdict(
  { kind, name, type }: Subject,
  security: Verdict["security"],
  why: string,
  trust: Trust | null,
  more: {
    readonly signature?: Parameters<typeof seenSignature>[0] | null;
    readonly ttl?: number;
    readonly failure?: FailureKind | null;
    readonly unsigned?: boolean;
  } = {},
): Verdict {
  const { signature = null, ttl = Infinity, failure = null, unsigned = false } = more;
  const seen = signature === null ? null : seenSignature(signature);
  const step: Step = { kind, name, type, ds: [], keys: [], signature: seen, result: security, why };
  const chain = trust === null ? [] : stepsOf(trust);
  return { security, why, ttl, failure, unsigned, trust, steps: [...chain, step] };
}
