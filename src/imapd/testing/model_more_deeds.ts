/**
 * Deeds of a model run beyond the base of the protocol: REPLACE, a search of several mailboxes, and a part of what FETCH
 * names. RFC 8508, RFC 7377, RFC 9394
 *
 * Tested by `src/imapd/model_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { searchedIn, uidsOf, uidsWith } from "./model_answers.ts";
import {
  anyName,
  type Deed,
  type DeedContext,
  done,
  lasting,
  newSubject,
  textWith,
  uidWord,
} from "./model_deed.ts";
import type { ModelMessage } from "./model.ts";
import type { Player } from "./model_player.ts";

/** REPLACE: a new message, here or elsewhere, and the old one goes. */
export async function replace(
  { model, ledger, witness }: DeedContext,
  player: Player,
  { a, b, c }: Deed,
): Promise<void> {
  if (c % 4 !== 0) await player.learn();
  const chosen = player.choose(a, b, c % 2 === 0);
  const { box } = player.follower;
  const old = chosen?.messages[0]?.uid;
  if (chosen === null || old === undefined || box === null) return;
  const name = anyName(player, c >> 2);
  const { uidValidity } = box;
  const [subject, number = ""] = [newSubject(), ...chosen.set.split(",")];
  const text = textWith(subject, c);
  ledger.moved(uidValidity, [old]);
  const since = witness.moment();
  const answer = await player.follower.run(
    `${uidWord(chosen)}REPLACE ${number} ${player.quoted(name)} {${text.length}+}\r\n${text}`,
  );
  const target = model?.find(name) ?? null;
  const { mailbox } = player;
  if (model !== null) {
    const may = !box.readOnly && target !== null && mailbox?.messages.has(old) === true;
    assert.equal(answer.status, may ? "OK" : "NO");
  }
  if (answer.status !== "OK") {
    const isLasting = lasting.some((each) => each === name);
    return assert.ok(answer.code !== "TRYCREATE" || !isLasting);
  }
  const [validity = 0, [uid = 0]] = uidsOf(answer.codes.get("APPENDUID") ?? "");
  witness.arrived(validity, uid, since);
  witness.subject(validity, uid, subject);
  witness.gone(uidValidity, old);
  ledger.added(validity, [uid]);
  player.follower.watched?.added(player.path(name), [uid]);
  assert.ok(!box.messages.some((each) => each.uid === old), "what was replaced is told to be gone");
  if (target === null || mailbox === null) return;
  assert.equal(target.add({ subject, size: text.length, flags: new Set() }), uid);
  mailbox.messages.delete(old);
}

const keys: readonly (readonly [text: string, matches: (message: ModelMessage) => boolean])[] = [
  ["UNDELETED", ({ flags }) => !flags.has("\\deleted")],
  ["OR FLAGGED KEYWORD work", ({ flags }) => flags.has("\\flagged") || flags.has("work")],
  ["SUBJECT 3", ({ subject }) => subject.includes("3")],
];

/** ESEARCH of several mailboxes; some may not be there. */
export async function searchAll({ model }: DeedContext, player: Player, { a, b }: Deed): Promise<void> {
  const names = [...new Set([anyName(player, a), anyName(player, b), "INBOX"])];
  const [key, matches] = keys[a % keys.length] ?? ["ALL", () => true];
  const answer = await player.follower.run(
    `ESEARCH IN (mailboxes (${
      names.map((name) => player.quoted(name)).join(" ")
    })) RETURN (ALL COUNT) ${key}`,
  );
  const { box } = player.follower;
  if (box !== null) done(model, box, answer);
  if (answer.status !== "OK") return assert.ok(box !== null);
  const found = new Map([...searchedIn(answer)].map(([path, uids]) => [player.plain(path), uids]));
  for (const name of found.keys()) assert.ok(names.includes(name), `nobody asked for ${name}`);
  for (const uids of found.values()) assert.deepEqual(uids, uids.toSorted((x, y) => x - y));
  if (model === null) return;
  for (const name of names) {
    const mailbox = model.find(name);
    if (mailbox === player.mailbox) continue; // Of that, the client may not know all.
    const wanted: number[] = [...mailbox?.messages ?? []].filter(([, message]) => matches(message)).map((
      [uid],
    ) => uid);
    assert.deepEqual(found.get(name) ?? [], wanted, `ESEARCH of ${name} for ${key}`);
  }
}

/** The first or the last of all messages. */
export async function fetchPart({ model }: DeedContext, player: Player, { a, b }: Deed): Promise<void> {
  const { box } = player.follower;
  if (box === null) return;
  const [first, last] = [1 + a % 3, 1 + a % 3 + b % 5];
  const range = b % 2 === 0 ? `${first}:${last}` : `-${first}:-${last}`;
  const answer = await player.follower.run(`UID FETCH 1:* (UID RFC822.SIZE) (PARTIAL ${range})`);
  done(model, box, answer);
  assert.ok(uidsWith("RFC822.SIZE", answer).size <= last - first + 1);
}
