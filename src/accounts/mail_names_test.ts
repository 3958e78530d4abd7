import assert from "node:assert/strict";
import fc from "fast-check";
import { Refused } from "../base/errors.ts";
import {
  isBelow,
  mailboxName,
  mailboxNameOrNull,
  maxLevelBytes,
  maxLevels,
  maxNameBytes,
  parentsOf,
} from "./mail_names.ts";

const accepted: [given: string, name: string][] = [
  ["INBOX", "Inbox"],
  ["inbox", "Inbox"],
  ["iNbOx/Lists", "Inbox/Lists"],
  ["a/INBOX", "a/INBOX"],
  ["Inboxes", "Inboxes"],
  ["a/b/", "a/b"], // RFC 9051 6.3.4
  ["inbox/", "Inbox"],
  ["u\u0308ber", "über"],
  ["a#b", "a#b"],
  ["...", "..."],
  ["a b", "a b"],
  ["x".repeat(maxLevelBytes), "x".repeat(maxLevelBytes)],
  [Array(maxLevels).fill("l").join("/"), Array(maxLevels).fill("l").join("/")],
  ["\u{1F4EE}", "\u{1F4EE}"],
];
for (const [given, name] of accepted) {
  Deno.test(`mailboxName() takes ${JSON.stringify(given.slice(0, 30))}`, () => {
    assert.equal(mailboxName(given), name);
  });
}

const refused: [title: string, given: string][] = [
  ["nothing", ""],
  ["a separator alone", "/"],
  ["an empty first level", "/a"],
  ["an empty level", "a//b"],
  ["two separators at the end", "a//"],
  ["level .", "a/./b"],
  ["level ..", ".."],
  ["a namespace", "#shared"],
  ["NUL", "a\0b"],
  ["CR", "a\rb"],
  ["DEL", "a\x7f"],
  ["C1", "a\x85b"],
  ["line separator", "a\u2028b"],
  ["half a character", "a\ud800b"],
  ["a level too long", "x".repeat(maxLevelBytes + 1)],
  ["too long in octets", Array(6).fill("ü".repeat(100)).join("/")],
  ["too long in characters", "x/".repeat(maxNameBytes)],
  ["too many levels", Array(maxLevels + 1).fill("l").join("/")],
];
for (const [title, given] of refused) {
  Deno.test(`mailboxName() refuses ${title}`, () => {
    assert.throws(
      () => mailboxName(given),
      (error) => error instanceof Refused && error.reason === "badName",
    );
    assert.equal(mailboxNameOrNull(given), null);
  });
}

Deno.test("a name is its own spelling", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (given) => {
    const name = mailboxNameOrNull(given);
    if (name !== null) assert.equal(mailboxName(name), name);
  }));
});

Deno.test("parentsOf() and isBelow() know the levels", () => {
  assert.deepEqual(parentsOf("a/b/c"), ["a", "a/b"]);
  assert.deepEqual(parentsOf("a"), []);
  assert.equal(isBelow("a/b", "a"), true);
  assert.equal(isBelow("ab", "a"), false);
  assert.equal(isBelow("a", "a"), false);
});
