import assert from "node:assert/strict";
import type { Evidence } from "./evidence.ts";
import {
  failedDmarc,
  sampleDkim,
  sampleDmarc,
  sampleEvidence,
  sampleSpf,
} from "./testing/sample_evidence.ts";
import {
  authenticationVerdict,
  defaultRules,
  isSuspicious,
  policyOverrides,
  type RecipientRules,
  strangerVerdict,
  verdict,
  type VerdictRules,
} from "./verdict.ts";

const spf = (status: Evidence["spf"]["status"], domain = "example.org") => ({
  spf: { ...sampleSpf, status, domain },
});
const dkim = (status: "pass" | "temperror" | "fail", domain: string) => ({
  dkim: [{ ...sampleDkim, status, domain }],
});
const doubt = (policyAtStake: Evidence["dmarc"]["policyAtStake"]) => ({
  dmarc: { ...sampleDmarc, status: "temperror" as const, policyAtStake },
});
const passes = { dmarc: { ...sampleDmarc, status: "pass" as const } };
const fails = (policy: "none" | "quarantine" | "reject") => ({ dmarc: failedDmarc(policy) });
const from = (status: Evidence["from"]["status"]) => ({
  from: { ...sampleEvidence.from, status, why: status },
});
const listed = (status: "listed" | "notListed" | "broken" | "temperror") => ({
  blocklists: [{ list: "bl.example", status, codes: [], text: "", why: "" }],
});
const chain = (status: "pass" | "fail", ...links: [domain: string, dmarc: string, from: string][]) => ({
  arc: {
    ...sampleEvidence.arc,
    status,
    instances: links.length,
    links: links.map(([domain, result, author], i) => ({
      instance: i + 1,
      domain,
      dmarc: { result, from: author },
    })),
  },
});

interface Case {
  readonly what: string;
  readonly evidence: Partial<Evidence>;
  readonly rules?: Partial<VerdictRules>;
  readonly recipient?: RecipientRules;
  /** Action, reason, and code if it is not taken. */
  readonly is: string;
}

const trusted = { rules: { trustedSealers: ["list.example", "relay.example"] } };
const list = { recipient: { listAllowDomain: "list.example" } };
const forwarder = { recipient: { forwarderDomain: "relay.example" } };
const strict = { recipient: { requireAuthentication: "sign your mail" } };

const cases: readonly Case[] = [
  { what: "nothing known", evidence: {}, is: "accept no-bad-signals" },
  { what: "everything good", evidence: { ...spf("pass"), ...passes }, is: "accept no-bad-signals" },
  // DMARC
  { what: "DMARC reject", evidence: fails("reject"), is: "reject dmarc-policy 550 5.7.26" },
  {
    what: "DMARC quarantine, as the reference",
    evidence: fails("quarantine"),
    is: "reject dmarc-policy 550 5.7.26",
  },
  { what: "DMARC none", evidence: fails("none"), is: "accept no-bad-signals" },
  {
    what: "DMARC reject as junk",
    evidence: fails("reject"),
    rules: { dmarcReject: "junk" },
    is: "accept dmarc-policy junk",
  },
  {
    what: "DMARC quarantine as junk",
    evidence: fails("quarantine"),
    rules: { dmarcQuarantine: "junk" },
    is: "accept dmarc-policy junk",
  },
  {
    what: "DMARC reject beats a blocklist",
    evidence: { ...fails("reject"), ...listed("listed") },
    is: "reject dmarc-policy 550 5.7.26",
  },
  { what: "DMARC in doubt", evidence: doubt("reject"), is: "tempfail dmarc-temperror 451 4.4.3" },
  {
    what: "DMARC in doubt, nobody knows about what",
    evidence: doubt(null),
    is: "tempfail dmarc-temperror 451 4.4.3",
  },
  { what: "DMARC in doubt about nothing", evidence: doubt("none"), is: "accept no-bad-signals" },
  {
    what: "DMARC that cannot be read",
    evidence: { dmarc: { ...sampleDmarc, status: "permerror" } },
    is: "accept no-bad-signals",
  },
  // From
  { what: "several From fields", evidence: from("severalFields"), is: "reject malformed-from 550 5.6.0" },
  { what: "too many authors", evidence: from("tooManyDomains"), is: "reject malformed-from 550 5.6.0" },
  { what: "an unreadable author", evidence: from("unreadable"), is: "reject malformed-from 550 5.6.0" },
  { what: "no author", evidence: from("none"), is: "accept no-bad-signals" },
  { what: "authors of two domains", evidence: from("several"), is: "accept no-bad-signals" },
  {
    what: "several From fields, let through",
    evidence: from("severalFields"),
    rules: { malformedFrom: "accept" },
    is: "accept no-bad-signals",
  },
  {
    what: "several From fields, one of a strict domain",
    evidence: { ...from("severalFields"), ...fails("reject") },
    rules: { malformedFrom: "accept" },
    is: "reject dmarc-policy 550 5.7.26",
  },
  // SPF alone
  { what: "SPF fail", evidence: spf("fail"), is: "reject spf-policy 451 4.3.0" },
  { what: "SPF softfail", evidence: spf("softfail"), is: "reject spf-policy 451 4.3.0" },
  { what: "SPF neutral", evidence: spf("neutral"), is: "accept no-bad-signals" },
  { what: "SPF permerror", evidence: spf("permerror"), is: "accept no-bad-signals" },
  { what: "SPF in doubt", evidence: spf("temperror"), is: "tempfail spf-temperror 451 4.4.3" },
  { what: "SPF fail, DMARC pass", evidence: { ...spf("fail"), ...passes }, is: "accept no-bad-signals" },
  {
    what: "SPF in doubt, DMARC pass",
    evidence: { ...spf("temperror"), ...passes },
    is: "accept no-bad-signals",
  },
  {
    what: "SPF fail, DMARC asks for nothing",
    evidence: { ...spf("fail"), ...fails("none") },
    is: "reject spf-policy 451 4.3.0",
  },
  {
    what: "SPF fail, mail that a ruleset has forwarded",
    evidence: { ...spf("fail"), ...dkim("pass", "relay.example") },
    ...forwarder,
    is: "accept no-bad-signals",
  },
  // Blocklists
  { what: "listed", evidence: listed("listed"), is: "reject dns-blocklisted 451 4.3.0" },
  {
    what: "listed, and confirmed",
    evidence: { ...listed("listed"), ...passes },
    is: "reject dns-blocklisted 451 4.3.0",
  },
  { what: "a list that does not answer", evidence: listed("temperror"), is: "accept no-bad-signals" },
  { what: "a broken list", evidence: listed("broken"), is: "accept no-bad-signals" },
  // Rulesets
  {
    what: "a mailing list by SPF",
    evidence: { ...fails("reject"), ...spf("pass", "list.example") },
    ...list,
    is: "accept list-allow",
  },
  {
    what: "a mailing list by DKIM",
    evidence: { ...fails("reject"), ...dkim("pass", "list.example") },
    ...list,
    is: "accept list-allow",
  },
  {
    what: "a mailing list that is not confirmed",
    evidence: { ...fails("reject"), ...spf("fail", "list.example") },
    ...list,
    is: "reject dmarc-policy 550 5.7.26",
  },
  {
    what: "a mailing list in doubt",
    evidence: { ...fails("reject"), ...dkim("temperror", "list.example") },
    ...list,
    is: "tempfail dmarc-temperror 451 4.4.3",
  },
  {
    what: "another's domain in doubt",
    evidence: { ...fails("reject"), ...dkim("temperror", "evil.example") },
    ...list,
    is: "reject dmarc-policy 550 5.7.26",
  },
  {
    what: "a forwarder",
    evidence: { ...fails("reject"), ...spf("pass", "relay.example") },
    ...forwarder,
    is: "accept no-bad-signals",
  },
  {
    what: "a forwarder while DMARC is in doubt",
    evidence: { ...doubt(null), ...spf("pass", "relay.example") },
    ...forwarder,
    is: "accept no-bad-signals",
  },
  {
    what: "a forwarder that is not confirmed",
    evidence: fails("reject"),
    ...forwarder,
    is: "reject dmarc-policy 550 5.7.26",
  },
  // ARC. RFC 8617 7.2
  {
    what: "a trusted sealer",
    evidence: { ...fails("reject"), ...chain("pass", ["list.example", "pass", "example.org"]) },
    ...trusted,
    is: "accept no-bad-signals",
  },
  {
    what: "two trusted sealers",
    evidence: {
      ...fails("reject"),
      ...chain("pass", ["list.example", "pass", "example.org"], ["relay.example", "fail", "example.org"]),
    },
    ...trusted,
    is: "accept no-bad-signals",
  },
  {
    what: "a sealer that nobody trusts",
    evidence: { ...fails("reject"), ...chain("pass", ["evil.example", "pass", "example.org"]) },
    ...trusted,
    is: "reject dmarc-policy 550 5.7.26",
  },
  {
    what: "a trusted sealer, but an unknown one behind it",
    evidence: {
      ...fails("reject"),
      ...chain("pass", ["list.example", "pass", "example.org"], ["evil.example", "pass", "example.org"]),
    },
    ...trusted,
    is: "reject dmarc-policy 550 5.7.26",
  },
  {
    what: "an unknown sealer before a trusted one that saw a failure",
    evidence: {
      ...fails("reject"),
      ...chain("pass", ["evil.example", "pass", "example.org"], ["list.example", "fail", "example.org"]),
    },
    ...trusted,
    is: "reject dmarc-policy 550 5.7.26",
  },
  {
    what: "a trusted sealer that saw another author",
    evidence: { ...fails("reject"), ...chain("pass", ["list.example", "pass", "example.net"]) },
    ...trusted,
    is: "reject dmarc-policy 550 5.7.26",
  },
  {
    what: "a trusted sealer that saw one author of several",
    evidence: {
      ...fails("reject"),
      ...chain("pass", ["list.example", "pass", "example.org"]),
      from: { ...sampleEvidence.from, status: "several", domains: ["example.org", "bank.example"] },
    },
    ...trusted,
    is: "reject dmarc-policy 550 5.7.26",
  },
  {
    what: "a broken chain",
    evidence: { ...fails("reject"), ...chain("fail", ["list.example", "pass", "example.org"]) },
    ...trusted,
    is: "reject dmarc-policy 550 5.7.26",
  },
  {
    what: "a chain in doubt",
    evidence: {
      ...fails("reject"),
      arc: { ...chain("fail", ["list.example", "pass", "example.org"]).arc, inDoubt: true },
    },
    ...trusted,
    is: "tempfail dmarc-temperror 451 4.4.3",
  },
  {
    what: "a stranger's chain in doubt",
    evidence: {
      ...fails("reject"),
      arc: { ...chain("fail", ["evil.example", "pass", "example.org"]).arc, inDoubt: true },
    },
    ...trusted,
    is: "reject dmarc-policy 550 5.7.26",
  },
  // Addresses that want to know who writes.
  {
    what: "a required author, not confirmed",
    evidence: {},
    ...strict,
    is: "reject msg-auth-required 550 5.7.26",
  },
  {
    what: "a required author, confirmed",
    evidence: { validation: "relaxed" },
    ...strict,
    is: "accept no-bad-signals",
  },
  {
    what: "a required author, in doubt",
    evidence: spf("temperror"),
    ...strict,
    is: "tempfail msg-auth-required 451 4.4.3",
  },
  {
    what: "a required author, and junk",
    evidence: fails("reject"),
    rules: { dmarcReject: "junk" },
    ...strict,
    is: "reject msg-auth-required 550 5.7.26",
  },
];
for (const { what, evidence, rules, recipient, is } of cases) {
  Deno.test(`verdict(): ${what}`, () => {
    const all = { ...sampleEvidence, ...evidence };
    const given = verdict(all, { ...defaultRules, ...rules }, recipient);
    const { action, reason, reply, junk } = given;
    const code = reply === null ? "" : ` ${reply.code} ${reply.enhanced}`;
    assert.equal(`${action} ${reason}${junk ? " junk" : ""}${code}`, is, given.sentence);
    assert.equal(reply === null, action === "accept");
    if (reply !== null) assert.match(reply.text, /^[ -~]+$/);
    assert.deepEqual(verdict(structuredClone(all), { ...defaultRules, ...rules }, recipient), given);
  });
}

Deno.test("a rejection by DMARC names it and the domain, in ASCII", () => {
  const dmarc = { ...failedDmarc("reject"), recordDomain: "bücher.example" };
  const { reply } = verdict({ ...sampleEvidence, dmarc });
  assert.equal(reply?.text, "rejected per DMARC policy of xn--bcher-kva.example");
});

Deno.test("overrides are told for reports", () => {
  const evidence: Evidence = { ...sampleEvidence, ...fails("reject"), ...spf("pass", "list.example") };
  const types = (recipient: RecipientRules) =>
    policyOverrides(evidence, defaultRules, recipient).map((one) => one.type);
  assert.deepEqual(types({ listAllowDomain: "list.example" }), ["mailing_list"]);
  assert.deepEqual(types({ forwarderDomain: "list.example" }), ["trusted_forwarder"]);
  assert.deepEqual(types({}), []);
  assert.deepEqual(verdict(evidence, defaultRules, { forwarderDomain: "list.example" }).overrides.length, 1);
  // Nothing was overridden where nothing was asked for.
  assert.deepEqual(
    policyOverrides({ ...evidence, ...passes }, defaultRules, { listAllowDomain: "list.example" }),
    [],
  );
});

Deno.test("a test of the policy is an override that leaves the milder policy", () => {
  const comment = "example.org tests its policy (t=y): quarantine in place of reject";
  const dmarc = { ...failedDmarc("quarantine"), overrides: [{ type: "policy_test_mode" as const, comment }] };
  const given = verdict({ ...sampleEvidence, dmarc });
  assert.deepEqual([given.action, given.overrides.map((one) => one.type)], ["reject", ["policy_test_mode"]]);
});

Deno.test("reputation comes between the two parts", () => {
  const evidence = { ...sampleEvidence, ...spf("fail") };
  assert.equal(authenticationVerdict(evidence), null);
  assert.equal(strangerVerdict(evidence).reason, "spf-policy");
  assert.equal(isSuspicious(evidence), false);
  assert.equal(isSuspicious({ ...evidence, iprev: { ...evidence.iprev, status: "temperror" } }), true);
});
