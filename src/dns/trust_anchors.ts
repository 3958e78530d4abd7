/**
 * Where chains of trust begin: the root's keys as they are built in, a file that adds to them, and how the file
 * follows the zone when it changes its keys. RFC 4035 4.4, RFC 5011, RFC 9718 (the root's)
 *
 * The file is for people, a record a line as in a zone file, and what is known of a key behind a semicolon:
 *
 * ```text
 * . DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
 * . DNSKEY 257 3 8 AwEAAaz/tAm8…  ; state=valid since=2026-01-02T03:04:05Z
 * ```
 *
 * A key stands in one of the states of RFC 5011 4.2; one that a person wrote down without a state is trusted. Only
 * `valid` and `missing` keys are. `follow` is the state machine; it is handed what was seen and the time.
 *
 * @module
 */
import { base64, type Bytes, fromBase64, hex } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { dsDigest, dsMatches, keyTag } from "./dnssec_algorithms.ts";
import { flagRevoked, flagSecureEntryPoint, flagZoneKey } from "./dnssec_rrset.ts";
import { canonicalName, nameFromText, sameName } from "./name.ts";
import { writeData } from "./rdata.ts";
import type { DataByType, Name } from "./record.ts";

/** Characters of an anchors file that are read; a key of 4096 bits takes 800, the largest that is followed 1,500. */
export const maxAnchorsCharacters = 128 * 1024;

/** Octets of a key that is followed; 4096 bits of RSA take 516. With all of them, a file can still be read. */
export const maxAnchorKeyOctets = 1024;

/** Keys and DS records of all zones in a file. */
export const maxAnchors = 64;

const day = 86_400_000;

/** How long a new key must be seen before it is trusted, and a revoked one is remembered. RFC 5011 2.4.1, 2.4.2 */
export const holdDownMs = 30 * day;

/** A key that its zone's chain may begin with, as a DS record. */
export interface TrustAnchor {
  readonly zone: Name;
  readonly ds: DataByType["DS"];
}

/** RFC 5011 4.2. `start` is not to be in the list. */
export type AnchorState = "pending" | "valid" | "missing" | "revoked" | "removed";

/** A key in the file. */
export interface AnchorKey {
  readonly zone: Name;
  readonly key: DataByType["DNSKEY"];
  readonly state: AnchorState;
  /** When it came to that state. */
  readonly since: Millis;
}

/** What the file holds. */
export interface TrustAnchors {
  readonly digests: readonly TrustAnchor[];
  readonly keys: readonly AnchorKey[];
}

/** The root's keys of 2017 and 2024, as IANA publishes them in root-anchors.xml. RFC 9718 */
export const rootAnchors: readonly TrustAnchor[] = [
  rootAnchor(20326, "e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d"),
  rootAnchor(38696, "683d2d0acb8c9b712a1948b27f741219298d0a450d612c483af444a4c0fb2b16"),
];

function rootAnchor(tag: number, digest: string): TrustAnchor {
  return { zone: ".", ds: { keyTag: tag, algorithm: 8, digestType: 2, digest: Uint8Array.fromHex(digest) } };
}

/** What chains may begin with: the digests, and the keys that are trusted. */
export function trusted(anchors: TrustAnchors): TrustAnchor[] {
  const keys = anchors.keys.filter(({ state }) => state === "valid" || state === "missing");
  return [...anchors.digests, ...keys.map(({ zone, key }) => anchorOfKey(zone, key))];
}

/** Whether chains may begin with the same keys. */
export function sameAnchors(some: readonly TrustAnchor[], others: readonly TrustAnchor[]): boolean {
  const names = (all: readonly TrustAnchor[]) =>
    new Set(
      all.map(({ zone, ds }) => `${canonicalName(zone)} ${ds.algorithm} ${ds.digestType} ${hex(ds.digest)}`),
    );
  return names(some).symmetricDifference(names(others)).size === 0;
}

/** The anchor that a DNSKEY record makes. */
export function anchorOfKey(zone: Name, key: DataByType["DNSKEY"]): TrustAnchor {
  const rdata = writeData("DNSKEY", key);
  const digest = dsDigest(2, zone, rdata);
  return { zone, ds: { keyTag: keyTag(rdata), algorithm: key.algorithm, digestType: 2, digest } };
}

/** A zone's DNSKEY set, as it was seen. */
export interface SeenKeys {
  readonly zone: Name;
  /** All of the set. */
  readonly keys: readonly DataByType["DNSKEY"][];
  /** Whether a trusted key signed the set; if not, nothing but a key's own revocation counts (RFC 5011 2.1). */
  readonly secure: boolean;
  /** Those that signed the set themselves. */
  readonly signedBy: readonly DataByType["DNSKEY"][];
  /** As signed, in seconds. */
  readonly originalTtl: number;
  /** Seconds until the last of the right signatures expires; 0 without any. */
  readonly signedFor: number;
}

/** A key that came to another state. */
export interface AnchorChange {
  readonly zone: Name;
  readonly tag: number;
  readonly from: AnchorState | "start" | "digest";
  readonly to: AnchorState | "start";
}

/**
 * What becomes of the anchors when a zone's keys have been seen. RFC 5011 4
 *
 * A digest whose key is seen becomes that key, `valid`: a person trusted it. Other new keys wait for the hold-down.
 */
export function follow(
  anchors: TrustAnchors,
  seen: SeenKeys,
  now: Millis,
): { anchors: TrustAnchors; changes: AnchorChange[] } {
  const changes: AnchorChange[] = [];
  const others = anchors.keys.filter(({ zone }) => !sameName(zone, seen.zone));
  const known = anchors.keys.filter(({ zone }) => sameName(zone, seen.zone));
  const keys: AnchorKey[] = [];
  for (const key of known) {
    const next = stepped(key, seen, now);
    if (next?.state !== key.state) {
      changes.push(changed(key.zone, key.key, key.state, next?.state ?? "start"));
    }
    if (next !== null) keys.push(next);
  }
  let digests = anchors.digests;
  for (const key of seen.keys.map(unrevoked).filter(isEntryPoint)) {
    if (keys.some((one) => sameKey(one.key, key)) || known.some((one) => sameKey(one.key, key))) continue;
    const left = digests.filter((digest) => !isDigestOf(digest, seen.zone, key));
    const isNew = left.length === digests.length;
    const state = firstState(key, seen, isNew);
    if (state === null || isNew && keys.length + others.length + digests.length >= maxAnchors) continue;
    digests = left;
    keys.push({ zone: seen.zone, key, state, since: now });
    changes.push(changed(seen.zone, key, isNew ? "start" : "digest", state));
  }
  return { anchors: { digests, keys: [...others, ...keys] }, changes };
}

/** How a key begins that was not in the list; null if it does not. */
function firstState(key: DataByType["DNSKEY"], seen: SeenKeys, isNew: boolean): AnchorState | null {
  if (isRevokedIn(seen, key)) return isNew ? null : "revoked";
  if (!seen.secure || !isPresentIn(seen, key)) return null;
  return isNew ? "pending" : "valid";
}

/**
 * The anchors with those that the program knows by itself, for a file from before they were known. What the file has
 * of a key counts for more: one that was revoked does not come back with an update.
 */
export function withBuiltIn(anchors: TrustAnchors, builtIn: readonly TrustAnchor[]): TrustAnchors {
  const added = builtIn.filter(({ zone, ds }) =>
    !anchors.digests.some((one) =>
      sameName(one.zone, zone) && one.ds.digestType === ds.digestType && hex(one.ds.digest) === hex(ds.digest)
    ) && !anchors.keys.some((one) => isDigestOf({ zone, ds }, one.zone, one.key))
  );
  return { ...anchors, digests: [...anchors.digests, ...added] };
}

function isDigestOf(digest: TrustAnchor, zone: Name, key: DataByType["DNSKEY"]): boolean {
  return sameName(digest.zone, zone) && dsMatches(digest.ds, zone, writeData("DNSKEY", key));
}

/** The table of RFC 5011 4.1; null for a key that goes back to the start. */
function stepped(before: AnchorKey, seen: SeenKeys, now: Millis): AnchorKey | null {
  // A clock that was ahead and was put right: nobody has waited since then.
  const one = before.since > now ? { ...before, since: now } : before;
  const to = (state: AnchorState): AnchorKey => state === one.state ? one : { ...one, state, since: now };
  if (one.state === "removed") return one;
  if (one.state === "revoked") return now - one.since >= holdDownMs ? to("removed") : one;
  if (isRevokedIn(seen, one.key) && one.state !== "pending") return to("revoked");
  if (!seen.secure) return one;
  const present = isPresentIn(seen, one.key);
  if (one.state !== "pending") return to(present ? "valid" : "missing");
  if (!present) return null;
  const wait = Math.max(holdDownMs, seen.originalTtl * 1000);
  return now - one.since >= wait ? to("valid") : one;
}

function changed(
  zone: Name,
  key: DataByType["DNSKEY"],
  from: AnchorChange["from"],
  to: AnchorChange["to"],
): AnchorChange {
  return { zone, tag: keyTag(writeData("DNSKEY", key)), from, to };
}

/** How long to wait before a zone's keys are looked at again. RFC 5011 2.3 */
export function nextLookMs({ originalTtl, signedFor, secure }: SeenKeys): number {
  const part = secure ? 2 : 10;
  const most = secure ? 15 * day : day;
  const least = Math.min(most, originalTtl * 1000 / part, signedFor * 1000 / part);
  return Math.max(3_600_000, Math.floor(least));
}

function isEntryPoint({ flags, protocol, publicKey }: DataByType["DNSKEY"]): boolean {
  const wanted = flagZoneKey | flagSecureEntryPoint;
  return protocol === 3 && (flags & wanted) === wanted && publicKey.length <= maxAnchorKeyOctets;
}

/** Whether a set holds the key revoked, and the key itself says so. RFC 5011 2.1 */
function isRevokedIn({ keys, signedBy }: SeenKeys, key: DataByType["DNSKEY"]): boolean {
  const isIt = (one: DataByType["DNSKEY"]) => isRevoked(one) && sameKey(one, key);
  return keys.some(isIt) && signedBy.some(isIt);
}

function isPresentIn({ keys }: SeenKeys, key: DataByType["DNSKEY"]): boolean {
  return keys.some((one) => !isRevoked(one) && sameKey(one, key));
}

/** As it was before: so digests are of it. */
function unrevoked(key: DataByType["DNSKEY"]): DataByType["DNSKEY"] {
  return { ...key, flags: key.flags & ~flagRevoked };
}

function isRevoked({ flags }: DataByType["DNSKEY"]): boolean {
  return (flags & flagRevoked) !== 0;
}

/** The same key, revoked or not: revocation changes flags and tag. RFC 5011 2.1 */
function sameKey(a: DataByType["DNSKEY"], b: DataByType["DNSKEY"]): boolean {
  return a.algorithm === b.algorithm && (a.flags & ~flagRevoked) === (b.flags & ~flagRevoked) &&
    hex(a.publicKey) === hex(b.publicKey);
}

/** Reads an anchors file. @throws {SyntaxError} With the number of the line that is wrong. */
export function parseAnchors(text: string): TrustAnchors {
  if (text.length > maxAnchorsCharacters) throw new SyntaxError("a file of trust anchors that is too long");
  const digests: TrustAnchor[] = [];
  const keys: AnchorKey[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    try {
      const anchor = parseLine(line);
      if (anchor === null) continue;
      if ("ds" in anchor) digests.push(anchor);
      else keys.push(anchor);
    } catch (error) {
      if (error instanceof SyntaxError) throw new SyntaxError(`line ${i + 1}: ${error.message}`);
      throw error;
    }
    if (digests.length + keys.length > maxAnchors) {
      throw new SyntaxError(`more than ${maxAnchors} trust anchors`);
    }
  }
  return { digests, keys };
}

function parseLine(line: string): TrustAnchor | AnchorKey | null {
  const [record = "", ...comment] = line.split(";");
  const fields = record.trim().split(/\s+/);
  if (fields[0] === "" || fields[0] === undefined) return null;
  const zone = canonicalName(nameFromText(fields[0]));
  const rest = fields.slice(1);
  if (/^\d+$/.test(rest[0] ?? "")) rest.shift(); // A TTL, as in a zone file.
  if (rest[0]?.toUpperCase() === "IN") rest.shift();
  const type = rest.shift()?.toUpperCase();
  const numbers = [rest.shift(), rest.shift(), rest.shift()];
  const octets = rest.join("");
  if (type === "DS") return { zone, ds: parseDs(numbers, octets) };
  if (type === "DNSKEY") return { zone, key: parseKey(numbers, octets), ...parseState(comment.join(";")) };
  throw new SyntaxError("expected a DS or DNSKEY record");
}

function parseDs(numbers: readonly (string | undefined)[], octets: string): DataByType["DS"] {
  const [tag, algorithm, digestType] = [
    number(numbers[0], 0xffff),
    number(numbers[1], 255),
    number(numbers[2], 255),
  ];
  if (!/^(?:[0-9a-f]{2})+$/i.test(octets)) throw new SyntaxError("expected a digest in hexadecimal");
  return { keyTag: tag, algorithm, digestType, digest: Uint8Array.fromHex(octets) };
}

function parseKey(numbers: readonly (string | undefined)[], octets: string): DataByType["DNSKEY"] {
  const [flags, protocol, algorithm] = [
    number(numbers[0], 0xffff),
    number(numbers[1], 255),
    number(numbers[2], 255),
  ];
  const publicKey: Bytes | null = fromBase64(octets);
  if (publicKey === null || publicKey.length === 0) throw new SyntaxError("expected a key in base64");
  if (protocol !== 3 || (flags & flagZoneKey) === 0) throw new SyntaxError("expected the key of a zone");
  return { flags, protocol, algorithm, publicKey };
}

function number(text: string | undefined, most: number): number {
  if (text === undefined || !/^\d{1,5}$/.test(text) || Number(text) > most) {
    throw new SyntaxError(`expected a number up to ${most}`);
  }
  return Number(text);
}

const states: readonly AnchorState[] = ["pending", "valid", "missing", "revoked", "removed"];

function parseState(comment: string): { state: AnchorState; since: Millis } {
  const word = /(?:^|\s)state=(\S*)/.exec(comment)?.[1] ?? "valid";
  const state = states.find((one) => one === word);
  if (state === undefined) throw new SyntaxError(`unknown state ${JSON.stringify(word)}`);
  const time = /(?:^|\s)since=(\S*)/.exec(comment)?.[1];
  const since = time === undefined ? 0 : Date.parse(time);
  if (!Number.isFinite(since)) throw new SyntaxError("expected a time such as 2026-01-02T03:04:05Z");
  if (time === undefined && state !== "valid") throw new SyntaxError(`since when is the key ${state}?`);
  return { state, since };
}

/** The text of an anchors file; `parseAnchors` gives the same anchors again, times to the second. */
export function printAnchors({ digests, keys }: TrustAnchors): string {
  const lines = [
    "; Keys that DNSSEC validation begins with, kept as RFC 5011 tells. Only valid and missing ones are trusted.",
  ];
  for (const { zone, ds } of digests) {
    lines.push(`${zone} DS ${ds.keyTag} ${ds.algorithm} ${ds.digestType} ${hex(ds.digest).toUpperCase()}`);
  }
  for (const { zone, key, state, since } of keys) {
    const record = `${zone} DNSKEY ${key.flags} ${key.protocol} ${key.algorithm} ${base64(key.publicKey)}`;
    const time = new Date(since).toISOString().replace(/\.\d+Z$/, "Z");
    lines.push(`${record} ; state=${state} since=${time} tag=${keyTag(writeData("DNSKEY", key))}`);
  }
  return lines.join("\n") + "\n";
}
