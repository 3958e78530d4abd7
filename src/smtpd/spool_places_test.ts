import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { utf8 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import type { Deliver, Incoming } from "../delivery/deliver.ts";
import { MemoryDelivery } from "../delivery/testing/memory_delivery.ts";
import { Indexer } from "../message/indexer.ts";
import { maxOwnSpools } from "../store/spool.ts";
import { defaultSpoolPlaces, SpoolPlaces, type SpoolPlaceSettings, unsharedPlaces } from "./spool_places.ts";

function placesWith(settings: Partial<SpoolPlaceSettings> = {}) {
  const clock = new FakeClock();
  const delivery = new MemoryDelivery();
  const places = new SpoolPlaces(delivery, clock, { ...defaultSpoolPlaces, ...settings });
  return { clock, delivery, places };
}

const refused = (reason: string) => (error: unknown) => error instanceof Refused && error.reason === reason;

/** Opens so many, and returns the ids. */
async function open(deliver: Deliver, count: number): Promise<string[]> {
  const ids = [];
  for (let i = 0; i < count; i++) ids.push(await deliver.spoolOpen({}));
  return ids;
}

function incoming(spool: string): Incoming {
  return {
    deliveryId: "0".repeat(32),
    from: null,
    recipients: [{ address: { local: "a", domain: "example.org" }, prefix: new Uint8Array() }],
    remoteAddress: "192.0.2.1",
    helo: "h",
    index: new Indexer().end(),
    evidence: null,
    content: null,
    spool,
    cid: "c",
  };
}

Deno.test("there are fewer places than the store gives spool files", () => {
  assert.ok(defaultSpoolPlaces.maxPlaces < maxOwnSpools);
});

Deno.test("an address has its share, its network and wider network theirs, and all together theirs", async () => {
  const { places, delivery } = placesWith({ maxPlaces: 7, perNetwork: [2, 3, 5] });
  const host = (address: string) => places.of(address);
  await open(host("192.0.2.1"), 2);
  await assert.rejects(host("192.0.2.1").spoolOpen({}), refused("rateLimited"));
  await open(host("192.0.2.2"), 1); // The third of the /26.
  await assert.rejects(host("192.0.2.3").spoolOpen({}), refused("rateLimited"));
  await open(host("192.0.3.1"), 2); // The fifth of the /21.
  await assert.rejects(host("192.0.4.1").spoolOpen({}), refused("rateLimited"));
  await open(host("2001:db8::1"), 1);
  await open(host("2001:db8::2"), 1); // The same /64, and the seventh.
  await assert.rejects(host("198.51.100.1").spoolOpen({}), refused("rateLimited"));
  assert.equal(delivery.spools.size, 7);
});

Deno.test("an IPv6 subscriber has one share, whichever of its addresses it uses", async () => {
  const { places } = placesWith({ perNetwork: [2, 9, 9] });
  await open(places.of("2001:db8::1"), 1);
  await open(places.of("2001:db8::ffff:1%eth0"), 1);
  await assert.rejects(places.of("2001:db8::2").spoolOpen({}), refused("rateLimited"));
  await open(places.of("2001:db8:0:1::2"), 1);
});

Deno.test("this machine has no share but that of all", async () => {
  const { places } = placesWith({ maxPlaces: 4, perNetwork: [1, 1, 1] });
  await open(places.of("127.0.0.1"), 2);
  await open(places.of("::1"), 2);
  await assert.rejects(places.of("127.0.0.1").spoolOpen({}), refused("rateLimited"));
});

Deno.test("localserve shares out nothing but all", async () => {
  const { places } = placesWith({ ...unsharedPlaces, maxPlaces: 100 });
  await open(places.of("192.0.2.1"), 100);
  await assert.rejects(places.of("192.0.2.1").spoolOpen({}), refused("rateLimited"));
});

Deno.test("a place is free again when the file was dropped, or its message delivered", async () => {
  const { places, delivery } = placesWith({ perNetwork: [2, 9, 9] });
  const deliver = places.of("192.0.2.1");
  const [first = "", second = ""] = await open(deliver, 2);
  await deliver.spoolDrop({ spool: first });
  await deliver.spoolDrop({ spool: first }); // Counted once.
  await deliver.deliver(incoming(second));
  await open(deliver, 2);
  await assert.rejects(deliver.spoolOpen({}), refused("rateLimited"));
  for (const spool of [...delivery.spools.keys()]) await deliver.spoolDrop({ spool });
  assert.equal(places.tracked, 0);
});

Deno.test("a store that fails costs no place", async () => {
  const { places, delivery } = placesWith({ perNetwork: [1, 9, 9] });
  const deliver = places.of("192.0.2.1");
  const opens = delivery.spoolOpen;
  delivery.spoolOpen = () => Promise.reject(new Refused("diskFull", "x"));
  await assert.rejects(deliver.spoolOpen({}), refused("diskFull"));
  delivery.spoolOpen = opens;
  const [spool = ""] = await open(deliver, 1);
  delivery.throws.push(new Refused("tryLater", "x"));
  await assert.rejects(deliver.deliver(incoming(spool)), refused("tryLater"));
  delivery.spoolDrop = () => Promise.reject(new Refused("tryLater", "x"));
  await assert.rejects(deliver.spoolDrop({ spool }), refused("tryLater"));
  assert.equal(places.tracked, 0);
});

Deno.test("the slowest loses its place to the next who asks when none is left", async () => {
  const { places, clock, delivery } = placesWith({ maxPlaces: 3, slowMs: 60_000 });
  const slow = places.of("192.0.2.1");
  const [first = "", second = ""] = await open(slow, 2);
  await clock.advance(1000);
  const [third = ""] = await open(places.of("198.51.100.1"), 1);
  await clock.advance(58_999);
  const other = places.of("203.0.113.1");
  await assert.rejects(other.spoolOpen({}), refused("rateLimited")); // Nobody is so slow yet.
  await slow.spoolWrite({ spool: first, bytes: utf8("a piece") });
  await clock.advance(1);
  const [fourth = ""] = await open(other, 1);
  assert.deepEqual([...delivery.spools.keys()], [first, third, fourth]);
  await assert.rejects(slow.spoolWrite({ spool: second, bytes: utf8("x") }), refused("rateLimited"));
  await assert.rejects(slow.deliver(incoming(second)), refused("rateLimited"));
  await slow.spoolDrop({ spool: second });
  await assert.rejects(places.of("203.0.113.2").spoolOpen({}), refused("rateLimited"));
});

Deno.test("who has no place left in its own share takes none of others, however slow they are", async () => {
  const { places, clock, delivery } = placesWith({ perNetwork: [1, 9, 9] });
  const [others = ""] = await open(places.of("198.51.100.1"), 1);
  await clock.advance(3_600_000);
  const deliver = places.of("192.0.2.1");
  const [own = ""] = await open(deliver, 1);
  await assert.rejects(deliver.spoolOpen({}), refused("rateLimited"));
  await clock.advance(60_000);
  const [again = ""] = await open(deliver, 1);
  assert.deepEqual([...delivery.spools.keys()], [others, again]);
  assert.notEqual(own, again);
});

Deno.test("a message that is at the store keeps its place", async () => {
  const { places, clock, delivery } = placesWith({ maxPlaces: 1 });
  const deliver = places.of("192.0.2.1");
  const [spool = ""] = await open(deliver, 1);
  const results = Promise.withResolvers<[]>();
  delivery.deliver = () => results.promise;
  const delivered = deliver.deliver(incoming(spool));
  await clock.advance(3_600_000);
  await assert.rejects(places.of("198.51.100.1").spoolOpen({}), refused("rateLimited"));
  results.resolve([]);
  await delivered;
  await open(places.of("198.51.100.1"), 1);
});
