import assert from "node:assert/strict";
import { concat, fromLatin1 } from "../base/bytes.ts";
import { writeId } from "./id.ts";
import {
  formatCode,
  type ResponseCode,
  uidFetchBegin,
  writeCapability,
  writeCondition,
  writeContinue,
  writeCount,
  writeEnabled,
  writeFetchFlags,
  writeFlags,
  writeNamespace,
  writeVanished,
} from "./response.ts";
import { ResponseWriter } from "./response_writer.ts";

const codes: [code: ResponseCode, text: string][] = [
  ["READ-ONLY", "READ-ONLY"],
  [{ code: "CAPABILITY", capabilities: ["IMAP4rev2", "IDLE"] }, "CAPABILITY IMAP4rev2 IDLE"],
  [{ code: "PERMANENTFLAGS", flags: ["\\Deleted", "\\*"] }, "PERMANENTFLAGS (\\Deleted \\*)"],
  [{ code: "UIDVALIDITY", value: 3857529045 }, "UIDVALIDITY 3857529045"],
  // RFC 4315 3
  [{ code: "APPENDUID", uidValidity: 38505, uids: [3955, 3955] }, "APPENDUID 38505 3955"],
  [
    { code: "COPYUID", uidValidity: 38505, from: [304, 304, 319, 320], to: [3956, 3958] },
    "COPYUID 38505 304,319:320 3956:3958",
  ],
  [{ code: "MODIFIED", set: [7, 7, 9, 9] }, "MODIFIED 7,9"], // RFC 7162 3.1.3
  [{ code: "MESSAGELIMIT", limit: 1000, lowest: 23221 }, "MESSAGELIMIT 1000 23221"], // RFC 9738 3.1
  [{ code: "MESSAGELIMIT", limit: 1000, lowest: null }, "MESSAGELIMIT 1000"],
  [{ code: "MAILBOXID", id: "F2212ea87" }, "MAILBOXID (F2212ea87)"], // RFC 8474 4.1
];
for (const [code, text] of codes) {
  Deno.test(`formatCode() writes ${text}`, () => assert.equal(formatCode(code), text));
}

const lines: [line: string, write: (w: ResponseWriter) => void][] = [
  ["a1 OK [READ-WRITE] done", (w) => writeCondition(w, "a1", "OK", "READ-WRITE", "done")],
  ["* BAD expected a tag", (w) => writeCondition(w, null, "BAD", null, "expected a tag")],
  ["+ idling", (w) => writeContinue(w, "idling")],
  ["+ ", (w) => writeContinue(w, "")],
  ["* CAPABILITY IMAP4rev1 IDLE", (w) => writeCapability(w, ["IMAP4rev1", "IDLE"])],
  ["* ENABLED", (w) => writeEnabled(w, [])],
  ["* ENABLED CONDSTORE", (w) => writeEnabled(w, ["CONDSTORE"])],
  ["* FLAGS (\\Seen \\Deleted a b)", (w) => writeFlags(w, 9, ["a", "b"])],
  ["* 23 EXISTS", (w) => writeCount(w, 23, "EXISTS")],
  ["* VANISHED 405,407", (w) => writeVanished(w, [405, 405, 407, 407], false)],
  ["* VANISHED (EARLIER) 300:310", (w) => writeVanished(w, [300, 310], true)],
  ['* NAMESPACE (("" "/")) (("Other Users/" "/")) NIL', (w) => writeNamespace(w)],
  ['* ID ("name" "mailden" "x" "a\\"b")', (w) => writeId(w, [["name", "mailden"], ["x", 'a"b']])],
  ["* 1 FETCH (FLAGS (\\Seen))", (w) => writeFetchFlags(w, 1, null, 1, "", false, null)],
  [
    "* 12 FETCH (UID 34 FLAGS (\\Seen x \\Recent) MODSEQ (624140003))",
    (w) => writeFetchFlags(w, 12, 34, 1, "x", true, 624140003),
  ],
  // RFC 9586 3.3, 3.7
  [
    "* 25996 UIDFETCH (FLAGS (\\Seen) MODSEQ (5))",
    (w) => writeFetchFlags(w, 25996, null, 1, "", false, 5, uidFetchBegin),
  ],
];
for (const [line, write] of lines) {
  Deno.test(`${line} is written`, () => {
    const w = new ResponseWriter();
    write(w);
    assert.equal(fromLatin1(concat(w.take())), `${line}\r\n`);
  });
}

Deno.test("writeVanished() writes nothing for no UIDs", () => {
  const w = new ResponseWriter();
  writeVanished(w, [], false);
  assert.equal(w.length, 0);
});
