import assert from "node:assert/strict";
import { latin1 } from "../base/bytes.ts";
import { HeaderSection } from "../dkim/header_section.ts";
import { parseTagList } from "../dkim/tag_list.ts";
import {
  type ArcSets,
  collectSets,
  maxArcOctets,
  maxInstances,
  readMessageSignature,
  readSeal,
} from "./sets.ts";

type Field = "aar" | "ams" | "as";

function collect(...fields: (readonly [Field, string])[]): ArcSets {
  const names = { aar: "ARC-Authentication-Results", ams: "ARC-Message-Signature", as: "ARC-Seal" };
  const lines = fields.map(([field, value]) => `${names[field]}: ${value}\r\n`);
  return collectSets(new HeaderSection(latin1(`From: a\r\n${lines.join("")}`)));
}

/** A whole set. */
function set(i: number, cv = i === 1 ? "none" : "pass"): (readonly [Field, string])[] {
  return [["as", `i=${i}; cv=${cv}`], ["ams", `i=${i}; x=y`], ["aar", `i=${i}; mx.example; spf=pass`]];
}

Deno.test("without any ARC field there is no chain", () => {
  assert.deepEqual(collect(), { kind: "none" });
});

Deno.test("sets are put in order, whatever order their fields are in", () => {
  const found = collect(...set(2).toReversed(), ...set(3), ...set(1));
  assert.equal(found.kind, "sets");
  assert.deepEqual(found.kind === "sets" && found.sets.map((one) => one.instance), [1, 2, 3]);
});

const instances: [value: string, payload: string | null][] = [
  ["i=1; mx.example; spf=pass", "mx.example; spf=pass"],
  [" i = 1 ;mx.example", "mx.example"],
  ["(a (b)) i (c)=\r\n\t1 (d); mx.example;\r\n\tspf=pass ", "mx.example;\tspf=pass"],
  ["i=01; x", "x"],
  ["i=1;", ""],
  ["i=1", null],
  ["i=1 mx.example", null],
  ["mx.example; i=1", null],
  ["I=1; x", null],
  ["i=; x", null],
  ["i=0; x", null],
  ["i=51; x", null],
  ["i=001; x", null],
  ["i=a; x", null],
  ["i=1a; x", null],
  ["(i=1; x", null],
  ["", null],
];
for (const [value, payload] of instances) {
  Deno.test(`ARC-Authentication-Results: ${JSON.stringify(value)}`, () => {
    const found = collect(["as", "i=1; cv=none"], ["ams", "i=1"], ["aar", value]);
    assert.equal(found.kind === "sets" ? found.sets[0]?.payload : null, payload);
  });
}

const broken: [what: string, fields: (readonly [Field, string])[], highest: number, isMarked: boolean][] = [
  ["a field of each kind missing (1)", set(1).slice(1), 1, false],
  ["a field of each kind missing (2)", set(1).toSpliced(1, 1), 1, false],
  ["a field of each kind missing (3)", set(1).slice(0, 2), 1, false],
  ["one field twice", [...set(1), ["ams", "i=1"]], 1, false],
  ["one kind twice, another missing", [...set(1).slice(1), ["ams", "i=1"]], 1, false],
  ["a gap", [...set(1), ...set(3)], 3, false],
  ["no first set", set(2), 2, false],
  ["the first seal with cv=pass", set(1, "pass"), 1, false],
  ["another seal with cv=none", [...set(1), ...set(2, "none")], 2, false],
  ["a seal with cv=Pass", [...set(1), ...set(2, "Pass")], 2, false],
  ["a seal without cv=", [["as", "i=1"], ...set(1).slice(1)], 1, false],
  ["the last seal with cv=fail", [...set(1), ...set(2, "fail")], 2, true],
  [
    "the last seal with cv=fail, and nothing else right",
    [...set(1).slice(1), ["as", "i=5; cv=fail"]],
    5,
    true,
  ],
  ["an earlier seal with cv=fail", [...set(1, "fail"), ...set(2)], 2, false],
  ["a field without i=", [...set(1), ["ams", "x=y"]], 1, false],
  ["a field with i= out of range", [...set(1), ["as", "i=51; cv=pass"]], 1, false],
  ["a field that is no tag list", [...set(1), ["ams", "i=1; i=2"]], 1, false],
];
for (const [what, fields, highest, isMarked] of broken) {
  Deno.test(`no chain: ${what}`, () => {
    const found = collect(...fields);
    assert.equal(found.kind, "broken");
    if (found.kind === "broken") assert.deepEqual([found.highest, found.isMarked], [highest, isMarked]);
  });
}

Deno.test("as many sets as allowed are a chain, one more is none (RFC 8617 4.2.1)", () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => set(i + 1)).flat();
  assert.equal(collect(...many(maxInstances)).kind, "sets");
  assert.equal(collect(...many(maxInstances + 1)).kind, "broken");
});

Deno.test("ARC fields that are longer than the limit together are not read", () => {
  const [as, ams] = set(1);
  assert.ok(as !== undefined && ams !== undefined);
  const others =
    "ARC-Seal: i=1; cv=none\r\nARC-Message-Signature: i=1; x=y\r\nARC-Authentication-Results: i=1;\r\n";
  const room = maxArcOctets - others.length;
  assert.equal(collect(as, ams, ["aar", `i=1;${"x".repeat(room)}`]).kind, "sets");
  assert.equal(collect(as, ams, ["aar", `i=1;${"x".repeat(room + 1)}`]).kind, "broken");
});

Deno.test("a thousand fields of one set are no chain, and quickly", () => {
  const fields = Array.from({ length: 5000 }, () => ["ams", "i=1"] as const);
  assert.equal(collect(...fields).kind, "broken");
});

const hash = "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=";
const seal = "i=1; a=rsa-sha256; b=YQ==; cv=none; d=example.org; s=s1";
const signature = `i=1; a=rsa-sha256; b=YQ==; bh=${hash}; d=example.org; s=s1; h=from`;

Deno.test("a seal has no h= (RFC 8617 4.1.3); other tags do not matter", () => {
  assert.equal(readSeal(parseTagList(seal)).domain, "example.org");
  assert.equal(readSeal(parseTagList(`${seal}; bh=x; v=7`)).selector, "s1");
  for (const text of [`${seal}; h=from`, seal.replace("b=YQ==; ", ""), `${seal}; t=`]) {
    assert.throws(() => readSeal(parseTagList(text)), SyntaxError);
  }
});

Deno.test("a message signature needs no v= and no From, and does not sign seals", () => {
  const read = (text: string) => readMessageSignature(parseTagList(text));
  assert.deepEqual(read(`${signature}; v=7`).signedFields, ["from"]);
  assert.deepEqual(read(signature.replace("h=from", "h=")).signedFields, [""]);
  assert.equal(read(signature).headerCanonicalization, "relaxed");
  assert.throws(() => read(signature.replace("h=from", "h=from:Arc-Seal")), SyntaxError);
  assert.throws(() => read(signature.replace("; h=from", "")), SyntaxError);
});
