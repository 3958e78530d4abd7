/** The examples of RFC 9989 B.4, and what only shows when all parts work together. */
import assert from "node:assert/strict";
import { txt, type Zone, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { DmarcVerifier, verifyDmarc } from "./verify.ts";
import { TreeWalker } from "./tree_walk.ts";

const at = (text: string) => ({ records: { TXT: txt(text) } });
const reject = at("v=DMARC1; p=reject");

const organizations: Zone = { "_dmarc.example.com": reject, "_dmarc.signing.example.com": reject };
const bank: Zone = {
  "_dmarc.bank.example": at("v=DMARC1; p=reject; psd=y"),
  "_dmarc.giant.bank.example": reject,
};

const examples: [
  what: string,
  zone: Zone,
  author: string,
  spf: string,
  dkim: string,
  aligned: string[],
  recordDomain: string,
][] = [
  [
    "B.4.1",
    organizations,
    "example.com",
    "example.com",
    "signing.example.com",
    ["spf", "dkim"],
    "example.com",
  ],
  [
    "B.4.2",
    organizations,
    "a.b.c.d.e.f.g.h.i.j.k.example.com",
    "example.com",
    "signing.example.com",
    ["spf", "dkim"],
    "example.com",
  ],
  [
    "B.4.3",
    bank,
    "giant.bank.example",
    "mail.giant.bank.example",
    "mail.mega.bank.example",
    ["spf"],
    "giant.bank.example",
  ],
];
for (const [what, zone, author, spf, dkim, aligned, recordDomain] of examples) {
  Deno.test(`RFC 9989 ${what}`, async () => {
    const result = await verifyDmarc(
      author,
      { status: "pass", domain: spf },
      [{ status: "pass", domain: dkim, lengthLimited: false }],
      new ZoneResolver(zone),
    );
    assert.equal(result.status, "pass", result.why);
    assert.deepEqual(result.alignedBy.map((one) => one.mechanism), aligned);
    assert.equal(result.recordDomain, recordDomain);
  });
}

Deno.test("strangers' signatures cause no questions", async () => {
  const resolver = new ZoneResolver(organizations);
  const dkim = Array.from({ length: 10 }, (_, i) => ({
    status: "pass",
    domain: `s${i}.spam.example`,
    lengthLimited: false,
  }));
  const result = await verifyDmarc("example.com", { status: "pass", domain: "spam.example" }, dkim, resolver);
  assert.deepEqual([result.status, result.policy], ["fail", "reject"]);
  assert.deepEqual(resolver.asked, ["_dmarc.example.com. TXT", "_dmarc.com. TXT"]);
});

Deno.test("a lookup that fails on the way to a signer keeps the result open", async () => {
  const zone: Zone = {
    ...organizations,
    "_dmarc.slow.example.com": { failures: { TXT: "timeout" } },
  };
  const dkim = [{ status: "pass", domain: "slow.example.com", lengthLimited: false }];
  const result = await verifyDmarc("example.com", null, dkim, new ZoneResolver(zone));
  assert.deepEqual([result.status, result.policy, result.publishedPolicy], ["temperror", "none", "reject"]);
});

Deno.test("asking begins before SPF and DKIM are known, and ends when given up", async () => {
  const resolver = new ZoneResolver(organizations);
  const verifier = new DmarcVerifier("example.com", new TreeWalker(resolver));
  assert.equal(resolver.asked.length, 1);
  assert.equal((await verifier.finish({ status: "pass", domain: "example.com" }, [])).status, "pass");
  const given = new DmarcVerifier("example.com", new TreeWalker(resolver, AbortSignal.abort()));
  assert.equal((await given.finish(null, [])).status, "temperror");
});

Deno.test("names in letters of all the world", async () => {
  const zone: Zone = { "_dmarc.xn--bcher-kva.example": reject };
  const result = await verifyDmarc(
    "post.bücher.example",
    { status: "pass", domain: "bücher.example" },
    [],
    new ZoneResolver(zone),
  );
  assert.equal(result.status, "pass", result.why);
});
