import assert from "node:assert/strict";
import { parseIp } from "../base/ip_address.ts";
import { txt, type Zone, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { Blocklists, checkHealth, healthMs, lookupList, maxListText } from "./lookup.ts";

const ip = (text: string) => parseIp(text) ?? assert.fail(text);
const code = (address: string, text?: string) => ({
  records: { A: [{ address }], ...(text === undefined ? {} : { TXT: txt(text) }) },
});
const healthy: Zone = { "2.0.0.127.bl.example": code("127.0.0.2") };

Deno.test("an address is looked up backwards, and the list's words are kept short and clean", async () => {
  const zone: Zone = { "1.2.0.192.bl.example": code("127.0.0.4", `spam\r\nX: ${"y".repeat(500)}`) };
  const { status, codes, text } = await lookupList(ip("192.0.2.1"), "bl.example", new ZoneResolver(zone));
  assert.deepEqual([status, codes, text.length], ["listed", ["127.0.0.4"], maxListText]);
  assert.ok(text.startsWith("spam  X: y"));
});

Deno.test("an IPv6 address is looked up by its digits", async () => {
  const resolver = new ZoneResolver({});
  assert.equal((await lookupList(ip("2001:db8::1"), "bl.example.", resolver)).status, "notListed");
  assert.deepEqual(resolver.asked, [
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example. A",
  ]);
});

Deno.test("an answer that no list gives, and none at all, do not count as listed", async () => {
  const parked = new ZoneResolver({ "1.2.0.192.bl.example": code("198.51.100.7") });
  assert.equal((await lookupList(ip("192.0.2.1"), "bl.example", parked)).status, "broken");
  const silent = new ZoneResolver({ "1.2.0.192.bl.example": { failures: { A: "timeout" } } });
  assert.equal((await lookupList(ip("192.0.2.1"), "bl.example", silent)).status, "temperror");
  await assert.rejects(lookupList(ip("192.0.2.1"), "b..l", silent), SyntaxError);
});

const lists: [title: string, zone: Zone, healthy: boolean][] = [
  ["both test entries right", healthy, true],
  ["nothing listed", {}, false],
  ["everything listed", { ...healthy, "1.0.0.127.bl.example": code("127.0.0.2") }, false],
  ["a parked domain", {
    "2.0.0.127.bl.example": code("198.51.100.7"),
    "1.0.0.127.bl.example": code("198.51.100.7"),
  }, false],
  ["no answer", { "2.0.0.127.bl.example": { failures: { A: "timeout" } } }, true],
];
for (const [title, zone, expected] of lists) {
  Deno.test(`checkHealth() of a list with ${title}`, async () => {
    assert.equal((await checkHealth("bl.example", new ZoneResolver(zone))).healthy, expected);
  });
}

Deno.test("the health of a list is asked for once in a while, and a broken list is not asked", async () => {
  let now = 0;
  const resolver = new ZoneResolver({ "1.2.0.192.bl.example": code("127.0.0.2") });
  const lists = new Blocklists(resolver, () => now);
  for (let i = 0; i < 3; i++) {
    assert.equal((await lists.lookup(ip("192.0.2.1"), "bl.example")).status, "broken");
  }
  assert.equal(resolver.asked.length, 2);
  now = healthMs;
  await lists.lookup(ip("192.0.2.1"), "bl.example");
  assert.equal(resolver.asked.length, 4);
});
