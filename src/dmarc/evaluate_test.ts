import assert from "node:assert/strict";
import type { Discovery } from "./discovery.ts";
import {
  type DkimIdentifier,
  type DmarcInput,
  type DmarcStatus,
  domainsToWalk,
  evaluate,
  policyAtStake,
  strictest,
  withoutAuthor,
} from "./evaluate.ts";
import { parseRecord, type Policy } from "./record.ts";

/** What the DNS says of `mail.example.org`, whose organization `example.org` has the record. */
function discovery(tags: string, more: Partial<Discovery> = {}): Discovery {
  return {
    domain: "mail.example.org",
    status: "found",
    record: parseRecord(`v=DMARC1; ${tags}`),
    recordDomain: "example.org",
    organizationalDomain: "example.org",
    exists: true,
    security: "secure",
    why: "",
    ...more,
  };
}

const dkim = (status: string, domain: string | null, lengthLimited = false): DkimIdentifier => ({
  status,
  domain,
  lengthLimited,
});

const known = new Map([
  ["example.org", "example.org"],
  ["news.example.org", "example.org"],
  ["own.example.org", "own.example.org"],
  ["lost.example.org", null],
]);

interface Case {
  readonly what: string;
  readonly tags?: string;
  readonly found?: Partial<Discovery>;
  readonly spf?: readonly [status: string, domain: string | null];
  readonly dkim?: readonly DkimIdentifier[];
  readonly status: DmarcStatus;
  readonly policy?: Policy;
  readonly stake?: Policy | null;
}

const cases: readonly Case[] = [
  { what: "SPF of the same domain", spf: ["pass", "mail.example.org"], status: "pass" },
  { what: "SPF of a sibling", spf: ["pass", "news.example.org"], status: "pass" },
  { what: "SPF of the organization", spf: ["pass", "example.org"], status: "pass" },
  { what: "SPF of a stranger", spf: ["pass", "example.net"], status: "fail", policy: "reject" },
  {
    what: "SPF of a name that only ends alike",
    spf: ["pass", "evil-example.org"],
    status: "fail",
    policy: "reject",
  },
  {
    what: "SPF of a department that is its own organization",
    spf: ["pass", "own.example.org"],
    status: "fail",
    policy: "reject",
  },
  { what: "SPF that fails", spf: ["fail", "mail.example.org"], status: "fail", policy: "reject" },
  { what: "SPF that is soft", spf: ["softfail", "mail.example.org"], status: "fail", policy: "reject" },
  { what: "SPF without domain", spf: ["pass", null], status: "fail", policy: "reject" },
  { what: "nothing at all", status: "fail", policy: "reject" },
  { what: "DKIM of the same domain", dkim: [dkim("pass", "mail.example.org")], status: "pass" },
  {
    what: "DKIM of the organization, among others",
    dkim: [dkim("fail", "mail.example.org"), dkim("pass", "list.example"), dkim("pass", "example.org")],
    status: "pass",
  },
  { what: "DKIM of a stranger", dkim: [dkim("pass", "list.example")], status: "fail", policy: "reject" },
  { what: "DKIM of the suffix", dkim: [dkim("pass", "org")], status: "fail", policy: "reject" },
  {
    what: "DKIM of a part of the body",
    dkim: [dkim("pass", "mail.example.org", true)],
    status: "fail",
    policy: "reject",
  },
  {
    what: "DKIM that is not accepted",
    dkim: [dkim("policy", "mail.example.org")],
    status: "fail",
    policy: "reject",
  },
  { what: "DKIM that cannot be read", dkim: [dkim("neutral", null)], status: "fail", policy: "reject" },
  // RFC 9989 4.4: strict alignment.
  {
    what: "strict SPF of a sibling",
    tags: "p=reject; aspf=s",
    spf: ["pass", "news.example.org"],
    status: "fail",
    policy: "reject",
  },
  {
    what: "strict SPF of the same",
    tags: "p=reject; aspf=s",
    spf: ["pass", "mail.example.org"],
    status: "pass",
  },
  {
    what: "strict DKIM of the organization",
    tags: "p=reject; adkim=s",
    dkim: [dkim("pass", "example.org")],
    status: "fail",
    policy: "reject",
  },
  {
    what: "strict SPF, relaxed DKIM",
    tags: "p=reject; aspf=s",
    spf: ["pass", "example.org"],
    dkim: [dkim("pass", "example.org")],
    status: "pass",
  },
  // RFC 9989 5.3.6: what is not known neither passes nor fails.
  { what: "SPF in doubt", spf: ["temperror", "example.org"], status: "temperror", stake: "reject" },
  {
    what: "SPF in doubt, DKIM good",
    spf: ["temperror", "example.org"],
    dkim: [dkim("pass", "example.org")],
    status: "pass",
  },
  {
    what: "DKIM in doubt",
    dkim: [dkim("temperror", "mail.example.org")],
    status: "temperror",
    stake: "reject",
  },
  {
    what: "a stranger's DKIM in doubt",
    dkim: [dkim("temperror", "list.example")],
    status: "fail",
    policy: "reject",
  },
  {
    what: "DKIM in doubt, but of a part of the body",
    dkim: [dkim("temperror", "mail.example.org", true)],
    status: "fail",
    policy: "reject",
  },
  {
    what: "strict DKIM of another in doubt",
    tags: "p=reject; adkim=s",
    dkim: [dkim("temperror", "example.org")],
    status: "fail",
    policy: "reject",
  },
  {
    what: "an organization in doubt",
    dkim: [dkim("pass", "lost.example.org")],
    status: "temperror",
    stake: "reject",
  },
  {
    what: "an organization that was not asked for",
    dkim: [dkim("pass", "new.example.org")],
    status: "temperror",
    stake: "reject",
  },
  {
    what: "the author's organization in doubt",
    found: { organizationalDomain: null, recordDomain: "mail.example.org" },
    spf: ["pass", "example.org"],
    status: "temperror",
    stake: "reject",
  },
  {
    what: "the author's organization in doubt, a stranger",
    found: { organizationalDomain: null, recordDomain: "mail.example.org" },
    spf: ["pass", "example.net"],
    status: "fail",
    policy: "reject",
  },
  {
    what: "the author's organization in doubt, the same domain",
    found: { organizationalDomain: null, recordDomain: "mail.example.org" },
    spf: ["pass", "mail.example.org"],
    status: "pass",
  },
  {
    what: "doubt about a policy of none",
    tags: "p=none",
    spf: ["temperror", "example.org"],
    status: "temperror",
    stake: "none",
  },
  {
    what: "no answer for the record",
    found: { status: "failed", record: null, recordDomain: null, organizationalDomain: null },
    spf: ["pass", "mail.example.org"],
    status: "temperror",
    stake: null,
  },
  {
    what: "no record",
    found: { status: "none", record: null, recordDomain: null },
    spf: ["fail", "mail.example.org"],
    status: "none",
  },
  // RFC 9989 4.10.1
  {
    what: "a record that nobody can read",
    tags: "p=x",
    spf: ["pass", "mail.example.org"],
    status: "permerror",
  },
  { what: "such a record with reports", tags: "p=x; rua=mailto:a@b.example", status: "fail", policy: "none" },
  // RFC 9989 4.7: which policy, and t=.
  { what: "sp", tags: "p=reject; sp=quarantine", status: "fail", policy: "quarantine" },
  {
    what: "sp at the domain itself",
    tags: "p=reject; sp=none",
    found: { recordDomain: "mail.example.org" },
    status: "fail",
    policy: "reject",
  },
  { what: "np", tags: "p=none; np=reject", found: { exists: false }, status: "fail", policy: "reject" },
  { what: "np of one that exists", tags: "p=none; np=reject", status: "fail", policy: "none" },
  {
    what: "np at the domain itself",
    tags: "p=none; np=reject",
    found: { recordDomain: "mail.example.org", exists: null },
    status: "fail",
    policy: "none",
  },
  {
    what: "np in doubt",
    tags: "p=none; np=reject",
    found: { exists: null },
    status: "temperror",
    stake: null,
  },
  {
    what: "np in doubt that makes no difference",
    tags: "p=reject; np=reject",
    found: { exists: null },
    status: "fail",
    policy: "reject",
  },
  { what: "a test of reject", tags: "p=reject; t=y", status: "fail", policy: "quarantine" },
  { what: "a test of quarantine", tags: "p=quarantine; t=y", status: "fail", policy: "none" },
  { what: "a test of none", tags: "p=none; t=y", status: "fail", policy: "none" },
  {
    what: "doubt in a test",
    tags: "p=quarantine; t=y",
    spf: ["temperror", "example.org"],
    status: "temperror",
    stake: "none",
  },
  { what: "pct=0, which is no more", tags: "p=reject; pct=0", status: "fail", policy: "reject" },
];
for (const { what, tags = "p=reject", found = {}, spf, dkim = [], ...expected } of cases) {
  Deno.test(`evaluate(): ${what}`, () => {
    const input: DmarcInput = {
      discovery: discovery(tags, found),
      spf: spf === undefined ? null : { status: spf[0], domain: spf[1] },
      dkim,
      organizations: known,
    };
    const result = evaluate(input);
    assert.equal(result.status, expected.status, result.why);
    assert.equal(result.policy, expected.policy ?? "none");
    if (expected.stake !== undefined) assert.equal(policyAtStake(result), expected.stake);
    if (result.status === "fail") assert.equal(policyAtStake(result), result.policy);
    assert.equal(result.alignedBy.length > 0, result.status === "pass");
    assert.deepEqual(evaluate(structuredClone(input)), result);
  });
}

Deno.test("the result says by whom and how it is aligned, each once", () => {
  const { alignedBy } = evaluate({
    discovery: discovery("p=none"),
    spf: { status: "pass", domain: "mail.example.org" },
    dkim: [dkim("pass", "example.org"), dkim("pass", "example.org"), dkim("pass", "mail.example.org")],
    organizations: known,
  });
  assert.deepEqual(alignedBy, [
    { mechanism: "spf", domain: "mail.example.org", alignment: "strict" },
    { mechanism: "dkim", domain: "example.org", alignment: "relaxed" },
    { mechanism: "dkim", domain: "mail.example.org", alignment: "strict" },
  ]);
});

Deno.test("a test is an override to report", () => {
  const result = evaluate({
    discovery: discovery("p=reject; t=y"),
    spf: null,
    dkim: [],
    organizations: known,
  });
  assert.deepEqual([result.publishedPolicy, result.policy], ["reject", "quarantine"]);
  assert.deepEqual(result.overrides.map((one) => one.type), ["policy_test_mode"]);
});

Deno.test("only who may be of the organization is walked for", () => {
  const walk = (tags: string, found: Partial<Discovery> = {}) =>
    domainsToWalk({
      discovery: discovery(tags, found),
      spf: { status: "pass", domain: "news.example.org" },
      dkim: [
        dkim("pass", "example.net"),
        dkim("pass", "org"),
        dkim("pass", "mail.example.org"),
        dkim("fail", "a.example.org"),
        dkim("pass", "b.example.org", true),
        dkim("temperror", "c.example.org"),
        dkim("pass", "notexample.org"),
        dkim("pass", "example.org"),
      ],
    });
  assert.deepEqual(walk("p=none"), ["news.example.org", "c.example.org", "example.org"]);
  assert.deepEqual(walk("p=none; adkim=s"), ["news.example.org"]);
  assert.deepEqual(walk("p=none; adkim=s; aspf=s"), []);
  assert.deepEqual(walk("p=none", { organizationalDomain: null }), []);
  assert.deepEqual(walk("p=none", { record: null, status: "none" }), []);
});

Deno.test("of several authors the worst result counts", () => {
  const of = (tags: string, more: Partial<DmarcInput> = {}, found: Partial<Discovery> = {}) =>
    evaluate({ discovery: discovery(tags, found), spf: null, dkim: [], organizations: known, ...more });
  const pass = of("p=none", { spf: { status: "pass", domain: "example.org" } });
  const inDoubt = { spf: { status: "temperror", domain: "example.org" } };
  const order = [
    pass,
    of("", {}, { record: null, status: "none" }),
    withoutAuthor("permerror", ""),
    of("p=none", inDoubt),
    of("p=none"),
    of("p=reject; t=y", inDoubt),
    of("p=quarantine"),
    of("p=reject", inDoubt),
    of("p=reject"),
  ];
  for (const [i, worse] of order.entries()) {
    for (const better of order.slice(0, i)) {
      assert.equal(strictest([better, worse]), worse);
      assert.equal(strictest([worse, better]), worse);
    }
  }
  // Nobody knows what is asked for: perhaps the worst.
  const unknown = of("", {}, { record: null, status: "failed" });
  assert.equal(strictest([of("p=quarantine"), of("p=none", inDoubt), unknown]), unknown);
  assert.throws(() => strictest([]), TypeError);
});
