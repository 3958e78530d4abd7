/**
 * What is said of one signature. RFC 6376 6.1.1 to 6.1.3, RFC 8301, RFC 8601 2.7.1
 *
 * Tested by `verifier_test.ts`.
 *
 * @module
 */
import type { Security } from "../dns/resolver.ts";
import { equalBytes } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import type { BodyHash } from "./body_hasher.ts";
import { octetsOf } from "./header_section.ts";
import type { KeyAnswer } from "./key_lookup.ts";
import type { KeyRecord } from "./key_record.ts";
import { isSignature, minRsaBits, type ReadRecord } from "./public_key.ts";
import type { SignerTags, SigningTags } from "./signature.ts";

/**
 * Results as Authentication-Results has them (RFC 8601 2.7.1). RFC 6376 has one word, PERMFAIL, for all but
 * `pass` and `temperror`. Here:
 *
 * - `pass`: it verifies.
 * - `fail`: header or body are not what was signed.
 * - `neutral`: the signature field cannot be read, or uses what nobody here knows.
 * - `permerror`: a rule is broken that RFC 6376 or RFC 8301 does not let anyone pass over, or there is no good
 *   key.
 * - `policy`: the RFCs leave it to the verifier, and this one does not accept it.
 * - `temperror`: the key could not be had; later it may.
 * - `none`: there is no signature.
 */
export type DkimStatus = "pass" | "fail" | "neutral" | "policy" | "temperror" | "permerror" | "none";

/** What is said of one signature. */
export interface Verdict {
  readonly status: DkimStatus;
  /** One sentence for people. May quote strangers, escaped and shortened. */
  readonly why: string;
  /** Size of the key that was tried, or null. */
  readonly keyBits: number | null;
  /**
   * The key is marked as a test (`t=y`). RFC 6376 3.6.1 wants such a message treated as one that is not signed: so what does
   * not verify is held against nobody, and told as no signature (`trace_fields.ts`). What does verify counts all the
   * same, for DMARC as well: the domain's key signed it, test or not. Many domains never took the flag away, and under
   * their own `p=reject` their forwarded mail would be refused. The reference has it so too.
   */
  readonly testing: boolean;
  /** What the key may sign (`s=`), `*` being everything; null without key. */
  readonly services: readonly string[] | null;
  /** What DNSSEC says of the key record or its absence; null if nobody asked for one. */
  readonly security: Security | null;
}

/** Difference between clocks that is put up with, in `t=` and `x=`. RFC 6376 3.5 */
export const clockSkewSeconds = 3600;

/** A verdict that needs no key. */
export function withoutKey(status: DkimStatus, why: string): Verdict {
  return { status, why, keyBits: null, testing: false, services: null, security: null };
}

/**
 * What can be said before a key is looked up; null if nothing speaks against it. RFC 6376 6.1.1, RFC 8301 3.1
 */
export function judgeTags(signer: SignerTags, now: Millis, expiration: number | null = null): Verdict | null {
  if (signer.algorithm === "rsa-sha1") {
    return withoutKey("permerror", "SHA-1 is not to be verified any more (RFC 8301)");
  }
  const seconds = now / 1000;
  if (expiration !== null && expiration + clockSkewSeconds < seconds) {
    return withoutKey("policy", `the signature expired on ${day(expiration)}`);
  }
  if (signer.timestamp !== null && signer.timestamp - clockSkewSeconds > seconds) {
    return withoutKey("policy", "the signature is from the future");
  }
  return null;
}

/** What is hashed and signed. */
export interface Signed {
  readonly tags: SigningTags | SignerTags;
  /** Called only when there is a key that fits. */
  readonly text: () => string;
  /** Null for a seal, which covers no body. */
  readonly body: { readonly hash: BodyHash; readonly expected: Uint8Array } | null;
  /** More that the record may say against it, as a sentence. */
  readonly objection?: (record: KeyRecord) => string | null;
}

/**
 * The verdict, with the key and the whole message there. RFC 6376 6.1.2 step 5 to 6.1.3
 *
 * There should be one key record; what several mean is not defined (3.6.2.2), and each may be tried (6.1.2 step 4). So it is
 * here: most of all, a key is being replaced, and which record a server gives first is chance. It is no temporary error,
 * since it may stay so for years, and all that time mail would be delayed until it is given up. But where one of the
 * records says that the key is revoked, that counts: the others may be what somebody forgot to take away.
 */
export function judge(signed: Signed, answer: KeyAnswer): Verdict {
  if (answer.kind === "none") return { ...withoutKey(answer.status, answer.why), security: answer.security };
  const { records, security } = answer;
  const [first, ...others] = records;
  const revoked = records.find(({ kind }) => kind === "revoked");
  if (revoked !== undefined || others.length === 0) return judgeWith(signed, revoked ?? first, security);
  let best = judgeWith(signed, first, security);
  for (const record of others) {
    if (best.status === "pass") return best;
    const next = judgeWith(signed, record, security);
    // That the message was changed tells more than that a key is for something else.
    if (next.status === "pass" || next.status === "fail" && best.status !== "fail") best = next;
  }
  return best.status === "pass"
    ? best
    : { ...best, why: `of ${records.length} keys, none fits: ${best.why}` };
}

function judgeWith(signed: Signed, read: ReadRecord, security: Security): Verdict {
  if (read.kind === "malformed") {
    return { ...withoutKey("permerror", `the key record is malformed: ${read.problem}`), security };
  }
  const { record } = read;
  const known = { testing: record.flags.includes("y"), services: record.services, security };
  const verdict = (status: DkimStatus, why: string, keyBits: number | null = null): Verdict => ({
    status,
    why,
    keyBits,
    ...known,
  });
  const objection = judgeRecord(signed.tags, record) ?? signed.objection?.(record) ?? null;
  if (read.kind === "revoked") return verdict("permerror", "the key is revoked");
  if (objection !== null) return verdict("permerror", objection);
  if (read.kind === "useless") return verdict("permerror", `the key is of no use: ${read.problem}`);
  const { key } = read;
  if (key.type === "rsa" && key.bits < minRsaBits) {
    return verdict("permerror", `an RSA key of ${key.bits} bits is too short (RFC 8301)`, key.bits);
  }
  const changed = signed.body === null ? null : bodyChange(signed.body);
  if (changed !== null) return verdict("fail", changed, key.bits);
  return isSignature(key, octetsOf(signed.text()), signed.tags.signature)
    ? verdict("pass", `the signature verifies with ${keyText(key.type, key.bits)}`, key.bits)
    : verdict("fail", "the signature does not fit the signed header fields", key.bits);
}

/** RFC 6376 3.6.1, 6.1.2 steps 6 and 8 */
function judgeRecord(tags: SignerTags, record: KeyRecord): string | null {
  const [keyType] = tags.algorithm.split("-");
  if (record.hashes !== null && !record.hashes.includes("sha256")) return "the key is not for SHA-256 (h=)";
  if (record.keyType !== keyType) return `the key is for another algorithm than ${tags.algorithm} (k=)`;
  if (!record.services.some((service) => service === "*" || service === "email")) {
    return "the key is not for mail (s=)";
  }
  return null;
}

/** RFC 6376 3.5 (`l=`), 6.1.3 step 3 */
function bodyChange({ hash, expected }: { hash: BodyHash; expected: Uint8Array }): string | null {
  if (hash.limit !== null && hash.limit > hash.octets) {
    return `the body has ${hash.octets} octets, ${hash.limit} were signed (l=)`;
  }
  return equalBytes(hash.digest, expected) ? null : "the body is not the one that was signed (bh=)";
}

function keyText(type: "rsa" | "ed25519", bits: number): string {
  return type === "rsa" ? `an RSA key of ${bits} bits` : "an Ed25519 key";
}

/** Times of twelve digits are beyond what a Date can hold. */
function day(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `second ${seconds}` : date.toISOString().slice(0, 10);
}
