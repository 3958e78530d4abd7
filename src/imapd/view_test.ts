import assert from "node:assert/strict";
import { allRights } from "../imap/rights.ts";
import fc from "fast-check";
import type { OpenMailbox } from "../accounts/mail.ts";
import { difference, MailboxView, union } from "./view.ts";

function view(uids: readonly number[], recentFromUid = 1_000_000): MailboxView {
  const open: OpenMailbox = {
    info: {
      id: 1,
      objectId: "F1",
      name: "Inbox",
      specialUse: [],
      subscribed: true,
      owner: null,
      rights: allRights,
      uidValidity: 1,
      uidNext: (uids.at(-1) ?? 0) + 1,
      highestModSeq: 1,
      messages: uids.length,
      unseen: 0,
      deleted: 0,
      recent: 0,
      bytes: 0,
      deletedBytes: 0,
    },
    uids: Uint32Array.from(uids),
    firstUnseenUid: 0,
    keywords: [],
    recentFromUid,
  };
  return new MailboxView(open, false);
}

const ascending = fc.uniqueArray(fc.integer({ min: 1, max: 60 })).map((all) => all.sort((a, b) => a - b));

Deno.test("numbers and UIDs are each other's inverse", () => {
  fc.assert(fc.property(ascending, (uids) => {
    const v = view(uids);
    assert.equal(v.count, uids.length);
    assert.equal(v.lastUid, uids.at(-1) ?? 0);
    for (let uid = 0; uid <= 61; uid++) {
      assert.equal(v.numberOf(uid), uids.indexOf(uid) + 1);
      for (const before of [0, 1, uids.length]) {
        assert.equal(v.numberAfter(before, uid), uids.indexOf(uid) + 1);
      }
    }
    assert.deepEqual([0, ...uids, 99].map((uid) => v.uidAt(v.numberOf(uid))), [0, ...uids, 0]);
  }));
});

Deno.test("remove() tells EXPUNGE numbers that a client can apply one after the other", () => {
  fc.assert(fc.property(ascending, ascending, ascending, (uids, gone, later) => {
    const v = view(uids);
    const client = [...uids];
    for (const number of v.remove(Uint32Array.from(gone))) client.splice(number - 1, 1);
    const left = uids.filter((uid) => !gone.includes(uid));
    assert.deepEqual(client, left);
    assert.deepEqual([...v.uids], left);
    const added = later.map((uid) => uid + 100);
    v.append(Uint32Array.from(added));
    assert.deepEqual([...v.uids], [...left, ...added]);
  }));
});

Deno.test("uidRanges() and rangesOf() mean exactly the messages that the client knows", () => {
  fc.assert(fc.property(ascending, ascending, (uids, chosen) => {
    const v = view(uids);
    const known = uids.filter((uid) => chosen.includes(uid));
    assert.deepEqual([...v.known(Uint32Array.from(chosen))], known);
    const ranges = v.rangesOf(Uint32Array.from(chosen));
    const within = (uid: number) =>
      ranges.some((first, i) => i % 2 === 0 && uid >= first && uid <= (ranges[i + 1] ?? 0));
    assert.deepEqual(uids.filter(within), known);
    const numbers = known.flatMap((uid) => [v.numberOf(uid), v.numberOf(uid)]);
    assert.deepEqual(v.uidRanges(numbers), known.flatMap((uid) => [uid, uid]));
  }));
});

Deno.test("numbers above the count have no UIDs", () => {
  assert.equal(view([4, 5]).uidRanges([1, 3]), null);
  assert.equal(view([]).uidRanges([0, 0]), null);
  assert.deepEqual(view([4, 5, 9]).clamp([1, 4, 8, 20, 30, 40]), [1, 4, 8, 9]);
  assert.deepEqual(view([]).clamp([1, 40]), []);
});

Deno.test("recent messages are counted while they are there", () => {
  const v = view([1, 2, 5, 8], 5);
  assert.deepEqual([v.recentCount, v.isRecent(2), v.isRecent(5), v.isRecent(8)], [2, false, true, true]);
  v.append(Uint32Array.of(9, 12));
  v.addRecent(9, 11);
  assert.deepEqual([v.recentCount, v.isRecent(9), v.isRecent(12)], [3, true, false]);
  assert.deepEqual(v.recent, [5, 10]);
  v.remove(Uint32Array.of(5, 9));
  assert.equal(v.recentCount, 1);
  v.addRecent(20, 20);
  v.addRecent(30, 31);
  assert.deepEqual(v.recent, [5, 10, 30, 30]);
});

Deno.test("union() and difference() of ascending numbers", () => {
  fc.assert(fc.property(ascending, ascending, (a, b) => {
    const [x, y] = [Uint32Array.from(a), Uint32Array.from(b)];
    assert.deepEqual([...union(x, y)], [...new Set([...a, ...b])].sort((p, q) => p - q));
    assert.deepEqual([...difference(x, y)], a.filter((n) => !b.includes(n)));
  }));
});

Deno.test("after a STORE of its own a view asks for nothing, unless others changed something between", () => {
  const flags = {
    uids: Uint32Array.of(2, 3),
    modseqs: Float64Array.of(7, 8),
    bits: new Uint32Array(2),
    keywordSet: new Uint16Array(2),
    keywordSets: [""],
  };
  const alone = view([1, 2, 3]);
  alone.noteStored({ flags, alone: { since: 1, until: 8 } });
  assert.deepEqual([alone.modseq, alone.told.size], [8, 0]);
  for (const others of [null, { since: 2, until: 8 }]) {
    const v = view([1, 2, 3]);
    v.noteStored({ flags, alone: others });
    assert.deepEqual([v.modseq, [...v.told]], [1, [[2, 7], [3, 8]]]);
  }
});
