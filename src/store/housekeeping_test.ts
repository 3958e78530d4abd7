import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { createLog } from "../base/log.ts";
import { expireEveryMs, storeChores } from "./chores.ts";
import { keepAnswer, keptMs } from "./deliveries.ts";
import { historyEveryMs } from "./history.ts";
import { type Chore, type ChoreContext, Housekeeper, lookMs, retryMs } from "./housekeeping.ts";
import { many, prepared } from "./query.ts";
import { scrubEveryMs } from "./scrub.ts";
import { forgetEveryMs, lookThroughEveryMs } from "./outgoing_chore.ts";
import { type TempStore, tempStore } from "./testing/temp_store.ts";

const jobs = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("jobs").select(["kind", "payload", "due", "attempts"]).orderBy("kind")
);
const answers = prepared((db, _p: Record<string, never>) => db.selectFrom("deliveries").select("answer"));

async function withClock(
  test: (temp: TempStore, clock: FakeClock, logged: string[]) => Promise<void>,
): Promise<void> {
  const clock = new FakeClock();
  const logged: string[] = [];
  const log = createLog({ level: "warn", format: "text" }, () => 0, (_level, line) => logged.push(line));
  await using temp = tempStore({ clock, log });
  await test(temp, clock, logged);
}

/** Lets time pass until something is true. */
async function until(clock: FakeClock, done: () => boolean, ms = 100): Promise<void> {
  for (let i = 0; !done(); i++) {
    assert.ok(i < 1000, "it never came");
    await clock.advance(ms);
  }
}

const chore = (kind: string, run: (context: ChoreContext) => Promise<void>): Chore => ({
  kind,
  everyMs: 1000,
  run,
});

Deno.test("a chore is done when it is due, and again after its time", () =>
  withClock(async ({ store }, clock) => {
    let rounds = 0;
    const keeper = new Housekeeper(store, [
      chore("sweep", () => {
        rounds++;
        return Promise.resolve();
      }),
    ]);
    keeper.start();
    await clock.advance(lookMs - 1);
    assert.equal(rounds, 0);
    await until(clock, () => rounds === 1);
    await until(clock, () => store.read(many(jobs, {}))[0]?.payload === "");
    await until(clock, () => rounds === 3, lookMs);
    await keeper.stop();
    await clock.advance(5 * lookMs);
    assert.equal(rounds, 3);
  }));

Deno.test("a chore whose time was told by a clock that was ahead is done all the same", () =>
  withClock(async ({ store }, clock) => {
    let rounds = 0;
    const keeper = new Housekeeper(store, [chore("sweep", () => Promise.resolve(void rounds++))]);
    keeper.start();
    await until(clock, () => rounds === 1, lookMs);
    await until(clock, () => (store.read(many(jobs, {}))[0]?.due ?? 0) > clock.now());
    clock.jump(-365 * 24 * 60 * 60 * 1000);
    await clock.advance(lookMs);
    await until(clock, () => rounds === 2, 1);
    await keeper.stop();
  }));

Deno.test("a chore goes on from its place after a restart, and begins anew after its end", () =>
  withClock(async (temp, clock) => {
    const places: string[] = [];
    let ending = false;
    const long = chore("long", async ({ place, keep, pause, signal }) => {
      places.push(place);
      for (let n = Number(place) + 1; !signal.aborted && !ending; n++) {
        await keep(String(n));
        await pause(1000);
      }
    });
    let keeper = new Housekeeper(temp.store, [long]);
    keeper.start();
    const kept = () => Number(temp.store.read(many(jobs, {}))[0]?.payload);
    await until(clock, () => kept() >= 3);
    await keeper.stop();
    const before = kept();
    await temp.reopen();
    keeper = new Housekeeper(temp.store, [long]);
    keeper.start();
    await until(clock, () => places.length === 2, lookMs);
    assert.deepEqual(places, ["", String(before)]);
    ending = true;
    await until(clock, () => kept() === 0);
    await keeper.stop();
  }));

Deno.test("a chore that fails is told of, keeps its place, and is tried again later", () =>
  withClock(async ({ store }, clock, logged) => {
    const places: string[] = [];
    const keeper = new Housekeeper(store, [
      chore("broken", async ({ place, keep }) => {
        places.push(place);
        await keep("7");
        throw new Error("out of luck");
      }),
    ]);
    keeper.start();
    await until(clock, () => logged.length === 1);
    assert.match(logged[0] ?? "", /a chore failed.*broken.*out of luck/);
    await until(clock, () => store.read(many(jobs, {}))[0]?.attempts === 1);
    await clock.advance(retryMs - 2 * lookMs);
    assert.deepEqual(places, [""]);
    await until(clock, () => places.length === 2, lookMs);
    assert.deepEqual(places, ["", "7"]);
    await keeper.stop();
  }));

Deno.test("a chore that takes long keeps no other waiting", () =>
  withClock(async ({ store }, clock) => {
    let quick = 0;
    const keeper = new Housekeeper(store, [
      chore("slow", async ({ pause, signal }) => {
        while (!signal.aborted) await pause(1000);
      }),
      chore("quick", () => {
        quick++;
        return Promise.resolve();
      }),
    ]);
    keeper.start();
    await until(clock, () => quick === 3, lookMs);
    await keeper.stop(); // Which ends the other.
  }));

Deno.test("every store expires answers, cuts histories, checks bodies, and sees after outgoing mail", () =>
  withClock(async ({ store }, clock) => {
    await store.writer.run(() => keepAnswer(new Uint8Array(16), clock.now() - keptMs - 1, "old"));
    const keeper = new Housekeeper(store, storeChores(store, { days: 60, messages: 20_000 }));
    keeper.start();
    const waiting = () => store.read(many(jobs, {})).filter((job) => job.due > clock.now());
    await until(clock, () => waiting().length === 6);
    assert.equal(store.read(many(answers, {})).length, 0);
    const due = Object.fromEntries(
      store.read(many(jobs, {})).map((job) => [job.kind, job.due - clock.now()]),
    );
    const times = {
      cutHistory: historyEveryMs,
      expire: expireEveryMs,
      scrubBodies: scrubEveryMs,
      forgetOutgoing: forgetEveryMs,
      mendQueueTimes: forgetEveryMs,
      forgetRecipients: lookThroughEveryMs,
    };
    for (const [kind, everyMs] of Object.entries(times)) {
      assert.ok((due[kind] ?? 0) > everyMs - 5 * lookMs && (due[kind] ?? 0) <= everyMs, kind);
    }
    await keeper.stop();
  }));
