import assert from "node:assert/strict";
import { explain } from "./explain.ts";
import type { Evidence } from "./evidence.ts";
import { failedDmarc, sampleDkim, sampleEvidence, sampleSpf } from "./testing/sample_evidence.ts";
import { verdict } from "./verdict.ts";

Deno.test("a message that nothing speaks against", () => {
  assert.deepEqual(explain(sampleEvidence, verdict(sampleEvidence)), [
    "taken (no-bad-signals): nothing speaks against it",
    "from joe@example.org, sent by mx.example.org (192.0.2.1), which calls itself mx.example.org, with TLSv1.3 TLS_AES_128_GCM_SHA256",
    "reverse name: pass, mx.example.org. leads back to 192.0.2.1 (with DNSSEC)",
    "SPF of MAIL FROM (example.org): none, example.org. has no SPF record",
    "SPF of HELO (mx.example.org): none, example.org. has no SPF record",
    "DKIM signature: none, there is no signature",
    "From names joe@example.org: nothing confirms it; organization example.org",
    "DMARC: none, neither example.org nor a domain above it has a record",
  ]);
});

Deno.test("a forged message that much can be said of", () => {
  const evidence: Evidence = {
    ...sampleEvidence,
    waitedMs: 20_000,
    mailFrom: null,
    tls: null,
    iprev: { status: "permerror", name: null, security: "insecure", why: "192.0.2.1 has no name" },
    spf: { ...sampleSpf, status: "fail", identity: "helo", explanation: "not ours", security: "bogus" },
    spfHelo: null,
    dkim: [{ ...sampleDkim, lengthLimited: true, testing: true }],
    arc: {
      ...sampleEvidence.arc,
      status: "fail",
      why: "seal 1 does not verify",
      links: [{ instance: 1, domain: "list.example", dmarc: { result: "pass", from: "example.org" } }, {
        instance: 2,
        domain: null,
        dmarc: null,
      }],
    },
    from: {
      ...sampleEvidence.from,
      status: "severalFields",
      address: null,
      domains: ["a.example", "b.example"],
      why: "there are 2 From fields",
    },
    organization: null,
    dmarc: failedDmarc("reject"),
    blocklists: [{
      list: "bl.example",
      status: "listed",
      codes: ["127.0.0.2"],
      text: "spam",
      why: "bl.example lists it",
    }],
    untrustedResults: [{ start: 0, end: 9, why: "ours", authservId: "mail.example.net" }],
    cutLookups: ["TXT _dmarc.example."],
  };
  const lines = explain(evidence, verdict(evidence));
  for (
    const part of [
      "refused (malformed-from): there are 2 From fields; the answer for that is 550 5.6.0",
      "from nobody (the null sender), sent by 192.0.2.1, which calls itself mx.example.org, without TLS",
      "SPF of HELO (example.org): fail, example.org. has no SPF record (DNSSEC says it is forged)",
      'example.org says of it: "not ours"',
      "it covers only the beginning of the body, so it confirms nobody; its key is marked as a test",
      "ARC: fail, seal 1 does not verify; sealed by list.example (saw dmarc=pass for example.org), then ?",
      "From names a.example and b.example (there are 2 From fields): nothing confirms it",
      "the record of example.org was understood as: v=DMARC1; p=reject",
      'blocklist bl.example: listed, bl.example lists it, "spam"',
      "do not believe the Authentication-Results of mail.example.net: it came with the message, in our name",
      "not answered in time: TXT _dmarc.example.",
      "the complete message waited 20000 ms for answers",
    ]
  ) assert.ok(lines.some((line) => line.includes(part)), `${part} in\n${lines.join("\n")}`);
});

Deno.test("an override is told", () => {
  const spf = { ...sampleSpf, status: "pass" as const, domain: "list.example" };
  const evidence: Evidence = { ...sampleEvidence, spf, dmarc: failedDmarc("reject") };
  const lines = explain(evidence, verdict(evidence, undefined, { listAllowDomain: "list.example" }));
  assert.match(
    lines[1] ?? "",
    /^the policy was not applied \(mailing_list\): a ruleset of the recipient allows list\.example$/,
  );
});
