import assert from "node:assert/strict";
import { type Entry, type Zone, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { checkHealth } from "./health.ts";

const code = (address: string): Entry => ({ records: { A: [{ address }] } });
const failure: Entry = { failures: { A: "timeout" } };

/** The names of RFC 5782 5's entries, for a list of each kind. */
const names = {
  4: { listed: "2.0.0.127.bl.example", notListed: "1.0.0.127.bl.example" },
  6: {
    listed: `2.0.0.0.0.0.f.7.f.f.f.f.${"0.".repeat(20)}bl.example`,
    notListed: `1.0.0.0.0.0.f.7.f.f.f.f.${"0.".repeat(20)}bl.example`,
  },
} as const;

const lists: [title: string, listed: Entry | null, notListed: Entry | null, healthy: boolean, why: RegExp][] =
  [
    ["both test entries right", code("127.0.0.2"), null, true, /works/],
    ["nothing listed", null, null, false, /does not list /],
    ["everything listed", code("127.0.0.2"), code("127.0.0.2"), false, /whole world/],
    ["the wrong one listed", null, code("127.0.0.2"), false, /whole world/],
    ["a parked domain", code("198.51.100.7"), code("198.51.100.7"), false, /198\.51\.100\.7, as no list/],
    ["one strange answer", code("127.0.0.2"), code("198.51.100.7"), false, /198\.51\.100\.7, as no list/],
    ["a refusal", code("127.255.255.254"), code("127.255.255.254"), false, /refuses/],
    ["no answer", failure, failure, true, /nobody knows/],
    ["no answer to the first question", failure, null, true, /nobody knows/],
    ["no answer to the second question", code("127.0.0.2"), failure, true, /nobody knows/],
    ["no answer to the first question, and a wrong one", failure, code("127.0.0.2"), false, /whole world/],
  ];
for (const version of [4, 6] as const) {
  for (const [title, listed, notListed, healthy, why] of lists) {
    Deno.test(`checkHealth() of a list of IPv${version} with ${title}`, async () => {
      const zone: Zone = {
        ...(listed === null ? {} : { [names[version].listed]: listed }),
        ...(notListed === null ? {} : { [names[version].notListed]: notListed }),
      };
      const health = await checkHealth("bl.example", new ZoneResolver(zone), undefined, version);
      assert.equal(health.healthy, healthy);
      assert.match(health.why, why);
      assert.equal(health.known, !/nobody knows/.test(health.why));
    });
  }
}
