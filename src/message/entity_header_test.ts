import assert from "node:assert/strict";
import {
  entityFields,
  type EntityHeader,
  FieldIndex,
  maxLanguages,
  readEntityHeader,
} from "./entity_header.ts";

function read(header: string, inDigest = false): { header: EntityHeader; problems: string[] } {
  const problems: string[] = [];
  const fields = new FieldIndex(header, new Set(entityFields));
  return { header: readEntityHeader(fields, inDigest, (problem) => problems.push(problem)), problems };
}

const types: [value: string, type: string, problem: string | null][] = [
  ["text/html", "text/html", null],
  ["TEXT/HTML; charset=x", "text/html", null],
  ["text / html", "text/html", null],
  ["text", "text/plain", null],
  ["multipart/mixed; boundary=x", "multipart/mixed", null],
  ["", "text/plain", "malformed content-type"],
  ["text/", "text/plain", "malformed content-type"],
  ["/html", "text/plain", "malformed content-type"],
  ["text/a/b", "text/plain", "malformed content-type"],
  ["text/h\xfc", "text/plain", "malformed content-type"],
  [`text/${"x".repeat(200)}`, "text/plain", "malformed content-type"],
  ["text/html; charset", "text/html", "malformed content-type parameters"],
  ["multipart/mixed", "text/plain", "multipart without a usable boundary"],
  [`multipart/mixed; boundary=${"x".repeat(201)}`, "text/plain", "multipart without a usable boundary"],
];
for (const [value, type, problem] of types) {
  Deno.test(`Content-Type: ${value.slice(0, 40)}`, () => {
    const { header, problems } = read(`Content-Type: ${value}\r\n`);
    assert.equal(`${header.type}/${header.subtype}`, type);
    assert.deepEqual(problems, problem === null ? [] : [problem]);
    assert.equal(header.type === "multipart", header.boundary !== null);
  });
}

Deno.test("the default type depends on what the entity is in", () => {
  assert.equal(read("").header.subtype, "plain");
  assert.equal(read("", true).header.subtype, "rfc822");
  assert.equal(read("Content-Type: ?\r\n", true).header.subtype, "rfc822");
  assert.equal(read("Content-Type: text/plain\r\n", true).header.subtype, "plain");
});

Deno.test("dispositions", () => {
  const disposition = (value: string) => {
    const { header, problems } = read(`Content-Disposition: ${value}\r\n`);
    return [header.disposition?.type ?? null, header.fileName, problems.length];
  };
  assert.deepEqual(disposition("INLINE"), ["inline", null, 0]);
  assert.deepEqual(disposition('attachment; filename="a\\"b"'), ["attachment", 'a"b', 0]);
  assert.deepEqual(disposition("x-other; filename=a"), ["x-other", "a", 0]);
  assert.deepEqual(disposition("; filename=a"), ["attachment", "a", 1]);
  assert.deepEqual(disposition("two words"), [null, null, 1]);
  assert.deepEqual(disposition('attachment; filename="a\u0001\u0085b"'), ["attachment", "a…b", 0]);
  assert.deepEqual(disposition(`attachment; filename=${"x".repeat(2000)}`), [
    "attachment",
    "x".repeat(1000),
    0,
  ]);
});

Deno.test("charsets, languages and the rest", () => {
  const { header } = read(
    'Content-Type: text/plain; charset=" UTF-8 "\r\nContent-Language: en (English),\r\n de-CH\r\n' +
      "Content-ID: <a@b>\r\nContent-MD5: x\r\nContent-Location: y\r\nContent-Description: z\r\n",
  );
  assert.equal(header.charset, "utf-8");
  assert.deepEqual(header.language, ["en", "de-CH"]);
  assert.deepEqual([header.id, header.md5, header.location, header.description], ["<a@b>", "x", "y", "z"]);
  assert.equal(read('Content-Type: text/plain; charset="a b"\r\n').header.charset, null);
  assert.equal(read(`Content-Language: ${"en,".repeat(1000)}\r\n`).header.language.length, maxLanguages);
});

Deno.test("the first field counts, and all are counted", () => {
  const fields = new FieldIndex(
    "A : 1\r\nb: 2\r\nA: 3\r\nnot a field\r\nB\xfc: 4\r\nc:5",
    new Set(["a", "c"]),
  );
  assert.equal(fields.get("a"), "1");
  assert.equal(fields.count("a"), 2);
  assert.equal(fields.get("b"), null);
  assert.equal(fields.get("c"), "5");
  assert.equal(fields.count("c"), 1);
  assert.equal(new FieldIndex(`${"x\n".repeat(1_000_000)}a:1`, new Set(["a"])).get("a"), "1");
});

Deno.test("a type that was read before is read as it was, and reported as it was", () => {
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(read("Content-Type: image/PNG; name=a\r\n").header.parameters, [
      { name: "name", value: "a", extended: false },
    ]);
    assert.equal(read("Content-Type: image/png; name\r\n").problems.length, 1);
    assert.equal(read("Content-Type: image\r\n", true).header.type, "message");
    assert.equal(read("Content-Type: image\r\n").header.type, "text");
  }
  // More than are remembered.
  for (let n = 0; n < 1000; n++) {
    assert.equal(read(`Content-Type: image/x${n % 300}\r\n`).header.subtype, `x${n % 300}`);
  }
});
