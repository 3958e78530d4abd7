import assert from "node:assert/strict";
import { dnsGrant } from "./boot_dns.ts";

const servers = [{ address: "192.0.2.1", port: 53, trusted: false }, {
  address: "2001:db8::1",
  port: 53,
  trusted: false,
}];

Deno.test("dnsGrant() is nothing, the servers, or everything", () => {
  assert.deepEqual(dnsGrant({ mode: "local", servers: [], direct: false }), []);
  assert.deepEqual(dnsGrant({ mode: "off", servers, direct: false }), [
    "192.0.2.1:53",
    "[2001:db8::1]:53",
    "0.0.0.0:0",
    "[::]:0",
  ]);
  assert.equal(dnsGrant({ mode: "validate", servers, direct: true }), "any");
});
