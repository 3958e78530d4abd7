import assert from "node:assert/strict";
import fc from "fast-check";
import {
  defaultRecord,
  type DmarcRecord,
  maxRecordOctets,
  maxTags,
  milder,
  parseRecord,
  policies,
  policyBelow,
  printRecord,
} from "./record.ts";
import { mailtoUri } from "./report_uri.ts";

const rua = mailtoUri({ local: "d", domain: "example.org" });

const accepted: [text: string, record: Partial<DmarcRecord>][] = [
  ["v=DMARC1; p=none", {}],
  ["v=DMARC1;p=reject", { policy: "reject" }],
  ["v=DMARC1; p=reject;", { policy: "reject" }],
  ["v = DMARC1 ; p = Quarantine ", { policy: "quarantine" }],
  ["V=DMARC1; P=REJECT", { policy: "reject" }],
  ["v=DMARC1; sp=reject; p=none; np=quarantine", {
    subdomainPolicy: "reject",
    nonexistentPolicy: "quarantine",
  }],
  ["v=DMARC1; p=none; psd=y; t=y; adkim=s; aspf=S", {
    psd: "y",
    testing: true,
    dkimAlignment: "strict",
    spfAlignment: "strict",
  }],
  ["v=DMARC1; p=none; psd=n; t=n; adkim=r; aspf=r", { psd: "n" }],
  ["v=DMARC1; p=none; fo=1:d:s", { failureOptions: ["1", "d", "s"] }],
  ["v=DMARC1; p=none; fo=d", { failureOptions: ["d"] }],
  ["v=DMARC1; p=none; rua=mailto:d@example.org!10m", {
    aggregateReports: [{ ...rua, maxBytes: 10 * 1024 * 1024 }],
  }],
  ["v=DMARC1; p=none; ruf=mailto:d@example.org", { failureReports: [rua] }],
  // RFC 9989 4.8: unknown tags are ignored, and those of RFC 7489 are unknown.
  ["v=DMARC1; p=reject; pct=0; rf=x; ri=y; x1=2; fancy=yes", {
    policy: "reject",
    problems: ["a tag that cannot be read"],
  }],
  ["v=DMARC1; p=none;; ; ", {}],
  // RFC 9989 4.10.1: what stands in for a policy that cannot be read.
  ["v=DMARC1", { usable: false, problems: ["there is no policy (p)"] }],
  ["v=DMARC1; rua=mailto:d@example.org", {
    aggregateReports: [rua],
    problems: ["there is no policy (p)"],
  }],
  ["v=DMARC1; p=block", { usable: false, problems: ["the tag p has no policy as its value"] }],
  ["v=DMARC1; p=reject; sp=block", { usable: false, problems: ["the tag sp has no policy as its value"] }],
  ["v=DMARC1; p=reject; np=; rua=mailto:d@example.org", {
    aggregateReports: [rua],
    problems: ["a tag that cannot be read", "the tag np has no policy as its value"],
  }],
  ["v=DMARC1; p=reject; rua=d@example.org; sp=x", {
    usable: false,
    problems: ["a report address that is no URI (rua)", "the tag sp has no policy as its value"],
  }],
  ["v=DMARC1; p=none; p=reject", {
    usable: false,
    problems: ["the tag p comes twice", "the tag p has no policy as its value"],
  }],
  // RFC 9989 4.8: defaults in place of what is wrong.
  ["v=DMARC1; p=none; adkim=strict; aspf=; psd=x; t=1", {
    problems: [
      "a tag that cannot be read",
      "the tag psd has an unknown value",
      "the tag t has an unknown value",
      "the tag adkim has an unknown value",
      "the tag aspf has an unknown value",
    ],
  }],
  ["v=DMARC1; p=none; fo=0:1", { problems: ["the tag fo has an unknown value"] }],
  ["v=DMARC1; p=none; fo=d:d", { problems: ["the tag fo has an unknown value"] }],
  ["v=DMARC1; p=none; fo=x", { problems: ["the tag fo has an unknown value"] }],
  ["v=DMARC1; p=none; t=constructor", { problems: ["the tag t has an unknown value"] }],
  ["v=DMARC1; p=none; sp", {
    usable: false,
    problems: ["a tag that cannot be read", "the tag sp has no policy as its value"],
  }],
  ["v=DMARC1; p=none; \u00fc=1", { problems: ["a tag that cannot be read"] }],
];
for (const [text, record] of accepted) {
  Deno.test(`parseRecord() reads ${text}`, () => {
    assert.deepEqual(parseRecord(text), { ...defaultRecord, ...record });
  });
}

const refused = [
  "",
  "v=DMARC1 p=none",
  "v=DMARC2; p=none",
  "v=dmarc1; p=none",
  "v=DMARC1x; p=none",
  "p=none; v=DMARC1",
  "; v=DMARC1; p=none",
  "v=spf1 -all",
  "DMARC1; p=none",
  "v; p=none",
  `v=DMARC1; p=reject; x=${"y".repeat(maxRecordOctets)}`,
];
for (const text of refused) {
  Deno.test(`parseRecord() takes ${JSON.stringify(text.slice(0, 40))} for no record`, () => {
    assert.equal(parseRecord(text), null);
  });
}

Deno.test("tags beyond the limit are not read", () => {
  const filled = (tags: number) => `v=DMARC1${"; x=1".repeat(tags - 2)}; p=reject`;
  assert.equal(parseRecord(filled(maxTags))?.policy, "reject");
  const longer = parseRecord(filled(maxTags + 1));
  assert.equal(longer?.policy, "none");
  assert.deepEqual(longer?.problems, [`more than ${maxTags} tags`, "there is no policy (p)"]);
});

Deno.test("problems are told up to a limit", () => {
  const record = parseRecord(`v=DMARC1; p=none${"; =".repeat(90)}`);
  assert.equal(record?.problems.length, 20);
});

const policy = fc.constantFrom(...policies);
const options = fc.constantFrom(["0"], ["1"], ["d"], ["s"], ["0", "d"], ["1", "s", "d"], ["d", "s", "1"]);
const uris = fc.subarray([
  rua,
  { ...mailtoUri({ local: "ü, x!", domain: "bücher.example" }), maxBytes: 123456 },
  mailtoUri({ local: 'a"b', domain: "example.net" }),
  { uri: "https://example.net/d", scheme: "https", address: null, host: "example.net", maxBytes: null },
]);
const record = fc.record({
  policy,
  subdomainPolicy: fc.option(policy),
  nonexistentPolicy: fc.option(policy),
  psd: fc.constantFrom("y", "n", "u"),
  testing: fc.boolean(),
  dkimAlignment: fc.constantFrom("relaxed", "strict"),
  spfAlignment: fc.constantFrom("relaxed", "strict"),
  failureOptions: options,
  aggregateReports: uris,
  failureReports: uris,
});
Deno.test("what is printed is read again as it was", () => {
  fc.assert(fc.property(record, (values) => {
    // The arbitraries give these values, under wider types.
    const one = { ...values, usable: true, problems: [] } as DmarcRecord;
    assert.deepEqual(parseRecord(printRecord(one)), one);
  }));
});

Deno.test("policies below the record's domain, and milder ones", () => {
  const of = (text: string) => parseRecord(`v=DMARC1; ${text}`) ?? assert.fail();
  assert.equal(policyBelow(of("p=reject"), true), "reject");
  assert.equal(policyBelow(of("p=reject"), false), "reject");
  assert.equal(policyBelow(of("p=reject; sp=none"), true), "none");
  assert.equal(policyBelow(of("p=reject; sp=none"), false), "none");
  assert.equal(policyBelow(of("p=none; sp=none; np=reject"), true), "none");
  assert.equal(policyBelow(of("p=none; sp=none; np=reject"), false), "reject");
  assert.deepEqual(policies.map(milder), ["none", "none", "quarantine"]);
});
