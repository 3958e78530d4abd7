/**
 * Kills a process that adds, takes and reports at full speed, again and again, and counts: nothing that was acknowledged is
 * lost, nothing that was reported is sent again, and what was in flight is sent once more, and not at once.
 *
 * @module
 */
import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { utf8 } from "../base/bytes.ts";
import { many, prepared } from "../store/query.ts";
import { dueDestinations } from "../store/queue_rows.ts";
import { type TempStore, tempStore } from "../store/testing/temp_store.ts";
import { conclude, type ConcludeParts, giveUp } from "./conclude.ts";
import { QueueDesk } from "./queue_desk.ts";
import { killedResult } from "./testing/killed_result.ts";

const child = new URL("./testing/queue_child.ts", import.meta.url).pathname;
const kills = 4;

/** Numbers of recipients by what was said of them; each as often as it was said. */
type Said = Record<"added" | "sent" | "reported", number[]>;

/** Runs the child and kills it `ms` after it first reported something. */
async function killed(folder: string, ms: number): Promise<Said> {
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--no-check",
      "--no-lock",
      `--allow-read=${folder}`,
      `--allow-write=${folder}`,
      child,
      folder,
    ],
    stdout: "piped",
  }).spawn();
  let text = "";
  let kill: ReturnType<typeof setTimeout> | undefined;
  for await (const bytes of process.stdout) {
    text += new TextDecoder().decode(bytes);
    if (text.includes("reported")) kill ??= setTimeout(() => process.kill("SIGKILL"), ms);
  }
  clearTimeout(kill);
  await process.status;
  const said: Said = { added: [], sent: [], reported: [] };
  for (const line of text.slice(0, text.lastIndexOf("\n")).split("\n")) {
    const [word, id] = line.split(" ") as [keyof Said, string]; // As the child prints them.
    said[word].push(Number(id));
  }
  return said;
}

const waiting = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("queue").select(["id", "due", "attempts"])
);
const retired = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("queue_retired").select(["id", "outcome"])
);
const notices = prepared((db, _p: Record<string, never>) => db.selectFrom("email_fields").select("subject"));

/** Sends all that will ever be due. */
async function drain({ store }: TempStore, clock: FakeClock): Promise<number[]> {
  const parts: ConcludeParts = {
    store,
    compose: (facts) => utf8(`Subject: ${facts.recipients.map(({ row }) => row.id).join(" ")}\r\n\r\n`),
    keepRetiredMs: () => 3_600_000,
    postmaster: null,
    hasAccount: () => true,
  };
  const desk = new QueueDesk({
    store,
    conclude: (rows, report) => conclude(parts, rows, report),
    giveUp: (endings) => giveUp(parts, endings),
    random: () => 0.5,
    freshPrefix: ({ prefix }) => prefix,
    leaseKey: new Uint8Array(32),
  });
  const queue = desk.forConnection();
  const sent: number[] = [];
  for (;;) {
    const jobs = await queue.take({ domain: null, busy: [], max: 50 });
    for (const { lease, recipients } of jobs) {
      const ids = recipients.map(({ id }) => id);
      sent.push(...ids);
      await queue.report({
        lease,
        startedAt: clock.now(),
        ms: 1,
        dialed: [],
        results: ids.map(killedResult),
      });
    }
    if (jobs.length === 0) return sent;
  }
}

Deno.test("whatever is killed when, no message is lost, and at most what was in flight is sent again, later", async () => {
  const clock = new FakeClock(Date.now());
  await using temp = tempStore({ clock });
  await temp.store.close();
  const all: Said = { added: [], sent: [], reported: [] };
  for (let i = 0; i < kills; i++) {
    const said = await killed(temp.folder, 50 + Math.random() * 250);
    for (const word of ["added", "sent", "reported"] as const) all[word].push(...said[word]);
  }
  assert.ok(all.reported.length > 0);
  const inFlight = new Set(all.sent).difference(new Set(all.reported));
  assert.equal(new Set(all.sent).size, all.sent.length, "nothing was sent twice in all these starts");
  const store = await temp.reopen();
  const rows = store.read(many(waiting, {}));
  // What was attempted is not due at once.
  for (const { id, due, attempts } of rows) {
    if (attempts > 0) assert.ok(due > clock.now() + 60_000, `message ${id} is due at once`);
    // Killed between COMMIT and the line, it was not sent at all; the next attempt is its first then.
    else assert.ok(!inFlight.has(id), `the attempt of message ${id} is not on record`);
  }
  const reported = new Set(all.reported);
  assert.deepEqual(rows.filter(({ id }) => reported.has(id)), [], "what was reported is done with");
  await clock.advance(3_600_000);
  const again = await drain(temp, clock);
  assert.equal(new Set(again).size, again.length);
  for (const id of again) assert.ok(!reported.has(id));
  const everybody = new Set([...all.sent, ...again]);
  assert.deepEqual(all.added.filter((id) => !everybody.has(id)), [], "nothing that was added is lost");
  assert.deepEqual(store.read(dueDestinations(clock.now() + 1e12, 10)), []);
  // One end, and where it is a bad one, one notice, for each.
  const ends = new Map(store.read(many(retired, {})).map(({ id, outcome }) => [id, outcome]));
  const told = store.read(many(notices, {})).flatMap(({ subject }) => subject.split(" ").map(Number));
  for (const id of everybody) {
    assert.equal(ends.get(id), id % 10 === 0 ? "failed" : "delivered", `message ${id}`);
  }
  assert.deepEqual(
    told.sort((a, b) => a - b),
    [...ends.keys()].filter((id) => id % 10 === 0).sort((a, b) => a - b),
  );
});
