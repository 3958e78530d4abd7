/**
 * Conformance of `Mail`: sorting and threading. RFC 5256, RFC 5957
 *
 * The twin is the naive reference: it compares two messages as the RFC says, and takes the six steps of REFERENCES over
 * objects. {@link comparesOrders} holds the store against it, with random mail.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { utf8 } from "../../base/bytes.ts";
import type { SearchKey } from "../../imap/search_key.ts";
import type { SortCriterion, SortKey, ThreadAlgorithm } from "../../imap/sort_key.ts";
import { Indexer } from "../../message/indexer.ts";
import type { Mail, NewMessage } from "../mail.ts";
import { all, mailboxOf, type MailTests, newMessage, refuses } from "./conformance_support.ts";

/** A message of header fields only. */
function message(header: readonly string[], internalDate: number): NewMessage {
  const content = utf8(header.map((line) => `${line}\r\n`).join("") + "\r\ntext\r\n");
  const indexer = new Indexer();
  indexer.write(content);
  return newMessage({ content, index: indexer.end() }, { internalDate });
}

const everything: SearchKey = { key: "all" };

async function sortedUids(
  mail: Mail,
  mailbox: number,
  criteria: readonly (SortKey | `-${SortKey}`)[],
  key: SearchKey = everything,
): Promise<number[]> {
  const batches = await all(mail.sort({ mailbox, key, criteria: criteria.map(criterion) }));
  const last = batches.at(-1);
  assert.equal(last?.looked, last?.total);
  for (const batch of batches) assert.equal(batch.modseqs.length, batch.uids.length);
  return batches.flatMap((batch) => [...batch.uids]);
}

function criterion(text: SortKey | `-${SortKey}`): SortCriterion {
  const reverse = text.startsWith("-");
  return { key: (reverse ? text.slice(1) : text) as SortKey, reverse };
}

/** Threads as text: `1(2 3)(4)`, a parent and then its children. */
async function threads(
  mail: Mail,
  mailbox: number,
  algorithm: ThreadAlgorithm,
  key: SearchKey = everything,
): Promise<string> {
  const batches = await all(mail.thread({ mailbox, key, algorithm }));
  const uids = batches.flatMap((batch) => [...batch.uids]);
  const depths = batches.flatMap((batch) => [...batch.depths]);
  return uids.map((uid, i) => `${"-".repeat(depths[i] ?? 0)}${uid}`).join(" ");
}

const day = (n: number) => `Date: ${n} Jan 2026 12:00:00 +0000`;

/** Mailing-list mail with what makes SORT hard: names, groups, missing fields, the same again. */
const sortable: readonly (readonly string[])[] = [
  ["Subject: Re: beta", "From: Zoe <zoe@x.example>", "To: b@x.example", day(5)],
  ["Subject: alpha", "From: =?utf-8?q?=C3=84nn?= <ann@x.example>", "Cc: c@x.example", day(3)],
  ["From: bob@x.example", "To: friends: eve@x.example;", day(4)],
  ["Subject: [list] Beta (fwd)", 'From: "" <carl@x.example>', "Date: nonsense"],
  ["Subject: ALPHA", "From: Ann <zz@x.example>", "Date: 3 Jan 2026 14:00:00 +0200"],
  ["Subject: \u{1F600} last", "To: =?utf-8?q?=EF=BF=BD?= <a@x.example>", day(1)],
];

const orders: [criteria: readonly (SortKey | `-${SortKey}`)[], uids: number[]][] = [
  [["arrival"], [1, 2, 3, 4, 5, 6]],
  [["-arrival"], [6, 5, 4, 3, 2, 1]],
  [["date"], [4, 6, 2, 5, 3, 1]], // Without a Date, the internal date: 4 is of 1970.
  [["-date"], [1, 3, 2, 5, 6, 4]], // 2 and 5 are at the same moment, and stay in their order.
  [["subject"], [3, 2, 5, 1, 4, 6]],
  [["-subject"], [6, 1, 4, 2, 5, 3]],
  [["subject", "-date"], [3, 2, 5, 1, 4, 6]],
  [["from"], [6, 2, 3, 4, 1, 5]],
  [["to"], [2, 4, 5, 6, 1, 3]],
  [["cc"], [1, 3, 4, 5, 6, 2]],
  [["displayFrom"], [6, 5, 2, 3, 4, 1]],
  [["displayTo"], [2, 4, 5, 1, 3, 6]],
];

interface Shape {
  readonly id: number;
  readonly refs: readonly number[];
  readonly subject: string;
  readonly day: number | null;
}

const shapes: fc.Arbitrary<Shape[]> = fc.array(
  fc.record({
    id: fc.nat(8),
    refs: fc.uniqueArray(fc.nat(9), { maxLength: 4 }),
    subject: fc.constantFrom("", "a", "Re: a", "b", "Fwd: b", "RE: Re: A (fwd)"),
    day: fc.option(fc.integer({ min: 1, max: 4 })),
  }),
  { maxLength: 12 },
);

function shaped({ id, refs, subject, day: date }: Shape, i: number): NewMessage {
  return message([
    ...subject === "" ? [] : [`Subject: ${subject}`],
    ...id === 0 ? [] : [`Message-ID: <${id}@x>`],
    ...refs.length === 0 ? [] : [`References: ${refs.map((ref) => `<${ref}@x>`).join(" ")}`],
    ...date === null ? [] : [day(date)],
    `From: f${(id * 7) % 3}@x.example`,
  ], Date.UTC(2026, 0, 1 + i % 5));
}

export const sortTests: MailTests = {
  async "every sort key orders as it should"({ mail }) {
    const { id } = await mailboxOf(mail, "Inbox");
    const messages = sortable.map((header, i) => message(header, 1000 * (i + 1)));
    await mail.append({ mailbox: id, messages });
    for (const [criteria, uids] of orders) {
      assert.deepEqual(await sortedUids(mail, id, criteria), uids, criteria.join(" "));
    }
    const some: SearchKey = { key: "uids", set: [2, 4] };
    assert.deepEqual(await sortedUids(mail, id, ["-subject"], some), [4, 2, 3]);
    assert.deepEqual(await sortedUids(mail, id, ["subject"], { key: "not", inner: everything }), []);
    await refuses("tooMany", sortedUids(mail, id, Array<SortKey>(17).fill("date")));
    await refuses("noSuchMailbox", sortedUids(mail, 99_999_999, ["date"]));
  },

  async "what is found loosely has a score, and is sorted by it"({ mail }) {
    const { id } = await mailboxOf(mail, "Inbox");
    const subjects = ["a plan of the garden", "garden plan", "Plan garden", "something else"];
    await mail.append({ mailbox: id, messages: subjects.map((text) => message([`Subject: ${text}`], 0)) });
    const key: SearchKey = {
      key: "fuzzy",
      inner: { key: "header", field: "subject", text: "Garden Plan" },
    };
    const [found] = await all(mail.search({ mailbox: id, key }));
    assert.deepEqual([...found?.uids ?? []], [1, 2, 3]);
    const scores = [...found?.scores ?? []];
    assert.deepEqual(scores, [30, 100, 46]);
    assert.deepEqual(await sortedUids(mail, id, ["relevancy"], key), [2, 3, 1]);
    assert.deepEqual(await sortedUids(mail, id, ["-relevancy"], key), [1, 3, 2]);
  },

  async "threads by references"({ mail }) {
    const { id } = await mailboxOf(mail, "Inbox");
    const headers: string[][] = [
      ["Subject: plan", "Message-ID: <1@x>", day(1)],
      ["Subject: Re: plan", "Message-ID: <2@x>", "In-Reply-To: <1@x>", day(3)],
      ["Subject: Re: plan", "Message-ID: <3@x>", "References: <1@x>", day(2)],
      ["Subject: Re: plan", "Message-ID: <4@x>", "References: <1@x> <3@x>", day(4)],
      ["Subject: other", "References: <gone@x>", day(5)],
      ["Subject: more", "References: <gone@x>", day(6)],
      ["Subject: again", day(8)],
      ["Subject: Re: again", day(7)], // By its subject alone.
      ["Subject: loop", "Message-ID: <9@x>", "References: <10@x>", day(9)],
      ["Subject: loop", "Message-ID: <10@x>", "References: <9@x>", day(10)],
      ["Subject: twins", day(11)],
      ["Subject: Twins", day(12)], // Neither answers the other: a dummy holds both.
    ];
    await mail.append({ mailbox: id, messages: headers.map((header) => message(header, 0)) });
    assert.equal(
      await threads(mail, id, "references"),
      "1 -3 --4 -2 0 -5 -6 7 -8 10 -9 0 -11 -12",
    );
    assert.equal(
      await threads(mail, id, "orderedSubject"),
      "1 -3 -2 -4 5 6 8 -7 9 -10 11 -12",
    );
    assert.equal(await threads(mail, id, "references", { key: "uids", set: [3, 4] }), "3 -4");
    assert.equal(await threads(mail, id, "references", { key: "uids", set: [] }), "");
    await refuses("noSuchMailbox", threads(mail, 99_999_999, "references"));
  },

  async "nothing is lost, and parents come before their children"({ mail }) {
    const { id } = await mailboxOf(mail, "Inbox");
    const messages = fc.sample(shapes, { seed: 7, numRuns: 20 }).flat().map(shaped);
    await mail.append({ mailbox: id, messages });
    for (const algorithm of ["references", "orderedSubject"] as const) {
      const [batch] = (await all(mail.thread({ mailbox: id, key: everything, algorithm }))).slice(-1);
      const uids = [...batch?.uids ?? []].filter((uid) => uid !== 0).sort((a, b) => a - b);
      assert.deepEqual(uids, messages.map((_, i) => i + 1));
      const depths = [...batch?.depths ?? []];
      depths.forEach((depth, i) => assert.ok(depth === 0 || depth <= (depths[i - 1] ?? -1) + 1));
    }
  },
};

/** Random mail, and whether two implementations order and thread it alike. Both are of the same account's beginning. */
export async function comparesOrders(one: Mail, another: Mail): Promise<void> {
  const keys: SortKey[] = [
    "arrival",
    "cc",
    "date",
    "displayFrom",
    "displayTo",
    "from",
    "size",
    "subject",
    "to",
  ];
  const criteria = fc.array(
    fc.record({ key: fc.constantFrom(...keys), reverse: fc.boolean() }),
    { minLength: 1, maxLength: 3 },
  );
  let n = 0;
  const ask = async (
    mail: Mail,
    name: string,
    messages: readonly NewMessage[],
    criteria: SortCriterion[],
  ) => {
    const { id } = await mail.create({ name, specialUse: [] });
    await mail.append({ mailbox: id, messages });
    const sorted = await all(mail.sort({ mailbox: id, key: everything, criteria }));
    const references = await threads(mail, id, "references");
    const subjects = await threads(mail, id, "orderedSubject");
    await mail.delete({ name });
    return { uids: sorted.flatMap((batch) => [...batch.uids]), references, subjects };
  };
  await fc.assert(
    fc.asyncProperty(shapes, criteria, async (some, criteria) => {
      const messages = some.map(shaped);
      const name = `box ${n++}`;
      assert.deepEqual(
        await ask(one, name, messages, criteria),
        await ask(another, name, messages, criteria),
      );
    }),
    { numRuns: 400 },
  );
}
