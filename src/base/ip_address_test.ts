import assert from "node:assert/strict";
import fc from "fast-check";
import { isLoopback, networkOf, parseIp, printIp } from "./ip_address.ts";

const accepted: [text: string, printed: string][] = [
  ["0.0.0.0", "0.0.0.0"],
  ["192.0.2.255", "192.0.2.255"],
  ["::", "::"],
  ["::1", "::1"],
  ["2001:DB8::0001", "2001:db8::1"],
  ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"], // RFC 5952 4.2.3: the first of two equal runs.
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"], // RFC 5952 4.2.2
  ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::FFFF:c000:201", "192.0.2.1"],
  ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ["1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"],
];
for (const [text, printed] of accepted) {
  Deno.test(`parseIp() reads ${text}`, () => {
    const ip = parseIp(text);
    assert.ok(ip !== null);
    assert.equal(printIp(ip), printed);
  });
}

const refused = [
  "",
  "1.2.3",
  "1.2.3.4.5",
  "1.2.3.256",
  "01.2.3.4",
  "1.2.3.4 ",
  "0x1.2.3.4",
  "localhost",
  ":",
  ":::",
  "1::2::3",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1:2:3:4:5:6:7:8::",
  "12345::",
  "g::",
  "1.2.3.4::",
  "::1.2.3.4:1",
  "fe80::1%eth0",
  "[::1]",
  "::1/64",
  "0".repeat(5000) + "::",
];
for (const text of refused) {
  Deno.test(`parseIp() refuses ${JSON.stringify(text.slice(0, 30))}`, () =>
    assert.equal(parseIp(text), null));
}

Deno.test("parseIp() reads what printIp() prints", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 }),
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
  );
  fc.assert(fc.property(bytes, (value) => {
    const ip = { version: value.length === 4 ? 4 : 6, bytes: new Uint8Array(value) } as const;
    const again = parseIp(printIp(ip));
    assert.ok(again !== null);
    assert.equal(printIp(again), again.version === ip.version ? printIp(ip) : ip.bytes.slice(12).join("."));
  }));
});

const networks: [address: string, bits: number, network: string][] = [
  ["192.0.2.77", 32, "192.0.2.77"],
  ["192.0.2.77", 26, "192.0.2.64"],
  ["192.0.255.77", 21, "192.0.248.0"],
  ["192.0.2.77", 0, "0.0.0.0"],
  ["2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::"],
  ["2001:db8:1:2:3:4:5:6", 48, "2001:db8:1::"],
  ["2001:db8:1:2:3:4:5:6", 32, "2001:db8::"],
  ["2001:db8::1", 128, "2001:db8::1"],
];
for (const [address, bits, network] of networks) {
  Deno.test(`networkOf() cuts ${address} to /${bits}`, () => {
    const ip = parseIp(address);
    assert.ok(ip !== null);
    assert.equal(printIp(networkOf(ip, bits)), network);
  });
}

Deno.test("networkOf() refuses a prefix that the address does not have", () => {
  const ip = parseIp("192.0.2.1");
  assert.ok(ip !== null);
  for (const bits of [-1, 33, 1.5, NaN]) assert.throws(() => networkOf(ip, bits), RangeError);
});

for (
  const [text, own] of [
    ["127.0.0.1", true],
    ["127.255.0.9", true],
    ["::1", true],
    ["::ffff:127.0.0.1", true],
    ["128.0.0.1", false],
    ["::2", false],
    ["1::1", false],
  ] as const
) {
  Deno.test(`isLoopback() says ${own} of ${text}`, () => {
    const ip = parseIp(text);
    assert.ok(ip !== null);
    assert.equal(isLoopback(ip), own);
  });
}
