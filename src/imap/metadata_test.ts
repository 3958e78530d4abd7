import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, concat, fromLatin1, utf8 } from "../base/bytes.ts";
import { CommandReader } from "./command_reader.ts";
import {
  canHaveValue,
  isPrivate,
  maxEntryNameBytes,
  maxMetadataEntries,
  writeMetadata,
  writeMetadataChanged,
} from "./metadata.ts";
import { parseCommand } from "./parse_command.ts";
import { ResponseWriter } from "./response_writer.ts";
import type { EntryValue, SharingCommand } from "./sharing_command.ts";

const mode = { utf8: false, rev2: false };
const get = (mailbox: string | null, entries: string[], given: object = {}) =>
  ({ verb: "GETMETADATA", mailbox, entries, maxSize: null, depth: 0, ...given }) as SharingCommand;

// RFC 5464 4.2, 4.3
const accepted: [text: string, command: SharingCommand][] = [
  ['GETMETADATA "" /shared/comment', get(null, ["/shared/comment"])],
  ['GETMETADATA "INBOX" /private/comment', get("Inbox", ["/private/comment"])],
  [
    'GETMETADATA "INBOX" (/shared/comment /private/comment)',
    get("Inbox", ["/shared/comment", "/private/comment"]),
  ],
  [
    'GETMETADATA "INBOX" (MAXSIZE 1024) (/shared/comment /private/comment)',
    get("Inbox", ["/shared/comment", "/private/comment"], { maxSize: 1024 }),
  ],
  [
    'GETMETADATA "INBOX" (DEPTH 1) (/private/filters/values)',
    get("Inbox", ["/private/filters/values"], { depth: 1 }),
  ],
  [
    "getmetadata (maxsize 5 depth Infinity) a /PRIVATE",
    get("a", ["/private"], { maxSize: 5, depth: Infinity }),
  ],
  [
    'GETMETADATA "INBOX" /private/comment /shared/comment', // RFC 5464 4.4.1
    get("Inbox", ["/private/comment", "/shared/comment"]),
  ],
  ['GETMETADATA a ("/shared/a b")', get("a", ["/shared/a b"])],
  [
    "SETMETADATA INBOX (/private/comment {33}\r\nMy new comment across\r\ntwo lines.)",
    {
      verb: "SETMETADATA",
      mailbox: "Inbox",
      values: [["/private/comment", utf8("My new comment across\r\ntwo lines.")]],
    },
  ],
  [
    "SETMETADATA INBOX (/private/comment NIL)",
    { verb: "SETMETADATA", mailbox: "Inbox", values: [["/private/comment", null]] },
  ],
  [
    'SETMETADATA "" (/private/vendor/x/y "a" /shared/Comment ~{2}\r\n\0b)',
    {
      verb: "SETMETADATA",
      mailbox: null,
      values: [["/private/vendor/x/y", utf8("a")], ["/shared/comment", utf8("\0b")]],
    },
  ],
];
for (const [text, command] of accepted) {
  Deno.test(`parseCommand() reads ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseCommand(utf8(`a1 ${text}`), mode), { tag: "a1", command });
  });
}

const refused = [
  "GETMETADATA",
  "GETMETADATA a",
  "GETMETADATA a ()",
  "GETMETADATA a (DEPTH 1)",
  "GETMETADATA a (DEPTH 2) /shared/a",
  "GETMETADATA a (DEPTH 1 DEPTH 1) /shared/a",
  "GETMETADATA a (MAXSIZE) /shared/a",
  "GETMETADATA a (MAXSIZE -1) /shared/a",
  "GETMETADATA a (SIZE 1) /shared/a",
  "GETMETADATA (DEPTH 1) a (DEPTH 1) /shared/a",
  "GETMETADATA a /comment",
  "GETMETADATA a comment",
  "GETMETADATA a /shared//a",
  "GETMETADATA a /shared/a/",
  "GETMETADATA a /shared/",
  'GETMETADATA a "/shared/a*"',
  'GETMETADATA a "/shared/a%"',
  'GETMETADATA a "/shared/ä"',
  'GETMETADATA a "/shared/a\u0001"',
  `GETMETADATA a /shared/${"a".repeat(maxEntryNameBytes)}`,
  `GETMETADATA a (${Array.from({ length: maxMetadataEntries + 1 }, (_, i) => `/shared/${i}`).join(" ")})`,
  "SETMETADATA a",
  "SETMETADATA a ()",
  'SETMETADATA a /shared/a "x"',
  "SETMETADATA a (/shared/a)",
  "SETMETADATA a (/shared/a x)",
  "SETMETADATA a (/shared/a {2}\r\n\0b)",
  'SETMETADATA a (/shared/a "x" /SHARED/A "y")',
  'SETMETADATA a (/shared/a "x" /shared/b)',
];
for (const text of refused) {
  Deno.test(`parseCommand() refuses ${JSON.stringify(text.slice(0, 70))}`, () => {
    assert.throws(() => parseCommand(utf8(`a1 ${text}`), mode), SyntaxError);
  });
}

Deno.test("a literal8 is taken for the value of an annotation, and for nothing else", () => {
  const events = (text: string) => {
    const reader = new CommandReader();
    reader.push(utf8(text));
    const kinds: string[] = [];
    for (let event = reader.next(); event !== null; event = reader.next()) kinds.push(event.kind);
    return kinds;
  };
  assert.deepEqual(events("a SETMETADATA a (/shared/a ~{2+}\r\n\0b)\r\n"), ["literal", "command"]);
  assert.deepEqual(events("a CREATE ~{2+}\r\n\0b\r\n"), ["error"]);
});

const values: [entry: string, can: boolean][] = [
  ["/shared", false],
  ["/private", false],
  ["/shared/comment", true],
  ["/private/vendor", false],
  ["/private/vendor/x", false],
  ["/private/vendor/x/y", true],
  ["/private/filters/values/boss", true],
];
for (const [entry, can] of values) {
  Deno.test(`${entry} can ${can ? "" : "not "}have a value`, () => {
    assert.equal(canHaveValue(entry), can);
    assert.equal(isPrivate(entry), entry.startsWith("/private"));
  });
}

function written(write: (w: ResponseWriter) => void): string {
  const w = new ResponseWriter();
  write(w);
  return fromLatin1(concat(w.take()));
}

const lines: [line: string, write: (w: ResponseWriter) => void][] = [
  [
    '* METADATA "" (/shared/comment "Shared comment")\r\n',
    (w) => writeMetadata(w, null, [["/shared/comment", utf8("Shared comment")]]),
  ],
  [
    '* METADATA INBOX (/shared/a NIL "/shared/a b" {4}\r\na\r\nb)\r\n',
    (w) => writeMetadata(w, "Inbox", [["/shared/a", null], ["/shared/a b", utf8("a\r\nb")]]),
  ],
  [
    "* METADATA INBOX (/shared/a ~{2}\r\n\0b)\r\n",
    (w) => writeMetadata(w, "Inbox", [["/shared/a", utf8("\0b")]]),
  ],
  ["", (w) => writeMetadata(w, "Inbox", [])],
  ['* METADATA "" /shared/comment\r\n', (w) => writeMetadataChanged(w, null, ["/shared/comment"])],
  [
    "* METADATA INBOX /shared/comment /private/comment\r\n", // RFC 5464 4.4.2
    (w) => writeMetadataChanged(w, "Inbox", ["/shared/comment", "/private/comment"]),
  ],
];
for (const [line, write] of lines) {
  Deno.test(`${JSON.stringify(line)} is written`, () => assert.equal(written(write), line));
}

Deno.test("whatever octets a value has, what is written of it is read as the same", () => {
  const entry = fc.constantFrom("/shared/comment", "/private/vendor/x/y", "/shared/a b", '/shared/"\\');
  const value = fc.option(
    fc.oneof(
      fc.uint8Array({ maxLength: 30 }).map((octets): Bytes => Uint8Array.from(octets)),
      fc.string({ maxLength: 30 }).map(utf8),
    ),
  );
  const pairs = fc.uniqueArray(fc.tuple(entry, value), { selector: ([name]) => name, minLength: 1 });
  fc.assert(fc.property(pairs, (values: EntryValue[]) => {
    const w = new ResponseWriter();
    writeMetadata(w, "Inbox", values);
    const response = concat(w.take());
    const command = concat([utf8("a SET"), response.subarray(2, response.length - 2)]);
    assert.deepEqual(parseCommand(command, mode).command, { verb: "SETMETADATA", mailbox: "Inbox", values });
  }));
});
