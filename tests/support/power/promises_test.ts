import assert from "node:assert/strict";
import { type FoundStore, type Place, Promises, type Said } from "./promises.ts";

const sha256 = "aa";
const inbox: Place = { mailbox: "ann/Inbox", uid: null, bits: 0 };
const at = (uid: number, bits = 0): Place => ({ mailbox: "ann/Inbox", uid, bits });
const empty: FoundStore = { messages: [], mailboxes: [], waiting: [], retired: [], notices: [] };
const message = (place: Place, id = "1-1", hash = sha256) => ({ id, place, sha256: hash });
const row = { recipient: "r", attempts: 0, waitMs: 0, results: 0, sha256 };

const mayArrive: Said = { kind: "mayBe", id: "1-1", places: [inbox], sha256 };
const arrived: Said[] = [mayArrive, { kind: "is", id: "1-1", places: [at(1)] }];
const told: Said = { kind: "told", mailbox: "ann/Inbox", uidValidity: 7, uidNext: 5, modSeq: 9 };
const foundMailbox = { mailbox: "ann/Inbox", uidValidity: 7, uidNext: 5, modSeq: 9 };
const mayQueue: Said = { kind: "mayQueue", recipients: ["r"], sha256 };
const queued: Said[] = [mayQueue, { kind: "queued", recipients: ["r"], sha256 }];
const attempted: Said[] = [...queued, { kind: "attempted", recipient: "r", attempts: 1 }];
const tried = { ...row, attempts: 1, waitMs: 1e6 };
const mayEnd = (as: "delivered" | "failed" | null): Said => ({ kind: "mayEnd", recipient: "r", as });
const ended = (as: "delivered" | "failed" | null): Said[] => [
  ...attempted,
  mayEnd(as),
  { kind: "ended", recipient: "r", as },
];

const kept: [what: string, said: Said[], found: Partial<FoundStore>][] = [
  ["a message that was acknowledged", arrived, { messages: [message(at(1))] }],
  ["a message on its way, which is not there", [mayArrive], {}],
  ["a message on its way, which is there with any UID", [mayArrive], { messages: [message(at(8))] }],
  [
    "flags on their way, the old ones",
    [...arrived, { kind: "mayBe", id: "1-1", places: [at(1, 4)], sha256 }],
    { messages: [message(at(1))] },
  ],
  [
    "flags on their way, the new ones",
    [...arrived, { kind: "mayBe", id: "1-1", places: [at(1, 4)], sha256 }],
    { messages: [message(at(1, 4))] },
  ],
  ["a mailbox that has more than was told", [told], {
    mailboxes: [{ ...foundMailbox, uidNext: 6, modSeq: 10 }],
  }],
  ["a recipient that waits", queued, { waiting: [row] }],
  ["a recipient on its way in", [mayQueue], {}],
  ["an attempt that nobody was told of yet", queued, { waiting: [tried] }],
  ["an attempt that was not yet given back", [...attempted, { kind: "mayGiveBack", recipient: "r" }], {
    waiting: [row],
  }],
  ["an end on its way", [...attempted, mayEnd("delivered")], {
    retired: [{ recipient: "r", outcome: "delivered" }],
  }],
  ["an end on its way that is not there", [...attempted, mayEnd("delivered")], { waiting: [tried] }],
  ["a failure and its notice", ended("failed"), {
    retired: [{ recipient: "r", outcome: "failed" }],
    notices: ["r"],
  }],
  ["a result after which it waits", ended(null), { waiting: [{ ...tried, results: 1 }] }],
];
for (const [what, said, found] of kept) {
  Deno.test(`it is kept: ${what}`, () => assert.deepEqual(brokenBy(said, found), []));
}

const broken: [what: string, said: Said[], found: Partial<FoundStore>, words: RegExp][] = [
  ["a message that is lost", arrived, {}, /is at no place/],
  [
    "a message that is there twice",
    arrived,
    { messages: [message(at(1)), message(at(2))] },
    /uid 1.*and.*uid 2/,
  ],
  ["a message with another UID", arrived, { messages: [message(at(2))] }, /uid 2/],
  ["a message with other flags", arrived, { messages: [message(at(1, 4))] }, /flags 4/],
  ["a message with other octets", arrived, { messages: [message(at(1), "1-1", "bb")] }, /another body/],
  [
    "a message in another mailbox",
    arrived,
    { messages: [message({ ...at(1), mailbox: "bob/Inbox" })] },
    /bob/,
  ],
  ["a message that nobody sent", [], { messages: [message(at(1))] }, /from nowhere/],
  [
    "a message that was expunged",
    [...arrived, { kind: "mayBe", id: "1-1", places: [], sha256 }, { kind: "is", id: "1-1", places: [] }],
    { messages: [message(at(1))] },
    /should be at no place/,
  ],
  [
    "a message that was refused",
    [mayArrive, { kind: "isNot", id: "1-1" }],
    { messages: [message(at(1))] },
    /no place/,
  ],
  ["a mailbox that is gone", [told], {}, /gone/],
  ["another UIDVALIDITY", [told], { mailboxes: [{ ...foundMailbox, uidValidity: 8 }] }, /UIDVALIDITY/],
  ["a lower UIDNEXT", [told], { mailboxes: [{ ...foundMailbox, uidNext: 4 }] }, /UIDNEXT/],
  ["a lower MODSEQ", [told], { mailboxes: [{ ...foundMailbox, modSeq: 8 }] }, /HIGHESTMODSEQ/],
  ["a recipient that is lost", queued, {}, /lost/],
  ["a recipient that was handed out and is lost", [mayQueue, ...attempted.slice(2)], {}, /lost/],
  ["a recipient that is there twice", queued, { waiting: [row, row] }, /more than once/],
  ["a recipient that waits and has ended", [...attempted, mayEnd("delivered")], {
    waiting: [tried],
    retired: [{ recipient: "r", outcome: "delivered" }],
  }, /more than once/],
  ["a recipient with other octets", queued, { waiting: [{ ...row, sha256: "bb" }] }, /another body/],
  ["a recipient that nobody sent to", [], { waiting: [row] }, /from nowhere/],
  ["an attempt that is not on record", attempted, { waiting: [row] }, /0 attempts/],
  ["an attempt that is counted twice", queued, { waiting: [{ ...tried, attempts: 2 }] }, /2 attempts/],
  ["an attempt that is made again at once", attempted, { waiting: [{ ...tried, waitMs: 0 }] }, /at once/],
  ["what was delivered and waits again", ended("delivered"), { waiting: [tried] }, /waits again/],
  [
    "an end that nobody reported",
    attempted,
    { retired: [{ recipient: "r", outcome: "delivered" }] },
    /reported/,
  ],
  [
    "another end",
    ended("delivered"),
    { retired: [{ recipient: "r", outcome: "failed" }] },
    /reported as delivered/,
  ],
  [
    "a failure that nobody hears of",
    ended("failed"),
    { retired: [{ recipient: "r", outcome: "failed" }] },
    /0 notices/,
  ],
  ["a failure that is told twice", ended("failed"), {
    retired: [{ recipient: "r", outcome: "failed" }],
    notices: ["r", "r"],
  }, /2 notices/],
  ["a notice of what still waits", attempted, { waiting: [tried], notices: ["r"] }, /1 notices/],
  ["a result that is lost", ended(null), { waiting: [tried] }, /a result/],
];
for (const [what, said, found, words] of broken) {
  Deno.test(`it is broken: ${what}`, () => assert.match(brokenBy(said, found).join("\n"), words));
}

function brokenBy(said: readonly Said[], found: Partial<FoundStore>): string[] {
  const promises = new Promises();
  for (const each of said) promises.take(each);
  return promises.broken({ ...empty, ...found });
}

Deno.test("what a front has delivered again is there for certain", () => {
  const promises = new Promises();
  promises.take({ ...mayArrive, again: { deliveryId: "00", octets: 10, to: ["ann@example.org"] } });
  assert.deepEqual(promises.redeliveries().map(({ id }) => id), ["1-1"]);
  assert.equal(promises.size, 0);
  promises.delivered("1-1");
  assert.equal(promises.size, 1);
  assert.match(promises.broken(empty).join(), /should be at ann\/Inbox/);
});
