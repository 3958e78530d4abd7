import assert from "node:assert/strict";
import { latin1, noBytes, utf8 } from "../base/bytes.ts";
import type { Command } from "./command.ts";
import { CommandError } from "./command_error.ts";
import { maxIdFields } from "./id.ts";
import { isVerb, parseCommand, readHead } from "./parse_command.ts";

const mode = { utf8: false, rev2: false };
const set = (...ranges: number[]) => ({ ranges, saved: false });

const accepted: [text: string, command: Command][] = [
  ["CAPABILITY", { verb: "CAPABILITY" }],
  ["noop", { verb: "NOOP" }],
  ["Logout", { verb: "LOGOUT" }],
  ["STARTTLS", { verb: "STARTTLS" }],
  ["NAMESPACE", { verb: "NAMESPACE" }],
  ["IDLE", { verb: "IDLE" }],
  ["CHECK", { verb: "CHECK" }],
  ["CLOSE", { verb: "CLOSE" }],
  ["UNSELECT", { verb: "UNSELECT" }],
  ["UNAUTHENTICATE", { verb: "UNAUTHENTICATE" }],
  ["ID NIL", { verb: "ID", fields: null }],
  ["ID ()", { verb: "ID", fields: [] }],
  ['ID ("name" "sodr" "x" NIL)', { verb: "ID", fields: [["name", "sodr"], ["x", null]] }],
  ["LOGIN SMITH SESAME", { verb: "LOGIN", user: "SMITH", password: "SESAME" }],
  ["LOGIN {5}\r\nSMITH {6+}\r\nSESAME", { verb: "LOGIN", user: "SMITH", password: "SESAME" }],
  ['LOGIN "é" "a\\"b c"', { verb: "LOGIN", user: "é", password: 'a"b c' }],
  ["AUTHENTICATE plain", { verb: "AUTHENTICATE", mechanism: "PLAIN", initialResponse: null }],
  ["AUTHENTICATE EXTERNAL =", { verb: "AUTHENTICATE", mechanism: "EXTERNAL", initialResponse: noBytes }],
  [
    "AUTHENTICATE PLAIN dGVzdAB0ZXN0AHRlc3Q=", // RFC 4959 4
    { verb: "AUTHENTICATE", mechanism: "PLAIN", initialResponse: latin1("test\0test\0test") },
  ],
  ["COMPRESS DEFLATE", { verb: "COMPRESS", algorithm: "DEFLATE" }], // RFC 4978 3
  ["compress deflate", { verb: "COMPRESS", algorithm: "DEFLATE" }],
  ["ENABLE condstore X-GOOD", { verb: "ENABLE", capabilities: ["CONDSTORE", "X-GOOD"] }],
  ["EXPUNGE", { verb: "EXPUNGE", uids: null }],
  ["UID EXPUNGE 3000:3002", { verb: "EXPUNGE", uids: set(3000, 3002) }],
  ["COPY 2:4 MEETING", { verb: "COPY", uid: false, set: set(2, 4), mailbox: "MEETING" }],
  ['uid move 42:69 "foo"', { verb: "MOVE", uid: true, set: set(42, 69), mailbox: "foo" }],
  ["COPY $ Inbox", { verb: "COPY", uid: false, set: { ranges: [], saved: true }, mailbox: "Inbox" }],
  ["MOVE * inbox/x", { verb: "MOVE", uid: false, set: set(Infinity, Infinity), mailbox: "Inbox/x" }],
];
for (const [text, command] of accepted) {
  Deno.test(`parseCommand() reads ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseCommand(utf8(`a1 ${text}`), mode), { tag: "a1", command });
  });
}

const refused = [
  "",
  "a",
  "a ",
  " NOOP",
  "a  NOOP",
  "a NOOP ",
  "a NOOP x",
  "+ NOOP",
  "a+ NOOP",
  "a FOO",
  "a UID",
  "a UID NOOP",
  "a UID  FETCH 1 UID",
  "a LOGIN",
  "a LOGIN x",
  "a LOGIN x ",
  "a LOGIN x y z",
  "a LOGIN x\ty",
  'a LOGIN x "y',
  "a LOGIN (x) y",
  "a AUTHENTICATE",
  "a AUTHENTICATE PLAIN ",
  "a AUTHENTICATE PLAIN a",
  "a AUTHENTICATE PLAIN YQ",
  "a AUTHENTICATE PLAIN = x",
  "a COMPRESS",
  "a COMPRESS ",
  "a COMPRESS GZIP",
  'a COMPRESS "DEFLATE"',
  "a COMPRESS DEFLATE 9",
  "a ENABLE",
  "a ENABLE ",
  "a ENABLE (X)",
  "a ID",
  "a ID x",
  "a ID (name sodr)",
  'a ID ("name")',
  'a ID ("name" "x" )',
  "a COPY 0 x",
  "a COPY 1",
  "a COPY x",
  "a UID EXPUNGE",
  "a EXPUNGE 1",
  "a APPEND INBOX",
  "a APPEND INBOX x",
  "a NOOP\r\n",
  "a\0 NOOP",
  "a NOOP\0",
];
for (const text of refused) {
  Deno.test(`parseCommand() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseCommand(utf8(text), mode), (error) => {
      return error instanceof SyntaxError && !(error instanceof CommandError);
    });
  });
}

Deno.test("ID has at most so many fields", () => {
  const fields = (count: number) => utf8(`a ID (${Array(count).fill('"a" "b"').join(" ")})`);
  parseCommand(fields(maxIdFields), mode);
  assert.throws(() => parseCommand(fields(maxIdFields + 1), mode), SyntaxError);
});

Deno.test("the result shares no memory with the command", () => {
  const bytes = utf8("a AUTHENTICATE X YWJj");
  const { command } = parseCommand(bytes, mode);
  bytes.fill(0);
  assert.deepEqual(command, { verb: "AUTHENTICATE", mechanism: "X", initialResponse: latin1("abc") });
});

const heads: [text: string, tag: string | null, verb: string | null][] = [
  ["a NOOP", "a", "NOOP"],
  ["a uid fetch 1", "a", "FETCH"],
  ["a foo (", "a", "FOO"],
  ["a", "a", null],
  ["a ", "a", null],
  ["a (", "a", null],
  ["", null, null],
  ["a\0", null, null],
  ["+ x", null, null],
  ["* x", null, null],
  ["é NOOP", null, null],
];
for (const [text, tag, verb] of heads) {
  Deno.test(`readHead() of ${JSON.stringify(text)}`, () => {
    assert.deepEqual(readHead(utf8(text)), { tag, verb });
  });
}

Deno.test("isVerb() knows commands only", () => {
  assert.deepEqual(["FETCH", "APPEND", "UID", "FOO", "constructor"].map(isVerb), [
    true,
    true,
    false,
    false,
    false,
  ]);
});
