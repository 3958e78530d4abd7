import assert from "node:assert/strict";
import fc from "fast-check";
import { compileListPattern } from "./list_pattern.ts";

const cases: [pattern: string, matching: string[], others: string[]][] = [
  ["*", ["a", "a/b", "Inbox"], []],
  ["%", ["a", "Inbox"], ["a/b"]],
  ["a/%", ["a/b", "a/"], ["a", "a/b/c", "b/a"]],
  ["a/*", ["a/b", "a/b/c"], ["a", "ab"]],
  ["%/%", ["a/b"], ["a", "a/b/c"]],
  ["*b", ["b", "ab", "a/b", "bb"], ["a", "ba"]],
  ["a*b%c", ["abc", "a/b/bxc"], ["ab/c", "abcd"]],
  ["*%", ["a/b", "a"], []],
  ["foo", ["foo"], ["Foo", "foo/bar", "fo", ""]],
  ["", [""], ["a"]],
  ["inbox", ["Inbox"], ["INBOX/a", "Inboxes"]],
  ["InBoX/*", ["Inbox/a"], ["Inbox", "inboxes/a"]],
  ["i%", ["Inbox", "i"], ["Inbox/a", "I"]],
  ["*BOX", ["Inbox"], ["box"]],
  ["Inbox/A", ["Inbox/A"], ["Inbox/a"]],
];
for (const [pattern, matching, others] of cases) {
  Deno.test(`the pattern ${pattern || '""'} matches what it should`, () => {
    const matches = compileListPattern("", pattern);
    for (const name of matching) assert.ok(matches(name), name);
    for (const name of others) assert.ok(!matches(name), name);
  });
}

Deno.test("the pattern follows the reference", () => {
  const matches = compileListPattern("a/", "%");
  assert.deepEqual(["a/b", "b", "a/b/c"].map(matches), [true, false, false]);
});

Deno.test("patterns match as the regular expression does", () => {
  const chars = fc.array(fc.constantFrom("a", "b", "/"), { maxLength: 70 }).map((c) => c.join(""));
  const pattern = fc.array(fc.constantFrom("a", "b", "/", "*", "%", "aaaaaaaaaaaaaaaaaaaaa"), {
    maxLength: 9,
  })
    .map((c) => c.join(""));
  fc.assert(
    fc.property(pattern, chars, (pattern, name) => {
      const expression = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("%", "[^/]*")}$`);
      assert.equal(compileListPattern("", pattern)(name), expression.test(name));
    }),
    { numRuns: 500 },
  );
});

Deno.test("the worst pattern is quick", () => {
  const matches = compileListPattern("", "*a%".repeat(400) + "b");
  for (let i = 0; i < 20; i++) assert.ok(!matches("a".repeat(500)));
  assert.ok(!compileListPattern("", "a".repeat(20_000))("a"));
});
