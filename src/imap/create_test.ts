import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import type { Command } from "./command.ts";
import { CommandError } from "./command_error.ts";
import { parseCommand } from "./parse_command.ts";

const parse = (text: string) => parseCommand(utf8(`a ${text}`), { utf8: false, rev2: false }).command;

const accepted: [text: string, command: Command][] = [
  ["CREATE owatagusiam/", { verb: "CREATE", mailbox: "owatagusiam", specialUse: [] }],
  ["CREATE /", { verb: "CREATE", mailbox: "/", specialUse: [] }],
  ["CREATE MyDrafts (USE (\\Drafts))", { verb: "CREATE", mailbox: "MyDrafts", specialUse: ["\\Drafts"] }],
  ["CREATE x (use (\\sent \\JUNK \\Sent))", {
    verb: "CREATE",
    mailbox: "x",
    specialUse: ["\\Sent", "\\Junk"],
  }],
  ["CREATE x (USE ())", { verb: "CREATE", mailbox: "x", specialUse: [] }],
  ["CREATE x//", { verb: "CREATE", mailbox: "x/", specialUse: [] }],
  ["DELETE foo/", { verb: "DELETE", mailbox: "foo" }],
  ["SUBSCRIBE inbox/", { verb: "SUBSCRIBE", mailbox: "Inbox" }],
  ["RENAME foo/ bar/", { verb: "RENAME", from: "foo", to: "bar" }],
  ["DELETE foo/bar", { verb: "DELETE", mailbox: "foo/bar" }],
  ["SUBSCRIBE #news.comp.mail.mime", { verb: "SUBSCRIBE", mailbox: "#news.comp.mail.mime" }],
  ["UNSUBSCRIBE {5}\r\nINBOX", { verb: "UNSUBSCRIBE", mailbox: "Inbox" }],
  ["RENAME blurdybloop sarasoop", { verb: "RENAME", from: "blurdybloop", to: "sarasoop" }],
];
for (const [text, command] of accepted) {
  Deno.test(`${text} is read`, () => assert.deepEqual(parse(text), command));
}

const refused = [
  "CREATE",
  "CREATE x ()",
  "CREATE x (USE)",
  "CREATE x (USE (Sent))",
  "CREATE x (FOO (a))",
  "CREATE x y",
  "CREATE R&D",
  "DELETE",
  "RENAME x",
  "RENAME x y z",
];
for (const text of refused) {
  Deno.test(`${text} is refused`, () => assert.throws(() => parse(text), SyntaxError));
}

Deno.test("a use that no mailbox can have is USEATTR", () => {
  for (const use of ["\\All", "\\Flagged", "\\Foo"]) {
    assert.throws(
      () => parse(`CREATE x (USE (${use}))`),
      (error) => error instanceof CommandError && error.status === "NO" && error.code === "USEATTR",
    );
  }
});
