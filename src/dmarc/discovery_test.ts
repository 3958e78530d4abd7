import assert from "node:assert/strict";
import { txt, type Zone, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { discover, type Discovery } from "./discovery.ts";
import { TreeWalker } from "./tree_walk.ts";

const none = "v=DMARC1; p=none";
const at = (text: string) => ({ records: { TXT: txt(text) } });
const timeout = { failures: { "*": "timeout" as const } };
const host = { records: { A: [{ address: "192.0.2.1" }] } };

interface Case {
  readonly what: string;
  readonly zone: Zone;
  readonly domain: string;
  readonly found: Partial<Discovery>;
  readonly asked?: number;
}

const cases: readonly Case[] = [
  {
    what: "nothing",
    zone: {},
    domain: "a.example.org",
    found: { status: "none", organizationalDomain: "a.example.org" },
    asked: 3,
  },
  {
    what: "the domain's own record before its organization's",
    zone: { "_dmarc.a.example.org": at(none), "_dmarc.example.org": at("v=DMARC1; p=reject") },
    domain: "a.example.org",
    found: {
      status: "found",
      recordDomain: "a.example.org",
      organizationalDomain: "example.org",
      exists: true,
    },
  },
  {
    what: "the organization's record before those between",
    zone: { "_dmarc.b.example.org": at(none), "_dmarc.example.org": at(none) },
    domain: "a.b.example.org",
    found: { recordDomain: "example.org", organizationalDomain: "example.org", exists: null },
  },
  {
    what: "the record of a public suffix, where the organization has none",
    zone: { "_dmarc.bank.example": at(`${none}; psd=y`) },
    domain: "www.giant.bank.example",
    found: { recordDomain: "bank.example", organizationalDomain: "giant.bank.example" },
    asked: 3,
  },
  {
    what: "the organization's record before the public suffix's",
    zone: { "_dmarc.bank.example": at(`${none}; psd=y`), "_dmarc.giant.bank.example": at(none) },
    domain: "www.giant.bank.example",
    found: { recordDomain: "giant.bank.example", organizationalDomain: "giant.bank.example" },
  },
  {
    what: "several records at the domain are none",
    zone: { "_dmarc.a.example.org": { records: { TXT: txt(none, none) } }, "_dmarc.example.org": at(none) },
    domain: "a.example.org",
    found: { recordDomain: "example.org", exists: true },
  },
  {
    what: "several records and no other",
    zone: { "_dmarc.example.org": { records: { TXT: txt(none, none) } } },
    domain: "example.org",
    found: { status: "none", why: "example.org has several records, of which none counts" },
  },
  {
    what: "a failure at the domain",
    zone: { "_dmarc.a.example.org": timeout, "_dmarc.example.org": at(none) },
    domain: "a.example.org",
    found: { status: "failed", record: null, organizationalDomain: null },
    asked: 1,
  },
  {
    what: "a failure above a record of its own",
    zone: { "_dmarc.a.example.org": at(none), "_dmarc.example.org": timeout },
    domain: "a.example.org",
    found: { status: "found", recordDomain: "a.example.org", organizationalDomain: null },
  },
  {
    what: "a failure above a record that may be the organization's",
    zone: { "_dmarc.example.org": at(none), "_dmarc.org": timeout },
    domain: "a.example.org",
    found: { status: "failed", record: null, recordDomain: null },
  },
  // RFC 9989 3.2.13, 4.7 (np): asked only where it makes a difference.
  {
    what: "np for a domain that does not exist",
    zone: { "_dmarc.example.org": at(`${none}; np=reject`), "example.org": host },
    domain: "a.example.org",
    found: { exists: false },
    asked: 4,
  },
  {
    what: "np for one that has other records",
    zone: { "_dmarc.example.org": at(`${none}; np=reject`), "a.example.org": { records: { MX: [] } } },
    domain: "a.example.org",
    found: { exists: true },
    asked: 4,
  },
  {
    what: "np for one that has names below it",
    zone: { "_dmarc.example.org": at(`${none}; np=reject`), "_dmarc.a.example.org": { records: {} } },
    domain: "a.example.org",
    found: { exists: true },
    asked: 3,
  },
  {
    what: "np while nobody answers",
    zone: { "_dmarc.example.org": at(`${none}; np=reject`), "a.example.org": timeout },
    domain: "a.example.org",
    found: { status: "found", exists: null },
    asked: 4,
  },
  {
    what: "np as sp",
    zone: { "_dmarc.example.org": at("v=DMARC1; p=none; sp=reject; np=reject") },
    domain: "a.example.org",
    found: { exists: null },
    asked: 3,
  },
  {
    what: "the weakest answer up to the record",
    zone: {
      "_dmarc.a.example.org": { security: "secure" },
      "_dmarc.example.org": { ...at(none), security: "secure" },
    },
    domain: "a.example.org",
    found: { security: "secure" },
  },
  {
    what: "an insecure denial on the way",
    zone: {
      "_dmarc.a.example.org": { security: "insecure" },
      "_dmarc.example.org": { ...at(none), security: "secure" },
    },
    domain: "a.example.org",
    found: { security: "insecure" },
  },
  {
    what: "a bogus answer",
    zone: { "_dmarc.a.example.org": { failures: { TXT: "bogus" } } },
    domain: "a.example.org",
    found: { status: "failed", security: "bogus" },
  },
];
for (const { what, zone, domain, found, asked } of cases) {
  Deno.test(`discover(): ${what}`, async () => {
    const resolver = new ZoneResolver(zone);
    const discovery = await discover(domain, new TreeWalker(resolver));
    assert.deepEqual({ ...discovery, ...found }, discovery);
    if (asked !== undefined) assert.equal(resolver.asked.length, asked, resolver.asked.join());
    assert.equal(discovery.record === null, discovery.recordDomain === null);
  });
}
