import assert from "node:assert/strict";
import { parseIp } from "../base/ip_address.ts";
import { txt, type Zone, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { maxExplanation } from "./macro.ts";
import { checkHost, maxMxHosts, maxPtrNames, type SpfRequest, weaker } from "./check_host.ts";

const a = (...addresses: string[]) => ({ A: addresses.map((address) => ({ address })) });
const spf = (text: string) => ({ records: { TXT: txt(text) } });

function request(changes: Partial<SpfRequest> & { from?: string } = {}): SpfRequest {
  const { from = "192.0.2.1", ...rest } = changes;
  const ip = parseIp(from);
  assert.ok(ip !== null);
  return { ip, domain: "example.org", local: "a", helo: "mx.example.org", receiver: "here.example", ...rest };
}

const check = (zone: Zone, changes?: Parameters<typeof request>[0], resolver = new ZoneResolver(zone)) =>
  checkHost(request(changes), { resolver, now: 0 });

Deno.test("a pass says which term matched, and the weakest DNSSEC state of all answers", async () => {
  const zone: Zone = {
    "example.org": { records: { TXT: txt("v=spf1 include:a.example ~all") }, security: "secure" },
    "a.example": { ...spf("v=spf1 ip4:192.0.2.0/28 -all"), security: "insecure" },
  };
  const result = await check(zone);
  assert.deepEqual(
    [result.status, result.mechanism, result.security, result.lookups, result.domain],
    ["pass", "include:a.example", "insecure", 1, "example.org"],
  );
  assert.equal((await check(zone, { from: "192.0.2.16" })).status, "softfail");
});

Deno.test("weaker() orders bogus, indeterminate, insecure, secure", () => {
  assert.equal(weaker("secure", "insecure"), "insecure");
  assert.equal(weaker("bogus", "indeterminate"), "bogus");
  assert.equal(weaker("insecure", "indeterminate"), "indeterminate");
});

Deno.test("an answer that failed, also validation, is temperror and never another", async () => {
  for (const failure of ["timeout", "serverFailure", "bogus", "limit"] as const) {
    const zone: Zone = { "example.org": { failures: { TXT: failure } } };
    assert.equal((await check(zone)).status, "temperror");
  }
  const zone: Zone = {
    "example.org": spf("v=spf1 a:x.example +all"),
    "x.example": { failures: { "*": "bogus" } },
  };
  const result = await check(zone);
  assert.deepEqual([result.status, result.security], ["temperror", "bogus"]);
});

Deno.test("a check that is given up is temperror", async () => {
  const result = await checkHost(request(), {
    resolver: new ZoneResolver({ "example.org": spf("v=spf1 +all") }),
    now: 0,
    signal: AbortSignal.abort(),
  });
  assert.equal(result.status, "temperror");
});

Deno.test("a circle of includes, and of redirects, ends at the limit of lookups", async () => {
  for (const text of ["v=spf1 include:example.org", "v=spf1 redirect=example.org"]) {
    const resolver = new ZoneResolver({ "example.org": spf(text) });
    assert.equal((await check({}, {}, resolver)).status, "permerror");
    assert.equal(resolver.asked.length, 11);
  }
});

Deno.test("a third lookup that finds nothing is permerror", async () => {
  const zone = (n: number): Zone => ({
    "example.org": spf(`v=spf1 ${Array.from({ length: n }, (_, i) => `a:x${i}.example`).join(" ")} -all`),
  });
  assert.equal((await check(zone(2))).status, "fail");
  assert.equal((await check(zone(3))).status, "permerror");
});

Deno.test("mail hosts beyond the limit are an error, names of an address are ignored", async () => {
  const hosts = Array.from({ length: maxMxHosts + 1 }, (_, i) => `m${i}.example`);
  const addresses = Object.fromEntries(hosts.map((host) => [host, { records: a("198.51.100.1") }]));
  const mx = (n: number) => hosts.slice(0, n).map((host) => ({ preference: 1, exchange: `${host}.` }));
  const zone = (n: number): Zone => ({
    ...addresses,
    "example.org": { records: { TXT: txt("v=spf1 mx -all"), MX: mx(n) } },
  });
  assert.equal((await check(zone(maxMxHosts))).status, "fail");
  assert.equal((await check(zone(maxMxHosts + 1))).status, "permerror");
  const names = Array.from({ length: maxPtrNames + 5 }, (_, i) => `p${i}.example.org`);
  const resolver = new ZoneResolver({
    "example.org": spf("v=spf1 ptr -all"),
    "1.2.0.192.in-addr.arpa": { records: { PTR: names.map((name) => ({ target: `${name}.` })) } },
    ...Object.fromEntries(names.map((name) => [name, { records: a("198.51.100.1") }])),
  });
  assert.equal((await check({}, {}, resolver)).status, "fail");
  assert.equal(resolver.asked.filter((each) => each.endsWith(" A")).length, maxPtrNames);
});

Deno.test("an IPv4-mapped address is compared as IPv4", async () => {
  const zone: Zone = { "example.org": spf("v=spf1 ip4:192.0.2.1 -all") };
  assert.equal((await check(zone, { from: "::ffff:192.0.2.1" })).status, "pass");
});

Deno.test("a domain of U-labels is asked for in A-labels (RFC 8616 4)", async () => {
  const resolver = new ZoneResolver({ "xn--bcher-kva.example": spf("v=spf1 exists:%{o}.l.example -all") });
  const result = await check({}, { domain: "bücher.example" }, resolver);
  assert.equal(result.status, "fail");
  assert.deepEqual(resolver.asked, ["xn--bcher-kva.example. TXT", "xn--bcher-kva.example.l.example. A"]);
});

Deno.test("an explanation is cut, and dropped where it is not ASCII or there are two", async () => {
  const zone = (text: string[]): Zone => ({
    "example.org": spf("v=spf1 -all exp=why.example"),
    "why.example": { records: { TXT: txt(...text) } },
  });
  assert.equal((await check(zone(["x".repeat(2000)]))).explanation?.length, maxExplanation);
  assert.equal((await check(zone(["not %{i}"]))).explanation, "not 192.0.2.1");
  assert.equal((await check(zone(["grün"]))).explanation, null);
  assert.equal((await check(zone(["a", "b"]))).explanation, null);
  assert.equal((await check(zone(["%{"]))).explanation, null);
});
