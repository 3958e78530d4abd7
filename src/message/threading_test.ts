import assert from "node:assert/strict";
import { ownTime } from "../../tests/support/own_time.ts";
import { orderedSubject, references, ThreadInput, type Threads } from "./threading.ts";

interface Sample {
  readonly id?: string;
  readonly refs?: string;
  readonly subject?: string;
  readonly reply?: boolean;
  readonly date?: number;
}

function inputOf(samples: readonly Sample[]): ThreadInput {
  const input = new ThreadInput(Uint32Array.from(samples, (_, i) => i + 1));
  samples.forEach(({ id, refs = "", subject = "", reply = false, date }, i) =>
    input.add(date ?? i, subject, reply, id ?? null, refs)
  );
  return input;
}

function run(steps: Generator<void, Threads>): string {
  let step = steps.next();
  while (!step.done) step = steps.next();
  const { uids, depths } = step.value;
  return Array.from(uids, (uid, i) => "-".repeat(depths[i] ?? 0) + uid).join(" ");
}

const table: [title: string, samples: Sample[], references: string][] = [
  ["nothing", [], ""],
  ["a message alone", [{}], "1"],
  ["a chain, oldest last", [{ id: "c", refs: "a b" }, { id: "b", refs: "a" }, { id: "a" }], "3 -2 --1"],
  ["ids are compared as they are", [{ id: "A" }, { refs: "a" }], "1 2"],
  ["the first of two with the same id has it", [{ id: "a", date: 9 }, { id: "a" }, { refs: "a" }], "2 1 -3"],
  ["a loop of two", [{ id: "a", refs: "b" }, { id: "b", refs: "a" }], "2 -1"],
  ["its own parent", [{ id: "a", refs: "a" }], "1"],
  ["a longer loop", [{ id: "a", refs: "b" }, { id: "b", refs: "c" }, { id: "c", refs: "a" }], "3 -2 --1"],
  // The link that 3 makes, 2 below 4, gives way to what 2 says itself.
  ["the last reference counts, not what others say", [
    { id: "a" },
    { id: "b", refs: "a" },
    { id: "c", refs: "d b" },
  ], "1 -2 --3"],
  ["two answers to what is not there", [{ refs: "x" }, { refs: "x" }], "0 -1 -2"],
  ["one answer to what is not there", [{ refs: "x" }], "1"],
  ["dummies below dummies", [{ refs: "x y" }, { refs: "x z" }, { refs: "x z" }], "0 -1 -2 -3"],
  ["a dummy between messages", [{ id: "a" }, { refs: "a x" }, { refs: "a x" }], "1 -2 -3"],
  ["the same subject, the second an answer", [{ subject: "S" }, { subject: "S", reply: true }], "1 -2"],
  ["an answer that comes first", [{ subject: "S", reply: true }, { subject: "S" }], "2 -1"],
  ["two answers", [{ subject: "S", reply: true }, { subject: "S", reply: true }], "0 -1 -2"],
  ["three of a subject", [{ subject: "S" }, { subject: "S" }, { subject: "S" }], "0 -1 -2 -3"],
  ["subjects that are empty do not make a thread", [{}, { reply: true }], "1 2"],
  ["a dummy takes a message of its subject", [
    { subject: "S", refs: "x" },
    { subject: "T", refs: "x" },
    { subject: "S" },
  ], "0 -1 -2 -3"],
  ["two dummies of one subject become one", [
    { subject: "S", refs: "x" },
    { refs: "x" },
    { subject: "S", refs: "y" },
    { refs: "y" },
  ], "0 -1 -2 -3 -4"],
  ["a dummy's subject is that of the first of its children by date", [
    { subject: "S", refs: "x", date: 5 },
    { subject: "T", refs: "x", date: 4 },
    { subject: "T", date: 6 },
  ], "0 -2 -1 -3"],
  ["siblings by date, then by number", [
    { id: "a", date: 0 },
    { refs: "a", date: 7 },
    { refs: "a", date: 3 },
    { refs: "a", date: 3 },
  ], "1 -3 -4 -2"],
];
for (const [title, samples, expected] of table) {
  Deno.test(`references(): ${title}`, () => assert.equal(run(references(inputOf(samples))), expected));
}

Deno.test("orderedSubject() makes a thread of each subject, in the order of their first messages", () => {
  const samples = [
    { subject: "B", date: 5 },
    { subject: "A", date: 6 },
    { subject: "B", date: 4 },
    { subject: "A", date: 7 },
    { subject: "B", date: 9 },
  ];
  assert.equal(run(orderedSubject(inputOf(samples))), "3 -1 -5 2 -4");
});

const count = 100_000;

/** What a sender can make up to keep a server busy. */
const hostile: [title: string, samples: Sample[], deepest: number][] = [
  ["a chain, each the answer to the one before", chain((i) => i), count - 1],
  ["a chain, told from its end", chain((i) => count - 1 - i), count - 1],
  ["a chain, told in no order", chain((i) => (i * 7919) % count), count - 1],
  ["one loop of all", chain((i) => i, true), count - 1],
  ["everybody below one", Array.from({ length: count }, (_, i) => ({ id: `${i}`, refs: "0" })), 1],
  [
    "a chain, and everybody wanting its first below its last",
    Array.from({ length: count }, (_, i) => ({
      id: `${i}`,
      refs: i < count / 2 ? `${i - 1}` : `${count / 2 - 1 - i % 5} 0 ${i % 1000}`,
    })),
    count / 2 - 1,
  ],
];

function chain(order: (i: number) => number, loops = false): Sample[] {
  return Array.from({ length: count }, (_, i) => {
    const n = order(i);
    const refs = n > 0 ? `${n - 1}` : loops ? `${count - 1}` : "";
    return { id: `${n}`, refs };
  });
}

for (const [title, samples, deepest] of hostile) {
  Deno.test(`references() of 100,000 messages: ${title}`, () => {
    const steps = references(inputOf(samples));
    let longest = 0;
    for (;;) {
      const took = ownTime();
      const step = steps.next();
      longest = Math.max(longest, took());
      if (!step.done) continue;
      const { uids, depths } = step.value;
      assert.deepEqual(Uint32Array.from(uids).filter((uid) => uid !== 0).sort(), inputOf(samples).uids);
      const most = depths.reduce((most, depth) => Math.max(most, depth), 0);
      assert.ok(most >= deepest - 1000 && most <= deepest, `${most}`);
      break;
    }
    assert.ok(longest < 2000, `a step of ${longest} ms`);
  });
}
