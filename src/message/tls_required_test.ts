import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import { saysTlsRequiredNo } from "./tls_required.ts";

const cases: [header: string, says: boolean][] = [
  ["TLS-Required: No\r\n", true],
  ["From: a@b.example\r\ntls-required:no\r\nTo: b@b.example\r\n", true],
  ["TLS-Required:\r\n No\r\n", true],
  ["TLS-Required: No\r\nTLS-Required: NO\r\n", true],
  ["TLS-Required: No\r\nTLS-Required: Yes\r\n", false],
  ["TLS-Required: Yes\r\n", false],
  ["TLS-Required: No, please\r\n", false],
  ["TLS-Required: No\r\n really\r\n", false],
  ["TLS-Required:\r\n", false],
  ["X-TLS-Required: No\r\n", false],
  ["Subject: x\r\n TLS-Required: No\r\n", false],
  ["", false],
];
for (const [header, says] of cases) {
  Deno.test(`saysTlsRequiredNo(${JSON.stringify(header)})`, () => {
    assert.equal(saysTlsRequiredNo(utf8(header)), says);
  });
}
