import assert from "node:assert/strict";
import { parseIp } from "../base/ip_address.ts";
import { txt, type Zone, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { lookupList, maxListText } from "./lookup.ts";

const ip = (text: string) => parseIp(text) ?? assert.fail(text);
const codes = (...addresses: string[]) => ({ A: addresses.map((address) => ({ address })) });

Deno.test("an address is looked up backwards, and the list's words are kept short and clean", async () => {
  const zone: Zone = {
    "1.2.0.192.bl.example": {
      records: { ...codes("127.0.0.4"), TXT: txt(`spam\r\nX: ${"y".repeat(500)}`) },
      security: "secure",
    },
  };
  const result = await lookupList(ip("192.0.2.1"), "bl.example", new ZoneResolver(zone));
  assert.deepEqual([result.status, result.codes, result.security, result.text.length], [
    "listed",
    ["127.0.0.4"],
    "secure",
    maxListText,
  ]);
  assert.ok(result.text.startsWith("spam  X: y"));
});

Deno.test("an IPv6 address is looked up by its digits", async () => {
  const resolver = new ZoneResolver({});
  assert.equal((await lookupList(ip("2001:db8::1"), "bl.example.", resolver)).status, "notListed");
  assert.deepEqual(resolver.asked, [
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example. A",
  ]);
});

const answers: [title: string, entry: Zone[string] | null, status: string][] = [
  ["nothing", null, "notListed"],
  ["a name without address", { records: { TXT: txt("hello") } }, "notListed"],
  ["a value", { records: codes("127.0.0.2") }, "listed"],
  ["several values", { records: codes("127.0.0.2", "127.0.1.255", "127.255.254.1") }, "listed"],
  ["a web server", { records: codes("198.51.100.7") }, "broken"],
  ["a value and a web server", { records: codes("127.0.0.2", "198.51.100.7") }, "broken"],
  ["a neighbour of the values", { records: codes("128.0.0.2") }, "broken"],
  ["a refusal", { records: codes("127.255.255.254") }, "broken"],
  ["no answer", { failures: { A: "timeout" } }, "temperror"],
  ["an answer that is bogus", { failures: { A: "bogus" } }, "temperror"],
  ["a value, and no text in time", { records: codes("127.0.0.2"), failures: { TXT: "timeout" } }, "listed"],
];
for (const [title, entry, status] of answers) {
  Deno.test(`${title} from a list is ${status}`, async () => {
    const zone: Zone = entry === null ? {} : { "1.2.0.192.bl.example": entry };
    const result = await lookupList(ip("192.0.2.1"), "bl.example", new ZoneResolver(zone));
    assert.deepEqual([result.status, result.text], [status, ""]);
  });
}

for (const list of ["b..l", "", "b l", "x".repeat(64), `${"x".repeat(60)}.`.repeat(4)]) {
  Deno.test(`${JSON.stringify(list.slice(0, 70))} is no domain of a list`, async () => {
    await assert.rejects(lookupList(ip("2001:db8::1"), list, new ZoneResolver({})), SyntaxError);
  });
}
