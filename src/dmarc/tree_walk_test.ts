import assert from "node:assert/strict";
import { txt, type Zone, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { maxWalkQueries, organizationalDomain, TreeWalker, walkDomains } from "./tree_walk.ts";

/** A zone of records: `example.org` is for `_dmarc.example.org`. */
function records(texts: Readonly<Record<string, string>>): Zone {
  return Object.fromEntries(
    Object.entries(texts).map(([domain, text]) => [`_dmarc.${domain}`, { records: { TXT: txt(text) } }]),
  );
}

// RFC 9989 4.10
Deno.test("a long domain causes eight questions", async () => {
  const resolver = new ZoneResolver({});
  await new TreeWalker(resolver).walk("a.b.c.d.e.f.g.h.i.j.mail.example.com");
  assert.deepEqual(resolver.asked, [
    "_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com. TXT",
    "_dmarc.g.h.i.j.mail.example.com. TXT",
    "_dmarc.h.i.j.mail.example.com. TXT",
    "_dmarc.i.j.mail.example.com. TXT",
    "_dmarc.j.mail.example.com. TXT",
    "_dmarc.mail.example.com. TXT",
    "_dmarc.example.com. TXT",
    "_dmarc.com. TXT",
  ]);
  assert.equal(resolver.asked.length, maxWalkQueries);
});

Deno.test("walks begin at the domain and leave out what is too deep", () => {
  assert.deepEqual(walkDomains("com"), ["com"]);
  assert.deepEqual(walkDomains("a.b.c"), ["a.b.c", "b.c", "c"]);
  const eight = "a.b.c.d.e.f.g.h";
  assert.equal(walkDomains(eight)[1], "b.c.d.e.f.g.h");
  assert.equal(walkDomains(`z.${eight}`)[1], "b.c.d.e.f.g.h");
  for (const labels of [1, 2, 7, 8, 9, 100]) {
    const domains = walkDomains(Array.from({ length: labels }, () => "x").join("."));
    assert.equal(domains.length, Math.min(labels, maxWalkQueries));
    assert.equal(domains.at(-1), "x");
  }
});

const dmarc = "v=DMARC1; p=none";
const organizations: [what: string, zone: Zone, domain: string, organization: string | null][] = [
  ["no record at all", {}, "a.mail.example.com", "a.mail.example.com"],
  [
    "the topmost record",
    records({ "mail.example.com": dmarc, "example.com": dmarc }),
    "a.mail.example.com",
    "example.com",
  ],
  [
    "psd=n",
    records({ "mail.example.com": `${dmarc}; psd=n`, "example.com": dmarc }),
    "a.mail.example.com",
    "mail.example.com",
  ],
  [
    "psd=n at the domain",
    records({ "a.example.com": `${dmarc}; psd=n`, "example.com": dmarc }),
    "a.example.com",
    "a.example.com",
  ],
  ["only psd=y", records({ com: `${dmarc}; psd=y` }), "a.mail.example.com", "example.com"],
  [
    "psd=y right above",
    records({ "example.com": `${dmarc}; psd=y` }),
    "mail.example.com",
    "mail.example.com",
  ],
  [
    "psd=y where the walk began",
    records({ "example.com": `${dmarc}; psd=y`, com: dmarc }),
    "example.com",
    "example.com",
  ],
  [
    "psd=y below a record",
    records({ "bank.example": `${dmarc}; psd=y`, "giant.bank.example": dmarc }),
    "mail.giant.bank.example",
    "giant.bank.example",
  ],
  ["a suffix without its mark", records({ com: dmarc, "example.com": dmarc }), "example.com", "com"],
  [
    "psd=y seven labels deep",
    records({ "c.d.e.f.g.h.i": `${dmarc}; psd=y` }),
    "z.y.x.a.b.c.d.e.f.g.h.i",
    "b.c.d.e.f.g.h.i",
  ],
  [
    "several records",
    { "_dmarc.example.com": { records: { TXT: txt(dmarc, dmarc) } } },
    "a.example.com",
    "a.example.com",
  ],
  [
    "a record among other texts",
    { "_dmarc.example.com": { records: { TXT: txt("x", dmarc, "v=spf1 -all") } } },
    "a.example.com",
    "example.com",
  ],
  [
    "a failure",
    { "_dmarc.example.com": { failures: { "*": "timeout" } }, ...records({ "a.example.com": dmarc }) },
    "a.example.com",
    null,
  ],
  ["a bogus answer", { "_dmarc.com": { failures: { TXT: "bogus" } } }, "example.com", null],
  [
    "a failure above the mark",
    { "_dmarc.com": { failures: { "*": "timeout" } }, ...records({ "example.com": `${dmarc}; psd=n` }) },
    "a.example.com",
    "example.com",
  ],
  [
    "an alias",
    {
      "_dmarc.example.com": { records: { CNAME: [{ target: "d.example.net." }] } },
      "d.example.net": { records: { TXT: txt(dmarc) } },
    },
    "a.example.com",
    "example.com",
  ],
];
for (const [what, zone, domain, organization] of organizations) {
  Deno.test(`the organization of ${domain}: ${what}`, async () => {
    const walk = await new TreeWalker(new ZoneResolver(zone)).walk(domain);
    assert.equal(organizationalDomain(walk), organization);
  });
}

Deno.test("walks end where nothing above can matter", async () => {
  const resolver = new ZoneResolver(records({ "example.com": `${dmarc}; psd=y` }));
  const walk = await new TreeWalker(resolver).walk("a.b.example.com");
  assert.deepEqual(walk.steps.map((step) => [step.domain, step.outcome]), [
    ["a.b.example.com", "none"],
    ["b.example.com", "none"],
    ["example.com", "record"],
  ]);
  assert.equal(resolver.asked.length, 3);
});

Deno.test("walks of one message share their questions", async () => {
  const resolver = new ZoneResolver(records({ "example.com": dmarc }));
  const walker = new TreeWalker(resolver);
  await Promise.all([
    walker.walk("mail.example.com"),
    walker.walk("news.example.com"),
    walker.walk("example.com"),
  ]);
  assert.deepEqual([...resolver.asked].sort(), [
    "_dmarc.com. TXT",
    "_dmarc.example.com. TXT",
    "_dmarc.mail.example.com. TXT",
    "_dmarc.news.example.com. TXT",
  ]);
});

Deno.test("a domain that is too long for a name below it has no record", async () => {
  const resolver = new ZoneResolver({});
  const domain = `${"a".repeat(60)}.${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(60)}.example`;
  const { steps } = await new TreeWalker(resolver).walk(domain);
  assert.equal(steps[0]?.outcome, "none");
  assert.equal(resolver.asked.length, 4);
});

Deno.test("U-labels are asked for as A-labels, and strings are joined", async () => {
  const resolver = new ZoneResolver({
    "_dmarc.xn--bcher-kva.example": { records: { TXT: txt(`v=DMARC1; x=${"y".repeat(300)}; p=reject`) } },
  });
  const { steps } = await new TreeWalker(resolver).walk("bücher.example");
  assert.equal(steps[0]?.record?.policy, "reject");
});

Deno.test("existence", async () => {
  const zone: Zone = {
    "example.com": { records: { A: [{ address: "192.0.2.1" }] } },
    "b.example": { failures: { A: "timeout" } },
    "alias.example": { records: { CNAME: [{ target: "gone.example.net." }] } },
    "_dmarc.c.example": { records: { CNAME: [{ target: "gone.example.net." }] } },
  };
  const walker = new TreeWalker(new ZoneResolver(zone));
  assert.equal(await walker.exists("example.com"), true);
  assert.equal(await walker.exists("com"), true);
  assert.equal(await walker.exists("a.example.com"), false);
  assert.equal(await walker.exists("b.example"), null);
  // RFC 6604 3: what the alias leads to does not exist, the alias does.
  assert.equal(await walker.exists("alias.example"), true);
  assert.equal((await walker.walk("c.example")).steps[0]?.existenceProved, true);
  assert.equal((await walker.walk("d.example")).steps[0]?.existenceProved, false);
});
