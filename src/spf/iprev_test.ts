import assert from "node:assert/strict";
import { parseIp } from "../base/ip_address.ts";
import { type Zone, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { iprev } from "./iprev.ts";
import { maxPtrNames } from "./lookups.ts";
import { reverseName } from "./reverse_name.ts";

const pointer = {
  "1.2.0.192.in-addr.arpa": { records: { PTR: [{ target: "a.example." }, { target: "b.example." }] } },
};
const address = (text: string) => ({ records: { A: [{ address: text }] } });

const cases: [title: string, zone: Zone, status: string, name: string | null][] = [
  ["a name that leads back", { ...pointer, "b.example": address("192.0.2.1") }, "pass", "b.example."],
  ["names that lead elsewhere", { ...pointer, "a.example": address("192.0.2.2") }, "fail", null],
  ["no name", {}, "permerror", null],
  [
    "a lookup of names that failed",
    { "1.2.0.192.in-addr.arpa": { failures: { PTR: "timeout" } } },
    "temperror",
    null,
  ],
  [
    "a lookup of addresses that failed",
    { ...pointer, "a.example": { failures: { A: "timeout" } } },
    "temperror",
    null,
  ],
  [
    "a failure beside a name that leads back",
    {
      ...pointer,
      "a.example": { failures: { A: "timeout" } },
      "b.example": address("192.0.2.1"),
    },
    "pass",
    "b.example.",
  ],
];
for (const [title, zone, status, name] of cases) {
  Deno.test(`iprev() is ${status} for ${title}`, async () => {
    const ip = parseIp("192.0.2.1");
    assert.ok(ip !== null);
    const result = await iprev(ip, new ZoneResolver(zone));
    assert.deepEqual([result.status, result.name], [status, name]);
  });
}

Deno.test("reverseName() turns addresses around", () => {
  const name = (text: string) => reverseName(parseIp(text) ?? assert.fail());
  assert.equal(name("192.0.2.1"), "1.2.0.192.in-addr.arpa.");
  assert.equal(
    name("2001:db8::567:89ab"),
    "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
  );
});

Deno.test("iprev() of an IPv6 address asks for AAAA, and of many names looks at a few", async () => {
  const ip = parseIp("2001:db8::1") ?? assert.fail();
  const names = Array.from({ length: maxPtrNames + 5 }, (_, i) => `m${i}.example.`);
  const resolver = new ZoneResolver({
    [reverseName(ip).slice(0, -1)]: { records: { PTR: names.map((target) => ({ target })) } },
    [`m${maxPtrNames}.example`]: { records: { AAAA: [{ address: "2001:db8::1" }] } },
  });
  const result = await iprev(ip, resolver);
  assert.deepEqual([result.status, result.names.length], ["fail", maxPtrNames]);
  assert.equal(resolver.asked.filter((each) => each.endsWith(" AAAA")).length, maxPtrNames);
});

Deno.test("iprev() has the DNSSEC state of what it relies on", async () => {
  const ip = parseIp("192.0.2.1") ?? assert.fail();
  const zone: Zone = {
    "1.2.0.192.in-addr.arpa": { ...pointer["1.2.0.192.in-addr.arpa"], security: "secure" },
    "a.example": { ...address("192.0.2.2"), security: "insecure" },
    "b.example": { ...address("192.0.2.1"), security: "secure" },
  };
  assert.equal((await iprev(ip, new ZoneResolver(zone))).security, "secure");
  const { "b.example": _, ...none } = zone;
  assert.equal((await iprev(ip, new ZoneResolver(none))).security, "insecure");
});

Deno.test("iprev() that is given up is temperror", async () => {
  const ip = parseIp("192.0.2.1") ?? assert.fail();
  assert.equal((await iprev(ip, new ZoneResolver(pointer), AbortSignal.abort())).status, "temperror");
});
