/**
 * What is known of how a message came: all that a verdict may depend on, and all that a person may ask for later.
 *
 * Plain data, bounded and versioned; kept with the message as JSON without the names of members, whose order is that of
 * the shapes below: a later version adds behind. There texts are cut down to their limits, control characters become spaces. Domains are in normal form (U-labels), unless said otherwise.
 *
 * The store reads evidence that the front gathered, and does not trust it: {@link decodeEvidence} takes nothing but
 * what {@link encodeEvidence} could have made.
 *
 * @module
 */
import { type Bytes, fromStrictUtf8, KiB, utf8 } from "../base/bytes.ts";
import { count, flag, list, nullable, object, text, type Value, word } from "./shape.ts";

/** Of the form described here. A reader takes all versions that ever were. */
export const evidenceVersion = 1;

/** Most octets of encoded evidence: all limits below reached, with the widest characters. Usual: 800 to 2000. */
export const maxEvidenceBytes = 160 * KiB;

/** Signatures that are told; the verifier checks no more. */
export const maxSignatures = 11;
/** ARC sets that are told, the last ones. */
export const maxArcLinks = 10;
/** Author Domains for which DMARC is evaluated. RFC 9989 11.5 */
export const maxAuthorDomains = 4;
/** Blocklists that are told. */
export const maxBlocklists = 10;
/** Lookups that are named among those cut off. */
export const maxCutLookups = 10;
/** Fields with forged results that are told. */
export const maxUntrustedFields = 10;

const sentence = text(240);
const domain = text(255);
const securities = ["secure", "insecure", "bogus", "indeterminate"] as const;
const security = word(...securities);
const policy = word("none", "quarantine", "reject");
const spfStatus = word("none", "neutral", "pass", "fail", "softfail", "temperror", "permerror");
const dkimStatus = word("pass", "fail", "neutral", "policy", "temperror", "permerror", "none");

const iprevShape = object({
  status: word("pass", "fail", "temperror", "permerror"),
  /** The name that leads back, without final dot; null unless it passes. */
  name: nullable(domain),
  security,
  why: sentence,
});

const spfShape = object({
  status: spfStatus,
  /** What was checked: the domain of MAIL FROM, or the name of HELO. */
  identity: word("mailfrom", "helo"),
  /** As given to the check; a HELO name may be anything. */
  domain,
  mechanism: nullable(text(200)),
  /** What the domain's owner says of a `fail`. A stranger's words. */
  explanation: nullable(text(800)),
  lookups: count(1000),
  security,
  why: sentence,
});

const dkimShape = object({
  status: dkimStatus,
  domain: nullable(domain),
  selector: nullable(domain),
  identity: nullable(text(400)),
  algorithm: nullable(text(20)),
  keyBits: nullable(count(1_000_000)),
  /** The signature's first 16 characters of base64, which tell it from others. RFC 6008 */
  prefix: nullable(text(16)),
  lengthLimited: flag,
  testing: flag,
  /** What the key may sign. */
  services: nullable(list(text(64), 5)),
  security: nullable(security),
  why: sentence,
});

const arcLinkShape = object({
  instance: count(1000),
  /** Who sealed; null if the seal cannot be read. */
  domain: nullable(domain),
  /**
   * What the sealer says that DMARC said when the message reached it; null if it says nothing, or if its message signature
   * or a later one does not sign From and all of the body.
   */
  dmarc: nullable(object({ result: text(20), from: nullable(domain) })),
});

const arcShape = object({
  status: word("none", "pass", "fail"),
  instances: count(1000),
  oldestPass: nullable(count(1000)),
  testing: flag,
  /** A key could not be looked up for now: later the chain may be found to be good. */
  inDoubt: flag,
  security: nullable(security),
  /** The last ones, in their order. */
  links: list(arcLinkShape, maxArcLinks),
  why: sentence,
});

const dmarcShape = object({
  status: word("none", "pass", "fail", "temperror", "permerror"),
  /** What the Author Domain wants done, a test (`t=y`) considered; `none` unless it fails. */
  policy,
  /** Before any override; null where no record applies, or nobody knows which of its policies. */
  publishedPolicy: nullable(policy),
  /** What would be wanted if it failed; null if nobody knows. */
  policyAtStake: nullable(policy),
  alignedBy: list(
    object({ mechanism: word("spf", "dkim"), domain, alignment: word("relaxed", "strict") }),
    maxSignatures + 1,
  ),
  /** The Author Domain whose result this is. */
  domain: nullable(domain),
  organizationalDomain: nullable(domain),
  recordDomain: nullable(domain),
  /** The record as it was understood, for `parseRecord()`; null without, or if it is too long. */
  record: nullable(text(4000)),
  overrides: list(
    object({
      type: word("local_policy", "mailing_list", "other", "policy_test_mode", "trusted_forwarder"),
      comment: sentence,
    }),
    5,
  ),
  security: nullable(security),
  why: sentence,
});

const fromShape = object({
  /** From fields; RFC 5322 3.6 wants one. */
  fields: count(),
  /** The single author, as `local@domain`; null if there is none or more than one. */
  address: nullable(text(400)),
  /** Author Domains, each once. */
  domains: list(domain, maxAuthorDomains),
  /**
   * - `ok`: one field with one author, or several of one domain.
   * - `none`: nobody is named with a domain.
   * - `severalFields`, `tooManyDomains`, `unreadable`: who the author is depends on who reads it.
   */
  status: word("ok", "none", "several", "severalFields", "tooManyDomains", "unreadable"),
  why: sentence,
});

const blocklistShape = object({
  list: domain,
  status: word("listed", "notListed", "broken", "temperror"),
  codes: list(text(15), 5),
  /** The list's own words. */
  text: text(300),
  why: sentence,
});

const untrustedShape = object({
  /** Octets of the header section. */
  start: count(),
  end: count(),
  why: word("ours", "version", "unreadable"),
  authservId: nullable(domain),
});

const evidenceShape = object({
  version: count(evidenceVersion),
  /** When MAIL FROM came; milliseconds since 1970. */
  at: count(),
  /** For how long the complete message had to wait for answers, in milliseconds. */
  waitedMs: count(),
  remoteIp: text(45),
  helo: text(255),
  /** `local@domain`; null for the null sender. */
  mailFrom: nullable(text(400)),
  tls: nullable(object({ version: text(20), cipher: text(80) })),
  iprev: iprevShape,
  /** Of MAIL FROM; of HELO for the null sender, which DMARC takes too (RFC 7208 2.4). */
  spf: spfShape,
  /** Of HELO, where `spf` is that of MAIL FROM. RFC 7208 2.3 */
  spfHelo: nullable(spfShape),
  from: fromShape,
  /** One for each signature, from the top; if there is none, one that says so. */
  dkim: list(dkimShape, maxSignatures),
  arc: arcShape,
  /** Of several Author Domains the strictest result. */
  dmarc: dmarcShape,
  /**
   * How sure the single author's domain is, whatever DMARC asks: `strict`: the very domain sent or signed it;
   * `dmarc`: DMARC passes; `relaxed`: a domain of the same organization (Public Suffix List) did.
   */
  validation: word("strict", "dmarc", "relaxed", "none"),
  /** The single author's organization by the Public Suffix List, for reputation. */
  organization: nullable(domain),
  blocklists: list(blocklistShape, maxBlocklists),
  /** Authentication-Results of the message that claim to be ours, or may be read so. RFC 8601 5 */
  untrustedResults: list(untrustedShape, maxUntrustedFields),
  /** Lookups that the deadline or another limit cut off, as `TXT _dmarc.example.org.`. */
  cutLookups: list(text(300), maxCutLookups),
});

export type IprevEvidence = Value<typeof iprevShape>;
export type SpfEvidence = Value<typeof spfShape>;
export type DkimEvidence = Value<typeof dkimShape>;
export type ArcLinkEvidence = Value<typeof arcLinkShape>;
export type ArcEvidence = Value<typeof arcShape>;
export type DmarcEvidence = Value<typeof dmarcShape>;
export type FromEvidence = Value<typeof fromShape>;
export type BlocklistEvidence = Value<typeof blocklistShape>;
export type Evidence = Value<typeof evidenceShape>;

/** Packed JSON in UTF-8. What is too long is cut down. @throws {RangeError} If it is too large all the same. */
export function encodeEvidence(evidence: Evidence): Bytes {
  const bytes = utf8(JSON.stringify(evidenceShape.pack(evidence)));
  if (bytes.length > maxEvidenceBytes) throw new RangeError(`evidence of ${bytes.length} octets`);
  return bytes;
}

/** The inverse. @throws {SyntaxError} If it is anything but evidence of a known version within its limits. */
export function decodeEvidence(bytes: Uint8Array): Evidence {
  if (bytes.length > maxEvidenceBytes) throw new SyntaxError(`evidence of ${bytes.length} octets`);
  const json = fromStrictUtf8(bytes);
  if (json === null) throw new SyntaxError("evidence that is not UTF-8");
  const value: unknown = JSON.parse(json);
  // The first messages of all have theirs with names.
  const evidence = evidenceShape.read(value, Array.isArray(value) ? "packed" : "named");
  if (evidence.version !== evidenceVersion) throw new SyntaxError(`evidence of version ${evidence.version}`);
  return evidence;
}
