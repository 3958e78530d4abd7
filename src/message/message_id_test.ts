import assert from "node:assert/strict";
import { firstMessageId, maxMessageIdLength, messageIds } from "./message_id.ts";
import { maxReferences } from "./message_index.ts";

const firsts: [raw: string, id: string | null][] = [
  ["<1234@local.machine.example>", "1234@local.machine.example"],
  ["comment <a@b> <c@d>", "a@b"],
  ['<"01KF8JCEOCBS0045PS"@xxx.yyy.com>', "01KF8JCEOCBS0045PS@xxx.yyy.com"],
  ['<"a\\"b"@c>', 'a"b@c'],
  ["< a@\tb >", "a@b"],
  ["<<a@b>>", "a@b"],
  ["<1234   @   local(blah)  .machine .example>", "1234@local.machine.example"],
  ["<no-at-sign>", "no-at-sign"],
  ["a@b", "a@b"],
  ["<\xc3\xbc@b>", "ü@b"],
  ["", null],
  ["<>", null],
  ["<a@b", null],
  ["two words", null],
  [`<${"a".repeat(maxMessageIdLength + 1)}>`, null],
];
for (const [raw, id] of firsts) {
  Deno.test(`firstMessageId() of ${raw.slice(0, 40)}`, () => assert.equal(firstMessageId(raw), id));
}

Deno.test("references keep their order, each once, and the newest", () => {
  assert.deepEqual(messageIds("<a@b><c@d> x <e@f>, <a@b>"), ["c@d", "e@f", "a@b"]);
  assert.deepEqual(messageIds("nothing"), []);
  const ids = messageIds(Array.from({ length: 100_000 }, (_, i) => `<${i}@x>`).join(" "));
  assert.equal(ids.length, maxReferences);
  assert.equal(ids.at(-1), "99999@x");
  assert.equal(ids[0], `${100_000 - maxReferences}@x`);
});

Deno.test("brackets that do not pair are read in linear time", () => {
  assert.deepEqual(messageIds("<".repeat(1_000_000)), []);
  assert.deepEqual(messageIds(`<${"(".repeat(900)}>`.repeat(1000)).length, 1);
  assert.deepEqual(messageIds(`${"<".repeat(500_000)}${">".repeat(500_000)}`), []);
});

for (const blank of ["\v", "\f", "\0", "\u00c2\u00a0", "\u00e2\u0080\u00a8", '"\v"@x']) {
  Deno.test(`no blank of any kind is left in an identifier: ${JSON.stringify(blank)}`, () => {
    // Identifiers are kept joined by spaces.
    for (const id of messageIds(`<a${blank}b@x> <"a${blank.replaceAll('"', "")}b"@x>`)) {
      assert.doesNotMatch(id, /[\s\0]/);
    }
    assert.doesNotMatch(firstMessageId(`<a${blank}b@x>`) ?? "", /[\s\0]/);
  });
}
