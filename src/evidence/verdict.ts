/**
 * What becomes of a message as far as authentication goes: pure functions of the evidence.
 *
 * A verdict has two parts, between which an account's reputation and junk filter have their say:
 * {@link authenticationVerdict} is about whoever claims something that is not so, {@link strangerVerdict} about those
 * of whom nobody knows anything better. Where neither of the two between decides, {@link verdict} is both.
 *
 * Whatever could not be found out in time, and might have led to a refusal, is refused for now (4xx): it is tried
 * again, and a broken resolver lets nothing in. RFC 9989 4.10.1 ("fail closed"), RFC 7208 8.6
 *
 * @module
 */
import { asciiDomain, normalForm } from "../address/domain.ts";
import type { PolicyOverride } from "../dmarc/evaluate.ts";
import type { Evidence } from "./evidence.ts";
import { confirmedDomains } from "./from_validation.ts";

/** Why, in one word, as it is kept, counted and shown. */
export const verdictReasons = [
  "list-allow",
  "malformed-from",
  "dmarc-temperror",
  "dmarc-policy",
  "msg-auth-required",
  "spf-policy",
  "spf-temperror",
  "dns-blocklisted",
  "no-bad-signals",
] as const;
export type VerdictReason = typeof verdictReasons[number];

/** What is done, and why. Plain data. */
export interface Verdict {
  /** `reject`: judged and not taken; `tempfail`: not judged, as something is not known for now. */
  readonly action: "accept" | "reject" | "tempfail";
  readonly reason: VerdictReason;
  /** For the log, the report and the account's owner. */
  readonly sentence: string;
  /** For the peer; null if it is accepted. In ASCII. */
  readonly reply: { readonly code: number; readonly enhanced: string; readonly text: string } | null;
  /** Accepted, but for the junk mailbox. */
  readonly junk: boolean;
  /** For DMARC reports. RFC 9990 3.1.6 */
  readonly overrides: readonly PolicyOverride[];
}

/** What an administrator may decide. */
export interface VerdictRules {
  /**
   * What becomes of a message that fails DMARC where its author's domain asks for `reject`, and for `quarantine`. The
   * reference rejects both. RFC 9989 7.4 does not want a message rejected for `p=reject` alone: what else is known
   * here are the rulesets of the account and trusted sealers, which come before.
   */
  readonly dmarcReject: "reject" | "junk";
  readonly dmarcQuarantine: "reject" | "junk";
  /** Of messages whose author depends on who reads them: several From fields, authors of many domains. RFC 9989 11.5 */
  readonly malformedFrom: "reject" | "accept";
  /** Domains whose ARC seals are believed, in normal form. RFC 8617 7.2 */
  readonly trustedSealers: readonly string[];
}

export const defaultRules: VerdictRules = {
  dmarcReject: "reject",
  dmarcQuarantine: "reject",
  malformedFrom: "reject",
  trustedSealers: [],
};

/** What the recipient's own settings say of this message. */
export interface RecipientRules {
  /** A ruleset matched whose mailing list has this domain: if the domain is confirmed, the message is taken. */
  readonly listAllowDomain?: string | null;
  /** A ruleset matched for mail that the recipient has forwarded by this domain: if confirmed, DMARC does not count. */
  readonly forwarderDomain?: string | null;
  /** The address takes only mail whose author is confirmed; else this is replied. */
  readonly requireAuthentication?: string | null;
}

/** One that rejects tells a spammer nothing, and lets others be tried again when the recipient has said more. */
const vague = { code: 451, enhanced: "4.3.0", text: "the message cannot be taken for now" } as const;
const noAnswer = {
  code: 451,
  enhanced: "4.4.3",
  text: "cannot check the sender's domain for now, try again later",
};

/** The verdict where nothing is known of the sender from earlier messages. */
export function verdict(
  evidence: Evidence,
  rules: VerdictRules = defaultRules,
  recipient: RecipientRules = {},
): Verdict {
  const first = authenticationVerdict(evidence, rules, recipient);
  if (first !== null) return first;
  const overrides = policyOverrides(evidence, rules, recipient);
  return { ...strangerVerdict(evidence, recipient), overrides };
}

/** What neither reputation nor content can change; null if it leaves the matter open. */
export function authenticationVerdict(
  evidence: Evidence,
  rules: VerdictRules = defaultRules,
  recipient: RecipientRules = {},
): Verdict | null {
  const { dmarc, from } = evidence;
  const overrides = policyOverrides(evidence, rules, recipient);
  const list = recipient.listAllowDomain ?? null;
  if (list !== null && isConfirmed(evidence, list)) {
    return accepted("list-allow", `sent by the mailing list of ${list}, which a ruleset allows`, overrides);
  }
  const isMalformed = from.status === "severalFields" || from.status === "tooManyDomains" ||
    from.status === "unreadable";
  if (isMalformed && rules.malformedFrom === "reject") {
    const text = "the From field must name its authors in one way only";
    return refused("reject", "malformed-from", from.why, { code: 550, enhanced: "5.6.0", text }, overrides);
  }
  const isOverridden = overrides.some((one) => one.type !== "policy_test_mode");
  if (!isOverridden && dmarc.status === "temperror" && dmarc.policyAtStake !== "none") {
    return refused("tempfail", "dmarc-temperror", dmarc.why, noAnswer, overrides);
  }
  const byPolicy = isOverridden || dmarc.policy === "none" ? null : dmarcVerdict(evidence, rules, overrides);
  if (byPolicy !== null && !byPolicy.junk) {
    if (!mayBeOverridden(evidence, rules, recipient)) return byPolicy;
    return refused(
      "tempfail",
      "dmarc-temperror",
      `${dmarc.why}; an exception may apply`,
      noAnswer,
      overrides,
    );
  }
  return requirementVerdict(evidence, recipient, overrides) ?? byPolicy;
}

/**
 * What is said of those of whom nothing else is known, or nothing that weighs: not to be asked where the author's
 * address or domain has a reputation, good or bad.
 *
 * A message that DMARC confirms is not held against its sender for how it came: forwarding breaks SPF, and leaves
 * signatures alone. RFC 9989 7.1
 */
export function strangerVerdict(evidence: Evidence, recipient: RecipientRules = {}): Verdict {
  const { spf, dmarc, blocklists } = evidence;
  const isForwarded = isConfirmed(evidence, recipient.forwarderDomain ?? null);
  if (dmarc.status !== "pass" && !isForwarded) {
    if (spf.status === "fail" || spf.status === "softfail") {
      const why = `${spf.domain} says that ${evidence.remoteIp} does not send its mail (SPF ${spf.status})`;
      return refused("reject", "spf-policy", why, vague);
    }
    if (spf.status === "temperror") {
      return refused("tempfail", "spf-temperror", `SPF of ${spf.domain}: ${spf.why}`, noAnswer);
    }
  }
  // A list that does not answer does not count: else whoever silences it stops all mail.
  const listed = blocklists.find((one) => one.status === "listed");
  if (listed !== undefined) {
    const words = listed.text === "" ? "" : `, and says: ${listed.text}`;
    const why = `${listed.list} lists ${evidence.remoteIp}${words}`;
    return refused("reject", "dns-blocklisted", why, vague);
  }
  return accepted("no-bad-signals", "nothing speaks against it", []);
}

/** A sender's host whose name does not lead back to it weighs against a message that is in doubt anyway. */
export function isSuspicious(evidence: Evidence): boolean {
  return evidence.iprev.status !== "pass";
}

/** Why the published policy is not applied; empty if it is. RFC 9990 3.1.6 */
export function policyOverrides(
  evidence: Evidence,
  rules: VerdictRules = defaultRules,
  recipient: RecipientRules = {},
): readonly PolicyOverride[] {
  const { dmarc } = evidence;
  const overrides: PolicyOverride[] = [...dmarc.overrides];
  if (dmarc.status !== "fail" && dmarc.status !== "temperror") return overrides;
  const list = recipient.listAllowDomain ?? null;
  if (list !== null && isConfirmed(evidence, list)) {
    overrides.push({ type: "mailing_list", comment: `a ruleset of the recipient allows ${list}` });
  }
  const forwarder = recipient.forwarderDomain ?? null;
  if (forwarder !== null && isConfirmed(evidence, forwarder)) {
    const comment = `a ruleset of the recipient has ${forwarder} forward mail`;
    overrides.push({ type: "trusted_forwarder", comment });
  }
  const sealer = trustedSealer(evidence, rules.trustedSealers);
  if (sealer !== null) {
    overrides.push({
      type: "trusted_forwarder",
      comment: `arc=pass, ${sealer} is trusted and saw dmarc=pass`,
    });
  }
  return overrides;
}

/** What an address that takes only confirmed mail says of the rest; null if it has nothing to say. */
function requirementVerdict(
  evidence: Evidence,
  recipient: RecipientRules,
  overrides: readonly PolicyOverride[],
): Verdict | null {
  const text = recipient.requireAuthentication ?? null;
  if (text === null || evidence.validation !== "none") return null;
  const why = "the address takes only messages whose author is confirmed";
  if (isInDoubt(evidence)) {
    return refused("tempfail", "msg-auth-required", why, { ...noAnswer, text }, overrides);
  }
  return refused("reject", "msg-auth-required", why, { code: 550, enhanced: "5.7.26", text }, overrides);
}

function dmarcVerdict(
  { dmarc }: Evidence,
  rules: VerdictRules,
  overrides: readonly PolicyOverride[],
): Verdict {
  const handling = dmarc.policy === "reject" ? rules.dmarcReject : rules.dmarcQuarantine;
  if (handling === "junk") {
    return { ...accepted("dmarc-policy", dmarc.why, overrides), junk: true };
  }
  // RFC 9989 7.2: the word DMARC helps those who look for the reason. RFC 7372 3.3
  const domain = normalForm(dmarc.recordDomain ?? "", { underscore: true });
  const text = `rejected per DMARC policy of ${
    domain === null ? "the author's domain" : asciiDomain(domain)
  }`;
  return refused("reject", "dmarc-policy", dmarc.why, { code: 550, enhanced: "5.7.26", text }, overrides);
}

function isConfirmed({ spf, dkim }: Evidence, domain: string | null): boolean {
  return domain !== null && confirmedDomains(spf, dkim).includes(domain);
}

/** Whether a temporary error is all that keeps an exception of the rules from being made. */
function mayBeOverridden(evidence: Evidence, rules: VerdictRules, recipient: RecipientRules): boolean {
  const { spf, dkim, arc } = evidence;
  const wanted = [recipient.listAllowDomain, recipient.forwarderDomain];
  const inDoubt = [spf, ...dkim].filter((one) => one.status === "temperror");
  if (inDoubt.some(({ domain }) => domain !== null && wanted.includes(domain))) return true;
  return arc.inDoubt &&
    arc.links.some(({ domain }) => domain !== null && rules.trustedSealers.includes(domain));
}

function isInDoubt({ spf, dkim, dmarc }: Evidence): boolean {
  return [spf, dmarc, ...dkim].some((one) => one.status === "temperror");
}

/**
 * The oldest of the sealers that are all trusted from the last one back, if it saw the author confirmed: each of them
 * answers for what was handed to it. RFC 8617 7.2. What it says of one author says nothing of the others.
 */
function trustedSealer({ arc, dmarc, from }: Evidence, trusted: readonly string[]): string | null {
  if (arc.status !== "pass" || dmarc.domain === null || from.status !== "ok") return null;
  let oldest: Evidence["arc"]["links"][number] | null = null;
  for (const link of [...arc.links].reverse()) {
    if (link.domain === null || !trusted.includes(link.domain)) break;
    oldest = link;
  }
  const claim = oldest?.dmarc ?? null;
  return claim?.result === "pass" && claim.from === dmarc.domain ? oldest?.domain ?? null : null;
}

function accepted(reason: VerdictReason, sentence: string, overrides: readonly PolicyOverride[]): Verdict {
  return { action: "accept", reason, sentence, reply: null, junk: false, overrides };
}

function refused(
  action: "reject" | "tempfail",
  reason: VerdictReason,
  sentence: string,
  reply: Verdict["reply"],
  overrides: readonly PolicyOverride[] = [],
): Verdict {
  return { action, reason, sentence, reply, junk: false, overrides };
}
