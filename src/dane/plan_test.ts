import assert from "node:assert/strict";
import { parseData } from "../dns/rdata_text.ts";
import type { FailureKind, Security } from "../dns/resolver.ts";
import { type Entry, type Zone, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { type DanePlan, planDane, type Route } from "./plan.ts";

const digest = "ab".repeat(32);
const good = parseData("TLSA", `3 1 1 ${digest}`);
const pkix = parseData("TLSA", `1 1 1 ${digest}`);

const a = (security: Security): Entry => ({ records: { A: [{ address: "192.0.2.1" }] }, security });
const alias = (target: string, security: Security): Entry => ({ records: { CNAME: [{ target }] }, security });
const tlsa = (security: Security, records = [good]): Entry => ({ records: { TLSA: records }, security });
const nothing = (security: Security): Entry => ({ security });
const broken = (failure: FailureKind): Entry => ({ failures: { "*": failure } });

const usual: Route = {
  nextHop: "example.org",
  expandedNextHop: "example.org",
  mx: { found: true, security: "secure" },
  host: "mx.example.org",
  port: 25,
};

async function plan(zone: Zone, route: Partial<Route> = {}, mandatory = false) {
  const resolver = new ZoneResolver(zone, "secure");
  const whole = { ...usual, ...route };
  const isName = !/[[:]|^[\d.]+$/.test(whole.host);
  const addresses = isName
    ? {
      a: await resolver.lookup(`${whole.host}.`, "A"),
      aaaa: await resolver.lookup(`${whole.host}.`, "AAAA"),
    }
    : { a: null, aaaa: null };
  resolver.asked.length = 0;
  const made = await planDane(whole, addresses, resolver, { mandatory });
  assert.notEqual(made.why, "");
  return { plan: made, asked: resolver.asked };
}

const mx = "mx.example.org";
const service = `_25._tcp.${mx}`;
const secure = { [mx]: a("secure") };

const cases: [
  why: string,
  zone: Zone,
  route: Partial<Route>,
  kind: DanePlan["kind"],
  asked: string[],
][] = [
  ["all signed", { ...secure, [service]: tlsa("secure") }, {}, "authenticated", [service]],
  ["no record, proved", { ...secure }, {}, "none", [service]],
  ["a record of another type, proved", { ...secure, [service]: nothing("secure") }, {}, "none", [service]],
  ["no record, not signed", { ...secure, [service]: nothing("insecure") }, {}, "none", [service]],
  ["records that are not signed", { ...secure, [service]: tlsa("insecure") }, {}, "none", [service]],
  // RFC 7672 2.1.1: something was proved, so what nobody can tell is a failure.
  ["records of which nobody can tell", { ...secure, [service]: tlsa("indeterminate") }, {}, "later", [
    service,
  ]],
  ["no record, of which nobody can tell", { ...secure, [service]: nothing("indeterminate") }, {}, "later", [
    service,
  ]],
  ["forged records", { ...secure, [service]: broken("bogus") }, {}, "later", [service]],
  // A resolver that gave out forged records would break its promise; no mail follows them all the same.
  ["forged records that are given out", { ...secure, [service]: tlsa("bogus") }, {}, "later", [service]],
  ["records that nobody answers for", { ...secure, [service]: broken("timeout") }, {}, "later", [service]],
  ["records that a server fails at", { ...secure, [service]: broken("serverFailure") }, {}, "later", [
    service,
  ]],
  ["records behind a circle", { ...secure, [service]: broken("aliases") }, {}, "later", [service]],
  ["records of no use", { ...secure, [service]: tlsa("secure", [pkix]) }, {}, "encrypted", [service]],
  [
    "records some of which are of use",
    { ...secure, [service]: tlsa("secure", [pkix, good]) },
    {},
    "authenticated",
    [
      service,
    ],
  ],
  [
    "records behind an alias",
    { ...secure, [service]: alias("tlsa.example.org.", "secure"), "tlsa.example.org": tlsa("secure") },
    {},
    "authenticated",
    [service],
  ],
  [
    "records behind an alias that leads into what is not signed",
    { ...secure, [service]: alias("tlsa.example.net.", "secure"), "tlsa.example.net": tlsa("insecure") },
    {},
    "none",
    [service],
  ],
  // RFC 7672 2.2.2: not asked for, as servers of unsigned zones fail at the question.
  ["addresses that are not signed", { [mx]: a("insecure"), [service]: broken("timeout") }, {}, "none", []],
  ["addresses of which nobody can tell", { [mx]: a("indeterminate") }, {}, "later", []],
  ["forged addresses", { [mx]: broken("bogus") }, {}, "later", []],
  ["addresses that nobody answers for", { [mx]: broken("timeout") }, {}, "later", []],
  ["no addresses", { [mx]: nothing("secure") }, {}, "later", []],
  ["no such host", {}, {}, "later", []],
  [
    "another port",
    { ...secure, "_2525._tcp.mx.example.org": tlsa("secure") },
    { port: 2525 },
    "authenticated",
    ["_2525._tcp.mx.example.org"],
  ],
  [
    "MX records that are not signed",
    { ...secure, [service]: tlsa("secure") },
    {
      mx: { found: true, security: "insecure" },
    },
    "authenticated",
    [service],
  ],
  [
    "forged MX records",
    { ...secure, [service]: tlsa("secure") },
    { mx: { found: true, security: "bogus" } },
    "later",
    [],
  ],
  // DNSSEC is off altogether: RFC 4033 5.
  [
    "nothing can be told of anything",
    { [mx]: a("indeterminate") },
    { mx: { found: true, security: "indeterminate" } }, //
    "none",
    [],
  ],
  [
    "a relay",
    { ...secure, [service]: tlsa("secure") },
    { mx: null, nextHop: mx, expandedNextHop: mx },
    "authenticated",
    [
      service,
    ],
  ],
  ["an address as host", {}, { host: "192.0.2.1" }, "none", []],
  ["an IPv6 address as host", {}, { host: "2001:db8::1" }, "none", []],
  ["an address as next hop", { ...secure }, { nextHop: "[192.0.2.1]", mx: null }, "none", []],
];
for (const [why, zone, route, kind, asked] of cases) {
  Deno.test(`planDane(): ${why}: ${kind}`, async () => {
    const made = await plan(zone, route);
    assert.equal(made.plan.kind, kind);
    assert.deepEqual(made.asked, asked.map((name) => `${name}. TLSA`));
    const must = await plan(zone, route, true);
    const isProved = made.plan.kind === "authenticated" && made.plan.protectsDomain;
    assert.equal(must.plan.kind, isProved ? "authenticated" : "later"); // RFC 7672 6
    if (!isProved && kind !== "later") assert.match(must.plan.why, /^DANE is required for/);
  });
}

const end = "end.example.net";
const endService = `_25._tcp.${end}`;
const cname = `${mx}. CNAME`;
const aliases: [why: string, zone: Zone, kind: DanePlan["kind"], base: string | null, asked: string[]][] = [
  [
    "signed all the way, records at its end",
    {
      [mx]: alias(`${end}.`, "secure"),
      [end]: a("secure"),
      [endService]: tlsa("secure"),
      [service]: tlsa("secure"),
    },
    "authenticated",
    end,
    [`${endService}. TLSA`],
  ],
  [
    "signed all the way, records at its beginning",
    { [mx]: alias(`${end}.`, "secure"), [end]: a("secure"), [service]: tlsa("secure") },
    "authenticated",
    mx,
    [`${endService}. TLSA`, `${service}. TLSA`],
  ],
  [
    "signed all the way, unsigned records at its end",
    {
      [mx]: alias(`${end}.`, "secure"),
      [end]: a("secure"),
      [endService]: tlsa("insecure"),
      [service]: tlsa("secure"),
    },
    "authenticated",
    mx,
    [`${endService}. TLSA`, `${service}. TLSA`],
  ],
  [
    "signed all the way, no records",
    { [mx]: alias(`${end}.`, "secure"), [end]: a("secure") },
    "none",
    null,
    [`${endService}. TLSA`, `${service}. TLSA`],
  ],
  [
    "signed all the way, forged records at its end",
    {
      [mx]: alias(`${end}.`, "secure"),
      [end]: a("secure"),
      [endService]: broken("bogus"),
      [service]: tlsa("secure"),
    },
    "later",
    null,
    [`${endService}. TLSA`],
  ],
  [
    "useless records at its end hide those at its beginning",
    {
      [mx]: alias(`${end}.`, "secure"),
      [end]: a("secure"),
      [endService]: tlsa("secure", [pkix]),
      [service]: tlsa("secure"),
    },
    "encrypted",
    end,
    [`${endService}. TLSA`],
  ],
  // RFC 7672 2.1.3, 2.2.2
  [
    "signed itself, into what is not",
    {
      [mx]: alias(`${end}.`, "secure"),
      [end]: a("insecure"),
      [endService]: tlsa("secure"),
      [service]: tlsa("secure"),
    },
    "authenticated",
    mx,
    [cname, `${service}. TLSA`],
  ],
  [
    "signed itself, no records",
    { [mx]: alias(`${end}.`, "secure"), [end]: a("insecure") },
    "none",
    null,
    [cname, `${service}. TLSA`],
  ],
  [
    "not signed",
    { [mx]: alias(`${end}.`, "insecure"), [end]: a("insecure"), [service]: tlsa("secure") },
    "none",
    null,
    [
      cname,
    ],
  ],
  [
    "of which nobody can tell",
    { [mx]: alias(`${end}.`, "indeterminate"), [end]: a("insecure") },
    "later",
    null,
    [cname],
  ],
  [
    "that cannot be asked for",
    { [mx]: { ...alias(`${end}.`, "secure"), failures: { CNAME: "timeout" } }, [end]: a("insecure") },
    "later",
    null,
    [cname],
  ],
];
for (const [why, zone, kind, base, asked] of aliases) {
  Deno.test(`planDane(), the host is an alias ${why}: ${kind}`, async () => {
    const made = await plan(zone);
    assert.equal(made.plan.kind, kind);
    assert.equal("baseDomain" in made.plan ? made.plan.baseDomain : null, base);
    assert.deepEqual(made.asked, asked);
  });
}

Deno.test("once an alias is known to be signed, what nobody can tell of its records is a failure", async () => {
  const zone = {
    [mx]: alias(`${end}.`, "secure"),
    [end]: a("indeterminate"),
    [service]: tlsa("indeterminate"),
  };
  const made = await plan(zone, { mx: { found: true, security: "indeterminate" } });
  assert.equal(made.plan.kind, "later");
  assert.deepEqual(made.asked, [cname, `${service}. TLSA`]);
});

const named: [why: string, route: Partial<Route>, names: string[], protectsDomain: boolean][] = [
  ["the domain itself", {}, [mx, "example.org"], true],
  // The example of RFC 7672 3.2.2.
  ["a domain that is an alias", { nextHop: "exchange.example.net", expandedNextHop: "example.org" }, [
    mx,
    "exchange.example.net",
    "example.org",
  ], true],
  ["MX records that are not signed", { mx: { found: true, security: "insecure" } }, [mx], false],
  [
    "no MX records",
    { nextHop: mx, expandedNextHop: mx, mx: { found: false, security: "secure" } },
    [mx],
    true,
  ],
  ["a relay", { nextHop: mx, expandedNextHop: mx, mx: null }, [mx], true],
  ["a name that is not ASCII", { nextHop: "bücher.example", expandedNextHop: "bücher.example" }, [
    mx,
    "xn--bcher-kva.example",
  ], true],
];
for (const [why, route, names, protectsDomain] of named) {
  Deno.test(`names that the certificate may have: ${why}`, async () => {
    const made = await plan({ ...secure, [service]: tlsa("secure") }, route);
    assert.ok(made.plan.kind === "authenticated");
    assert.deepEqual(made.plan.names, names);
    assert.equal(made.plan.protectsDomain, protectsDomain);
    assert.equal(made.plan.baseDomain, mx);
  });
}

Deno.test("without MX records, an alias of the domain leaves its own name as one of two", async () => {
  const zone = { "example.org": alias(`${mx}.`, "secure"), ...secure, [service]: tlsa("secure") };
  const made = await plan(zone, {
    nextHop: "example.org",
    expandedNextHop: mx,
    host: "example.org",
    mx: { found: false, security: "secure" },
  });
  assert.ok(made.plan.kind === "authenticated");
  assert.deepEqual(made.plan.names, [mx, "example.org"]); // RFC 7672 3.2.2
});

Deno.test("IPv6 alone is enough, and what one family proves is not undone by the other", async () => {
  const six = { AAAA: [{ address: "2001:db8::1" }] };
  const only: Zone = { [mx]: { records: six, security: "secure" }, [service]: tlsa("secure") };
  assert.equal((await plan(only)).plan.kind, "authenticated");
  const half: Zone = { [mx]: { ...a("secure"), failures: { AAAA: "timeout" } }, [service]: tlsa("secure") };
  assert.equal((await plan(half)).plan.kind, "authenticated");
  const resolver = new ZoneResolver({ ...secure, [service]: tlsa("secure") });
  const signed = await resolver.lookup(`${mx}.`, "A");
  const untold = await new ZoneResolver({ [mx]: { records: six, security: "indeterminate" } }).lookup(
    `${mx}.`,
    "AAAA",
  );
  const made = await planDane({ ...usual, mx: null }, { a: signed, aaaa: untold }, resolver);
  assert.equal(made.kind, "later");
});

Deno.test("what is wrong with records is told, as are failures in the words of reports", async () => {
  const useless = await plan({ ...secure, [service]: tlsa("secure", [pkix]) });
  assert.match(useless.plan.why, /usage 1 asks for public authorities/);
  const reports = async (failure: FailureKind) => {
    const made = await plan({ ...secure, [service]: broken(failure) });
    return made.plan.kind === "later" ? made.plan.report : "";
  };
  assert.equal(await reports("bogus"), "dnssec-invalid");
  assert.equal(await reports("serverFailure"), "dnssec-invalid");
  assert.equal(await reports("timeout"), null); // RFC 8460 4.3.4: what passes is not reported.
});

Deno.test("a name too long for records of its own has none", async () => {
  const host = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(52)}.test`;
  assert.equal((await plan({ [host]: a("secure") }, { host })).plan.kind, "none");
});
