import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import type { Store } from "./command.ts";
import { deleted, seen } from "./flags.ts";
import { parseCommand } from "./parse_command.ts";

const parse = (text: string) => parseCommand(utf8(`a ${text}`), { utf8: false, rev2: false }).command;
const plain: Store = {
  verb: "STORE",
  uid: false,
  set: { ranges: [2, 4], saved: false },
  mode: "add",
  silent: false,
  flags: { bits: deleted, keywords: [] },
  unchangedSince: null,
};

const accepted: [text: string, command: Store][] = [
  ["STORE 2:4 +FLAGS (\\Deleted)", plain],
  ["UID STORE 2:4 -flags.silent (\\Deleted)", { ...plain, uid: true, mode: "remove", silent: true }],
  ["STORE 2:4 FLAGS \\Seen \\Deleted x", {
    ...plain,
    mode: "replace",
    flags: { bits: seen | deleted, keywords: ["x"] },
  }],
  ["STORE 2:4 FLAGS ()", { ...plain, mode: "replace", flags: { bits: 0, keywords: [] } }],
  ["STORE 2:4 +FLAGS.SILENT \\Deleted", { ...plain, silent: true }],
  // RFC 7162 3.1.3
  ["STORE 2:4 (UNCHANGEDSINCE 12121230045) +FLAGS (\\Deleted)", { ...plain, unchangedSince: 12121230045 }],
  ["STORE 2:4 (unchangedsince 0) +FLAGS (\\Deleted)", { ...plain, unchangedSince: 0 }],
];
for (const [text, command] of accepted) {
  Deno.test(`${text} is read`, () => assert.deepEqual(parse(text), command));
}

const refused = [
  "STORE",
  "STORE 1",
  "STORE 1 FLAGS",
  "STORE 1 FLAGS ",
  "STORE 1 +FLAGS",
  "STORE 1 *FLAGS (x)",
  "STORE 1 +FLAG (x)",
  "STORE 1 constructor (x)",
  "STORE 1 +FLAGS (\\Foo)",
  "STORE 1 +FLAGS (x",
  "STORE 1 +FLAGS x)",
  "STORE 1 () +FLAGS (x)",
  "STORE 1 (UNCHANGEDSINCE) +FLAGS (x)",
  "STORE 1 (UNCHANGEDSINCE 1 UNCHANGEDSINCE 2) +FLAGS (x)",
  "STORE 1 (UNCHANGEDSINCE 9223372036854775808) +FLAGS (x)",
  "STORE 0 +FLAGS (x)",
];
for (const text of refused) {
  Deno.test(`${text} is refused`, () => assert.throws(() => parse(text), SyntaxError));
}
