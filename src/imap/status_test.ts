import assert from "node:assert/strict";
import { concat, fromLatin1, utf8 } from "../base/bytes.ts";
import type { StatusItem } from "./command.ts";
import { parseCommand } from "./parse_command.ts";
import { ResponseWriter } from "./response_writer.ts";
import { type StatusValue, writeStatus } from "./status.ts";

const parse = (text: string) => parseCommand(utf8(`a ${text}`), { utf8: false, rev2: false }).command;

const accepted: [items: string, read: StatusItem[]][] = [
  ["(UIDNEXT MESSAGES)", ["UIDNEXT", "MESSAGES"]],
  ["(unseen Unseen)", ["UNSEEN"]],
  [
    "(SIZE DELETED RECENT UIDVALIDITY HIGHESTMODSEQ APPENDLIMIT MAILBOXID)",
    ["SIZE", "DELETED", "RECENT", "UIDVALIDITY", "HIGHESTMODSEQ", "APPENDLIMIT", "MAILBOXID"],
  ],
];
for (const [text, items] of accepted) {
  Deno.test(`STATUS reads ${text}`, () => {
    assert.deepEqual(parse(`STATUS blurdybloop ${text}`), { verb: "STATUS", mailbox: "blurdybloop", items });
  });
}

for (
  const text of ["STATUS", "STATUS x", "STATUS x ()", "STATUS x MESSAGES", "STATUS x (FOO)", "STATUS x (SIZE"]
) {
  Deno.test(`${text} is refused`, () => assert.throws(() => parse(text), SyntaxError));
}

const written: [mailbox: string, values: StatusValue[], line: string][] = [
  // RFC 9051 6.3.11
  ["blurdybloop", [["MESSAGES", 231], ["UIDNEXT", 44292]], "blurdybloop (MESSAGES 231 UIDNEXT 44292)"],
  ["a b", [["APPENDLIMIT", null], ["MAILBOXID", "F1"]], '"a b" (APPENDLIMIT NIL MAILBOXID (F1))'],
  ["ü", [["SIZE", 2 ** 40]], "&APw- (SIZE 1099511627776)"],
  ["x", [], "x ()"],
];
for (const [mailbox, values, line] of written) {
  Deno.test(`writeStatus() writes ${line}`, () => {
    const w = new ResponseWriter();
    writeStatus(w, mailbox, values);
    assert.equal(fromLatin1(concat(w.take())), `* STATUS ${line}\r\n`);
  });
}
