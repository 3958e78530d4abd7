import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { countFailure, failureMemoryMs } from "./delivery_failures.ts";
import type { ChoreContext } from "./housekeeping.ts";
import { outgoingChores } from "./outgoing_chore.ts";
import { many, one, prepared, type Work } from "./query.ts";
import { retire } from "./queue_retired.ts";
import { dueDestinations, queueRow, removeQueued, takeDue } from "./queue_rows.ts";
import { countedMs, firstTimes, noteRecipients, recipientsLookedAt, rememberedMs } from "./recipients.ts";
import { enqueue } from "./testing/queue_sample.ts";
import { type TempStore, tempStore } from "./testing/temp_store.ts";
import { keepTlsResults, tlsResultsKeptMs } from "./tls_results.ts";

const context: ChoreContext = {
  place: "",
  signal: new AbortController().signal,
  keep: () => Promise.resolve(),
  pause: () => Promise.resolve(),
};
const recipients = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("recipients").select("address").orderBy("id")
);
const counts = prepared((db, _p: Record<string, never>) =>
  db.selectNoFrom((eb) => [
    eb.selectFrom("queue_retired").select((eb) => eb.fn.countAll<number>().as("n")).as("retired"),
    eb.selectFrom("delivery_failures").select((eb) => eb.fn.countAll<number>().as("n")).as("failures"),
    eb.selectFrom("tls_results").select((eb) => eb.fn.countAll<number>().as("n")).as("tls"),
  ])
);

function open(): {
  temp: TempStore;
  clock: FakeClock;
  forget(): Promise<void>;
  write(...to: string[]): Promise<void>;
} {
  const clock = new FakeClock();
  const temp = tempStore({ clock });
  return {
    temp,
    clock,
    async forget() {
      for (const chore of outgoingChores(temp.store)) await chore.run(context);
    },
    write: (...to) => temp.store.writer.run((tx) => noteRecipients(1, to, tx.now)),
  };
}

Deno.test("what a clock that was far ahead has put off is tried again, and nothing else", async () => {
  const { temp, clock, forget } = open();
  await using _ = temp;
  const { store } = temp;
  const year = 365 * 24 * 60 * 60 * 1000;
  const now = clock.now();
  const [asked = 0] = await enqueue(store, ["asked@y.example"], { due: now + 50 * 24 * 60 * 60 * 1000 });
  const [until = 0] = await enqueue(store, ["until@z.example"], {
    due: now + year,
    submitted: now + year,
    release: "until;2027-01-02T03:04:05Z",
  });
  clock.jump(year);
  const [tried = 0] = await enqueue(store, ["tried@x.example"], { submitted: now });
  const due = now + year + 7_200_000;
  await store.writer.run(() =>
    takeDue({ domain: "x.example", now: clock.now(), limit: 1, nextAttempt: () => due })
  );
  const later = Array.from({ length: 1200 }, (_, i) => `u${i}@w.example`);
  const fresh = await enqueue(store, later, { due: clock.now() + 3_600_000 });
  clock.jump(-year);
  await forget();
  const dueOf = (id: number) => store.read(queueRow(id)).due - now;
  assert.deepEqual([asked, until].map(dueOf), [50 * 24 * 60 * 60 * 1000, year]);
  assert.equal(dueOf(tried), 7_200_000);
  for (const id of fresh) assert.equal(dueOf(id), 3_600_000);
  // It becomes due as it would have.
  assert.deepEqual(store.read(dueDestinations(now + 7_200_000, 10)), ["w.example", "x.example"]);
  await clock.advance(3_600_000);
  await forget();
  assert.equal(dueOf(tried), 7_200_000, "and is not put off again");
});

Deno.test("each thing is forgotten when it is old enough, and not before", async () => {
  const { temp, clock, forget } = open();
  await using _ = temp;
  const { store } = temp;
  const ids = await enqueue(store, Array.from({ length: 1200 }, (_, i) => `u${i}@x.example`));
  await store.writer.run(function* (tx): Work<void> {
    for (const id of ids) {
      const row = yield* queueRow(id);
      yield* removeQueued(id);
      yield* retire(row, { outcome: "delivered", results: "[]", now: tx.now, keepUntil: tx.now + 1000 });
      yield* store.bodies.dropUnused(tx, row.body_id, true);
    }
    yield* countFailure(1, "a@x.example", tx.now);
    yield* keepTlsResults(tx.now, "x.example", "[]", new Map());
  });
  const left = async (ms: number) => {
    await clock.advance(ms);
    await forget();
    return { ...store.read(one(counts, {})) };
  };
  assert.deepEqual(await left(999), { retired: 1200, failures: 1, tls: 1 });
  assert.deepEqual(await left(1), { retired: 0, failures: 1, tls: 1 });
  assert.deepEqual(await left(tlsResultsKeptMs), { retired: 0, failures: 1, tls: 0 });
  assert.deepEqual(await left(failureMemoryMs), { retired: 0, failures: 0, tls: 0 });
});

Deno.test("of whom an account has written to often, one row is kept once no message is counted by the others", async () => {
  const { temp, clock, forget, write } = open();
  await using _ = temp;
  const { store } = temp;
  const kept = () => store.read(many(recipients, {})).map(({ address }) => address);
  await write(...Array(recipientsLookedAt + 1).fill("a@x"), "b@x");
  await clock.advance(countedMs - 1);
  await write("a@x");
  await forget();
  assert.equal(kept().length, recipientsLookedAt + 3);
  await clock.advance(1);
  await forget();
  assert.deepEqual(kept(), ["a@x", "b@x", "a@x"], "the newest may be too new to stand for the others");
  assert.equal(store.read(firstTimes(1, ["a@x", "c@x"], clock.now() - 24 * 3_600_000)), 1);
  await clock.advance(countedMs);
  await forget();
  assert.deepEqual(kept(), ["b@x", "a@x"]);
  await clock.advance(rememberedMs);
  await forget();
  assert.deepEqual(kept(), []);
});
