import assert from "node:assert/strict";
import { txt, type Zone, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import type { Resolver } from "../dns/resolver.ts";
import { type KeyAnswer, KeyLookup, maxRecords } from "./key_lookup.ts";
import { KeyCache } from "./public_key.ts";

const name = "s1._domainkey.example.org";
const record = "v=DKIM1; p=";

function lookup(zone: Zone, signal?: AbortSignal) {
  const resolver = new ZoneResolver(zone);
  return { resolver, keys: new KeyLookup(resolver, new KeyCache(), signal) };
}

/** Of each record, what became of it. */
const kindsOf = (answer: KeyAnswer) =>
  answer.kind === "records" ? answer.records.map(({ kind }) => kind) : answer.kind;

Deno.test("a record is found, with what DNSSEC says of it", async () => {
  const { keys, resolver } = lookup({ [name]: { records: { TXT: txt(record) }, security: "secure" } });
  const answer = await keys.find("s1", "example.org");
  assert.deepEqual(kindsOf(answer), ["revoked"]);
  assert.equal(answer.security, "secure");
  assert.deepEqual(resolver.asked, [`${name}. TXT`]);
});

Deno.test("names are asked for in A-labels", async () => {
  const { keys, resolver } = lookup({});
  await keys.find("ü", "bücher.example");
  assert.deepEqual(resolver.asked, ["xn--tda._domainkey.xn--bcher-kva.example. TXT"]);
});

Deno.test("strings of a record are joined without anything between", async () => {
  const { keys } = lookup({ [name]: { records: { TXT: txt(`n=${"x".repeat(300)}; p=`) } } });
  const answer = await keys.find("s1", "example.org");
  assert.deepEqual(kindsOf(answer), ["revoked"]);
});

Deno.test("each name is asked for once", async () => {
  const { keys, resolver } = lookup({ [name]: { records: { TXT: txt(record) } } });
  const [a, b] = await Promise.all([keys.find("s1", "example.org"), keys.find("s1", "example.org")]);
  assert.equal(a, b);
  await keys.find("s2", "example.org");
  assert.equal(resolver.asked.length, 2);
});

const none: [what: string, zone: Zone, status: string, why: RegExp][] = [
  ["no such name", {}, "permerror", /no key record/],
  ["no TXT record", { [name]: {} }, "permerror", /no key record/],
  ["a timeout", { [name]: { failures: { TXT: "timeout" } } }, "temperror", /timeout/],
  ["a bogus answer", { [name]: { failures: { TXT: "bogus" } } }, "temperror", /bogus/],
  // Neither may delay mail for as long as nobody takes records away.
  [
    "too many records",
    { [name]: { records: { TXT: txt(...Array.from({ length: maxRecords + 1 }, (_, i) => `n=${i}; p=`)) } } },
    "permerror",
    /more key records than the 3/,
  ],
  [
    "very many records",
    { [name]: { records: { TXT: txt(record, ...Array<string>(10).fill("x")) } } },
    "permerror",
    /more key records/,
  ],
];
for (const [what, zone, status, why] of none) {
  Deno.test(`${what} is ${status}`, async () => {
    const answer = await lookup(zone).keys.find("s1", "example.org");
    assert.equal(answer.kind, "none");
    if (answer.kind !== "none") return;
    assert.equal(answer.status, status);
    assert.match(answer.why, why);
  });
}

Deno.test("other TXT records beside the one key record do not count", async () => {
  const { keys } = lookup({ [name]: { records: { TXT: txt("v=spf1 -all", record, "hello") } } });
  const answer = await keys.find("s1", "example.org");
  assert.deepEqual(kindsOf(answer), ["revoked"]);
});

Deno.test("several key records are all given, each once, in the same order whatever the server's", async () => {
  const texts = ["p=", "v=DKIM1; p=", "v=spf1 -all", "n=3; p=a2V5"];
  for (const order of [texts, texts.toReversed(), [...texts, ...texts]]) {
    const { keys } = lookup({ [name]: { records: { TXT: txt(...order) } } });
    assert.deepEqual(kindsOf(await keys.find("s1", "example.org")), ["useless", "revoked", "revoked"]);
  }
});

Deno.test("where nothing is a key record, it is told why", async () => {
  const { keys } = lookup({ [name]: { records: { TXT: txt("v=spf1 -all") } } });
  const answer = await keys.find("s1", "example.org");
  assert.deepEqual(kindsOf(answer), ["malformed"]);
});

Deno.test("selector and domain that make no name are never asked for", async () => {
  const { keys, resolver } = lookup({});
  const domain = `${"a.".repeat(120)}example`;
  assert.deepEqual(await keys.find("s".repeat(60), domain), {
    kind: "none",
    status: "permerror",
    why: "selector and domain are too long for a name",
    security: null,
  });
  assert.deepEqual(resolver.asked, []);
});

Deno.test("given up, it is temporary", async () => {
  const { keys } = lookup({}, AbortSignal.abort());
  const answer = await keys.find("s1", "example.org");
  assert.equal(answer.kind === "none" && answer.status, "temperror");
});

Deno.test("a resolver that breaks its promise breaks the one who awaits, and nobody else", async () => {
  const broken: Resolver = { lookup: () => Promise.reject(new Error("a bug")) };
  const keys = new KeyLookup(broken, new KeyCache());
  void keys.find("s1", "example.org"); // Would end the test process if it were an unhandled rejection.
  await assert.rejects(keys.find("s1", "example.org"), /a bug/);
});
