import assert from "node:assert/strict";
import { concat, fromUtf8, utf8 } from "../base/bytes.ts";
import { writeAcl, writeListRights, writeMyRights } from "./acl.ts";
import { parseCommand } from "./parse_command.ts";
import { ResponseWriter } from "./response_writer.ts";
import { allRights, ownersRights, parseRights } from "./rights.ts";
import type { SharingCommand } from "./sharing_command.ts";

const mode = { utf8: false, rev2: false };
const who = (written: string, name = written, negative = false) => ({ written, name, negative });

const accepted: [text: string, command: SharingCommand][] = [
  ["GETACL inbox", { verb: "GETACL", mailbox: "Inbox" }],
  ["getacl INBOX/Drafts", { verb: "GETACL", mailbox: "Inbox/Drafts" }],
  ["MYRIGHTS {5}\r\nInbox", { verb: "MYRIGHTS", mailbox: "Inbox" }],
  [
    "SetAcl INBOX/Drafts David lrswida",
    {
      verb: "SETACL",
      mailbox: "Inbox/Drafts",
      identifier: who("David"),
      mode: "replace",
      rights: parseRights("lrswiatea"),
    },
  ],
  [
    "SETACL INBOX/Drafts Chris +cda",
    {
      verb: "SETACL",
      mailbox: "Inbox/Drafts",
      identifier: who("Chris"),
      mode: "add",
      rights: parseRights("kxtea"),
    },
  ],
  [
    'SETACL a "-fred" -w',
    {
      verb: "SETACL",
      mailbox: "a",
      identifier: who("-fred", "fred", true),
      mode: "remove",
      rights: parseRights("w"),
    },
  ],
  [
    'SETACL a anyone ""',
    { verb: "SETACL", mailbox: "a", identifier: who("anyone"), mode: "replace", rights: 0 },
  ],
  [
    'SETACL a "u\u0308ber" "+"',
    { verb: "SETACL", mailbox: "a", identifier: who("u\u0308ber", "über"), mode: "add", rights: 0 },
  ],
  ["DeleteAcl INBOX Fred", { verb: "DELETEACL", mailbox: "Inbox", identifier: who("Fred") }],
  [
    "LISTRIGHTS ~/Mail/saved smith",
    { verb: "LISTRIGHTS", mailbox: "~/Mail/saved", identifier: who("smith") },
  ],
];
for (const [text, command] of accepted) {
  Deno.test(`parseCommand() reads ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseCommand(utf8(`a1 ${text}`), mode), { tag: "a1", command });
  });
}

const refused = [
  "SETACL INBOX/Drafts John lrQswicda", // RFC 4314 3.1
  "SETACL INBOX/Drafts John lrqswicda",
  "SETACL a b",
  "SETACL a b c d",
  "SETACL a b ++l",
  "SETACL a b l5",
  'SETACL a "" l',
  "SETACL a - l",
  'SETACL a "a\u0007" l',
  "SETACL a (b) l",
  "GETACL",
  "GETACL a b",
  "MYRIGHTS ",
  "MYRIGHTS a b",
  "DELETEACL a",
  "LISTRIGHTS a",
  "LISTRIGHTS a b c",
];
for (const text of refused) {
  Deno.test(`parseCommand() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseCommand(utf8(`a1 ${text}`), mode), SyntaxError);
  });
}

const written: [line: string, write: (w: ResponseWriter) => void][] = [
  [
    '* ACL INBOX Fred lrswipkxtecda "-Fred" wted'.replace('"-Fred"', "-Fred"),
    (w) =>
      writeAcl(w, "Inbox", [
        { identifier: "Fred", rights: allRights },
        { identifier: "-Fred", rights: parseRights("wetd") },
      ]),
  ],
  ["* MYRIGHTS INBOX lrs", (w) => writeMyRights(w, "Inbox", parseRights("lrs"))],
  ['* MYRIGHTS "a b" ""', (w) => writeMyRights(w, "a b", 0)],
  [
    '* LISTRIGHTS a anyone "" l r s w i p k x t e c d a',
    (w) => writeListRights(w, "a", "anyone", 0),
  ],
  [
    "* LISTRIGHTS a ann lra s w i p k x t e c d",
    (w) => writeListRights(w, "a", "ann", ownersRights),
  ],
];
for (const [line, write] of written) {
  Deno.test(`${line} is written`, () => {
    const w = new ResponseWriter();
    write(w);
    assert.equal(fromUtf8(concat(w.take())), `${line}\r\n`);
  });
}
