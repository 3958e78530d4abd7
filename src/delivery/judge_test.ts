import assert from "node:assert/strict";
import { failedDmarc, sampleEvidence, sampleSpf } from "../evidence/testing/sample_evidence.ts";
import type { Evidence } from "../evidence/evidence.ts";
import { judgeStranger } from "./judge.ts";

const listed: Evidence["blocklists"] = [
  { list: "bl.example", status: "listed", codes: ["127.0.0.2"], text: "", why: "it lists it" },
];

const cases: [title: string, change: Partial<Evidence>, action: string, junk: boolean][] = [
  ["nothing speaks against it", {}, "accept", false],
  ["its author's domain asks for reject", { dmarc: failedDmarc("reject") }, "reject", false],
  ["its author's domain asks for quarantine", { dmarc: failedDmarc("quarantine") }, "accept", true],
  ["only SPF fails, as after forwarding", { spf: { ...sampleSpf, status: "fail" } }, "accept", false],
  ["SPF could not be asked", { spf: { ...sampleSpf, status: "temperror" } }, "accept", false],
  [
    "DMARC could not be asked",
    {
      dmarc: { ...failedDmarc("reject"), status: "temperror", policy: "none", policyAtStake: null },
    },
    "tempfail",
    false,
  ],
  ["its host is on a blocklist", { blocklists: listed }, "reject", false],
];
for (const [title, change, action, junk] of cases) {
  Deno.test(`judgeStranger() where ${title}`, () => {
    const verdict = judgeStranger({ ...sampleEvidence, ...change });
    assert.deepEqual([verdict.action, verdict.junk, verdict.reply === null], [
      action,
      junk,
      action === "accept",
    ]);
  });
}

Deno.test("judgeStranger() takes what a sealer saw pass, where he is trusted", () => {
  const dmarc = failedDmarc("reject");
  const link = { instance: 1, domain: "list.example", dmarc: { result: "pass", from: dmarc.domain } };
  const arc: Evidence["arc"] = { ...sampleEvidence.arc, status: "pass", instances: 1, links: [link] };
  const evidence = { ...sampleEvidence, dmarc, arc };
  assert.equal(judgeStranger(evidence).action, "reject");
  assert.equal(judgeStranger(evidence, ["other.example"]).action, "reject");
  assert.equal(judgeStranger(evidence, ["list.example"]).action, "accept");
});
