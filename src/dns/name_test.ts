import assert from "node:assert/strict";
import fc from "fast-check";
import { concat, utf8 } from "../base/bytes.ts";
import {
  canonicalName,
  compareNames,
  isWithin,
  labelCount,
  labelsOf,
  maxNameOctets,
  maxPointers,
  nameForPeople,
  nameFromText,
  nameFromWire,
  nameOfLabels,
  nameToWire,
  parentOf,
  sameName,
} from "./name.ts";

const label63 = "a".repeat(63);
/** 3 labels of 63 octets and one of 61 are 255 octets on the wire. */
const longest = `${label63}.${label63}.${label63}.${"b".repeat(61)}.`;

const accepted: [text: string, name: string][] = [
  [".", "."],
  ["example.org.", "example.org."],
  ["Example.ORG.", "Example.ORG."], // Letters stay as they are.
  ["_25._tcp.mail.example.org.", "_25._tcp.mail.example.org."],
  ["*.example.org.", "*.example.org."],
  ["1.2.0.192.in-addr.arpa.", "1.2.0.192.in-addr.arpa."],
  ["bücher.example.", "xn--bcher-kva.example."],
  ["BÜCHER.example.", "xn--bcher-kva.example."],
  ["xn--bcher-kva.example.", "xn--bcher-kva.example."],
  ["_dmarc.bücher.example.", "_dmarc.xn--bcher-kva.example."],
  ["*.пример.рф.", "*.xn--e1afmkfd.xn--p1ai."],
  ["a\\.b.example.", "a\\.b.example."],
  ["a\\046b.example.", "a\\.b.example."], // One spelling for each octet.
  ["\\097.example.", "a.example."],
  ["a\\\\b.example.", "a\\\\b.example."],
  ["a\\092.example.", "a\\\\.example."],
  ["\\000\\255.example.", "\\000\\255.example."],
  ["a\\032b.example.", "a\\032b.example."],
  ['a\\"\\;b.example.', 'a";b.example.'],
  [longest, longest],
  [`${"\\001".repeat(63)}.`, `${"\\001".repeat(63)}.`],
];
for (const [text, name] of accepted) {
  Deno.test(`nameFromText() reads ${text.slice(0, 40)}`, () => {
    assert.equal(nameFromText(text), name);
    assert.equal(nameFromText(name), name);
    assert.equal(nameFromWire(nameToWire(name), 0).name, name);
  });
}

const refused: [what: string, text: string][] = [
  ["nothing", ""],
  ["no final dot", "example.org"],
  ["an empty label", "example..org."],
  ["an empty first label", ".example.org."],
  ["only dots", ".."],
  ["a final dot that is escaped", "example\\."],
  ["a label of 64 octets", `${label63}a.org.`],
  ["a label of 64 escaped octets", `${"\\001".repeat(64)}.`],
  ["a name of 256 octets", `${label63}.${label63}.${label63}.${"b".repeat(62)}.`],
  ["an endless text", "\\001.".repeat(300)],
  ["an octet above 255", "\\256.org."],
  ["an escape of two digits", "\\25.org."],
  ["a backslash at the end", "example.org.\\"],
  ["a space", "a b.org."],
  ["a control character", "a\tb.org."],
  ["an ideographic full stop at the end", "example.org。"],
  ["a U-label that breaks IDNA", "a\u200db.example."],
  ["a U-label that is several labels", "bücher。example."],
  ["a U-label that is an IPv4 address", "１２７.example."],
  ["a U-label with an escape", "b\\252cher\u00fc.example."],
  ["half a character", "\ud800.example."],
];
for (const [what, text] of refused) {
  Deno.test(`nameFromText() refuses ${what}`, () => {
    assert.throws(() => nameFromText(text), SyntaxError);
  });
}

Deno.test("nameToWire() refuses what is no name", () => {
  for (const text of ["", "org", "a..b.", "é.org.", `${label63}a.`, `${longest.slice(0, -1)}b.`, "\\256."]) {
    assert.throws(() => nameToWire(text), SyntaxError, text);
  }
});

Deno.test("nameToWire() writes length octets, and lower case where asked", () => {
  assert.deepEqual(nameToWire("Ab.C."), Uint8Array.of(2, 0x41, 0x62, 1, 0x43, 0));
  assert.deepEqual(nameToWire("Ab.C.", { lowerCase: true }), Uint8Array.of(2, 0x61, 0x62, 1, 0x63, 0));
  assert.deepEqual(nameToWire("A\\.\\195."), Uint8Array.of(3, 0x41, 0x2e, 195, 0));
  assert.deepEqual(nameToWire("."), Uint8Array.of(0));
});

Deno.test("nameFromWire() follows pointers back", () => {
  const bytes = concat([utf8("__"), nameToWire("example.org."), Uint8Array.of(4), utf8("mail"), [0xc0, 2], [
    0xc0,
    15,
  ]].map((piece) => Uint8Array.from(piece)));
  assert.deepEqual(nameFromWire(bytes, 2), { name: "example.org.", end: 15 });
  assert.deepEqual(nameFromWire(bytes, 15), { name: "mail.example.org.", end: 22 });
  assert.deepEqual(nameFromWire(bytes, 22), { name: "mail.example.org.", end: 24 });
  assert.deepEqual(nameFromWire(Uint8Array.of(0, 0xc0, 0), 1), { name: ".", end: 3 });
});

const malformed: [what: string, bytes: number[], offset: number][] = [
  ["nothing", [], 0],
  ["an offset behind the end", [0], 1],
  ["a label that is cut off", [3, 97, 98], 0],
  ["no root", [1, 97], 0],
  ["a pointer that is cut off", [0xc0], 0],
  ["a pointer to itself", [0xc0, 0], 0],
  ["a pointer forward", [0xc0, 2, 0], 0],
  ["a pointer into its own label", [0, 3, 1, 97, 0xc0, 0xc0, 2], 1],
  ["two pointers that are a circle", [0, 0xc0, 3, 0xc0, 1], 3],
  ["a label type of RFC 2673", [0x41, 0, 0], 0],
  ["a label of 64 octets", [64, ...Array.from({ length: 64 }, () => 97), 0], 0],
];
for (const [what, bytes, offset] of malformed) {
  Deno.test(`nameFromWire() refuses ${what}`, () => {
    assert.throws(() => nameFromWire(Uint8Array.from(bytes), offset), SyntaxError);
  });
}

Deno.test("nameFromWire() refuses 256 octets, also where pointers bring them together", () => {
  const wire = nameToWire(longest);
  assert.equal(wire.length, maxNameOctets);
  assert.equal(nameFromWire(wire, 0).name, longest);
  assert.throws(() => nameFromWire(concat([wire, Uint8Array.of(1, 97, 0xc0, 0)]), wire.length), SyntaxError);
});

Deno.test("nameFromWire() follows so many pointers, and no more", () => {
  const bytes = new Uint8Array(2 + 2 * (maxPointers + 1));
  for (let at = 2; at < bytes.length; at += 2) bytes.set([0xc0 | ((at - 2) >> 8), (at - 2) & 0xff], at);
  assert.equal(nameFromWire(bytes, 2 * maxPointers).name, ".");
  assert.throws(() => nameFromWire(bytes, 2 * maxPointers + 2), SyntaxError);
});

Deno.test("names are compared without the case of ASCII letters, and of no others", () => {
  assert.ok(sameName("Example.ORG.", "example.org."));
  assert.ok(!sameName("example.org.", "example.com."));
  assert.ok(!sameName("example.org.", "xexample.org."));
  assert.ok(!sameName("\\196.", "\\228.")); // Ä and ä of ISO 8859-1 are two octets.
  assert.equal(canonicalName("Example.\\196."), "example.\\196.");
});

Deno.test("labels", () => {
  assert.deepEqual(labelsOf("a\\.b.org."), [utf8("a.b"), utf8("org")]);
  assert.deepEqual(labelsOf("."), []);
  const counts: [string, number][] = [[".", 0], ["org.", 1], ["a\\.b.org.", 2], ["a\\\\.b.org.", 3], [
    "\\046.org.",
    2,
  ]];
  for (const [name, count] of counts) assert.equal(labelCount(nameFromText(name)), count, name);
  const parents: [string, string | null][] = [
    [".", null],
    ["org.", "."],
    ["a.org.", "org."],
    [
      "a\\.b.org.",
      "org.",
    ],
    ["a\\\\.org.", "org."],
    ["\\255.org.", "org."],
  ];
  for (const [name, parent] of parents) assert.equal(parentOf(name), parent, name);
  assert.equal(nameOfLabels([utf8("a.b"), utf8("org")]), "a\\.b.org.");
  assert.equal(nameOfLabels([]), ".");
  assert.throws(() => nameOfLabels([new Uint8Array(0)]), SyntaxError);
  assert.throws(() => nameOfLabels([new Uint8Array(64)]), SyntaxError);
  assert.throws(() => nameOfLabels(Array.from({ length: 128 }, () => utf8("a"))), SyntaxError);
});

Deno.test("isWithin() goes by labels", () => {
  const within: [string, string, boolean][] = [
    ["example.org.", ".", true],
    [".", ".", true],
    [".", "org.", false],
    ["example.org.", "example.org.", true],
    ["Example.ORG.", "example.org.", true],
    ["a.b.example.org.", "EXAMPLE.org.", true],
    ["badexample.org.", "example.org.", false],
    ["bad\\.example.org.", "example.org.", false],
    ["bad\\\\.example.org.", "example.org.", true],
    ["bad\\\\\\.example.org.", "example.org.", false],
    ["org.", "example.org.", false],
  ];
  for (const [name, zone, is] of within) assert.equal(isWithin(name, zone), is, `${name} in ${zone}`);
});

Deno.test("compareNames() sorts the example of RFC 4034 6.1", () => {
  const sorted = [
    "example.",
    "a.example.",
    "yljkjljk.a.example.",
    "Z.a.example.",
    "zABC.a.EXAMPLE.",
    "z.example.",
    "\\001.z.example.",
    "*.z.example.",
    "\\200.z.example.",
  ];
  assert.deepEqual(sorted.toReversed().sort(compareNames), sorted);
  assert.equal(compareNames("A.b.", "a.B."), 0);
  assert.ok(compareNames(".", "a.") < 0);
});

Deno.test("nameForPeople() shows U-labels, and leaves alone what is no domain", () => {
  const shown: [string, string][] = [
    ["example.org.", "example.org"],
    ["xn--bcher-kva.example.", "bücher.example"],
    ["_dmarc.xn--bcher-kva.example.", "_dmarc.bücher.example"],
    ["*.xn--bcher-kva.example.", "*.xn--bcher-kva.example"],
    ["a\\.b.example.", "a\\.b.example"],
    [".", "."],
  ];
  for (const [name, text] of shown) assert.equal(nameForPeople(name), text);
});

const anyLabels = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 8 });

Deno.test("any labels make a name that text and wire give back", () => {
  fc.assert(fc.property(anyLabels, (labels) => {
    const name = nameOfLabels(labels);
    assert.deepEqual(labelsOf(name).map((label) => [...label]), labels.map((label) => [...label]));
    assert.equal(nameFromText(name), name);
    assert.deepEqual(nameFromWire(nameToWire(name), 0), { name, end: nameToWire(name).length });
    assert.equal(labelCount(name), labels.length);
    const parent = parentOf(name);
    if (parent === null) assert.equal(labels.length, 0);
    else {
      assert.equal(parent, nameOfLabels(labels.slice(1)));
      assert.ok(isWithin(name, parent) && !isWithin(parent, name));
      assert.ok(compareNames(parent, name) < 0);
    }
  }));
});

Deno.test("the order of names is one: of three, each pair agrees", () => {
  fc.assert(fc.property(anyLabels, anyLabels, anyLabels, (...three) => {
    const [a = ".", b = ".", c = "."] = three.map(nameOfLabels).sort(compareNames);
    assert.ok(compareNames(a, b) <= 0 && compareNames(b, c) <= 0 && compareNames(a, c) <= 0);
    assert.equal(compareNames(a, b) === 0, sameName(a, b));
    assert.equal(Math.sign(compareNames(a, c)) + Math.sign(compareNames(c, a)), 0);
  }));
});
