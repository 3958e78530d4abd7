import assert from "node:assert/strict";
import { parseAddressList } from "./address_list.ts";
import { entityFields, FieldIndex, readEntityHeader } from "./entity_header.ts";
import {
  emptyEnvelope,
  imapString,
  maxQuotedLength,
  maxValueOctets,
  printEnvelope,
  printLeaf,
} from "./imap_value.ts";

const strings: [text: string | null, printed: string][] = [
  [null, "NIL"],
  ["", '""'],
  ["NIL", '"NIL"'],
  ['a"b\\c', '"a\\"b\\\\c"'],
  ["a\tb", '"a\tb"'],
  ["a\0b", '"ab"'],
  ["a\r\nb", "{4}\r\na\r\nb"],
  ["\xc3\xbc", "{2}\r\n\xc3\xbc"],
  ["\xfc\0", "{1}\r\n\xfc"],
  ["x".repeat(maxQuotedLength), `"${"x".repeat(maxQuotedLength)}"`],
  ["x".repeat(maxQuotedLength + 1), `{1001}\r\n${"x".repeat(maxQuotedLength + 1)}`],
  ["x".repeat(maxValueOctets + 1), `{65536}\r\n${"x".repeat(maxValueOctets)}`],
];
for (const [text, printed] of strings) {
  Deno.test(`imapString() of ${JSON.stringify(text?.slice(0, 30) ?? null)}`, () => {
    assert.equal(imapString(text), printed);
  });
}

const nothing = {
  date: null,
  subject: null,
  from: [],
  sender: [],
  replyTo: [],
  to: [],
  cc: [],
  bcc: [],
  inReplyTo: null,
  messageId: null,
};

Deno.test("what is missing, and what is empty", () => {
  assert.equal(printEnvelope(nothing), emptyEnvelope);
  assert.equal(printEnvelope({ ...nothing, subject: "" }), '(NIL "" NIL NIL NIL NIL NIL NIL NIL NIL)');
});

const addresses: [raw: string, printed: string][] = [
  ["a@b.test", '((NIL NIL "a" "b.test"))'],
  // Never NIL, which would mean a group.
  ["a", '((NIL NIL "a" ""))'],
  ["<@b.test>", '((NIL NIL "" "b.test"))'],
  // RFC 9051 9 (addr-mailbox): "after removing [RFC5322] quoting"
  ['"a b"@c.test', '((NIL NIL "a b" "c.test"))'],
  ['"a\\"b"@c.test', '((NIL NIL "a\\"b" "c.test"))'],
  ["a.b.@c.test", '((NIL NIL "a.b." "c.test"))'],
  ['"a".b@c.test', '((NIL NIL "a.b" "c.test"))'],
  ["\xc3\xbc@b.test", '((NIL NIL {2}\r\n\xc3\xbc "b.test"))'],
  ["a:;", '((NIL NIL "a" NIL)(NIL NIL NIL NIL))'],
  [":b@c.test;", '((NIL NIL "" NIL)(NIL NIL "b" "c.test")(NIL NIL NIL NIL))'],
];
for (const [raw, printed] of addresses) {
  Deno.test(`addresses of ENVELOPE: ${raw}`, () => {
    const { entries } = parseAddressList(raw);
    assert.equal(
      printEnvelope({ ...nothing, to: entries }),
      `(NIL NIL NIL NIL NIL ${printed} NIL NIL NIL NIL)`,
    );
  });
}

Deno.test("parameters are decoded, in UTF-8 where they had a charset", () => {
  const fields = new FieldIndex(
    "Content-Type: a/b; name*0=x; name*1=y; title*=iso-8859-1''%FC\r\nContent-Language: en\r\n" +
      "Content-Transfer-Encoding: x\xff\r\n",
    new Set(entityFields),
  );
  const { extended } = printLeaf(readEntityHeader(fields, false, () => {}), { octets: 1, lines: 0 });
  assert.equal(
    extended,
    '("A" "B" ("NAME" "xy" "TITLE*" {2}\r\n\xc3\xbc) NIL NIL {2}\r\nX\xff 1 NIL NIL "en" NIL)',
  );
});
