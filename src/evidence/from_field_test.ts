import assert from "node:assert/strict";
import { ownTime } from "../../tests/support/own_time.ts";
import { latin1, utf8 } from "../base/bytes.ts";
import { headerFields } from "../message/headers.ts";
import { maxAuthorDomains } from "./evidence.ts";
import { hasOneReading, maxAuthors, readFrom } from "./from_field.ts";

function read(header: string) {
  const fields = [...headerFields(utf8(header.replaceAll("\n", "\r\n")))];
  return readFrom(fields.filter((field) => field.name.toLowerCase() === "from"));
}

const cases: [header: string, status: string, domains: string[], address: string | null][] = [
  ["From: joe@example.org\n", "ok", ["example.org"], "joe@example.org"],
  ['From: "Joe, of example.net" <joe@Example.ORG>\n', "ok", ["example.org"], "joe@example.org"],
  ["From: =?utf-8?q?boss=40bank.example?= <joe@example.org>\n", "ok", ["example.org"], "joe@example.org"],
  ["From:\n joe@example.org (Joe)\n", "ok", ["example.org"], "joe@example.org"],
  ["From: joe@xn--bcher-kva.example\n", "ok", ["bücher.example"], "joe@bücher.example"],
  ["From: jürgen@bücher.example\n", "ok", ["bücher.example"], "jürgen@bücher.example"],
  // Written in ways that DNS and standard do not know, and shown as if they did.
  ["From: joe@example.org.\n", "ok", ["example.org"], null],
  ["From: joe@win_host.example.org\n", "ok", ["win_host.example.org"], null],
  // Several authors.
  ["From: joe@example.org, ann@example.org\n", "ok", ["example.org"], null],
  ["From: joe@example.org, ann@example.net\n", "several", ["example.org", "example.net"], null],
  ["From: friends: joe@example.org, ann@example.net;\n", "several", ["example.org", "example.net"], null],
  ["From: joe@example.org\nfrom: ann@example.net\n", "severalFields", ["example.org", "example.net"], null],
  ["From: joe@example.org\nFrom: joe@example.org\n", "severalFields", ["example.org"], null],
  // Two readings.
  ["From: x@evil.example <boss@bank.example>\n", "several", ["evil.example", "bank.example"], null],
  ["From: boss@bank.example <x@evil.example>\n", "several", ["bank.example", "evil.example"], null],
  ["From: joe@example.org <joe@example.org>\n", "ok", ["example.org"], "joe@example.org"],
  ["From: x@evil.example@bank.example\n", "several", ["evil.example", "bank.example"], null],
  ["From: <x@evil.example> <boss@bank.example>\n", "several", ["evil.example", "bank.example"], null],
  ["From: x@evil.example (boss@bank.example\n", "several", ["evil.example", "bank.example"], null],
  ['From: "x <x@evil.example>, boss@bank.example\n', "several", ["evil.example", "bank.example"], null],
  // Encoded words may not stand in an address (RFC 2047 5), and some programs decode them before they look for one.
  ["From: =?utf-8?q?boss=40bank.example?=\n", "ok", ["bank.example"], null],
  ["From: =?utf-8?b?Qm9zcyA8Ym9zc0BiYW5rLmV4YW1wbGU+?=\n", "ok", ["bank.example"], null],
  ["From: <=?utf-8?q?boss=40bank.example?=>\n", "ok", ["bank.example"], null],
  ["From: =?utf-8?q?boss=40b=C3=BCcher.example?=\n", "ok", ["bücher.example"], null],
  ["From: =?q?q?boss=40bank?= =?q?q?.example?=, x@evil.example\n", "several", [
    "evil.example",
    "bank.example",
  ], null],
  ["From: =?q?q?boss=40bank.example=3E?=@evil.example\n", "several", ["evil.example", "bank.example"], null],
  ["From: =?utf-8?q?root?=\n", "none", [], null],
  ["From: =?utf-8?q?joe?=@example.org\n", "ok", ["example.org"], "=?utf-8?q?joe?=@example.org"],
  // One reading, whatever it may look like to people: RFC 9989 11.4.
  ['From: "boss@bank.example" <x@evil.example>\n', "ok", ["evil.example"], "x@evil.example"],
  ["From: x@evil.example (boss@bank.example)\n", "ok", ["evil.example"], "x@evil.example"],
  // Careless, and told as what it is: two readings.
  ["From: Joe @ Work <joe@example.org>\n", "several", ["work", "example.org"], null],
  ["From: Joe @Work, Inc <joe@example.org>\n", "several", ["work", "example.org"], null],
  // Nobody to ask the DNS for.
  ["To: joe@example.org\n", "none", [], null],
  ["From:\n", "none", [], null],
  ["From: root\n", "none", [], null],
  ["From: undisclosed:;\n", "none", [], null],
  ["From: joe@[192.0.2.1]\n", "none", [], null],
  // What nobody can read, others may.
  ["From: joe@-example.org\n", "unreadable", [], null],
  ["From: joe@example..org\n", "unreadable", [], null],
  ["From: joe@192.0.2.1\n", "unreadable", [], null],
  ["From: joe@example.org, ann@exa$mple.net\n", "unreadable", ["example.org"], null],
  [`From: joe@${"a".repeat(64)}.example\n`, "unreadable", [], null],
];
for (const [header, status, domains, address] of cases) {
  Deno.test(`readFrom() of ${JSON.stringify(header.slice(0, 60))}`, () => {
    const from = read(header);
    assert.deepEqual([from.status, from.domains, from.address], [status, domains, address]);
  });
}

const readings: [value: string, isOne: boolean][] = [
  ["ann@example.org", true],
  ["Ann <ann@example.org>", true],
  ['"bob@example.org" <ann@example.org>', true],
  ["ann@example.org (bob@example.org)", true],
  ['ann@example.org <"ann"@example.org>', false],
  ["ann@example.org <Ann@Example.ORG>", true],
  ['"ann smith"@example.org', true],
  ["\r\n Ann\r\n <ann@example.org>", true],
  ["=?utf-8?q?bob=40example.org?= <ann@example.org>", true],
  ["ann@localhost", true],
  ["ann@[192.0.2.1]", true],
  ["<ann@example.org> <bob@example.org>", false],
  ["ann@example.org bob@example.org", false],
  ["bob@example.org <ann@example.org>", false],
  ["ann@example.org@example.net", false],
  ["<ann@example.org> (bob@example.org", false],
  ['<ann@example.org> "bob@example.org', false],
  ['"ann"@example.org "bob"@example.org', false],
  ["ann(x)@example.org bob(y)@example.org", false],
  ["ann@example.org, bob@example.org", false],
  ["ann@localhost bob@localhost", false],
  ["ann", false],
];
for (const [value, isOne] of readings) {
  Deno.test(`hasOneReading() of ${JSON.stringify(value)}`, () => {
    const [field] = [...headerFields(utf8(`From: ${value}\r\n`))];
    assert.equal(field !== undefined && hasOneReading(field), isOne);
  });
}

const authors = (n: number) => Array.from({ length: n }, (_, i) => `a@d${i}.example`).join(", ");

Deno.test("Author Domains up to the limit", () => {
  assert.equal(read(`From: ${authors(maxAuthorDomains)}\n`).status, "several");
  const more = read(`From: ${authors(maxAuthorDomains + 1)}\n`);
  assert.deepEqual([more.status, more.domains.length], ["tooManyDomains", maxAuthorDomains]);
});

Deno.test("authors up to the limit, also in many fields", () => {
  const same = (n: number) => Array.from({ length: n }, () => "a@example.org").join();
  assert.equal(read(`From: ${same(maxAuthors)}\n`).status, "ok");
  assert.equal(read(`From: ${same(maxAuthors + 1)}\n`).status, "tooManyDomains");
  const many = read(`From: ${same(50)}\n`.repeat(5000));
  assert.deepEqual([many.status, many.fields], ["severalFields", 5000]);
});

Deno.test("a field of a megabyte takes no time, whatever it is of", () => {
  for (
    const piece of ['"', '\\"', "(", "\\(", "@", "a@", "<", '"a@b.example" ', "a@b.example,", "(a@b.example)"]
  ) {
    const took = ownTime();
    read(`From: ${piece.repeat(1e6 / piece.length)}\n`);
    const ms = took();
    assert.ok(ms < 2000, `${piece}: ${ms} ms`);
  }
});

Deno.test("octets that are no UTF-8", () => {
  const [field] = [...headerFields(latin1("From: joe@b\xfccher.example\r\n"))];
  assert.deepEqual(readFrom(field === undefined ? [] : [field]).domains, ["bücher.example"]);
});
