/**
 * Followed searches in model runs: what is followed, and what the model says that it finds. RFC 5267 4.3
 *
 * Tested by `src/imapd/model_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Answer } from "./follower.ts";
import { FollowedResults } from "./followed_results.ts";
import type { ModelMailbox, ModelMessage, ModelSearch, Order } from "./model.ts";
import type { Player } from "./model_player.ts";
import { readSet } from "./response_reader.ts";

/** So many at once; the server's limit is higher, so it may give none of them up. */
const mostFollowed = 8;

/** What is looked for, in words and in the model. */
const keys: readonly (readonly [text: string, matches: (message: ModelMessage) => boolean])[] = [
  ["UNDELETED", ({ flags }) => !flags.has("\\deleted")],
  ["FLAGGED", ({ flags }) => flags.has("\\flagged")],
  ["UNSEEN UNDELETED", ({ flags }) => !flags.has("\\seen") && !flags.has("\\deleted")],
  ["KEYWORD work", ({ flags }) => flags.has("work")],
  ["OR FLAGGED UNKEYWORD $Forwarded", ({ flags }) => flags.has("\\flagged") || !flags.has("$forwarded")],
  ["ALL", () => true],
  ["SUBJECT 1", ({ subject }) => subject.includes("1")],
  ["NOT SEEN SUBJECT 2", ({ flags, subject }) => !flags.has("\\seen") && subject.includes("2")],
  ["SMALLER 100", ({ size }) => size < 100],
];

const bySubject: Order = (a, b) => a.subject < b.subject ? -1 : a.subject > b.subject ? 1 : 0;
const bySize: Order = (a, b) => a.size - b.size;

/** RFC 5256 3; where two are alike, numbers decide, also with REVERSE. */
const orders: readonly (readonly [text: string, order: Order])[] = [
  ["SUBJECT", bySubject],
  ["REVERSE SUBJECT", (a, b) => bySubject(b, a)],
  ["SIZE SUBJECT", (a, b) => bySize(a, b) || bySubject(a, b)],
  ["REVERSE SIZE", (a, b) => bySize(b, a)],
];

/** Follows one more search, or, of many, no longer follows one. */
export async function follow(player: Player, a: number, b: number, c: number): Promise<Answer | null> {
  const { follower } = player;
  const { box } = follower;
  if (box === null) return null;
  const { followed } = box;
  const cancelled = [...followed.values()][a % Math.max(1, followed.size)];
  if (cancelled !== undefined && (followed.size >= mostFollowed || c % 5 === 4)) {
    cancelled.cancelled = true;
    const answer = await follower.run(`CANCELUPDATE "${cancelled.tag}"`);
    followed.delete(cancelled.tag);
    return answer;
  }
  // A client that is told VANISHED and has not asked for UIDs cannot tell which number is gone.
  const uid = player.qresync || player.mustNameUids || c % 2 === 0;
  const [key, matches] = keys[a % keys.length] ?? ["ALL", () => true];
  const [criteria, order] = (c >> 1) % 2 === 0 ? orders[b % orders.length] ?? ["", null] : ["", null];
  const inSelected = uid && order === null && (c >> 2) % 3 === 0;
  const search: ModelSearch = {
    command: (returns) =>
      inSelected
        ? `ESEARCH IN (SELECTED) RETURN (${returns}) ${key}`
        : `${uid ? "UID " : ""}${order === null ? "SEARCH" : "SORT"} RETURN (${returns}) ${
          order === null ? "" : `(${criteria}) UTF-8 `
        }${key}`,
    matches,
    order,
  };
  const items = ` (UID FLAGS${player.condstore ? " MODSEQ" : ""})`; // Of what arrives. RFC 5465 7
  const update = (c >> 4) % 3 === 0 ? `UPDATE${items}` : "UPDATE";
  const tag = follower.nextTag;
  followed.set(tag, new FollowedResults(tag, uid, order !== null));
  player.searches.set(tag, search);
  const answer = await follower.run(search.command(`ALL ${update}`));
  if (answer.status !== "OK") followed.delete(tag);
  return answer;
}

/** In an exact run, at a moment when the client knows everything. */
export function compareFollowed(player: Player, mailbox: ModelMailbox): void {
  const uids = [...mailbox.messages.keys()];
  for (const { tag, uid, results } of player.follower.box?.followed.values() ?? []) {
    const search = player.searches.get(tag);
    assert.ok(search !== undefined);
    const found = [...mailbox.messages].filter(([, message]) => search.matches(message));
    const { order } = search;
    if (order !== null) found.sort(([, a], [, b]) => order(a, b)); // Stable: UIDs ascend.
    const expected = found.map(([each]) => uid ? each : uids.indexOf(each) + 1);
    assert.deepEqual(results, expected, `followed as ${tag}: ${search.command("UPDATE")}`);
  }
}

/** When nothing happens any more: what is followed is what the server finds now. */
export async function askAgain(player: Player): Promise<void> {
  for (const { tag, results } of player.follower.box?.followed.values() ?? []) {
    const search = player.searches.get(tag);
    assert.ok(search !== undefined);
    const again = search.command("ALL");
    const { status, untagged } = await player.follower.run(again);
    assert.equal(status, "OK");
    const answer = untagged.find(([, word]) => word === "ESEARCH") ?? [];
    const all = answer.indexOf("ALL");
    assert.deepEqual(results, all === -1 ? [] : readSet(answer[all + 1]), `followed as ${tag}: ${again}`);
  }
}
