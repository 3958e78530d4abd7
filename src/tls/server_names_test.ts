import assert from "node:assert/strict";
import { readCertificate } from "./certificate_fields.ts";
import { coversHost, presentedNames } from "./server_names.ts";
import { issue } from "./testing/certificate_maker.ts";

const cases: [pattern: string, host: string, covers: boolean][] = [
  ["mx.example.org", "mx.example.org", true],
  ["MX.Example.ORG", "mx.example.org.", true],
  ["mx.example.org.", "MX.example.org", true],
  ["*.example.org", "mx.example.org", true],
  ["xn--bcher-kva.example", "bücher.example", true],
  ["*.xn--bcher-kva.example", "mx.bücher.example", true],
  ["*.example.org", "example.org", false],
  ["*.example.org", "a.mx.example.org", false], // RFC 8461 4.1
  ["*.example.org", ".example.org", false],
  ["mx*.example.org", "mx1.example.org", false], // RFC 7672 3.2.3
  ["*mx.example.org", "amx.example.org", false],
  ["mx.*.org", "mx.example.org", false],
  ["*", "localhost", false],
  ["*.*", "a.b", false],
  ["*.example.org", "*.example.org", false],
  ["example.org", "mx.example.org", false],
  ["mx.example.org", "mx.example.com", false],
  ["m.example.org", "mx.example.org", false],
  ["", "", false],
  ["mx.example.org", "", false],
  ["mx.example.org", "a..\u{80}", false],
];
for (const [pattern, host, covers] of cases) {
  Deno.test(`coversHost(): ${pattern || "nothing"} and ${host || "nothing"}`, () =>
    assert.equal(coversHost(pattern, host), covers));
}

Deno.test("presentedNames(): the subject's name counts only where there is no other", () => {
  const names = (dnsNames?: string[]) =>
    presentedNames(readCertificate(issue({ name: "cn.example", ...(dnsNames ? { dnsNames } : {}) }).der));
  assert.deepEqual(names(["a.example"]), ["a.example"]);
  assert.deepEqual(names(), ["cn.example"]);
});
