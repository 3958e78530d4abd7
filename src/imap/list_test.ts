import assert from "node:assert/strict";
import { concat, fromLatin1, utf8 } from "../base/bytes.ts";
import type { List } from "./command.ts";
import { CommandError } from "./command_error.ts";
import { type ListResponse, maxListPatterns, writeList } from "./list.ts";
import { parseCommand } from "./parse_command.ts";
import { ResponseWriter } from "./response_writer.ts";

const parse = (text: string) => parseCommand(utf8(`a ${text}`), { utf8: false, rev2: false }).command;
const plain: List = {
  verb: "LIST",
  extended: false,
  select: [],
  reference: "",
  patterns: ["*"],
  returns: [],
  status: null,
  metadata: null,
};

const accepted: [text: string, command: List][] = [
  ['LIST "" *', plain],
  ['LIST "" ""', { ...plain, patterns: [""] }],
  ["LIST ~/Mail/ %/&APw-", { ...plain, reference: "~/Mail/", patterns: ["%/ü"] }],
  // RFC 9051 6.3.9.6
  ['LIST (SUBSCRIBED) "" "*"', { ...plain, extended: true, select: ["SUBSCRIBED"] }],
  ['LIST () "" "*" RETURN (CHILDREN)', { ...plain, extended: true, returns: ["CHILDREN"] }],
  [
    'LIST (SUBSCRIBED RECURSIVEMATCH) "" "*" RETURN (CHILDREN Subscribed)',
    {
      ...plain,
      extended: true,
      select: ["SUBSCRIBED", "RECURSIVEMATCH"],
      returns: ["CHILDREN", "SUBSCRIBED"],
    },
  ],
  [
    'LIST "" (INBOX "Drafts" "Sent/%")',
    { ...plain, extended: true, patterns: ["INBOX", "Drafts", "Sent/%"] },
  ],
  ['LIST (REMOTE) "" ()', { ...plain, extended: true, select: ["REMOTE"], patterns: [] }],
  // RFC 5819 2
  [
    'LIST "" % RETURN (STATUS (MESSAGES UNSEEN) CHILDREN)',
    {
      ...plain,
      extended: true,
      patterns: ["%"],
      returns: ["CHILDREN"],
      status: ["MESSAGES", "UNSEEN"],
    },
  ],
  // RFC 6154 5.2, 5.3
  [
    'LIST (SPECIAL-USE) "" "*" RETURN (SPECIAL-USE)',
    { ...plain, extended: true, select: ["SPECIAL-USE"], returns: ["SPECIAL-USE"] },
  ],
  ['LIST "" * RETURN ()', { ...plain, extended: true }],
  // Not modified UTF-7: no name matches. RFC 9051 6.3.9
  ['LIST "" &*', { ...plain, patterns: [] }],
  ["LIST &bad *", { ...plain, patterns: [] }],
  ['LIST &bad ""', { ...plain, patterns: [""] }],
  ['LIST "" (a &bad b)', { ...plain, extended: true, patterns: ["a", "b"] }],
];
for (const [text, command] of accepted) {
  Deno.test(`${text} is read`, () => assert.deepEqual(parse(text), command));
}

const refused = [
  "LIST",
  'LIST ""',
  'LIST "" * x',
  'LIST "" * RETURN',
  'LIST "" * RETURN CHILDREN',
  'LIST "" * RETURN (FOO)',
  'LIST "" * RETURN (STATUS)',
  'LIST "" * RETURN (STATUS ())',
  'LIST (RECURSIVEMATCH) "" *', // RFC 9051 6.3.9
  'LIST (REMOTE RECURSIVEMATCH) "" *',
  'LIST (FOO) "" *',
  'LIST "" (a',
  "LSUB",
  'LSUB "" (a)',
  'LSUB "" * x',
];
for (const text of refused) {
  Deno.test(`${text} is refused`, () => assert.throws(() => parse(text), SyntaxError));
}

Deno.test("LSUB is read", () => {
  assert.deepEqual(parse('LSUB "#news." "comp.mail.*"'), {
    verb: "LSUB",
    reference: "#news.",
    pattern: "comp.mail.*",
  });
});

Deno.test("LSUB of what is not modified UTF-7 matches nothing", () => {
  for (const text of ['LSUB "" &bad', "LSUB &bad *"]) {
    assert.deepEqual(parse(text), { verb: "LSUB", reference: "", pattern: null });
  }
  assert.deepEqual(parse('LSUB &bad ""'), { verb: "LSUB", reference: "", pattern: "" });
});

Deno.test("LIST has at most so many patterns", () => {
  const patterns = (count: number) => `LIST "" (${Array(count).fill("a").join(" ")})`;
  parse(patterns(maxListPatterns));
  assert.throws(() => parse(patterns(maxListPatterns + 1)), CommandError);
});

const written: [line: ListResponse, text: string][] = [
  [{ attributes: ["\\HasNoChildren", "\\Sent"], mailbox: "Sent" }, '(\\HasNoChildren \\Sent) "/" Sent'],
  [{ attributes: ["\\Noselect"], mailbox: "" }, '(\\Noselect) "/" ""'],
  [{ attributes: [], mailbox: "R&D (ü)" }, '() "/" "R&-D (&APw-)"'],
  [
    { attributes: [], mailbox: "foo", childInfo: ["SUBSCRIBED"] },
    '() "/" foo ("CHILDINFO" ("SUBSCRIBED"))', // RFC 5258 3.5
  ],
  [{ attributes: [], mailbox: "Inbox", oldName: "a b" }, '() "/" INBOX ("OLDNAME" ("a b"))'],
  [
    { attributes: [], mailbox: "x", childInfo: ["SUBSCRIBED"], oldName: "y" },
    '() "/" x ("CHILDINFO" ("SUBSCRIBED") "OLDNAME" (y))',
  ],
];
for (const [line, text] of written) {
  Deno.test(`writeList() writes ${text}`, () => {
    const w = new ResponseWriter();
    writeList(w, line);
    writeList(w, line, "LSUB");
    assert.equal(fromLatin1(concat(w.take())), `* LIST ${text}\r\n* LSUB ${text}\r\n`);
  });
}
