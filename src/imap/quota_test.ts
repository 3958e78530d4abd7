import assert from "node:assert/strict";
import { concat, fromUtf8, utf8 } from "../base/bytes.ts";
import { parseCommand } from "./parse_command.ts";
import { maxQuotaResources, writeQuota, writeQuotaRoot } from "./quota.ts";
import { ResponseWriter } from "./response_writer.ts";
import type { SharingCommand } from "./sharing_command.ts";

const mode = { utf8: false, rev2: false };

const accepted: [text: string, command: SharingCommand][] = [
  ['GETQUOTA "!partition/sda4"', { verb: "GETQUOTA", root: "!partition/sda4" }], // RFC 9208 4.1.1
  ['GETQUOTA ""', { verb: "GETQUOTA", root: "" }],
  ["GETQUOTAROOT inbox", { verb: "GETQUOTAROOT", mailbox: "Inbox" }],
  ['SETQUOTA "#user/alice" (STORAGE 510)', { verb: "SETQUOTA", root: "#user/alice" }],
  ["setquota x (storage 0 MESSAGE 9223372036854775807)", { verb: "SETQUOTA", root: "x" }],
  ["SETQUOTA x ()", { verb: "SETQUOTA", root: "x" }],
];
for (const [text, command] of accepted) {
  Deno.test(`parseCommand() reads ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseCommand(utf8(`a1 ${text}`), mode), { tag: "a1", command });
  });
}

const refused = [
  "GETQUOTA",
  "GETQUOTA a b",
  "GETQUOTAROOT",
  "SETQUOTA a",
  "SETQUOTA a STORAGE 5",
  "SETQUOTA a (STORAGE)",
  "SETQUOTA a (STORAGE x)",
  "SETQUOTA a (STORAGE -1)",
  "SETQUOTA a (STORAGE 9223372036854775808)",
  `SETQUOTA a (${Array(maxQuotaResources + 1).fill("X 1").join(" ")})`,
];
for (const text of refused) {
  Deno.test(`parseCommand() refuses ${JSON.stringify(text.slice(0, 60))}`, () => {
    assert.throws(() => parseCommand(utf8(`a1 ${text}`), mode), SyntaxError);
  });
}

const written: [line: string, write: (w: ResponseWriter) => void][] = [
  [
    '* QUOTA "#user/alice" (STORAGE 54 111 MESSAGE 42 1000)', // RFC 9208 4.1.3
    (w) =>
      writeQuota(w, "#user/alice", { used: 53 * 1024 + 1, limit: 111 * 1024 + 5 }, { used: 42, limit: 1000 }),
  ],
  [
    '* QUOTA "#user/alice" (MESSAGE 0 0)',
    (w) => writeQuota(w, "#user/alice", { used: 1, limit: null }, { used: 0, limit: 0 }),
  ],
  [
    '* QUOTA "#user/alice" ()',
    (w) => writeQuota(w, "#user/alice", { used: 1, limit: null }, { used: 1, limit: null }),
  ],
  ['* QUOTAROOT "a b" "#user/alice"', (w) => writeQuotaRoot(w, "a b", "#user/alice")],
  ['* QUOTAROOT "a b"', (w) => writeQuotaRoot(w, "a b", null)],
];
for (const [line, write] of written) {
  Deno.test(`${line} is written`, () => {
    const w = new ResponseWriter();
    write(w);
    assert.equal(fromUtf8(concat(w.take())), `${line}\r\n`);
  });
}
