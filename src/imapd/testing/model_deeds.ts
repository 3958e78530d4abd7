/**
 * What the sessions of a model run do, a function for each verb: it makes a command of whatever the client knows at that
 * moment, and compares the answer with the model, if there is one (see `model_run.ts`).
 *
 * Tested by `src/imapd/model_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Answer } from "./follower.ts";
import type { Known } from "./known_messages.ts";
import type { ModelMailbox, StoreMode } from "./model.ts";
import { searched, uidsOf, uidsWith } from "./model_answers.ts";
import { storedFlags } from "./model.ts";
import {
  anyName,
  type Deed,
  type DeedContext,
  type Doing,
  done,
  flagChoices,
  lasting,
  mayGo,
  named,
  newSubject,
  passing,
  textWith,
  uidWord,
  type Verb,
} from "./model_deed.ts";
import { compareFollowed, follow } from "./model_follow.ts";
import { compareWatched, countsOf } from "./model_watch.ts";
import { type Chosen, listenings, type Player } from "./model_player.ts";
import { fetchPart, replace, searchAll } from "./model_more_deeds.ts";
import { nameOf, pairs, readSet } from "./response_reader.ts";

/** One or two flags. */
function someFlags(n: number): string[] {
  const pick = (m: number) => flagChoices[m % flagChoices.length] ?? "\\seen";
  return n % 3 === 0 ? [pick(n >> 2), pick(n >> 4)] : [pick(n >> 2)];
}

export const deeds: Record<Verb, Doing> = {
  async APPEND({ model, ledger, witness }, player, { a, b, c }) {
    const { follower } = player;
    const name = anyName(player, a);
    const messages = Array.from({ length: b % 4 === 3 ? 3 : 1 }, (_, i) => ({
      subject: newSubject(),
      flags: (c + i) % 3 === 0 ? someFlags(c >> 2) : [],
    }));
    const textOf = (subject: string) => textWith(subject, c);
    const literals = messages.map(({ subject, flags }) => {
      const text = textOf(subject);
      return ` (${flags.join(" ")}) {${text.length}+}\r\n${text}`;
    });
    const since = witness.moment();
    const begun = ledger.moment();
    const answer = await follower.run(`APPEND ${player.quoted(name)}${literals.join("")}`);
    const mailbox = model?.find(name);
    if (answer.status !== "OK") {
      assert.equal(answer.code, "TRYCREATE");
      if (model === null) assert.ok(!lasting.some((each) => each === name));
      else assert.equal(mailbox, null);
      return;
    }
    assert.equal(answer.code, "APPENDUID");
    const [uidValidity = 0, uids] = uidsOf(answer.argument);
    assert.equal(uids.length, messages.length);
    follower.watched?.added(player.path(name), uids);
    for (const [i, uid] of uids.entries()) {
      const { subject = "", flags = [] } = messages[i] ?? {};
      witness.arrived(uidValidity, uid, since);
      witness.subject(uidValidity, uid, subject);
      if (flags.includes("\\deleted")) ledger.marked(uidValidity, [uid], begun);
      if (model !== null) {
        const size = textOf(subject).length;
        assert.equal(mailbox?.add({ subject, size, flags: new Set(flags) }), uid);
      }
    }
    ledger.added(uidValidity, uids);
  },

  async STORE({ model, ledger, witness }, player, { a, b, c }) {
    if (c % 4 !== 0) await player.learn();
    const chosen = player.choose(a, b, c % 2 === 0);
    const { box } = player.follower;
    if (chosen === null || box === null) return;
    const mode = (["+", "-", "", "+"] as const satisfies StoreMode[])[(c >> 3) % 4] ?? "+";
    const flags = someFlags(c >> 5);
    const silent = (c >> 2) % 2 === 0;
    const conditional = player.condstore && c % 5 === 0;
    if (mode !== "-" && flags.includes("\\deleted")) {
      ledger.marked(box.uidValidity, chosen.messages.map(({ uid }) => uid), ledger.moment());
    }
    const before = new Map(chosen.messages.map(({ uid, flags }) => [uid, flags]));
    const condition = conditional ? ` (UNCHANGEDSINCE ${box.modseq})` : "";
    const answer = await player.follower.run(
      `${uidWord(chosen)}STORE ${chosen.set}${condition} ${mode}FLAGS${silent ? ".SILENT" : ""} (${
        flags.join(" ")
      })`,
    );
    if (box.readOnly) return assert.equal(answer.status, "NO");
    const modified = new Set(answer.code === "MODIFIED" ? uidsNamed(chosen, answer.argument) : []);
    if (!conditional) assert.equal(modified.size, 0);
    const told = uidsWith("FLAGS", answer);
    const changed = uidsWith("MODSEQ", answer);
    const mailbox = player.mailbox;
    for (const message of chosen.messages) {
      const { uid } = message;
      // Nothing but a change that the client did not know of may be in the way. RFC 7162 3.1.3
      if (modified.has(uid)) continue;
      const known = before.get(uid) ?? null;
      if (silent && !told.has(uid) && known !== null) {
        message.flags = [...storedFlags(known.split(" ").filter(Boolean), mode, flags)].sort().join(" ");
        if (changed.has(uid)) witness.flags(box.uidValidity, uid, message.modseq, message.flags);
      }
    }
    if (model === null || mailbox === null) return;
    const done = chosen.messages.map(({ uid }) => uid).filter((uid) => !modified.has(uid));
    if (conditional) {
      for (const uid of done) {
        const known = before.get(uid) ?? null;
        if (known !== null && mailbox.messages.has(uid)) {
          assert.equal(known, mailbox.flagsOf(uid), `UNCHANGEDSINCE lets ${uid} be overwritten`);
        }
      }
    }
    model.store(mailbox, done, mode, flags);
    const missing = done.some((uid) => !mailbox.messages.has(uid));
    assert.equal(answer.status, missing && !silent && !chosen.uid && modified.size === 0 ? "NO" : "OK");
    compareFlags(player, mailbox, done);
  },

  COPY: (context, player, deed) => copy(context, player, deed, false),
  MOVE: (context, player, deed) => copy(context, player, deed, true),

  async EXPUNGE({ model }, player, { a, b, c }) {
    const { box } = player.follower;
    if (box === null) return;
    const chosen = c % 2 === 0 ? player.choose(a, b, true) : null;
    const command = chosen === null ? "EXPUNGE" : `UID EXPUNGE ${chosen.set}`;
    const answer = await player.follower.run(command);
    if (box.readOnly) return assert.equal(answer.status, "NO");
    done(model, box, answer);
    if (model === null || player.mailbox === null) return;
    const gone = model.expunge(player.mailbox, chosen?.messages.map(({ uid }) => uid) ?? null);
    for (const { uid } of box.messages) assert.ok(!gone.includes(uid), `${uid} is expunged and was not told`);
  },

  async FETCH({ model }, player, { a, b, c }) {
    const { box } = player.follower;
    if (c % 3 === 0) await player.learn();
    const chosen = player.choose(a, b, c % 2 === 0);
    if (chosen === null || box === null) return;
    const kinds = [
      "(UID FLAGS)",
      "(FLAGS)",
      "(UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])",
      "(BODY[])",
      "(UID RFC822.SIZE)",
      player.condstore ? "(UID FLAGS MODSEQ)" : "(FLAGS UID)",
    ];
    const kind = kinds[(c >> 2) % kinds.length] ?? "";
    if (player.qresync && c % 7 === 0 && box.modseq > 0) {
      const since = ` (CHANGEDSINCE ${box.modseq} VANISHED)`;
      await player.follower.run(`UID FETCH 1:* (UID FLAGS)${since}`);
      return;
    }
    const answer = await player.follower.run(`${uidWord(chosen)}FETCH ${chosen.set} ${kind}`);
    const { mailbox } = player;
    if (model === null || mailbox === null) return;
    const uids = chosen.messages.map(({ uid }) => uid);
    const missing = uids.some((uid) => !mailbox.messages.has(uid));
    assert.equal(answer.status, missing && !chosen.uid ? "NO" : "OK");
    const marks = kind === "(BODY[])" && !box.readOnly;
    if (marks) model.store(mailbox, uids, "+", ["\\seen"]);
    if (marks || kind.includes("FLAGS")) compareFlags(player, mailbox, uids);
  },

  async SEARCH({ model }, player, { a, c }) {
    const { box } = player.follower;
    if (box === null) return;
    await player.learn();
    const uid = c % 2 === 0 || player.mustNameUids;
    const before = box.messages.map((message) => message.uid);
    const flag = flagChoices[a % flagChoices.length] ?? "\\seen";
    const key = flag.startsWith("\\") ? flag.slice(1).toUpperCase() : `KEYWORD ${flag}`;
    const not = (c >> 1) % 2 === 0;
    const answer = await player.follower.run(`${uid ? "UID " : ""}SEARCH ${not ? "NOT " : ""}${key}`);
    done(model, box, answer);
    if (answer.status !== "OK") return;
    const found = searched(answer);
    // With NOTIFY, what arrived was told in front of the answer.
    const view = player.listening === "without" ? before : box.messages.map((message) => message.uid);
    if (model === null || player.mailbox === null || view.includes(0)) return;
    const wanted = [...player.mailbox.messages].filter(([each, { flags }]) =>
      flags.has(flag) !== not && (player.listens || view.includes(each) || before.includes(each))
    );
    const expected = wanted.map(([each]) => uid ? each : view.indexOf(each) + 1).filter((each) => each > 0);
    assert.deepEqual(found, expected, `SEARCH ${key}`);
  },

  async FOLLOW({ model }, player, { a, b, c }) {
    const { box } = player.follower;
    const answer = await follow(player, a, b, c);
    if (box !== null && answer !== null) done(model, box, answer);
  },

  REPLACE: replace,
  SEARCHALL: searchAll,
  PARTIAL: fetchPart,

  async SELECT({ model }, player, { a, c }) {
    player.keep();
    const name = anyName(player, a);
    const condstore = player.condstore && c % 4 === 1 ? " (CONDSTORE)" : "";
    const verb = c % 5 === 4 ? "EXAMINE" : "SELECT";
    const answer = await player.follower.select(verb, player.path(name), condstore, null);
    opened(model, player, name, answer);
    if (c % 3 !== 0) await player.learn();
  },

  async COMEBACK(context, player, { a, b, c }) {
    await player.lose(c % 2 === 0 ? null : b % 5);
    const { kept } = player;
    const state = a % 3 === 0 ? kept[a % Math.max(1, kept.length)] : kept.at(-1);
    if (state === undefined) return;
    const { name, uidValidity, modseq, messages } = state;
    const uids = messages.map(({ uid }) => uid);
    const known = knownUids(uids, c);
    const match = c % 3 === 0 && uids.length > 1 && !player.uidOnly ? matchData(uids, b) : "";
    // Who knows a mailbox that had the name before knows nothing.
    const validity = (b >> 8) % 8 === 0 ? uidValidity + neverUsed : uidValidity;
    const parameters = ` (QRESYNC (${validity} ${modseq}${known}${match}))`;
    const claimed = { ...state, uidValidity: validity };
    const answer = await player.follower.select("SELECT", name, parameters, claimed);
    opened(context.model, player, player.plain(name), answer);
    if (player.mailbox !== null) compareView(player, player.mailbox);
  },

  async NOOP({ model }, player) {
    const answer = await player.follower.run("NOOP");
    assert.equal(answer.status, "OK");
    if (model !== null && player.mailbox !== null) compareView(player, player.mailbox);
    if (model !== null) await compareWatched(player, countsOf(model));
    if (player.qresync && player.follower.synced) player.keep();
  },

  async IDLE(_context, player) {
    player.idle = await player.follower.idle();
  },

  NOTIFY: (_context, player, { a, b }) =>
    player.listen(listenings[a % listenings.length] ?? "delayed", b % 4 !== 0),

  async STATUS({ model, witness }, player, { a }) {
    const { follower, condstore } = player;
    const name = anyName(player, a);
    const since = witness.moment();
    const more = condstore ? " HIGHESTMODSEQ" : "";
    const answer = await follower.run(
      `STATUS ${player.quoted(name)} (MESSAGES UIDNEXT UIDVALIDITY UNSEEN${more})`,
    );
    const mailbox = model?.find(name);
    if (answer.status !== "OK") {
      if (model === null) assert.ok(!lasting.some((each) => each === name));
      return assert.ok(mailbox === null || model === null);
    }
    // What NOTIFY tells of the same mailbox has not all of these.
    const list = answer.untagged.find(([, word, told, items]) =>
      word === "STATUS" && nameOf(told) === player.path(name) && pairs(items).has("UNSEEN") &&
      pairs(items).has("UIDNEXT")
    )?.[3];
    const told = pairs(list);
    const number = (item: string) => Number(told.get(item));
    witness.opened(
      number("UIDVALIDITY"),
      condstore ? number("HIGHESTMODSEQ") : null,
      number("UIDNEXT"),
      since,
    );
    if (model === null) return;
    assert.ok(mailbox !== null && mailbox !== undefined);
    assert.equal(number("MESSAGES"), mailbox.messages.size);
    assert.equal(number("UIDNEXT"), mailbox.nextUid);
    assert.equal(number("UNSEEN"), mailbox.count("\\seen", false));
  },

  async CLOSE({ model }, player, { c }) {
    const { box } = player.follower;
    if (box === null) return;
    player.keep();
    const verb = c % 2 === 0 ? "CLOSE" : "UNSELECT";
    const answer = await player.follower.run(verb);
    done(model, box, answer);
    if (answer.status !== "OK") return;
    if (verb === "UNSELECT") player.follower.leave();
    player.follower.box = null;
    if (model !== null && player.mailbox !== null && verb === "CLOSE" && !box.readOnly) {
      model.expunge(player.mailbox, null);
    }
    player.mailbox = null;
  },

  async CREATE({ model }, player, { a }) {
    if (player.guest !== null) return;
    const name = named(passing, a);
    const { watched } = player.follower;
    watched?.doing();
    const answer = await player.follower.run(`CREATE ${name}`);
    watched?.did(answer.status === "OK" ? name : null, null);
    if (model !== null) assert.equal(answer.status, model.create(name) === null ? "NO" : "OK");
  },

  async DELETE({ model, players }, player, { a }) {
    if (player.guest !== null) return;
    const name = named(passing, a);
    player.keep();
    const { watched } = player.follower;
    watched?.doing();
    const answer = await player.follower.run(`DELETE ${name}`);
    watched?.did(null, answer.status === "OK" ? name : null);
    if (model === null) return;
    const mailbox = model.delete(name);
    assert.equal(answer.status, mailbox === null ? "NO" : "OK");
    if (mailbox === null) return;
    for (const other of players) {
      if (other.mailbox !== mailbox) continue;
      if (other === player) player.mailbox = null;
      else other.doomed = true;
    }
  },

  async RENAME({ model }, player, { a, b, c }) {
    if (player.guest !== null) return;
    const from = model !== null && c % 6 === 0 ? "INBOX" : named(passing, a);
    const to = named(passing, b);
    const { watched } = player.follower;
    watched?.doing();
    const answer = await player.follower.run(`RENAME ${from} ${to}`);
    const isDone = answer.status === "OK";
    watched?.did(isDone ? to : null, isDone && from !== "INBOX" ? from : null);
    if (isDone) watched?.states.delete(from); // How many messages went from the inbox, nobody tells.
    if (model === null) return;
    assert.equal(answer.status, model.rename(from, to) === null ? "NO" : "OK", `RENAME ${from} ${to}`);
  },

  async CUT({ stage }, _player, { a }) {
    await stage.cutHistory?.(a % 6);
  },
};

async function copy(
  { model, ledger, witness }: DeedContext,
  player: Player,
  { a, b, c }: Deed,
  move: boolean,
): Promise<void> {
  if (c % 4 !== 0) await player.learn();
  const chosen = player.choose(a, b, c % 2 === 0);
  const { box } = player.follower;
  if (chosen === null || box === null) return;
  const name = anyName(player, c >> 2);
  const { uidValidity } = box;
  const uids = chosen.messages.map(({ uid }) => uid);
  if (move) ledger.moved(uidValidity, uids);
  const since = witness.moment();
  const begun = ledger.moment();
  const answer = await player.follower.run(
    `${uidWord(chosen)}${move ? "MOVE" : "COPY"} ${chosen.set} ${player.quoted(name)}`,
  );
  if (move && box.readOnly) return assert.equal(answer.status, "NO");
  const target = model?.find(name);
  if (answer.status !== "OK") {
    if (answer.code === "NONEXISTENT" && mayGo(model, name)) return;
    if (answer.code === "NONEXISTENT") return done(model, box, answer);
    assert.equal(answer.code, "TRYCREATE");
    if (model === null) assert.ok(!lasting.some((each) => each === name));
    return assert.ok(model === null || target === null);
  }
  const argument = move ? answer.codes.get("COPYUID") ?? "" : answer.argument;
  if (argument !== "") {
    const [validity = 0, from, to = []] = uidsOf(argument);
    assert.equal(from.length, to.length);
    player.follower.watched?.added(player.path(name), to);
    ledger.added(validity, to);
    for (const [i, uid] of to.entries()) {
      witness.arrived(validity, uid, since);
      ledger.copied([uidValidity, from[i] ?? 0], [validity, uid], begun);
    }
    if (move) {
      for (const uid of from) {
        if (validity !== uidValidity || !to.includes(uid)) witness.gone(uidValidity, uid);
      }
    }
  }
  if (model === null || player.mailbox === null || target === null || target === undefined) return;
  const expected = model.copy(player.mailbox, uids, target, move);
  if (expected.from.length === 0) return assert.equal(argument, "");
  const [, from, to] = uidsOf(argument);
  assert.deepEqual({ from, to }, expected);
}

function opened(model: DeedContext["model"], player: Player, name: string, answer: Answer): void {
  player.mailbox = null;
  if (model === null) return;
  const mailbox = model.find(name);
  assert.equal(answer.status, mailbox === null ? "NO" : "OK");
  player.mailbox = mailbox;
  if (mailbox === null) return;
  assert.equal(player.follower.box?.messages.length, mailbox.messages.size);
  assert.equal(answer.codes.get("UIDNEXT"), String(mailbox.nextUid));
}

/** The UIDs that a client says it knows: none, all, or also some that it cannot know. RFC 7162 3.2.5.1 */
function knownUids(uids: readonly number[], c: number): string {
  if (c % 4 !== 1 || uids.length === 0) return "";
  const last = uids.at(-1) ?? 1;
  return [
    ` 1:${last}`,
    ` 1:${last + neverUsed}`,
    ` ${uids.join(",")}`,
    ` ${uids.join(",")},${neverUsed}:${neverUsed * 2}`,
  ][
    (c >> 2) % 4
  ] ?? "";
}

/** UIDs from here on are never given. */
const neverUsed = 100_000;

/** Message numbers of old, and the UIDs that they had. RFC 7162 3.2.5.2 */
function matchData(uids: readonly number[], b: number): string {
  const numbers = uids.map((_uid, i) => i + 1).filter((number) => number % (1 + b % 3) === 0);
  if (numbers.length === 0) return "";
  const named = numbers.map((number) => uids[number - 1] ?? 0);
  // Behind what is true, what cannot be: nothing had those UIDs. It must hide nothing that is gone.
  if ((b >> 4) % 3 === 0) {
    for (let i = 1; i <= 1 + b % 4; i++) {
      numbers.push(uids.length + i);
      named.push(neverUsed + i);
    }
  }
  return ` (${numbers.join(",")} ${named.join(",")})`;
}

/** Behind NOOP: the client knows everything, but for what it has not asked. */
function compareView(player: Player, mailbox: ModelMailbox): void {
  if (!player.listens) return;
  const uids = [...mailbox.messages.keys()];
  const { box } = player.follower;
  assert.equal(box?.messages.length, uids.length, "not as many messages as there are");
  if (player.uidOnly) {
    for (const { uid, flags } of box?.messages ?? []) {
      if (uid === 0) continue;
      assert.ok(uids.includes(uid), `${uid} is not there`);
      if (flags !== null) assert.equal(flags, mailbox.flagsOf(uid), `flags of ${uid}`);
    }
  } else {for (const [i, uid] of uids.entries()) {
      const known: Known | undefined = box?.messages[i];
      if (known === undefined || known.uid === 0) continue;
      assert.equal(known.uid, uid, `number ${i + 1}`);
      if (known.flags !== null) assert.equal(known.flags, mailbox.flagsOf(uid), `flags of ${uid}`);
    }}
  compareFollowed(player, mailbox);
}

function compareFlags(player: Player, mailbox: ModelMailbox, uids: readonly number[]): void {
  for (const { uid, flags } of player.follower.box?.messages ?? []) {
    if (!uids.includes(uid) || flags === null || !mailbox.messages.has(uid)) continue;
    assert.equal(flags, mailbox.flagsOf(uid), `flags of ${uid}`);
  }
}

/** What MODIFIED names, as UIDs. */
function uidsNamed(chosen: Chosen, set: string): number[] {
  const named = readSet(set);
  if (chosen.uid) return named;
  const numbers = chosen.set.split(",").map(Number);
  return named.map((number) => chosen.messages[numbers.indexOf(number)]?.uid ?? 0);
}
