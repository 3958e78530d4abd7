import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import type { Command } from "./command.ts";
import { CommandError } from "./command_error.ts";
import { maxNamedMailboxes } from "./multi_search.ts";
import { parseCommand } from "./parse_command.ts";

const parse = (text: string): Command =>
  parseCommand(utf8(`a ${text}`), { utf8: false, rev2: false }).command;

const sources: [text: string, sources: unknown][] = [
  ["", [{ filter: "selected" }]],
  ["IN (selected) ", [{ filter: "selected" }]],
  ["in (INBOXES personal Subscribed) ", [
    { filter: "inboxes" },
    { filter: "personal" },
    { filter: "subscribed" },
  ]],
  // RFC 7377 3
  ['IN (mailboxes "folder1" subtree "folder2") ', [
    { filter: "mailboxes", mailboxes: ["folder1"] },
    { filter: "subtree", mailboxes: ["folder2"] },
  ]],
  ["IN (subtree-one (a inbox Entw&APw-rfe)) ", [{
    filter: "subtree-one",
    mailboxes: ["a", "Inbox", "Entwürfe"],
  }]],
];
for (const [text, expected] of sources) {
  Deno.test(`ESEARCH ${text}UNSEEN is read`, () => {
    const command = parse(`ESEARCH ${text}UNSEEN`);
    assert.ok(command.verb === "ESEARCH");
    assert.deepEqual(command.sources, expected);
    assert.deepEqual(command.key, { key: "not", inner: { key: "flag", flag: "\\Seen" } });
    assert.equal(command.returns, null);
  });
}

Deno.test("ESEARCH has options and a charset as SEARCH has them", () => {
  const command = parse('ESEARCH IN (personal) RETURN (COUNT PARTIAL 1:5) CHARSET UTF-8 SUBJECT "x"');
  assert.ok(command.verb === "ESEARCH");
  assert.deepEqual([command.returns, command.partial], [["COUNT", "PARTIAL"], { from: 1, to: 5 }]);
  assert.deepEqual(command.key, { key: "header", field: "subject", text: "x" });
});

const refused = [
  "ESEARCH",
  "ESEARCH IN",
  "ESEARCH IN () ALL",
  "ESEARCH IN (selected)",
  "ESEARCH IN (selected)ALL",
  "ESEARCH IN (selected-delayed) ALL",
  "ESEARCH IN (all) ALL",
  "ESEARCH IN (mailboxes) ALL",
  "ESEARCH IN (mailboxes ()) ALL",
  "ESEARCH IN (subtree &) ALL",
  "ESEARCH IN (personal (scope)) ALL",
  "ESEARCH RETURN (ALL) IN (selected) ALL",
  "ESEARCH RETURN (RELEVANCY) ALL",
  "UID ESEARCH ALL",
  "CANCELUPDATE",
  "CANCELUPDATE a1",
  'CANCELUPDATE "a1" ',
  'CANCELUPDATE "a1""a2"',
];
for (const text of refused) {
  Deno.test(`${text} is refused`, () =>
    assert.throws(
      () => parse(text),
      (error) => error instanceof SyntaxError && !(error instanceof CommandError),
    ));
}

Deno.test("CANCELUPDATE names tags", () => {
  assert.deepEqual(parse('CANCELUPDATE "B01" "a\\"b"'), { verb: "CANCELUPDATE", tags: ["B01", 'a"b'] });
});

Deno.test("so many mailboxes can be named", () => {
  const named = (count: number) => parse(`ESEARCH IN (mailboxes (${Array(count).fill("m").join(" ")})) ALL`);
  named(maxNamedMailboxes);
  assert.throws(() => named(maxNamedMailboxes + 1), CommandError);
});
