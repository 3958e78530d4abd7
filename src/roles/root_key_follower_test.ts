import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { createLog } from "../base/log.ts";
import type { KeySet } from "../dns/seen_keys.ts";
import { rootAnchors, type TrustAnchor } from "../dns/trust_anchors.ts";
import type { RootKeys, RootKeysNow } from "../evidence/root_keys.ts";
import { leastMs, retryMs, RootKeyFollower } from "./root_key_follower.ts";

const hour = 3_600_000;
const set: KeySet = { zone: ".", keys: [new Uint8Array(4)], signatures: [new Uint8Array(20)] };
const [first] = rootAnchors;
assert.ok(first !== undefined);

class World {
  readonly clock = new FakeClock();
  readonly logged: string[] = [];
  /** What was handed to the store, and what was set in the resolver. */
  readonly handed: unknown[] = [];
  readonly set: (readonly TrustAnchor[])[] = [];
  asked = 0;
  tells: () => Promise<KeySet | null> = () => Promise.resolve(set);
  answer: () => RootKeysNow = () => ({ anchors: rootAnchors, dueMs: 24 * hour });
  readonly follower: RootKeyFollower;

  constructor(dueMs: number) {
    const log = createLog(
      { level: "info", format: "text" },
      () => 0,
      (_level, line) => this.logged.push(line),
    );
    const rootKeys: RootKeys = {
      current: () => Promise.resolve(this.answer()),
      saw: async (request) => {
        await Promise.resolve();
        this.handed.push(request);
        return this.answer();
      },
    };
    const trust = {
      seeKeys: (zone: string) => {
        assert.equal(zone, ".");
        this.asked++;
        return this.tells();
      },
      setAnchors: (anchors: readonly TrustAnchor[]) => void this.set.push(anchors),
    };
    const known = { anchors: rootAnchors, dueMs };
    this.follower = new RootKeyFollower({ rootKeys, trust, clock: this.clock, log }, known);
  }
}

Deno.test("the keys are asked for when they are due, handed in as they came, and again when the store says", async () => {
  const world = new World(5 * hour);
  await world.clock.advance(5 * hour - 1);
  assert.equal(world.asked, 0);
  await world.clock.advance(1);
  assert.deepEqual(world.handed, [{ keys: set.keys, signatures: set.signatures }]);
  await world.clock.advance(24 * hour - 1);
  assert.equal(world.asked, 1);
  await world.clock.advance(1);
  assert.equal(world.asked, 2);
  assert.deepEqual(world.set, [], "nothing has changed");
  world.follower.stop();
  await world.clock.advance(100 * hour);
  assert.equal(world.asked, 2);
  assert.equal(world.clock.pending, 0);
});

Deno.test("other anchors are used from the moment that the store tells them", async () => {
  const world = new World(hour);
  world.answer = () => ({ anchors: [first], dueMs: hour });
  await world.clock.advance(hour);
  assert.deepEqual(world.set, [[first]]);
  await world.clock.advance(hour);
  assert.equal(world.set.length, 1);
  world.follower.stop();
});

Deno.test("what is due at once is asked at once, but not again and again", async () => {
  const world = new World(0);
  world.answer = () => ({ anchors: rootAnchors, dueMs: 0 });
  await world.clock.advance(leastMs - 1);
  assert.equal(world.asked, 1);
  await world.clock.advance(10 * leastMs);
  assert.equal(world.asked, 11);
  world.follower.stop();
});

Deno.test("that nobody tells the keys is handed in too; a store that fails is asked again later", async () => {
  const world = new World(0);
  world.tells = () => Promise.resolve(null);
  await world.clock.advance(1);
  assert.deepEqual(world.handed, [null]);
  world.answer = () => {
    throw new Error("no store");
  };
  await world.clock.advance(24 * hour);
  assert.equal(world.asked, 2);
  assert.match(world.logged.join("\n"), /were not looked at.*no store/);
  await world.clock.advance(retryMs);
  assert.equal(world.asked, 3);
  world.follower.stop();
});

Deno.test("stopped while it asks, it hands nothing in", async () => {
  const world = new World(0);
  const told = Promise.withResolvers<KeySet | null>();
  world.tells = () => told.promise;
  await world.clock.advance(1);
  assert.equal(world.asked, 1);
  world.follower.stop();
  told.resolve(null);
  await world.clock.advance(24 * hour);
  assert.deepEqual(world.handed, []);
  assert.equal(world.clock.pending, 0);
});
