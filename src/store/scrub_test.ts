import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { type Bytes, MiB, noBytes } from "../base/bytes.ts";
import { createLog } from "../base/log.ts";
import { createAccount } from "./accounts.ts";
import { addMessages, prepareEmail } from "./add_message.ts";
import { checkIndex } from "./check_index.ts";
import { maxInlineBody } from "./bodies.ts";
import { Connection } from "./connection.ts";
import { CountChange } from "./counts.ts";
import { many, one, prepared, run } from "./query.ts";
import { dropCopies } from "./remove_message.ts";
import { Scrub, scrubBytesPerSecond } from "./scrub.ts";
import { sampleIndex } from "./testing/sample_message.ts";
import { type TempStore, tempStore } from "./testing/temp_store.ts";

const bodyOf = prepared((db, p: { id: number }) =>
  db.selectFrom("bodies").select(["size", "sha256"]).where("id", "=", p.id)
);
const damaged = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("damaged").select(["body_id", "what"]).orderBy("body_id")
);
const expungeRow = prepared((db, p: { uid: number; modseq: number }) =>
  db.updateTable("messages").set({ expunged: 1, email_id: 0, size: 0, modseq: p.modseq }).where(
    "uid",
    "=",
    p.uid,
  )
);

interface Parts {
  readonly temp: TempStore;
  readonly clock: FakeClock;
  /** Errors that were logged. */
  readonly errors: string[];
}

/** A store with bodies of these sizes, numbered from 1; all of one octet each, so that none is as another. */
async function withBodies(sizes: readonly number[], test: (parts: Parts) => Promise<void>): Promise<void> {
  const clock = new FakeClock();
  const errors: string[] = [];
  const log = createLog({ level: "error", format: "text" }, () => 0, (_level, line) => errors.push(line));
  const temp = tempStore({ clock, log });
  const { store } = temp;
  await store.writer.run((tx) => createAccount(tx, { name: "ann", maxBytes: null }));
  const spools = store.spools.forOwner();
  for (const [i, size] of sizes.entries()) {
    const content: Bytes = new Uint8Array(size).fill(i + 1);
    const spool = size > maxInlineBody ? await spools.open() : null;
    for (let at = 0; spool !== null && at < size; at += MiB) {
      await spools.write(spool, content.slice(at, at + MiB));
    }
    const body = await store.bodies.ready({ content: spool === null ? content : null, spool }, spools);
    const email = prepareEmail(body, checkIndex(sampleIndex(content), size));
    const addition = { email, prefix: noBytes, bits: 0, keywords: [], internalDate: 0 };
    await store.writer.run((tx) => addMessages(tx, 1, 1, [addition]));
    body.release();
  }
  await test({ temp, clock, errors });
  await temp.close(/body \d/);
}

/** One round, as the housekeeper does it; time passes in pauses only. Returns the places that it noted. */
async function scrub({ temp, clock }: Parts, place = "", stopAfter = Infinity): Promise<string[]> {
  const places: string[] = [];
  const stopped = new AbortController();
  let pauses = 0;
  await new Scrub(temp.store).run({
    place,
    signal: stopped.signal,
    keep: (place) => Promise.resolve(void places.push(place)),
    pause: (ms) => {
      clock.jump(ms);
      if (++pauses >= stopAfter) stopped.abort();
      return Promise.resolve();
    },
  });
  return places;
}

/** Runs SQL on the closed store's database. */
async function tamper({ temp }: Parts, sql: string): Promise<void> {
  await temp.store.close();
  const connection = new Connection(`${temp.folder}/mail.sqlite`);
  connection.script(sql);
  connection.close();
  await temp.reopen();
}

function fileOf({ temp }: Parts, id: number): string {
  const { sha256 = "" } = temp.store.read(one(bodyOf, { id })) ?? {};
  return `${temp.folder}/bodies/${sha256.slice(0, 2)}/${sha256}`;
}

const onRecord = ({ temp }: Parts) => temp.store.read(many(damaged, {})).map((row) => row.body_id);

/** What waits for the writer has been done. */
const settled = ({ temp }: Parts) => temp.store.writer.run(function* () {});

Deno.test("the scrub finds each damaged body, tells of it once, and keeps it on record", () =>
  withBodies([2000, 3000, 100_000, 300_000, 3 * MiB, 2000], async (parts) => {
    await tamper(parts, "update bodies set bytes = zeroblob(size) where id = 2");
    const file = Deno.openSync(fileOf(parts, 5), { write: true });
    file.seekSync(2 * MiB + 5, Deno.SeekMode.Start);
    file.writeSync(Uint8Array.of(0));
    file.close();
    Deno.removeSync(fileOf(parts, 4));
    await scrub(parts);
    await settled(parts);
    assert.deepEqual(onRecord(parts), [2, 4, 5]);
    assert.equal(parts.errors.length, 4); // And how many there are.
    for (const [i, id] of [2, 4, 5].entries()) assert.match(parts.errors[i] ?? "", new RegExp(`body=${id} `));
    const { metrics, bodies } = await parts.temp.reopen();
    assert.match(metrics.text(), /mailden_store_damaged_bodies 3\n/);
    assert.deepEqual([...bodies.damaged], [2, 4, 5]);
    await scrub(parts);
    assert.equal(parts.errors.length, 5);
    assert.match(parts.errors[4] ?? "", /bodies=3/);
  }));

Deno.test("what is whole again is taken from the record, and so is what is deleted", () =>
  withBodies([300_000, 2000], async (parts) => {
    const path = fileOf(parts, 1);
    Deno.renameSync(path, `${path}.away`);
    await tamper(parts, "update bodies set bytes = zeroblob(size) where id = 2");
    await scrub(parts);
    await settled(parts);
    assert.deepEqual(onRecord(parts), [1, 2]);
    Deno.renameSync(`${path}.away`, path);
    await scrub(parts);
    assert.deepEqual(onRecord(parts), [2]);
    const { store } = parts.temp;
    await store.writer.run(function* (tx) {
      const modseq = yield* tx.counts.takeModSeq(1);
      yield* run(expungeRow, { uid: 2, modseq });
      yield* dropCopies(tx, store.bodies, { accountId: 1, emailId: 2, copies: 1 });
      const change = new CountChange();
      change.add(0, 2000, -1);
      yield* tx.count(1, 1, modseq, change);
    });
    assert.deepEqual([onRecord(parts), [...store.bodies.damaged]], [[], []]);
  }));

Deno.test("a body that somebody finds damaged is on record as well", () =>
  withBodies([2000], async (parts) => {
    await tamper(parts, "update bodies set bytes = zeroblob(size) where id = 1");
    const { store } = parts.temp;
    assert.throws(() => store.read(store.bodies.open(1)));
    await settled(parts);
    assert.deepEqual(onRecord(parts), [1]);
  }));

Deno.test("the scrub reads so many octets a second and no more", () =>
  withBodies([100_000, 200_000, 5 * MiB, 200_000], async (parts) => {
    const began = parts.clock.now();
    await scrub(parts);
    const seconds = (parts.clock.now() - began) / 1000;
    const bytes = 500_000 + 5 * MiB;
    assert.ok(
      Math.abs(bytes / seconds / scrubBytesPerSecond - 1) < 0.05,
      `${bytes / seconds} octets a second`,
    );
    assert.match(
      parts.temp.store.metrics.text(),
      new RegExp(`mailden_store_scrubbed_bytes_total ${bytes}\n`),
    );
  }));

Deno.test("a scrub that is stopped goes on where it was, within a large body too", () =>
  withBodies([100_000, 3 * MiB, 100_000, 100_000], async (parts) => {
    await tamper(parts, "update bodies set bytes = zeroblob(size) where id in (1, 4)");
    const [place = ""] = await scrub(parts, "", 1); // In the first block of the second body.
    assert.equal(place, "1");
    await settled(parts);
    assert.deepEqual(onRecord(parts), [1]);
    const [next = ""] = await scrub(parts, place, 4); // At the end of the third, which is not noted yet.
    assert.equal(next, "2");
    assert.deepEqual(await scrub(parts, next), []);
    await settled(parts);
    assert.deepEqual(onRecord(parts), [1, 4]);
  }));
