import assert from "node:assert/strict";
import { endpoint } from "./endpoint.ts";

const cases: [address: string | undefined, port: number | undefined, expected: string | null][] = [
  ["192.0.2.1", 25, "192.0.2.1"],
  ["::ffff:192.0.2.1", 25, "192.0.2.1"],
  ["2001:DB8:0:0::1", 25, "2001:db8::1"],
  ["fe80::1%eth0", 25, "fe80::1%eth0"],
  [undefined, undefined, null],
  ["192.0.2.1", undefined, null],
];
for (const [address, port, expected] of cases) {
  Deno.test(`endpoint() of ${address} and ${port}`, () => {
    assert.equal(endpoint(address, port)?.address ?? null, expected);
  });
}
