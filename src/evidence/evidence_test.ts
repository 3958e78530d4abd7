import assert from "node:assert/strict";
import { fromUtf8, utf8 } from "../base/bytes.ts";
import {
  decodeEvidence,
  encodeEvidence,
  type Evidence,
  maxArcLinks,
  maxAuthorDomains,
  maxBlocklists,
  maxCutLookups,
  maxEvidenceBytes,
  maxSignatures,
  maxUntrustedFields,
} from "./evidence.ts";
import { sampleDkim, sampleDmarc, sampleEvidence, sampleSpf } from "./testing/sample_evidence.ts";

Deno.test("evidence is read back as it was", () => {
  const evidence: Evidence = {
    ...sampleEvidence,
    dkim: [sampleDkim, { ...sampleDkim, domain: "bücher.example" }],
    arc: {
      ...sampleEvidence.arc,
      links: [{ instance: 1, domain: "list.example", dmarc: { result: "pass", from: null } }],
    },
    blocklists: [{ list: "bl.example", status: "listed", codes: ["127.0.0.2"], text: "spam", why: "listed" }],
    cutLookups: ["TXT _dmarc.example.org."],
  };
  const bytes = encodeEvidence(evidence);
  assert.deepEqual(decodeEvidence(bytes), evidence);
  assert.ok(bytes.length < 1700, `${bytes.length} octets`);
});

Deno.test("evidence with names, as the first messages have it, is read", () => {
  assert.deepEqual(decodeEvidence(utf8(JSON.stringify(sampleEvidence))), sampleEvidence);
});

Deno.test("the largest evidence is within the limit, and is read back", () => {
  // Three octets for each UTF-16 code unit is the most that UTF-8 and JSON make of one here.
  const x = "\ufffd".repeat(5000);
  const many = <T>(value: T) => Array.from({ length: 1000 }, () => value);
  const spf = { ...sampleSpf, domain: x, mechanism: x, explanation: x, why: x };
  const signature = {
    ...sampleDkim,
    domain: x,
    selector: x,
    identity: x,
    algorithm: x,
    prefix: x,
    services: many(x),
    why: x,
  };
  const evidence: Evidence = {
    ...sampleEvidence,
    remoteIp: x,
    helo: x,
    mailFrom: x,
    tls: { version: x, cipher: x },
    iprev: { ...sampleEvidence.iprev, name: x, why: x },
    spf,
    spfHelo: spf,
    from: { ...sampleEvidence.from, address: x, domains: many(x), why: x },
    dkim: many(signature),
    arc: {
      ...sampleEvidence.arc,
      links: many({ instance: 1, domain: x, dmarc: { result: x, from: x } }),
      why: x,
    },
    dmarc: {
      ...sampleDmarc,
      alignedBy: many({ mechanism: "dkim" as const, domain: x, alignment: "relaxed" as const }),
      domain: x,
      organizationalDomain: x,
      recordDomain: x,
      record: x,
      overrides: many({ type: "policy_test_mode" as const, comment: x }),
      why: x,
    },
    organization: x,
    blocklists: many({ list: x, status: "listed" as const, codes: many(x), text: x, why: x }),
    untrustedResults: many({ start: 1, end: 2, why: "ours" as const, authservId: x }),
    cutLookups: many(x),
  };
  const bytes = encodeEvidence(evidence);
  assert.ok(bytes.length > maxEvidenceBytes * 0.9, `${bytes.length} octets: the limit could be lower`);
  const read = decodeEvidence(bytes);
  assert.deepEqual(decodeEvidence(encodeEvidence(read)), read);
  assert.deepEqual(
    [read.dkim.length, read.arc.links.length, read.from.domains.length, read.blocklists.length],
    [maxSignatures, maxArcLinks, maxAuthorDomains, maxBlocklists],
  );
  assert.deepEqual([read.cutLookups.length, read.untrustedResults.length], [
    maxCutLookups,
    maxUntrustedFields,
  ]);
});

const json = (change: object) => utf8(JSON.stringify({ ...sampleEvidence, ...change }));
const refused: [what: string, bytes: Uint8Array][] = [
  ["nothing", new Uint8Array(0)],
  ["no JSON", utf8("{")],
  ["no UTF-8", Uint8Array.of(0xff)],
  ["null", utf8("null")],
  ["a later version", json({ version: 2 })],
  ["a version that never was", json({ version: 0 })],
  ["no version", json({ version: undefined })],
  ["another status", json({ spf: { ...sampleSpf, status: "good" } })],
  ["more than is known", json({ admin: true })],
  ["a line end in a text", json({ helo: "a\r\nb" })],
  [
    "a list with a member too few",
    utf8(JSON.stringify(JSON.parse(fromUtf8(encodeEvidence(sampleEvidence))).slice(1))),
  ],
  ["too many signatures", json({ dkim: Array.from({ length: maxSignatures + 1 }, () => sampleDkim) })],
  ["deep nesting", utf8("[".repeat(maxEvidenceBytes))],
  ["too much", utf8(JSON.stringify(sampleEvidence) + " ".repeat(maxEvidenceBytes))],
];
for (const [what, bytes] of refused) {
  Deno.test(`decodeEvidence() refuses ${what}`, () =>
    assert.throws(() => decodeEvidence(bytes), SyntaxError));
}
