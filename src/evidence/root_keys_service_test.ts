import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { Refused } from "../base/errors.ts";
import { createLog } from "../base/log.ts";
import { maxKeySetOctets } from "../dns/seen_keys.ts";
import { makeKey, type SigningKey, withFlags } from "../dns/testing/signed_keys.ts";
import { SignedZone } from "../dns/testing/signed_zone.ts";
import { typeNumbers } from "../dns/record.ts";
import { anchorOfKey, holdDownMs, rootAnchors } from "../dns/trust_anchors.ts";
import { type Disk, realDisk } from "../store/disk.ts";
import { type TempStore, tempStore } from "../store/testing/temp_store.ts";
import type { RootKeysNow } from "./root_keys.ts";
import { maxLookMs, retryLookMs, RootKeysService } from "./root_keys_service.ts";

const day = 86_400_000;
const [a, b, evil] = [makeKey(15), makeKey(15), makeKey(15)];
const revokedA = withFlags(a, 257 | 0x80);
const letters = new Map([[a.tag, "a"], [b.tag, "b"], [evil.tag, "evil"]]);

/** The root's DNSKEY set as its servers tell it. The TTL is of two days, as the real one's. */
function told(keys: readonly SigningKey[], now: number, signers = keys) {
  const zone = new SignedZone(".", { now, keys, ttl: 172_800 });
  const records = zone.withSignatures(".", typeNumbers.DNSKEY);
  const rdatas = (type: number) => records.filter((record) => record.type === type).map(({ rdata }) => rdata);
  const bySigner = rdatas(typeNumbers.RRSIG).filter((rdata) =>
    signers.some(({ tag }) => (rdata[16] ?? 0) * 256 + (rdata[17] ?? 0) === tag)
  );
  return { keys: rdatas(typeNumbers.DNSKEY), signatures: bySigner };
}

interface World {
  readonly clock: FakeClock;
  readonly temp: TempStore;
  readonly logged: string[];
  service: RootKeysService;
  /** Hands in what is told now, and returns who is trusted then. */
  look(keys: readonly SigningKey[], signers?: readonly SigningKey[]): Promise<string>;
  restart(disk?: Disk): Promise<void>;
}

async function withRoot(test: (world: World) => Promise<void>): Promise<void> {
  const clock = new FakeClock();
  const logged: string[] = [];
  const log = createLog({ level: "info", format: "text" }, () => 0, (_level, line) => logged.push(line));
  await using temp = tempStore({ clock, log });
  const builtIn = [anchorOfKey(".", a.data)];
  const make = (disk = realDisk) =>
    new RootKeysService({ store: temp.store, folder: temp.folder, disk, builtIn });
  const world: World = {
    clock,
    temp,
    logged,
    service: make(),
    look: async (keys, signers) => shown(await world.service.saw(told(keys, clock.now(), signers))),
    async restart(disk) {
      await temp.reopen();
      world.service = make(disk);
    },
  };
  await test(world);
}

const shown = ({ anchors }: RootKeysNow) =>
  anchors.map(({ ds }) => letters.get(ds.keyTag) ?? String(ds.keyTag)).toSorted().join(" ");

const fileOf = ({ temp }: World) => Deno.readTextFile(`${temp.folder}/anchors.txt`);

Deno.test("the root's keys change from one to another over thirty days, across restarts", () =>
  withRoot(async (world) => {
    const { clock } = world;
    assert.deepEqual(shown(await world.service.current()), "a");
    assert.equal((await world.service.current()).dueMs, 0);
    assert.equal(await world.look([a]), "a");
    // Half of the TTL of two days: RFC 5011 2.3.
    assert.equal((await world.service.current()).dueMs, day);
    await clock.advance(day);
    assert.equal(await world.look([a, b], [a]), "a");
    for (let passed = 1; passed < 30; passed++) {
      await clock.advance(day);
      if (passed === 17) await world.restart();
      assert.equal(await world.look([a, b], [a]), "a", `after ${passed} days`);
    }
    await clock.advance(day);
    assert.equal(await world.look([a, b], [a]), "a b");
    await clock.advance(day);
    assert.equal(await world.look([revokedA, b]), "b");
    await world.restart();
    assert.equal(shown(await world.service.current()), "b", "what is built in does not come back");
    await clock.advance(holdDownMs);
    assert.equal(await world.look([a, b], [a, b]), "b", "nor does it when it is told again");
    assert.match(await fileOf(world), /state=removed/);
    await clock.advance(day);
    assert.equal(await world.look([evil, a], [a]), "b", "and what it signs counts for nothing");
    assert.doesNotMatch(await fileOf(world), /state=(?:pending|missing)/);
  }));

Deno.test("a key that goes away within thirty days begins anew", () =>
  withRoot(async (world) => {
    const { clock } = world;
    await world.look([a, evil], [a]);
    await clock.advance(10 * day);
    await world.look([a]);
    assert.doesNotMatch(await fileOf(world), /pending/);
    await clock.advance(21 * day);
    assert.equal(await world.look([a, evil], [a]), "a");
    await clock.advance(29 * day);
    assert.equal(await world.look([a, evil], [a]), "a");
  }));

Deno.test("a front that was taken over adds no key and takes none away", () =>
  withRoot(async (world) => {
    const { clock } = world;
    await world.look([a]);
    const file = await fileOf(world);
    const step = async (what: string, set: Parameters<RootKeysService["saw"]>[0]) => {
      await clock.advance(day);
      assert.equal(shown(await world.service.saw(set)), "a", what);
      assert.equal(await fileOf(world), file, what);
    };
    const now = () => clock.now() + day;
    await step("its own keys, signed by themselves", told([evil], now()));
    await step("its own key beside the root's, signed by its own", told([a, evil], now(), [evil]));
    const honest = told([a], now());
    await step("its own key put into a set that the root signed", {
      keys: [...honest.keys, evil.rdata],
      signatures: honest.signatures,
    });
    await step("a signature of other times", told([a, evil], now() - 60 * day, [a]));
    await step("nothing", { keys: [], signatures: [] });
    await step("no signatures", { ...told([a, evil], now()), signatures: [] });
    await step("revoked by somebody else", told([revokedA, evil], now(), [evil]));
    const many = Array.from({ length: 64 }, () => makeKey(15));
    const trap = told(many, now());
    await step("too many", { keys: [...trap.keys, ...trap.keys], signatures: trap.signatures });
    await step("too long", { keys: [new Uint8Array(maxKeySetOctets)], signatures: honest.signatures });
    await step("nonsense", {
      keys: [new Uint8Array(0), new Uint8Array(3)],
      signatures: [new Uint8Array(1), new Uint8Array(30)],
    });
    await step("null", null);
    for (const request of [{}, { keys: "x", signatures: [] }, { keys: [1], signatures: [] }, 7]) {
      // What crosses an RPC connection may be anything.
      const given = request as unknown as Parameters<RootKeysService["saw"]>[0];
      await assert.rejects(world.service.saw(given), (error) => error instanceof Refused);
    }
  }));

Deno.test("what comes before it is due is not looked at, many times at once or not", () =>
  withRoot(async (world) => {
    let written = 0;
    const disk: Disk = { ...realDisk, create: (path) => (written++, realDisk.create(path)) };
    await world.restart(disk);
    const { clock } = world;
    const sets = [[a, b], [a], [a, b], [a]];
    await Promise.all(sets.map((keys) => world.service.saw(told(keys, clock.now(), [a]))));
    assert.equal(written, 1);
    assert.match(await fileOf(world), /pending/);
    await clock.advance(day - 1);
    await world.look([a]);
    assert.match(await fileOf(world), /pending/);
    await clock.advance(1);
    await world.look([a]);
    assert.equal(written, 2);
    assert.doesNotMatch(await fileOf(world), /pending/);
    await clock.advance(day);
    await world.service.saw({ keys: [evil.rdata], signatures: [] });
    assert.equal((await world.service.current()).dueMs, retryLookMs);
  }));

Deno.test("nobody told anything: it is said, and asked again after an hour", () =>
  withRoot(async (world) => {
    assert.equal((await world.service.saw(null)).dueMs, retryLookMs);
    assert.match(world.logged.join("\n"), /could not be checked.*nobody told them/);
    await world.clock.advance(retryLookMs);
    assert.equal(await world.look([a]), "a");
    assert.equal((await world.service.current()).dueMs, day);
  }));

Deno.test("the last key is revoked: that is an error, and nothing is trusted", () =>
  withRoot(async (world) => {
    assert.equal(await world.look([revokedA]), "");
    assert.match(world.logged.join("\n"), /no trust anchor of the root is left/);
  }));

Deno.test("a clock that jumps loses no anchor, and trusts none before its time", () =>
  withRoot(async (world) => {
    const { clock } = world;
    await world.look([a, b], [a]);
    const set = told([a, b], clock.now(), [a]);
    clock.jump(400 * day); // The signatures are of the past then.
    assert.equal(shown(await world.service.saw(set)), "a");
    assert.match(await fileOf(world), /pending/);
    clock.jump(-400 * day);
    const { dueMs } = await world.service.current();
    assert.ok(dueMs <= maxLookMs, "the next look is not a year away");
    await clock.advance(dueMs);
    assert.equal(await world.look([a, b], [a]), "a");
    clock.jump(-3650 * day);
    await clock.advance(maxLookMs);
    assert.equal(shown(await world.service.saw(set)), "a");
    assert.match(await fileOf(world), /valid[^]*pending/);
  }));

Deno.test("a full disk changes nothing, and the next look tries again", () =>
  withRoot(async (world) => {
    const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    await world.restart({ ...realDisk, create: () => Promise.reject(full) });
    await assert.rejects(
      world.look([a, b], [a]),
      (error) => error instanceof Refused && error.reason === "diskFull",
    );
    await world.restart();
    assert.equal(await world.look([a, b], [a]), "a");
    assert.match(await fileOf(world), /pending/);
  }));

Deno.test("the real root's keys are built in", async () => {
  await using temp = tempStore();
  const service = new RootKeysService({ store: temp.store, folder: temp.folder });
  assert.deepEqual((await service.current()).anchors, rootAnchors);
});
