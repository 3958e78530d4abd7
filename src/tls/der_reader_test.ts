import assert from "node:assert/strict";
import { latin1 } from "../base/bytes.ts";
import { der, objectIdentifier, octetString, sequence, time, unsignedInteger } from "./der.ts";
import {
  DerReader,
  inside,
  maxIdentifierOctets,
  readBoolean,
  readIdentifier,
  readSmallInteger,
  readTime,
  tags,
} from "./der_reader.ts";

const bytes = (...values: number[]) => new Uint8Array(values);

Deno.test("DerReader reads what der.ts writes, in every form of length", () => {
  for (const size of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
    const value = octetString(new Uint8Array(size).fill(7));
    const r = new DerReader(value);
    assert.equal(r.peek(), tags.octetString);
    const { content, whole } = r.take(tags.octetString);
    assert.equal(content.length, size);
    assert.equal(whole.length, value.length);
    r.end();
    assert.equal(r.peek(), null);
  }
});

const refused: [why: string, value: Uint8Array][] = [
  ["nothing", bytes()],
  ["no length", bytes(4)],
  ["too few octets", bytes(4, 3, 1, 2)],
  ["a length of no end", bytes(0x30, 0x80, 0, 0)],
  ["a length in more octets than it needs", bytes(4, 0x81, 3, 1, 2, 3)],
  ["a length that begins with 0", bytes(4, 0x82, 0, 0x80, ...new Uint8Array(128))],
  ["a length of five octets", bytes(4, 0x85, 0, 0, 0, 0, 1, 7)],
  ["a length that is cut off", bytes(4, 0x82, 1)],
  ["a tag of several octets", bytes(0x1f, 1, 0)],
];
for (const [why, value] of refused) {
  Deno.test(`DerReader refuses ${why}`, () => assert.throws(() => new DerReader(value).take(), SyntaxError));
}

Deno.test("inside() wants one value, and the right one", () => {
  assert.equal(inside(sequence(bytes(4, 0))).take().tag, 4);
  assert.throws(() => inside(bytes(0x31, 0)), SyntaxError);
  assert.throws(() => inside(bytes(0x30, 0, 0)), SyntaxError);
  const r = new DerReader(bytes(4, 0, 5, 0));
  assert.equal(r.takeIf(5), null);
  assert.notEqual(r.takeIf(4), null);
  assert.throws(() => r.end(), SyntaxError);
});

for (const dotted of ["0.0", "1.39.127.128", "2.5.29.17", "2.999.3", "1.2.840.113549.1.1.11"]) {
  Deno.test(`readIdentifier() reads ${dotted}`, () => {
    // der.ts joins the first two arcs of 2.999 in one number too.
    const { content } = new DerReader(objectIdentifier(dotted)).take();
    assert.equal(readIdentifier(content), dotted);
  });
}
for (
  const wrong of [
    bytes(),
    bytes(0x80, 1),
    bytes(0x2a, 0x86),
    new Uint8Array(9).fill(0xff), //
    new Uint8Array(maxIdentifierOctets + 1),
  ]
) {
  Deno.test(`readIdentifier() refuses ${wrong.length} octets that are none`, () =>
    assert.throws(() => readIdentifier(wrong), SyntaxError));
}

Deno.test("readSmallInteger() and readBoolean() take one spelling each", () => {
  for (const n of [0, 1, 127, 128, 65_536]) {
    const octets = new Uint8Array(4);
    new DataView(octets.buffer).setUint32(0, n);
    assert.equal(readSmallInteger(new DerReader(unsignedInteger(octets)).take().content), n);
  }
  for (const wrong of [bytes(), bytes(0xff), bytes(0, 1), bytes(1, 2, 3, 4, 5)]) {
    assert.throws(() => readSmallInteger(wrong), SyntaxError);
  }
  assert.equal(readBoolean(bytes(0xff)), true);
  assert.equal(readBoolean(bytes(0)), false);
  for (const wrong of [bytes(), bytes(1), bytes(0xff, 0xff)]) {
    assert.throws(() => readBoolean(wrong), SyntaxError);
  }
});

for (const iso of ["1950-01-01", "1999-12-31", "2000-02-29", "2049-12-31", "2050-01-01", "9999-12-31"]) {
  Deno.test(`readTime() reads ${iso}`, () => {
    const at = Date.parse(`${iso}T23:59:59.000Z`);
    assert.equal(readTime(new DerReader(time(at)).take()), at);
  });
}
for (
  const [tag, text] of [
    [tags.utcTime, "2602291200Z"],
    [tags.utcTime, "260229120000Z"],
    [tags.utcTime, "20260228120000Z"],
    [tags.generalizedTime, "260228120000Z"],
    [tags.generalizedTime, "20260228120000.5Z"],
    [tags.generalizedTime, "20260228120000+0100"],
    [tags.generalizedTime, "20261301000000Z"],
    [tags.octetString, "260228120000Z"],
  ] as const
) {
  Deno.test(`readTime() refuses ${text}`, () =>
    assert.throws(() => readTime(new DerReader(der(tag, latin1(text))).take()), SyntaxError));
}
