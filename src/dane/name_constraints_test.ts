import assert from "node:assert/strict";
import { readCertificate } from "../tls/certificate_fields.ts";
import { issue } from "../tls/testing/certificate_maker.ts";
import { constraintProblem } from "./name_constraints.ts";

const cases: [names: string[], permitted: string[] | null, excluded: string[] | null, allowed: boolean][] = [
  [["mx.example.org"], null, null, true],
  [["mx.example.org"], ["example.org"], null, true],
  [["example.org"], ["example.org"], null, true],
  [["*.example.org"], ["example.org"], null, true],
  [["mx.example.org"], [".example.org"], null, true],
  [["mx.example.org"], [""], null, true],
  [["mx.example.org"], ["example.net", "example.org"], null, true],
  [["mx.example.org"], null, ["example.net"], true],
  [["mx.example.org", "mx.example.net"], ["example.org"], null, false],
  [["example.org"], [".example.org"], null, false],
  [["notexample.org"], ["example.org"], null, false],
  [["mx.example.org"], null, ["example.org"], false],
  [["mx.example.org"], ["example.org"], ["mx.example.org"], false],
  [["*.example.org"], ["example.org"], ["secret.example.org"], false], // The wildcard covers what is excluded.
  [["mx.example.org"], null, [""], false],
];
for (const [dnsNames, permitted, excluded, allowed] of cases) {
  Deno.test(`${dnsNames}, permitted ${permitted ?? "all"}, excluded ${excluded ?? "none"}: ${allowed}`, () => {
    const authority = issue({
      name: "A",
      ca: true,
      ...(permitted ? { permitted } : {}),
      ...(excluded ? { excluded } : {}),
    });
    const leaf = readCertificate(issue({ name: "x", dnsNames, issuer: authority }).der);
    assert.equal(constraintProblem(readCertificate(authority.der), [leaf]) === null, allowed);
  });
}

Deno.test("a name in the subject is held to constraints where it counts as a name", () => {
  const authority = readCertificate(issue({ name: "A", ca: true, permitted: ["example.org"] }).der);
  const leaf = (name: string) => [readCertificate(issue({ name }).der)];
  assert.equal(constraintProblem(authority, leaf("mx.example.org")), null);
  assert.notEqual(constraintProblem(authority, leaf("mx.example.net")), null);
});
