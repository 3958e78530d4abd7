import assert from "node:assert/strict";
import { latin1, utf8 } from "../base/bytes.ts";
import {
  canonicalMailboxName,
  decodeMailboxName,
  encodeMailboxName,
  mailboxNameProblem,
  maxMailboxLevels,
  maxMailboxNameLength,
  readMailbox,
} from "./mailbox_name.ts";
import { Scanner } from "./scanner.ts";

const rev1 = { utf8: false, rev2: false };
const rev2 = { utf8: false, rev2: true };

Deno.test("readMailbox() decodes as the mode says", () => {
  const read = (wire: string, mode = rev1) => readMailbox(new Scanner(utf8(wire)), mode);
  assert.equal(read("Entw&APw-rfe"), "Entwürfe");
  assert.equal(read("R&-D"), "R&D");
  assert.equal(read('"Entwürfe & mehr"'), "Entwürfe & mehr"); // UTF-8 before it is enabled
  assert.equal(read("R&-D", rev2), "R&-D");
  assert.equal(read('"Entwürfe"', { utf8: true, rev2: false }), "Entwürfe");
  assert.equal(read('"Entwu\u0308rfe"', rev2), "Entwürfe"); // NFC
  assert.throws(() => read("R&D"), SyntaxError);
  assert.throws(() => decodeMailboxName(latin1("\xe9"), rev2), SyntaxError);
});

const inboxes: [name: string, canonical: string][] = [
  ["INBOX", "Inbox"],
  ["inBox", "Inbox"],
  ["INBOX/a", "Inbox/a"],
  ["INBOXES", "INBOXES"],
  ["a/INBOX", "a/INBOX"],
];
for (const [name, canonical] of inboxes) {
  Deno.test(`${name} is the mailbox ${canonical}`, () => assert.equal(canonicalMailboxName(name), canonical));
}

Deno.test("encodeMailboxName() spells the inbox as all clients know it, and no other mailbox", () => {
  const names = ["Inbox", "Inbox/ü", "Inboxes", "Other Users/ann/Inbox"];
  assert.deepEqual(
    names.map((name) => encodeMailboxName(name, false)),
    ["INBOX", "INBOX/&APw-", "Inboxes", "Other Users/ann/Inbox"],
  );
  assert.equal(encodeMailboxName("Inbox/ü", true), "INBOX/ü");
});

const good = ["a", "Inbox", "a/b", "ä", "a.b", "..a", "a#", "a%b", "x".repeat(maxMailboxNameLength)];
for (const name of good) {
  Deno.test(`a mailbox can be called ${name.slice(0, 20)}`, () =>
    assert.equal(mailboxNameProblem(name), null));
}

const bad = [
  "",
  "/",
  "a/",
  "/a",
  "a//b",
  "..",
  "a/./b",
  "#news",
  "a\0",
  "a\nb",
  "a\u007f",
  "a\u0085",
  "a\u2028",
  "a\ud800",
  "x".repeat(maxMailboxNameLength + 1),
  "x/".repeat(maxMailboxLevels) + "x",
];
for (const name of bad) {
  Deno.test(`no mailbox can be called ${JSON.stringify(name.slice(0, 20))}`, () => {
    assert.equal(typeof mailboxNameProblem(name), "string");
  });
}

Deno.test("encodeMailboxName() writes UTF-8 only once it is enabled", () => {
  assert.equal(encodeMailboxName("R&D ü", true), "R&D ü");
  assert.equal(encodeMailboxName("R&D ü", false), "R&-D &APw-");
});
