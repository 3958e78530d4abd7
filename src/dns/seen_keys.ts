/**
 * A zone's DNSKEY set as it came, and what may be concluded from it for the zone's trust anchors. RFC 5011 2.1, 2.2
 *
 * Who asks for the set and who judges it need not be the same: the set travels as the octets that were signed, so
 * that whoever keeps the anchors checks every signature himself, with the anchors that he has.
 *
 * Tested by `validating_resolver_test.ts`, and with a store by `src/evidence/root_keys_service_test.ts`.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { checkKeySet } from "./dnssec_chain.ts";
import { checkRrset, keysOf, rrsetsOf } from "./dnssec_rrset.ts";
import { maxSignaturesSeen, maxZoneKeys, Work } from "./dnssec_work.ts";
import { classIn, type DnsMessage, type ResourceRecord } from "./message.ts";
import { sameName } from "./name.ts";
import { type Name, typeNumbers } from "./record.ts";
import type { SeenKeys, TrustAnchor } from "./trust_anchors.ts";

/** Keys of a zone that are looked at for their own signatures. */
export const maxKeysSeen = 16;

/** Octets of all records of a set; the root's takes 1,200, with two keys that sign keys 1,700. */
export const maxKeySetOctets = 64 * 1024;

/** A DNSKEY set and its signatures, each the RDATA of a record. */
export interface KeySet {
  readonly zone: Name;
  readonly keys: readonly Bytes[];
  readonly signatures: readonly Bytes[];
}

/** The set that a message holds, or null. Of too many records, the first. */
export function keySetOf(message: DnsMessage, zone: Name): KeySet | null {
  const own = message.answers.filter((record) => record.class === classIn && sameName(record.name, zone));
  const keys = own.filter(({ type }) => type === typeNumbers.DNSKEY).map(({ rdata }) => rdata);
  const signatures = own.filter(({ type, rdata }) => type === typeNumbers.RRSIG && coversKeys(rdata))
    .map(({ rdata }) => rdata);
  if (keys.length === 0) return null;
  return { zone, keys: keys.slice(0, maxZoneKeys), signatures: signatures.slice(0, maxSignaturesSeen) };
}

function coversKeys(rdata: Bytes): boolean {
  return rdata.length > 2 && (rdata[0] ?? 0) * 256 + (rdata[1] ?? 0) === typeNumbers.DNSKEY;
}

/**
 * What is to be believed of a set that somebody hands in.
 *
 * @param anchors That are trusted at the moment.
 * @param now Seconds since 1970.
 * @throws {Refused} `tooLarge` or `tooMany`, if it is more than a set may be, or takes too much work.
 */
export function seenKeys(
  { zone, keys, signatures }: KeySet,
  anchors: readonly TrustAnchor[],
  now: number,
): SeenKeys {
  if (keys.length > maxZoneKeys || signatures.length > maxSignaturesSeen) {
    throw new Refused("tooMany", "a DNSKEY set of too many records");
  }
  const octets = [...keys, ...signatures].reduce((sum, { length }) => sum + length, 0);
  if (octets > maxKeySetOctets) throw new Refused("tooLarge", "a DNSKEY set that is too long");
  const [set] = rrsetsOf([...recordsOf(zone, "DNSKEY", keys), ...recordsOf(zone, "RRSIG", signatures)]);
  const found = set === undefined ? [] : keysOf(set);
  const ds = anchors.filter((anchor) => sameName(anchor.zone, zone)).map((anchor) => anchor.ds);
  const work = new Work();
  // First: what strangers add to a set must not use up the work for the signature that counts.
  const secure = set !== undefined && checkKeySet(set, zone, ds, now, work).ok;
  const signed = set === undefined ? [] : found.slice(0, maxKeysSeen).flatMap((key) => {
    const checked = checkRrset(set, { zone, keys: [key] }, now, work);
    return checked.ok ? [{ key, signature: checked.signature }] : [];
  });
  return {
    zone,
    keys: found.map(({ data }) => data),
    secure,
    signedBy: signed.map(({ key }) => key.data),
    originalTtl: Math.max(0, ...signed.map(({ signature }) => signature.originalTtl)),
    signedFor: Math.max(0, ...signed.map(({ signature }) => (signature.expiration - now) | 0)),
  };
}

/** The TTL that counts is the one that was signed. RFC 5011 2.3 */
function recordsOf(zone: Name, type: "DNSKEY" | "RRSIG", rdatas: readonly Bytes[]): ResourceRecord[] {
  return rdatas.map((rdata) => ({ name: zone, type: typeNumbers[type], class: classIn, ttl: 0, rdata }));
}
