import assert from "node:assert/strict";
import { parseIp } from "../base/ip_address.ts";
import type { DataByType, RecordType } from "../dns/record.ts";
import type { Answer, LookupOptions, Resolver } from "../dns/resolver.ts";
import { txt, type Zone, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { checkHost, type SpfRequest } from "./check_host.ts";
import { maxLookups, maxMxHosts, maxPtrNames, maxVoidLookups } from "./lookups.ts";
import { maxExplanation } from "./macro.ts";
import { maxRecordLength } from "./record.ts";

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

/** Gives up when it is asked for the first name of a type. */
class Deadline implements Resolver {
  readonly #resolver: ZoneResolver;
  readonly #type: RecordType;
  readonly #controller = new AbortController();
  readonly signal = this.#controller.signal;

  constructor(zone: Zone, type: RecordType) {
    this.#resolver = new ZoneResolver(zone);
    this.#type = type;
  }

  lookup<T extends keyof DataByType>(name: string, type: T, options: LookupOptions): Promise<Answer<T>> {
    if (type === this.#type) this.#controller.abort();
    return this.#resolver.lookup(name, type, options);
  }
}

// Of `ptr`, errors are as if there were no names (RFC 7208 5.5), but a deadline is the check's.
const givenUp: [type: RecordType, record: string][] = [
  ["TXT", "v=spf1 -all"],
  ["A", "v=spf1 a -all"],
  ["A", "v=spf1 exists:%{d} -all"],
  ["MX", "v=spf1 mx -all"],
  ["PTR", "v=spf1 ptr -all"],
  ["A", "v=spf1 ptr -all"],
  ["PTR", "v=spf1 exists:%{p}.example.org -all"],
];
for (const [type, record] of givenUp) {
  Deno.test(`a check of ${record} that is given up at its lookup of ${type} is temperror`, async () => {
    const resolver = new Deadline({
      "example.org": { records: { TXT: txt(record), ...a("198.51.100.1") } },
      "1.2.0.192.in-addr.arpa": { records: { PTR: [{ target: "example.org." }] } },
    }, type);
    const result = await checkHost(request(), { resolver, now: 0, signal: resolver.signal });
    assert.equal(result.status, "temperror");
  });
}

Deno.test("a deadline that passes while the explanation is looked up leaves the verdict as it is", async () => {
  const zone: Zone = {
    "example.org": spf("v=spf1 -all exp=%{p}.example.org"),
    "unknown.example.org": spf("why"),
  };
  const resolver = new Deadline(zone, "PTR");
  const { status, explanation } = await checkHost(request(), { resolver, now: 0, signal: resolver.signal });
  assert.deepEqual([status, explanation], ["fail", null]);
});

Deno.test("a circle of includes, and of redirects, ends at the limit of lookups", async () => {
  for (const text of ["v=spf1 include:example.org", "v=spf1 redirect=example.org"]) {
    const resolver = new ZoneResolver({ "example.org": spf(text) });
    assert.equal((await check({}, {}, resolver)).status, "permerror");
    assert.equal(resolver.asked.length, 11);
  }
});

Deno.test("a term more than the limit of lookups is permerror, also where it would match", async () => {
  const zone = (n: number): Zone => ({
    "example.org": spf(`v=spf1 ${"a:x.example ".repeat(n)}exists:x.example -all`),
    "x.example": { records: a("198.51.100.1") },
  });
  const atLimit = await check(zone(maxLookups - 1));
  assert.deepEqual([atLimit.status, atLimit.lookups], ["pass", maxLookups]);
  const over = await check(zone(maxLookups));
  assert.deepEqual([over.status, over.lookups], ["permerror", maxLookups]);
});

Deno.test("a third term that asks for what is not there is permerror", async () => {
  const zone = (n: number): Zone => ({
    "example.org": spf(`v=spf1 ${Array.from({ length: n }, (_, i) => `a:x${i}.example`).join(" ")} -all`),
  });
  assert.equal((await check(zone(maxVoidLookups))).status, "fail");
  assert.equal((await check(zone(maxVoidLookups + 1))).status, "permerror");
});

Deno.test("mail hosts without IPv6 addresses are one void term (RFC 7208 4.6.4), and none if another matches", async () => {
  const hosts = Array.from({ length: 5 }, (_, i) => `m${i}.example`);
  const zone = (more: string): Zone => ({
    ...Object.fromEntries(hosts.map((host) => [host, { records: a("198.51.100.1") }])),
    "last.example": { records: { AAAA: [{ address: "2001:db8::1" }] } },
    "example.org": {
      records: {
        TXT: txt(`v=spf1 ${more} -all`),
        MX: hosts.map((host) => ({ preference: 1, exchange: `${host}.` })),
        ...a("198.51.100.2"),
      },
    },
    "other.example": {
      records: { MX: [...hosts, "last.example"].map((host) => ({ preference: 1, exchange: `${host}.` })) },
    },
  });
  const from = "2001:db8::1";
  assert.equal((await check(zone("a mx"), { from })).status, "fail");
  assert.equal((await check(zone("a mx mx:other.example"), { from })).status, "pass");
  assert.equal((await check(zone("a mx mx"), { from })).status, "permerror");
});

Deno.test("a record that is too long is permerror", async () => {
  const zone = (more: string): Zone => ({ "example.org": spf(`v=spf1 +all${more}`) });
  const room = " ".repeat(maxRecordLength - "v=spf1 +all".length);
  assert.equal((await check(zone(room))).status, "pass");
  assert.equal((await check(zone(room + " "))).status, "permerror");
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

Deno.test("an explanation never turns a fail into an error, whatever it asks for", async () => {
  const zone = (text: string, record = "v=spf1 -all exp=why.example"): Zone => ({
    "example.org": spf(record),
    "why.example": spf(text),
    "1.2.0.192.in-addr.arpa": { records: { PTR: [{ target: "mx.example.org." }] } },
    "mx.example.org": { records: a("192.0.2.1") },
  });
  const names = "%{p} ".repeat(20);
  const many = await check(zone(names));
  assert.deepEqual([many.status, many.lookups], ["fail", 1]);
  assert.equal(many.explanation, "mx.example.org ".repeat(20));
  const spent = `v=spf1 ${"a:why.example ".repeat(2)}-all exp=why.example`;
  assert.equal((await check(zone(names, spent))).status, "fail");
  const allSpent = `v=spf1 ${"exists:x.mx.example.org ".repeat(2)}${"a:mx.example.org ".repeat(8)}`;
  const result = await check(zone(names, `${allSpent} -all exp=why.example`), { from: "192.0.2.7" });
  assert.deepEqual([result.status, result.explanation, result.lookups], ["fail", null, maxLookups]);
});

Deno.test("the DNSSEC state of an explanation counts only if it is used", async () => {
  const zone = (text: string): Zone => ({
    "example.org": { ...spf("v=spf1 -all exp=why.example"), security: "secure" },
    "why.example": { ...spf(text), security: "insecure" },
  });
  assert.equal((await check(zone("because"))).security, "insecure");
  assert.equal((await check(zone("%{"))).security, "secure");
});

Deno.test("the names of an address are looked up once, however many terms want them", async () => {
  const resolver = new ZoneResolver({
    "example.org": spf("v=spf1 ptr:a.example ptr:b.example exists:%{p}.c.example exists:%{p}.d.example ?all"),
    "1.2.0.192.in-addr.arpa": { records: { PTR: [{ target: "mx.example.net." }] } },
    "mx.example.net": { records: a("192.0.2.1") },
  });
  const result = await check({}, {}, resolver);
  assert.deepEqual([result.status, result.lookups], ["neutral", 4]);
  assert.equal(resolver.asked.filter((each) => each.includes("in-addr")).length, 1);
  assert.ok(resolver.asked.includes("mx.example.net.d.example. A"));
});

Deno.test("%{p} is the domain itself before a name below it before any (RFC 7208 7.3)", async () => {
  const named = async (...names: string[]) => {
    const resolver = new ZoneResolver({
      "example.org": { records: { TXT: txt("v=spf1 exists:%{p}.x.example ?all"), ...a("192.0.2.1") } },
      "1.2.0.192.in-addr.arpa": { records: { PTR: names.map((target) => ({ target })) } },
      "mx.example.org": { records: a("192.0.2.1") },
      "mx.example.net": { records: a("192.0.2.1") },
      "liar.example.org": { records: a("192.0.2.2") },
    });
    await check({}, {}, resolver);
    return resolver.asked.at(-1);
  };
  assert.equal(
    await named("mx.example.net.", "mx.example.org.", "Example.ORG."),
    "Example.ORG.x.example. A",
  );
  assert.equal(await named("mx.example.net.", "mx.example.org."), "mx.example.org.x.example. A");
  assert.equal(await named("liar.example.org.", "mx.example.net."), "mx.example.net.x.example. A");
  assert.equal(await named("liar.example.org."), "unknown.x.example. A");
});

Deno.test("a ptr whose lookups fail matches nothing (RFC 7208 5.5)", async () => {
  const zone: Zone = {
    "example.org": spf("v=spf1 ptr ~all"),
    "1.2.0.192.in-addr.arpa": { failures: { PTR: "timeout" } },
    "2.2.0.192.in-addr.arpa": {
      records: { PTR: [{ target: "slow.example.org." }, { target: "mx.example.org." }] },
    },
    "slow.example.org": { failures: { A: "timeout" } },
    "mx.example.org": { records: a("192.0.2.2") },
  };
  assert.equal((await check(zone)).status, "softfail");
  assert.equal((await check(zone, { from: "192.0.2.2" })).status, "pass");
});

Deno.test("a network of IPv4-mapped addresses is no network of IPv4 (RFC 7208 5)", async () => {
  const zone: Zone = { "example.org": spf("v=spf1 ip6:::ffff:192.0.2.1 ip6:::ffff:0.0.0.0/96 -all") };
  assert.equal((await check(zone)).status, "fail");
  assert.equal((await check(zone, { from: "::ffff:192.0.2.1" })).status, "fail");
});

Deno.test("terms with a local part outside of ASCII match nothing, and are no errors (RFC 8616 4)", async () => {
  for (const term of ["include", "exists", "a", "mx", "ptr"]) {
    for (const macro of ["%{l}", "%{S}"]) {
      const zone: Zone = { "example.org": spf(`v=spf1 ${term}:${macro}.example.org ~all`) };
      assert.equal((await check(zone, { local: "jürgen" })).status, "softfail", `${term} ${macro}`);
    }
  }
  const redirect: Zone = { "example.org": spf("v=spf1 redirect=%{l}.example.org") };
  assert.equal((await check(redirect, { local: "jürgen" })).status, "neutral");
  assert.equal((await check(redirect, { local: "jurgen" })).status, "permerror");
});

Deno.test("an include may have any ASCII of a local part in its name", async () => {
  const zone: Zone = {
    "example.org": spf("v=spf1 include:%{l}.users.example.org -all"),
    "a+b.users.example.org": spf("v=spf1 ip4:192.0.2.1"),
  };
  assert.equal((await check(zone, { local: "a+b" })).status, "pass");
});

Deno.test("an include or redirect to a name of one label is permerror (RFC 7208 4.3)", async () => {
  for (const term of ["include:%{o1}", "redirect=%{o1}"]) {
    const zone: Zone = { "example.org": spf(`v=spf1 ${term}`), "org": spf("v=spf1 +all") };
    assert.equal((await check(zone)).status, "permerror", term);
  }
});

Deno.test("the null MX (RFC 7505) has no hosts to ask for", async () => {
  const resolver = new ZoneResolver({
    "example.org": { records: { TXT: txt("v=spf1 mx ~all"), MX: [{ preference: 0, exchange: "." }] } },
  });
  assert.equal((await check({}, {}, resolver)).status, "softfail");
  assert.deepEqual(resolver.asked, ["example.org. TXT", "example.org. MX"]);
});

Deno.test("an explanation is the outer record's, and a redirect's own (RFC 7208 6.2)", async () => {
  const resolver = new ZoneResolver({
    "example.org": spf("v=spf1 include:inner.example redirect=next.example exp=outer.example"),
    "inner.example": spf("v=spf1 -all exp=never.example"),
    "next.example": spf("v=spf1 -all exp=why.example"),
    "why.example": spf("next"),
    "outer.example": spf("outer"),
  });
  assert.equal((await check({}, {}, resolver)).explanation, "next");
  assert.ok(!resolver.asked.some((each) => /^(?:never|outer)/.test(each)), resolver.asked.join());
});

Deno.test("an explanation with what a sender or host calls itself is ASCII or none", async () => {
  const zone: Zone = {
    "example.org": spf("v=spf1 -all exp=why.example"),
    "why.example": spf("%{l} at %{h}"),
  };
  const explanation = async (changes: Parameters<typeof request>[0]) =>
    (await check(zone, changes)).explanation;
  assert.equal(await explanation({}), "a at mx.example.org");
  assert.equal(await explanation({ local: "jürgen" }), null);
  assert.equal(await explanation({ local: "a\r\n250 ok" }), null);
});

Deno.test("no local part is postmaster (RFC 7208 4.3)", async () => {
  for (const local of [null, ""]) {
    const resolver = new ZoneResolver({ "example.org": spf("v=spf1 exists:%{s}.x.example ?all") });
    await check({}, { local }, resolver);
    assert.equal(resolver.asked.at(-1), "postmaster@example.org.x.example. A");
  }
});

// RFC 7208 4.3
for (
  const domain of [
    "localhost",
    "[192.0.2.1]",
    "[IPv6:2001:db8::1]",
    "a..b",
    ".a.b",
    "",
    "a b.example",
    "\n.b",
  ]
) {
  Deno.test(`${JSON.stringify(domain)} is no domain that could have a record`, async () => {
    const resolver = new ZoneResolver({});
    const result = await check({}, { domain }, resolver);
    assert.deepEqual([result.status, result.security, resolver.asked], ["none", "indeterminate", []]);
  });
}
