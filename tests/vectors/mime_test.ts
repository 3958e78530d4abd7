/**
 * Messages made after the standards' own examples, and what IMAP must say of them. The files have LF as line
 * end, the messages CRLF.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fromUtf8, utf8 } from "../../src/base/bytes.ts";
import type { MessageIndex } from "../../src/message/message_index.ts";
import { checkIndex, indexOf, shape } from "../../src/message/testing/check_index.ts";

async function read(name: string): Promise<MessageIndex> {
  const text = await Deno.readTextFile(new URL(`mime/${name}.eml`, import.meta.url));
  const bytes = utf8(text.replaceAll("\n", "\r\n"));
  const index = indexOf(bytes);
  checkIndex(bytes, index);
  assert.deepEqual(index.problems, [], name);
  return index;
}

const john = '(("John Doe" NIL "jdoe" "machine.example"))';
const mary = '(("Mary Smith" NIL "mary" "example.net"))';
const joe = '(("Joe Q. Public" NIL "john.q.public" "example.com"))';
const pete = '(("Pete" NIL "pete" "silly.example"))';
const oddPete = '(("Pete" NIL "pete" "silly.test"))';

const envelopes: [name: string, envelope: string, date: string][] = [
  [
    "rfc5322_a_1_1",
    `("Fri, 21 Nov 1997 09:55:06 -0600" "Saying Hello" ${john} (("Michael Jones" NIL "mjones" "machine.example")) ` +
    `${john} ${mary} NIL NIL NIL "<1234@local.machine.example>")`,
    "1997-11-21T15:55:06Z",
  ],
  [
    "rfc5322_a_1_2",
    `("Tue, 1 Jul 2003 10:52:37 +0200" NIL ${joe} ${joe} ${joe} ` +
    '(("Mary Smith" NIL "mary" "x.test")(NIL NIL "jdoe" "example.org")("Who?" NIL "one" "y.test")) ' +
    '((NIL NIL "boss" "nil.test")("Giant; \\"Big\\" Box" NIL "sysservices" "example.net")) ' +
    'NIL NIL "<5678.21-Nov-1997@example.com>")',
    "2003-07-01T08:52:37Z",
  ],
  [
    "rfc5322_a_1_3",
    `("Thu, 13 Feb 1969 23:32:54 -0330" NIL ${pete} ${pete} ${pete} ` +
    '((NIL NIL "A Group" NIL)("Ed Jones" NIL "c" "a.test")(NIL NIL "joe" "where.test")' +
    '("John" NIL "jdoe" "one.test")(NIL NIL NIL NIL)) ' +
    '((NIL NIL "Undisclosed recipients" NIL)(NIL NIL NIL NIL)) NIL NIL "<testabcd.1234@silly.example>")',
    "1969-02-14T03:02:54Z",
  ],
  [
    "rfc5322_a_2",
    `("Fri, 21 Nov 1997 11:00:00 -0600" "Re: Saying Hello" ${john} ${john} ${john} ` +
    '(("Mary Smith: Personal Account" NIL "smith" "home.example")) NIL NIL "<3456@example.net>" ' +
    '"<abcd.1234@local.machine.test>")',
    "1997-11-21T17:00:00Z",
  ],
  [
    "rfc5322_a_3",
    `("Fri, 21 Nov 1997 09:55:06 -0600" "Saying Hello" ${john} ${john} ${john} ${mary} NIL NIL NIL ` +
    '"<1234@local.machine.example>")',
    "1997-11-21T15:55:06Z",
  ],
  [
    "rfc5322_a_5",
    `("Thu,      13        Feb          1969      23:32               -0330 (Newfoundland Time)" NIL ` +
    `${oddPete} ${oddPete} ${oddPete} ` +
    '((NIL NIL "A Group" NIL)("Chris Jones" NIL "c" "public.example")(NIL NIL "joe" "example.org")' +
    '("John" NIL "jdoe" "one.test")(NIL NIL NIL NIL)) ' +
    '((NIL NIL "Hidden recipients" NIL)(NIL NIL NIL NIL)) NIL NIL "<testabcd.1234@silly.test>")',
    "1969-02-14T03:02:00Z",
  ],
  [
    "rfc5322_a_6_1",
    `("Tue, 1 Jul 2003 10:52:37 +0200" NIL ${joe} ${joe} ${joe} ` +
    '(("Mary Smith" "@node.test" "mary" "example.net")(NIL NIL "jdoe" "test.example")) NIL NIL NIL ' +
    '"<5678.21-Nov-1997@example.com>")',
    "2003-07-01T08:52:37Z",
  ],
  [
    "rfc5322_a_6_2",
    `("21 Nov 97 09:55:06 GMT" "Saying Hello" ${john} ${john} ${john} ${mary} NIL NIL NIL ` +
    '"<1234@local.machine.example>")',
    "1997-11-21T09:55:06Z",
  ],
  [
    "rfc5322_a_6_3",
    `("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600" "Saying Hello" ${john} ${john} ${john} ${mary} NIL NIL NIL ` +
    '"<1234   @   local(blah)  .machine .example>")',
    "1997-11-21T15:55:06Z",
  ],
];
for (const [name, envelope, date] of envelopes) {
  Deno.test(`ENVELOPE of ${name}`, async () => {
    const index = await read(name);
    assert.equal(fromUtf8(index.envelope), envelope);
    assert.equal(index.date, Date.parse(date));
  });
}

Deno.test("what a conversation is put together by", async () => {
  const reply = await read("rfc5322_a_2");
  assert.equal(reply.baseSubject, "saying hello");
  assert.equal(reply.isReply, true);
  assert.deepEqual(reply.references, ["1234@local.machine.example", "3456@example.net"]);
  assert.equal((await read("rfc5322_a_6_3")).messageId, "1234@local.machine.example");
  assert.equal((await read("rfc5322_a_4")).receivedCount, 2);
});

const structures: [name: string, shape: string, bodyStructure: string | null][] = [
  ["rfc2046_5_1_1", "multipart/mixed(text/plain:57/1 text/plain:53/2)", null],
  [
    "rfc2046_5_1_5",
    "multipart/mixed(text/plain:37/1 multipart/digest(message/rfc822(text/plain:16/1) message/rfc822(text/plain:17/1)))",
    null,
  ],
  [
    "rfc2049_a",
    "multipart/mixed(text/plain:33/1 text/plain:21/1 multipart/parallel(audio/basic:18/1 image/jpeg:18/1) " +
    "text/enriched:49/1 message/rfc822(text/plain:13/1))",
    '(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 33 1 NIL NIL NIL NIL)' +
    '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 21 1 NIL NIL NIL NIL)' +
    '(("AUDIO" "BASIC" NIL NIL NIL "BASE64" 18 NIL NIL NIL NIL)' +
    '("IMAGE" "JPEG" NIL NIL NIL "BASE64" 18 NIL NIL NIL NIL) "PARALLEL" ("BOUNDARY" "unique-boundary-2") NIL NIL NIL)' +
    '("TEXT" "ENRICHED" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 49 1 NIL NIL NIL NIL)' +
    '("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 194 (NIL "(subject in US-ASCII)" NIL NIL NIL NIL NIL NIL NIL NIL) ' +
    '("TEXT" "PLAIN" ("CHARSET" "ISO-8859-1") NIL NIL "QUOTED-PRINTABLE" 13 1 NIL NIL NIL NIL) 7 NIL NIL NIL NIL) ' +
    '"MIXED" ("BOUNDARY" "unique-boundary-1") NIL NIL NIL)',
  ],
  [
    "rfc9051_7_5_2",
    "multipart/mixed(text/plain:16/1 text/plain:12/0)",
    '(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 16 1 NIL NIL NIL NIL)' +
    '("TEXT" "PLAIN" ("CHARSET" "US-ASCII" "NAME" "cc.diff") "<960723163407.20117h@cac.test>" "Compiler diff" ' +
    '"BASE64" 12 0 "Q2hlY2sgSW50ZWdyaXR5IQ==" ("ATTACHMENT" ("FILENAME" "cc.diff" "SIZE" "12")) ("en" "de") ' +
    '"http://example.test/cc.diff") "MIXED" ("BOUNDARY" "b") NIL NIL NIL)',
  ],
];
for (const [name, expected, bodyStructure] of structures) {
  Deno.test(`BODYSTRUCTURE of ${name}`, async () => {
    const index = await read(name);
    assert.equal(shape(index.root), expected);
    if (bodyStructure !== null) assert.equal(fromUtf8(index.bodyStructure), bodyStructure);
  });
}

Deno.test("BODY of RFC 9051 7.5.2, a text of 48 lines and 2279 octets", () => {
  const line = "x".repeat(45);
  const lines = [...Array<string>(47).fill(line), "y".repeat(2279 - 47 * 47 - 2)];
  const index = indexOf(utf8(`Subject: a\r\n\r\n${lines.join("\r\n")}\r\n`));
  assert.equal(fromUtf8(index.body), '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 2279 48)');
});

Deno.test("the parts' decoded sizes", async () => {
  const { root } = await read("rfc2049_a");
  const sizes = root.children.map((part) => part.decodedSize);
  assert.deepEqual(sizes, [33, 21, root.children[2]?.decodedSize, 49, 194]);
  assert.deepEqual(root.children[2]?.children.map((part) => part.decodedSize), [10, 10]);
  assert.equal(root.children[4]?.children[0]?.decodedSize, 9);
});
