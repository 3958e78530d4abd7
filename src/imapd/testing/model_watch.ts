/**
 * What players of model runs know of mailboxes that they have not selected is how these are. RFC 5465
 *
 * Tested by `src/imapd/model_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Model } from "./model.ts";
import type { Player } from "./model_player.ts";
import type { MailboxCounts } from "./watched_mailboxes.ts";

/** Longest that a session in IDLE does not hear of something: it is told at once, but the machine may be busy. */
export const maxUnheardMs = 15_000;

export type Counts = ReadonlyMap<string, MailboxCounts>;

export function countsOf({ mailboxes }: Model): Counts {
  return new Map(mailboxes.map((mailbox) => [mailbox.name, {
    messages: mailbox.messages.size,
    uidNext: mailbox.nextUid,
    unseen: mailbox.count("\\seen", false),
  }]));
}

/**
 * What happened elsewhere is told when the store's feed says so, which may be after a command: so it may wait in IDLE.
 *
 * @param except Mailboxes of which it may know something else.
 */
export async function compareWatched(
  player: Player,
  counts: Counts,
  except: readonly string[] = [],
): Promise<void> {
  const { follower } = player;
  const { watched, box } = follower;
  if (watched === null) return;
  const named: Counts = new Map([...counts].map(([name, each]) => [player.path(name), each]));
  const selected = player.mailbox === null ? box?.name ?? null : player.path(player.mailbox.name);
  const left = new Set(except.map((name) => player.path(name)));
  const difference = () => watched.difference(named, selected, (name) => !left.has(name));
  if (difference() === null) return;
  const tag = await follower.idle();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${player.name} ${difference()}`)), maxUnheardMs);
  try {
    await Promise.race([late, follower.hear(() => difference() === null)]);
  } finally {
    clearTimeout(timer);
  }
  assert.equal((await follower.endIdle(tag)).status, "OK");
}
