import assert from "node:assert/strict";
import { Refused } from "../base/errors.ts";
import {
  FlagColumnsBuilder,
  maxKeywordSets,
  NumbersBuilder,
  uidsOfList,
  ValuesBuilder,
} from "./mail_columns.ts";

Deno.test("flag columns grow, and share sets of keywords", () => {
  const builder = new FlagColumnsBuilder(1);
  for (let uid = 1; uid <= 300; uid++) builder.add(uid, uid * 2, uid % 4, uid % 2 === 0 ? "" : "a b");
  const columns = builder.finish();
  assert.equal(columns.uids.length, 300);
  assert.equal(columns.modseqs[299], 600);
  assert.equal(columns.bits[2], 3);
  assert.deepEqual(columns.keywordSets, ["", "a b"]);
  assert.deepEqual([...columns.keywordSet.subarray(0, 3)], [1, 0, 1]);
  assert.equal(columns.uids.buffer.byteLength, 1200); // Sent whole to another thread.
});

Deno.test("flag columns can be put in order", () => {
  const builder = new FlagColumnsBuilder();
  builder.add(9, 1, 4, "z");
  builder.add(3, 2, 5, "");
  builder.add(5, 3, 6, "y");
  const columns = builder.finishSorted(new Uint32Array());
  assert.deepEqual([...columns.uids], [3, 5, 9]);
  assert.deepEqual([...columns.modseqs], [2, 3, 1]);
  assert.deepEqual([...columns.bits], [5, 6, 4]);
  assert.deepEqual([...columns.keywordSet].map((i) => columns.keywordSets[i]), ["", "y", "z"]);
});

Deno.test("flag columns in order hold each message once, as it came last, and none that is gone", () => {
  const builder = new FlagColumnsBuilder();
  for (const [uid, modseq] of [[4, 1], [2, 2], [3, 3], [2, 4], [3, 5], [9, 6]] as const) {
    builder.add(uid, modseq, modseq, "");
  }
  const { uids, modseqs, bits } = builder.finishSorted(Uint32Array.of(1, 3, 7, 9));
  assert.deepEqual([[...uids], [...modseqs], [...bits]], [[2, 4], [4, 1], [4, 1]]);
});

Deno.test("flag columns refuse more sets of keywords than an index can tell apart", () => {
  const builder = new FlagColumnsBuilder(maxKeywordSets);
  for (let i = 1; i < maxKeywordSets; i++) builder.add(i, 1, 0, `k${i}`);
  assert.equal(builder.full, true);
  builder.add(1e6, 1, 0, "k1");
  assert.throws(
    () => builder.add(1e6 + 1, 1, 0, "one more"),
    (error) => error instanceof Refused && error.reason === "tooMany",
  );
});

Deno.test("numbers and values grow", () => {
  const numbers = new NumbersBuilder();
  const values = new ValuesBuilder();
  for (let i = 0; i < 200; i++) {
    numbers.add(i - 3);
    values.add(new Uint8Array(200).fill(i));
  }
  assert.equal(numbers.finish()[0], -3);
  assert.equal(numbers.finish().length, 200);
  values.truncate(30_000);
  values.truncate(40_000);
  const bytes = values.finish();
  assert.deepEqual([bytes.length, bytes.buffer.byteLength, bytes[29_999]], [30_000, 30_000, 149]);
  values.add(Uint8Array.of(7));
  assert.deepEqual([...values.finish()], [7]);
  assert.equal(bytes[0], 0);
  assert.equal(new ValuesBuilder().finish().length, 0);
});

Deno.test("uidsOfList() reads what group_concat writes", () => {
  assert.deepEqual([...uidsOfList("1,20,4294967295", 3)], [1, 20, 4294967295]);
  assert.deepEqual([...uidsOfList("7", 1)], [7]);
  assert.deepEqual([...uidsOfList("", 0)], []);
  assert.throws(() => uidsOfList("1,2", 3), RangeError);
});
