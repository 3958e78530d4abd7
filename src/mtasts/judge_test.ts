import assert from "node:assert/strict";
import { issue, testNow } from "../tls/testing/certificate_maker.ts";
import { type HostFault, type HostSession, judgeName, judgeSession } from "./judge.ts";
import type { Policy } from "./policy.ts";

const policy = (mode: Policy["mode"]): Policy => ({
  mode,
  mx: ["mx.example.org", "*.example.net"],
  maxAgeSeconds: 1,
  extensions: [],
});
const day = 24 * 3600 * 1000;
const chain = (...dnsNames: string[]) => [issue({ name: "mx.example.org", dnsNames }).der];
const good: HostSession = { tls: true, distrust: null, chain: chain("mx.example.org", "*.example.net") };
const expired = [issue({ name: "a", dnsNames: ["mx.example.org"], notAfter: testNow - day }).der];
const early = [issue({ name: "a", dnsNames: ["mx.example.org"], notBefore: testNow + day }).der];

const cases: [why: string, host: string, session: Partial<HostSession>, fault: HostFault | null][] = [
  ["all is well", "mx.example.org", {}, null],
  ["a wildcard in policy and certificate", "a.example.net", {}, null],
  ["a host that the policy does not name", "mx.evil.example", {}, "validation-failure"],
  ["no STARTTLS", "mx.example.org", { tls: false, chain: [] }, "starttls-not-supported"],
  ["no certificate", "mx.example.org", { chain: [] }, "certificate-not-trusted"],
  ["a certificate that is none", "mx.example.org", { chain: [new Uint8Array(3)] }, "certificate-not-trusted"],
  ["an expired certificate", "mx.example.org", { chain: expired, distrust: "x" }, "certificate-expired"],
  ["one of tomorrow", "mx.example.org", { chain: early }, "certificate-not-trusted"],
  ["one for others", "mx.example.org", { chain: chain("example.org") }, "certificate-host-mismatch"],
  // The subject's name is mx.example.org in all of these. RFC 8461 4.2
  [
    "a name in the subject alone",
    "mx.example.org",
    { chain: [issue({ name: "mx.example.org" }).der] }, //
    "certificate-host-mismatch",
  ],
  ["an unknown root", "mx.example.org", { distrust: "UNKNOWN_ISSUER" }, "certificate-not-trusted"],
];
for (const [why, host, change, fault] of cases) {
  Deno.test(`judgeSession(): ${why}`, () => {
    const session = { ...good, ...change };
    const verdict = judgeSession(policy("enforce"), host, session, testNow);
    assert.equal(verdict.fault, fault);
    assert.equal(verdict.allowed, fault === null);
    assert.equal(verdict.reason === null, fault === null);
    const test = judgeSession(policy("testing"), host, session, testNow);
    assert.deepEqual([test.allowed, test.fault], [true, fault]);
    for (const nothing of [policy("none"), null]) {
      assert.deepEqual(judgeSession(nothing, host, session, testNow), judgeName(null, host));
    }
  });
}

Deno.test("the runtime's words are repeated without what could hurt a report", () => {
  const { reason } = judgeSession(
    policy("enforce"),
    "mx.example.org",
    { ...good, distrust: `a\r\nb${"x".repeat(1000)}` },
    testNow,
  );
  assert.match(reason ?? "", /^a\?\?bx{96}$/);
});
