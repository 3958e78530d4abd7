import assert from "node:assert/strict";
import { LocalResolver } from "./local_resolver.ts";
import { ZoneResolver } from "./testing/zone_resolver.ts";

const names = new Map([["Localhost.", { A: [{ address: "127.0.0.1" }] }]]);

Deno.test("what is known is answered, whatever the case, and other types of it are not there", async () => {
  const next = new ZoneResolver({});
  const resolver = new LocalResolver(names, next);
  const found = await resolver.lookup("LOCALHOST.", "A");
  assert.deepEqual([found.status, found.records, found.security], [
    "found",
    [{ address: "127.0.0.1" }],
    "indeterminate",
  ]);
  assert.equal((await resolver.lookup("localhost.", "MX")).status, "noData");
  assert.deepEqual(next.asked, []);
});

Deno.test("the rest is asked of another, or does not exist", async () => {
  const next = new ZoneResolver({ "example.org": { records: { A: [{ address: "192.0.2.1" }] } } });
  assert.equal((await new LocalResolver(names, next).lookup("example.org.", "A")).status, "found");
  const alone = new LocalResolver(names, null);
  const { status, why } = await alone.lookup("example.org.", "A");
  assert.equal(status, "noSuchDomain");
  assert.match(why, /no DNS server is asked/);
  await assert.rejects(alone.lookup("example.org", "A"), SyntaxError);
  new LocalResolver(names, next).forget();
  alone.forget();
  assert.equal(next.forgotten, 1);
});
