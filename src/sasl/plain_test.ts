import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1, utf8 } from "../base/bytes.ts";
import { parseExternal } from "./external.ts";
import { beginLogin, continueLogin } from "./login.ts";
import { parsePlain, printPlain } from "./plain.ts";
import { maxFieldBytes } from "./secrets.ts";

const accepted: [message: string, authzid: string, authcid: string, password: string][] = [
  ["\0tim\0tanstaaftanstaaf", "", "tim", "tanstaaftanstaaf"], // RFC 4616 4
  ["Ursel\0Kurt\0xipj3plmq", "Ursel", "Kurt", "xipj3plmq"], // RFC 4616 4
  ["\0you@example.org\0p ä\u20ac", "", "you@example.org", "p ä€"],
  ["\0a\0 ", "", "a", " "],
];
for (const [message, authzid, authcid, password] of accepted) {
  Deno.test(`parsePlain() reads ${JSON.stringify(message)}`, () => {
    assert.deepEqual(parsePlain(utf8(message)), { authzid, authcid, password });
    assert.deepEqual(printPlain({ authzid, authcid, password }), utf8(message));
  });
}

const refused: [what: string, message: Uint8Array][] = [
  ["nothing", utf8("")],
  ["no NUL", utf8("tim")],
  ["one NUL", utf8("tim\0password")],
  ["three NULs", utf8("\0tim\0pass\0word")],
  ["no name", utf8("\0\0password")],
  ["no password", utf8("\0tim\0")],
  ["no UTF-8", latin1("\0tim\0p\xe4ss")],
  ["a long name", utf8(`\0${"a".repeat(maxFieldBytes + 1)}\0password`)],
  ["a long password", utf8(`\0tim\0${"ä".repeat(maxFieldBytes / 2 + 1)}`)],
  ["a long message", new Uint8Array(100_000)],
];
for (const [what, message] of refused) {
  Deno.test(`parsePlain() refuses ${what}`, () => assert.equal(parsePlain(message), null));
}

Deno.test("parsePlain() takes fields up to the limit", () => {
  const field = "a".repeat(maxFieldBytes);
  assert.deepEqual(parsePlain(utf8(`\0${field}\0x`))?.authcid, field);
});

Deno.test("parsePlain(printPlain(x)) is x", () => {
  const field = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).filter((text) =>
    !text.includes("\0")
  );
  fc.assert(fc.property(field, field, field, (authzid, authcid, password) => {
    assert.deepEqual(parsePlain(printPlain({ authzid, authcid, password })), { authzid, authcid, password });
  }));
});

Deno.test("LOGIN asks for a name, then for a password", () => {
  const first = beginLogin(null);
  assert.ok(first.kind === "ask");
  assert.deepEqual(first.challenge, utf8("Username:"));
  const second = continueLogin(first.state, utf8("tim"));
  assert.ok(second.kind === "ask");
  assert.deepEqual(second.challenge, utf8("Password:"));
  assert.deepEqual(continueLogin(second.state, utf8("secret")), {
    kind: "done",
    login: { authzid: "", authcid: "tim", password: "secret" },
  });
});

Deno.test("LOGIN takes the name as an initial response, and an empty one as none", () => {
  const step = beginLogin(utf8("tim"));
  assert.ok(step.kind === "ask");
  assert.deepEqual(step.challenge, utf8("Password:"));
  const empty = beginLogin(utf8(""));
  assert.ok(empty.kind === "ask" && empty.state.username === null);
});

for (const response of [utf8(""), utf8("a\0b"), latin1("\xff"), new Uint8Array(maxFieldBytes + 1).fill(97)]) {
  Deno.test(`LOGIN refuses ${response.length} octets, ${response.subarray(0, 3)}`, () => {
    assert.equal(continueLogin({ username: null }, response).kind, "malformed");
    assert.equal(continueLogin({ username: "tim" }, response).kind, "malformed");
  });
}

Deno.test("EXTERNAL reads an identity or none", () => {
  assert.equal(parseExternal(utf8("")), "");
  assert.equal(parseExternal(utf8("you@example.org")), "you@example.org");
  assert.equal(parseExternal(utf8("a\0b")), null);
  assert.equal(parseExternal(latin1("\xff")), null);
  assert.equal(parseExternal(new Uint8Array(maxFieldBytes + 1).fill(97)), null);
});
