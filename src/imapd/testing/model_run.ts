/**
 * Many sessions work on an account's mailboxes as a list of deeds says, and everything that they are told is checked.
 *
 * An exact run does one deed at a time: then the {@link Model} says what every answer must be. A run at once lets every
 * session go on by itself: then what is checked is that all that was told fits together, that nothing is lost,
 * and that in the end all agree.
 *
 * Tested by `src/imapd/model_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Box, type Follower, Gone } from "./follower.ts";
import type { Kept, Known } from "./known_messages.ts";
import { Ledger } from "./model_ledger.ts";
import { Model } from "./model.ts";
import { type Deed, type DeedContext, passing } from "./model_deed.ts";
import { deeds } from "./model_deeds.ts";
import { askAgain } from "./model_follow.ts";
import { compareWatched, maxUnheardMs } from "./model_watch.ts";
import type { MailboxCounts } from "./watched_mailboxes.ts";
import { freshIndex, Player, type Stage } from "./model_player.ts";
import { nameOf } from "./response_reader.ts";
import { Witness } from "./witness.ts";

/** Mailboxes at the beginning; there must be these and no others. */
export const mailboxNames = ["INBOX", "A", "B"] as const;

/** Longest that a run may take. */
const maxRunMs = 60_000;

/** Runs deeds with so many sessions; throws with everybody's last words if something is wrong. */
export async function runDeeds(
  stage: Stage,
  sessions: number,
  list: readonly Deed[],
  order: "exact" | "at once",
): Promise<void> {
  const witness = new Witness();
  witness.quiet = order === "exact";
  const players = Array.from({ length: sessions }, (_, i) => new Player(stage, witness, i));
  const context: DeedContext = {
    model: order === "exact" ? new Model(mailboxNames) : null,
    ledger: new Ledger(),
    witness,
    players,
    stage,
    culprit: "",
  };
  // A session that is never answered ends the run instead of holding it up for ever.
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("the run takes too long")), maxRunMs);
  try {
    await Promise.race([late, play(context, list)]);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${message}\n${witness.story(context.culprit)}`, { cause: error });
  } finally {
    clearTimeout(timer);
    for (const player of players) await player.close();
  }
}

async function play(context: DeedContext, list: readonly Deed[]): Promise<void> {
  const { players } = context;
  await share(context);
  for (const player of players) await player.connect();
  if (context.model === null) {
    await together(players.map(async (player, i) => {
      for (const deed of list) if (deed.who % players.length === i) await perform(context, player, deed);
      // Some listen to what the others still do.
      if (i % 2 === 0) await perform(context, player, { who: i, verb: "IDLE", a: 0, b: 0, c: 0 });
    }));
    if (!context.witness.failed) await hearAll(context);
  } else {
    for (const deed of list) {
      const player = players[deed.who % players.length];
      if (player !== undefined) await perform(context, player, deed);
    }
  }
  await agree(context);
}

/** The guest may do what the owner may, but for mailboxes themselves. */
async function share({ stage, witness }: DeedContext): Promise<void> {
  if (stage.guest === null) return;
  const owner = new Player(stage, witness, freshIndex);
  await owner.connect();
  for (const name of mailboxNames) {
    assert.equal((await owner.follower.run(`SETACL ${name} ${stage.guest.name} lrswite`)).status, "OK");
  }
  await owner.close();
}

/** Waits for all of them, also when one fails. */
async function together(all: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(all)) if (result.status === "rejected") throw result.reason;
}

async function perform(context: DeedContext, player: Player, deed: Deed): Promise<void> {
  if (context.witness.failed) return;
  if (player.doomed) await player.expectGone();
  try {
    await player.wake();
    await deeds[deed.verb](context, player, deed);
  } catch (error) {
    if (!(error instanceof Gone) || context.model !== null) {
      if (!context.witness.failed) context.culprit = `${player.name}${player.connections} `;
      context.witness.failed = true;
      throw error;
    }
    // Somebody deleted what was selected; what the command did nobody can tell.
    context.ledger.uncertain = true;
    await player.connect();
  }
}

/** Who is in IDLE has heard of everything, without asking. */
async function hearAll(context: DeedContext): Promise<void> {
  const fresh = new Player(context.stage, context.witness, freshIndex);
  await fresh.connect();
  const truths = new Map<number, readonly Known[]>();
  for (const name of await names(fresh.follower)) {
    const box = await examine(fresh, name);
    truths.set(box.uidValidity, box.messages);
  }
  await fresh.close();
  await together(context.players.map(async (player) => {
    const { box } = player.follower;
    if (player.idle === null || box === null || !player.listens) return;
    const truth = truths.get(box.uidValidity); // None if it is gone: then the connection ends.
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      context.culprit = `${player.name}${player.connections} `;
      reject(new Error(`${player.name} is not told in IDLE that ${JSON.stringify(truth)}`));
    }, maxUnheardMs);
    try {
      await Promise.race([late, player.follower.hear(() => truth !== undefined && isKnown(box, truth))]);
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
      await player.connect();
    } finally {
      clearTimeout(timer);
    }
  }));
}

/** Whether a client knows these messages, but for what it has not asked. */
function isKnown({ messages }: Box, truth: readonly Known[]): boolean {
  const byUid = new Map(truth.map((each) => [each.uid, each]));
  return messages.length === truth.length && messages.every(({ uid, flags }, i) => {
    const there = uid === 0 ? truth[i] : byUid.get(uid);
    return (uid === 0 || uid === there?.uid) && (flags === null || flags === there?.flags);
  });
}

/** A mailbox as it is. */
async function examine({ follower }: Player, name: string): Promise<Box> {
  assert.equal((await follower.select("EXAMINE", name, "", null)).status, "OK");
  const { box } = follower;
  assert.ok(box !== null);
  if (box.messages.length > 0) {
    await follower.run("FETCH 1:* (UID FLAGS MODSEQ BODY.PEEK[HEADER.FIELDS (SUBJECT)])");
  }
  return box;
}

/** At last everything is quiet: all sessions, the model and who has just come see the same. */
async function agree(context: DeedContext): Promise<void> {
  const { model, players, stage, witness, ledger } = context;
  for (const player of players) {
    if (player.doomed) await player.expectGone();
    try {
      await player.wake();
      if (!player.listens) await player.listen("delayed");
      if (player.follower.box !== null) {
        await deeds.NOOP(context, player, { who: 0, verb: "NOOP", a: 0, b: 0, c: 0 });
      }
      await player.learn();
      await askAgain(player);
    } catch (error) {
      if (!(error instanceof Gone) || model !== null) throw error;
      await player.connect();
    }
  }
  witness.quiet = true;
  const fresh = new Player(stage, witness, freshIndex);
  await fresh.connect();
  const counts = new Map<string, MailboxCounts>();
  for (const name of await names(fresh.follower)) {
    const box = await examine(fresh, name);
    const has = (flag: string) => box.messages.filter(({ flags }) => flags?.split(" ").includes(flag)).length;
    counts.set(name, {
      messages: box.messages.length,
      uidNext: box.uidNext,
      unseen: box.messages.length - has("\\seen"),
    });
    const truth = box.messages.map(({ uid, flags }) => `${uid} ${flags}`);
    for (const player of players) {
      const other = player.follower.box;
      if (other?.uidValidity !== box.uidValidity) continue;
      assert.deepEqual(
        other.messages.map(({ uid, flags }) => `${uid} ${flags}`),
        truth,
        `${player.name} sees another`,
      );
    }
    if (model !== null) {
      const mailbox = model.find(name);
      assert.ok(mailbox !== null, name);
      assert.deepEqual(
        truth,
        [...mailbox.messages.keys()].map((uid) => `${uid} ${mailbox.flagsOf(uid)}`),
        name,
      );
    }
    if (model === null) ledger.check(box.uidValidity, box.messages.map(({ uid }) => uid), witness, name);
    // Whoever comes back with anything that was ever written down learns the same.
    for (const player of players) {
      const same: Kept[] = player.kept.filter(({ uidValidity }) => uidValidity === box.uidValidity);
      for (const kept of same) {
        const { uidValidity, modseq } = kept;
        await fresh.follower.select("SELECT", name, ` (QRESYNC (${uidValidity} ${modseq}))`, kept);
        const seen = fresh.follower.box?.messages.map(({ uid, flags }) => `${uid} ${flags}`);
        assert.deepEqual(seen, truth, `${player.name} came back from ${modseq} to another mailbox`);
      }
    }
  }
  await fresh.close();
  for (const player of players) {
    context.culprit = `${player.name}${player.connections} `;
    // What came and went since NOTIFY was answered, and was listed in between, is not told of: the server compares what there
    // is when it looks with what there was when it looked before.
    await compareWatched(player, counts, model === null ? passing : []);
  }
}

async function names(follower: Follower): Promise<string[]> {
  const { untagged } = await follower.run('LIST "" *');
  return untagged.filter(([, word]) => word === "LIST").map((values) => nameOf(values[4]));
}
