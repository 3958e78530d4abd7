import assert from "node:assert/strict";
import { isHeloName, parseEhlo, printEhlo } from "./ehlo.ts";

Deno.test("the name is read as sent, without the spaces around it", () => {
  assert.deepEqual(parseEhlo("EHLO", " Mail.Example.org "), { verb: "EHLO", name: "Mail.Example.org" });
  assert.equal(printEhlo(parseEhlo("HELO", "a.example")), "HELO a.example");
});

const good = [
  "localhost",
  "mail.example.org",
  "mail.example.org.",
  "a_b.example",
  "1.example",
  "[192.0.2.1]",
  "[IPv6:2001:db8::1]",
  "[ipv6:::1]",
  "xn--nxasmq6b.example",
];
for (const name of good) Deno.test(`"${name}" is a name`, () => assert.ok(isHeloName(name)));

const bad = [
  "",
  ".",
  "a..b",
  "-a.example",
  "a-.example",
  "a b",
  "exämple.org",
  "[192.0.2.1",
  "[192.0.2.256]",
  "[2001:db8::1]",
  "[IPv6:192.0.2.1]",
  "[]",
  "a@b",
  "<a>",
  "a\0b",
  "x".repeat(64),
  `${"a.".repeat(128)}b`,
];
for (const name of bad) Deno.test(`"${name}" is no name`, () => assert.ok(!isHeloName(name)));
