import assert from "node:assert/strict";
import { validationOf } from "./from_validation.ts";
import { publicSuffixList } from "./public_suffix_list.ts";
import { sampleDkim, sampleSpf } from "./testing/sample_evidence.ts";

type Found = [status: string, domain: string];
const cases: [author: string, spf: Found, dkim: Found | null, dmarc: string, validation: string][] = [
  ["example.org", ["pass", "example.org"], null, "none", "strict"],
  ["example.org", ["none", "example.net"], ["pass", "example.org"], "none", "strict"],
  ["mail.example.org", ["pass", "example.org"], null, "pass", "dmarc"],
  ["mail.example.org", ["pass", "example.org"], null, "none", "relaxed"],
  ["mail.example.org", ["fail", "example.org"], ["pass", "news.example.org"], "fail", "relaxed"],
  ["a.github.io", ["pass", "b.github.io"], null, "none", "none"],
  ["a.co.uk", ["pass", "co.uk"], null, "none", "none"],
  ["example.org", ["fail", "example.org"], ["fail", "example.org"], "none", "none"],
  ["example.org", ["temperror", "example.org"], ["temperror", "example.org"], "temperror", "none"],
  ["example.org", ["pass", "example.net"], ["pass", "example.com"], "fail", "none"],
];
for (const [author, spf, dkim, dmarc, validation] of cases) {
  Deno.test(`${author} with SPF ${spf}, DKIM ${dkim}, DMARC ${dmarc} is ${validation}`, () => {
    const status = (text: string) => text === "pass" ? "pass" : text === "fail" ? "fail" : "temperror";
    const signatures = dkim === null
      ? []
      : [{ ...sampleDkim, status: status(dkim[0]), domain: dkim[1] } as const];
    const checked = { ...sampleSpf, status: status(spf[0]), domain: spf[1] } as const;
    assert.equal(validationOf(author, checked, signatures, dmarc, publicSuffixList), validation);
  });
}

Deno.test("a signature of a part of the body confirms nobody", () => {
  const signature = { ...sampleDkim, lengthLimited: true };
  assert.equal(validationOf("example.org", sampleSpf, [signature], "none", publicSuffixList), "none");
});
