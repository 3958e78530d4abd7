import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import type { Select } from "./command.ts";
import { parseCommand } from "./parse_command.ts";

const mode = { utf8: false, rev2: false };
const parse = (text: string) => parseCommand(utf8(`a ${text}`), mode).command;
const plain: Select = { verb: "SELECT", mailbox: "Inbox", condstore: false, qresync: null };

const accepted: [text: string, command: Select][] = [
  ["SELECT inbox", plain],
  ["EXAMINE blurdybloop", { ...plain, verb: "EXAMINE", mailbox: "blurdybloop" }],
  ["SELECT INBOX (CONDSTORE)", { ...plain, condstore: true }],
  // RFC 7162 3.2.5
  [
    "SELECT INBOX (QRESYNC (67890007 20050715194045000 41,43:211,214:541))",
    {
      ...plain,
      qresync: {
        uidValidity: 67890007,
        modSeq: Number.MAX_SAFE_INTEGER,
        knownUids: [41, 41, 43, 211, 214, 541],
        match: null,
      },
    },
  ],
  [
    "SELECT INBOX (QRESYNC (67890007 90060115 41:211 (1,3 41,43)) CONDSTORE)",
    {
      ...plain,
      condstore: true,
      qresync: {
        uidValidity: 67890007,
        modSeq: 90060115,
        knownUids: [41, 211],
        match: { numbers: [1, 1, 3, 3], uids: [41, 41, 43, 43] },
      },
    },
  ],
  [
    "SELECT INBOX (qresync (1 2 (1 5)))",
    {
      ...plain,
      qresync: { uidValidity: 1, modSeq: 2, knownUids: null, match: { numbers: [1, 1], uids: [5, 5] } },
    },
  ],
  [
    "SELECT INBOX (QRESYNC (1 2))",
    { ...plain, qresync: { uidValidity: 1, modSeq: 2, knownUids: null, match: null } },
  ],
];
for (const [text, command] of accepted) {
  Deno.test(`parseSelect() reads ${text}`, () => assert.deepEqual(parse(text), command));
}

const refused = [
  "SELECT",
  "SELECT ",
  "SELECT a b",
  "SELECT a ()",
  "SELECT a (FOO)",
  "SELECT a (QRESYNC)",
  "SELECT a (QRESYNC (0 1))",
  "SELECT a (QRESYNC (1 0))",
  "SELECT a (QRESYNC (1))",
  "SELECT a (QRESYNC (1 2 ))",
  "SELECT a (QRESYNC (1 2 1:*))",
  "SELECT a (QRESYNC (1 2 $))",
  "SELECT a (QRESYNC (1 2 1 (1,2 3)))",
  "SELECT a (QRESYNC (1 2) QRESYNC (1 2))",
  "SELECT a (QRESYNC (1 9223372036854775808))",
  "SELECT a(CONDSTORE)",
];
for (const text of refused) {
  Deno.test(`parseSelect() refuses ${text}`, () => assert.throws(() => parse(text), SyntaxError));
}
