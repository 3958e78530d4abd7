import assert from "node:assert/strict";
import type { Security } from "../../dns/resolver.ts";
import { type Entry, type Zone, ZoneResolver } from "../../dns/testing/zone_resolver.ts";
import { findHosts, maxHosts } from "./hosts.ts";

const mx = (...records: readonly (readonly [preference: number, exchange: string])[]): Entry => ({
  records: { MX: records.map(([preference, exchange]) => ({ preference, exchange })) },
});

const found: [what: string, domain: string, zone: Zone, hosts: string[], expanded?: string][] = [
  ["in order of preference", "a.test", { "a.test": mx([20, "b.test."], [10, "c.test."]) }, [
    "c.test",
    "b.test",
  ]],
  ["as normal forms", "a.test", { "a.test": mx([1, "XN--BCHER-KVA.test."]) }, ["bücher.test"]],
  ["once each", "a.test", { "a.test": mx([1, "b.test."], [2, "B.test."]) }, ["b.test"]],
  ["without MX: the domain", "a.test", { "a.test": { records: { A: [] } } }, ["a.test"]],
  [
    "through an alias",
    "a.test",
    {
      "a.test": { records: { CNAME: [{ target: "b.test." }] } },
      "b.test": mx([1, "c.test."]),
    },
    ["c.test"],
    "b.test",
  ],
  [
    "through an alias, without MX",
    "a.test",
    {
      "a.test": { records: { CNAME: [{ target: "b.test." }] } },
      "b.test": {},
    },
    ["b.test"],
    "b.test",
  ],
  ["that is no host name beside one that is", "a.test", {
    "a.test": mx([1, "192.0.2.1."], [1, "-x.test."], [1, "."], [2, "b.test."]),
  }, ["b.test"]],
  ["with an underscore", "a.test", { "a.test": mx([1, "mail_1.test."]) }, ["mail_1.test"]],
  ["of an address", "[192.0.2.1]", {}, ["192.0.2.1"], "[192.0.2.1]"],
  ["of an IPv6 address", "[IPv6:2001:db8::1]", {}, ["2001:db8::1"], "[IPv6:2001:db8::1]"],
];
for (const [what, domain, zone, hosts, expanded = domain] of found) {
  Deno.test(`hosts ${what}`, async () => {
    const plan = await findHosts(domain, new ZoneResolver(zone), () => 0.5);
    assert.ok(plan.kind === "hosts");
    assert.deepEqual(plan.hosts, hosts);
    assert.equal(plan.expanded, expanded);
  });
}

const nowhere: [what: string, zone: Zone, outcome: string, status: string, text: RegExp][] = [
  ["null MX", { "a.test": mx([0, "."]) }, "permanent", "5.1.10", /null MX/],
  ["no such domain", {}, "permanent", "5.1.2", /a\.test does not exist/],
  [
    "an alias that leads nowhere",
    { "a.test": { records: { CNAME: [{ target: "b.test." }] } } },
    "permanent",
    "5.1.2",
    /leads to b\.test/,
  ],
  ["only MX that are no names", { "a.test": mx([1, "192.0.2.1."]) }, "permanent", "5.4.4", /names a host/],
  ["no answer", { "a.test": { failures: { "*": "timeout" } } }, "temporary", "4.4.3", /in time/],
  [
    "a broken server",
    { "a.test": { failures: { MX: "serverFailure" } } },
    "temporary",
    "4.4.3",
    /MX records/,
  ],
  ["a forged answer", { "a.test": { failures: { MX: "bogus" } } }, "temporary", "4.4.3", /DNSSEC/],
  [
    "a circle of aliases",
    { "a.test": { records: { CNAME: [{ target: "a.test." }] } } },
    "temporary",
    "4.4.3",
    /cannot be found/,
  ],
];
for (const [what, zone, outcome, status, text] of nowhere) {
  Deno.test(`no hosts: ${what} is ${outcome}`, async () => {
    const plan = await findHosts("a.test", new ZoneResolver(zone), () => 0.5);
    assert.ok(plan.kind === "nowhere");
    assert.equal(plan.verdict.outcome, outcome);
    assert.equal(plan.verdict.status, status);
    assert.match(plan.verdict.text, text);
  });
}

Deno.test("an address literal that is none comes back", async () => {
  const plan = await findHosts("[x400:abc]", new ZoneResolver({}), () => 0.5);
  assert.ok(plan.kind === "nowhere" && plan.verdict.outcome === "permanent");
});

Deno.test("hosts of the same preference come in any order, others never", async () => {
  const zone = { "a.test": mx([1, "b.test."], [1, "c.test."], [0, "first.test."]) };
  const first = async (...random: number[]) => {
    const plan = await findHosts("a.test", new ZoneResolver(zone), () => random.shift() ?? 0);
    return plan.kind === "hosts" ? plan.hosts : [];
  };
  assert.deepEqual(await first(0.1, 0.2, 0.9), ["first.test", "b.test", "c.test"]);
  assert.deepEqual(await first(0.2, 0.1, 0.9), ["first.test", "c.test", "b.test"]);
});

Deno.test(`no more than ${maxHosts} hosts are tried`, async () => {
  const many = Array.from({ length: maxHosts + 5 }, (_, i) => [i, `h${i}.test.`] as const);
  const plan = await findHosts("a.test", new ZoneResolver({ "a.test": mx(...many) }), () => 0.5);
  assert.ok(plan.kind === "hosts");
  assert.equal(plan.hosts.length, maxHosts);
  assert.equal(plan.hosts[0], "h0.test");
});

for (const security of ["secure", "insecure", "indeterminate"] as const satisfies Security[]) {
  Deno.test(`what DNSSEC says goes along: ${security}`, async () => {
    const asked = async (zone: Zone) => {
      const plan = await findHosts("a.test", new ZoneResolver(zone, security), () => 0.5);
      return plan.kind === "hosts" ? plan.mx : null;
    };
    assert.deepEqual(await asked({ "a.test": mx([1, "b.test."]) }), { found: true, security });
    assert.deepEqual(await asked({ "a.test": {} }), { found: false, security });
  });
}
