/**
 * A 250 is a promise, also where the power fails: what a killed process has written the system still has, and what a machine
 * without power has written may be gone.
 *
 * The store runs under strace and is worked hard. From the calls that it made, the states are built that its disk
 * may be found in had the power failed at some moment: what was synced is there, and of all the rest anything. A store is then
 * started on each, as the service does, and must keep all that the first had acknowledged until then.
 *
 * By hand, for longer: `MAILDEN_POWER_STATES=3000 MAILDEN_SEED=7 deno test -A tests/scenarios/power_loss_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { MiB } from "../../src/base/bytes.ts";
import { join } from "../support/paths.ts";
import {
  type PowerLoss,
  powerLosses,
  promisesOf,
  type Recording,
  withoutSync,
} from "../support/power/power_losses.ts";
import { recordLife, whyNoTrace } from "../support/power/record.ts";
import { folderForStates, materialise, recover } from "../support/power/recovery.ts";

/** Losses of power of the usual run. */
const usualStates = 150;
const states = Number(Deno.env.get("MAILDEN_POWER_STATES") ?? usualStates);
const isLong = states > usualStates;

/** Losses of power after which a store that leaves out a sync must have been caught. */
const mutantStates = 60;

/** Of a long run: losses of power during the start that follows one, and how often. */
const secondLosses = isLong ? Math.ceil(states / 500) : 0;
const secondStates = 100;

const whyNot = await whyNoTrace();
const seed = Number(Deno.env.get("MAILDEN_SEED") ?? Date.now() % 1_000_000);

/** Starts a store on what the power left; returns what it does not keep. */
async function wrongAfter(loss: PowerLoss, folder: string): Promise<string[]> {
  const data = join(folder, "found");
  materialise(loss.state, data);
  try {
    return await recover(data, promisesOf(loss.said), loss.random);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
}

/** Fails with all that a person needs to see it again. */
function check(wrong: readonly string[], { at, of, kind }: PowerLoss, what: string): void {
  if (wrong.length === 0) return;
  const some = wrong.slice(0, 20).join("\n");
  assert.fail(`seed ${seed}, ${what}: power lost after ${at} of ${of} operations (${kind}):\n${some}`);
}

/** Two lives of a store on one folder: killed in the first, so that the second finds what was never synced. */
async function record(folder: string): Promise<Recording> {
  const phases = isLong ? [150, 150, 150] : [50, 60];
  const largestOctets = isLong ? 5 * MiB : 0.5 * MiB;
  const bulk = isLong ? 250 : 0;
  const data = join(folder, "data");
  const life = (number: number, ends: "killed" | "closed") =>
    recordLife(data, { life: number, seed: seed + number, phases, largestOctets, bulk, ends });
  return { folder: data, lives: [await life(1, "killed"), await life(2, "closed")] };
}

Deno.test({
  name: `what was acknowledged survives ${states} losses of power${
    whyNot === null ? "" : ` (skipped: ${whyNot})`
  }`,
  ignore: whyNot !== null,
  async fn(t) {
    const folder = await folderForStates();
    try {
      const recording = await record(folder);

      await t.step("all of it is there, once and unchanged", async () => {
        let promised = 0;
        for (const loss of powerLosses(recording, { count: states, seed })) {
          check(await wrongAfter(loss, folder), loss, "first loss");
          promised = promisesOf(loss.said).size;
        }
        assert.ok(promised > 20, `only ${promised} messages were acknowledged`);
      });

      for (let i = 1; i <= secondLosses; i++) {
        await t.step(`power that fails again after the start that followed, ${i}`, async () => {
          await secondLoss(recording, folder, seed + i);
        });
      }

      const { lives } = recording;
      const leftOut: [what: string, unsynced: (path: string) => boolean, found: RegExp][] = [
        ["large bodies", (path) => path.includes("/spool/"), /^body \d+: it has /],
        [
          "the folders of large bodies",
          (path) => /\/bodies\/[0-9a-f]{2}$/.test(path),
          /^body \d+: its file /,
        ],
        ["the folder of these folders", (path) => path.endsWith("/bodies"), /^body \d+: its file /],
        ["the write-ahead log", (path) => path.endsWith("/mail.sqlite-wal"), /^message \S+ is at no place/],
        [
          "the database at a checkpoint",
          (path) => path.endsWith("/mail.sqlite"),
          /not start|damaged|no place/,
        ],
        ["the data folder", (path) => path === recording.folder, /^mailbox \S+ is gone/],
      ];
      for (const [what, unsynced, found] of leftOut) {
        await t.step(`a store that does not sync ${what} is found out`, async () => {
          const mutant = { ...recording, lives: withoutSync(lives, unsynced) };
          for (const loss of powerLosses(mutant, { count: mutantStates, seed })) {
            if ((await wrongAfter(loss, folder)).some((each) => found.test(each))) return;
          }
          assert.fail(`seed ${seed}: nothing was found in ${mutantStates} losses of power`);
        });
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** The power fails, the store starts again on what is left and works on, and the power fails once more. */
async function secondLoss(recording: Recording, folder: string, seed: number): Promise<void> {
  const [first] = powerLosses(recording, { count: 1, seed });
  assert.ok(first !== undefined);
  const data = join(folder, "second");
  materialise(first.state, data);
  try {
    const life = await recordLife(data, {
      life: 3,
      seed,
      phases: [60, 60],
      largestOctets: MiB,
      bulk: 0,
      ends: "closed",
    });
    const second: Recording = { folder: data, lives: [life], before: first };
    for (const loss of powerLosses(second, { count: secondStates, seed })) {
      check(
        await wrongAfter(loss, folder),
        loss,
        `second loss, after the first at ${first.at} (${first.kind})`,
      );
    }
  } finally {
    await Deno.remove(data, { recursive: true });
  }
}
