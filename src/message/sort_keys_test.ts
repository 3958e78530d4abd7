import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1, utf8 } from "../base/bytes.ts";
import { readEnvelopeStart } from "./envelope.ts";
import { Indexer } from "./indexer.ts";
import { maxSortText, sortKeys } from "./sort_keys.ts";

function keysOf(header: string) {
  const indexer = new Indexer();
  indexer.write(utf8(`${header.replaceAll("\n", "\r\n")}\r\n\r\n`));
  const { subject, envelope } = indexer.end();
  return sortKeys(subject, envelope);
}

const none = { subject: "", isReply: false, from: "", to: "", cc: "", displayFrom: "", displayTo: "" };

const table: [header: string, keys: Partial<ReturnType<typeof sortKeys>>][] = [
  ["X: y", {}],
  ["Subject: Re: [list] =?utf-8?q?Caf=C3=A9?= (fwd)", { subject: "CAFE\u0301", isReply: true }],
  ["From: Ann Smith <ann@example.org>", { from: "ANN", displayFrom: "ANN SMITH" }],
  ["From: ann@example.org, Bob <bob@example.org>", { from: "ANN", displayFrom: "ANN@EXAMPLE.ORG" }],
  ["From: =?utf-8?q?J=C3=B6rg?= <j@x.example>", { from: "J", displayFrom: "JO\u0308RG" }],
  ['From: "" <j@x.example>', { from: "J", displayFrom: "J@X.EXAMPLE" }],
  ['From: "a \\"b\\" c" <j@x.example>', { from: "J", displayFrom: 'A "B" C' }],
  ["To: friends: Eve <eve@x.example>, b@x.example;", { to: "EVE", displayTo: "EVE" }],
  ["To: undisclosed-recipients:;", {}],
  ["Cc: =?utf-8?q?x?= <cc@x.example>", { cc: "CC" }],
  ['To: "odd local"@x.example', { to: "ODD LOCAL", displayTo: "ODD LOCAL@X.EXAMPLE" }],
  [`From: ${"n".repeat(5000)} <l@x.example>`, { from: "L", displayFrom: "N".repeat(maxSortText) }],
  ["Subject: a\nSender: s@x.example\nReply-To: r@x.example\nFrom: f@x.example", {
    subject: "A",
    from: "F",
    displayFrom: "F@X.EXAMPLE",
  }],
];
for (const [header, keys] of table) {
  Deno.test(`sortKeys() of ${header.slice(0, 60)}`, () =>
    assert.deepEqual(keysOf(header), { ...none, ...keys }));
}

Deno.test("readEnvelopeStart() takes anything for an envelope", () => {
  const nothing = { subject: "", from: null, to: null, cc: null };
  for (const text of ["", "(", "NIL", "((((", "(NIL {99999999999999999999}\r\nx", '(NIL "x']) {
    const read = readEnvelopeStart(latin1(text));
    assert.deepEqual({ ...read, subject: "" }, nothing, text);
  }
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'()"\\{}0129 NILa\r\n') }), (text) => {
    readEnvelopeStart(latin1(text));
  }));
});

Deno.test("readEnvelopeStart() reads literals and escapes", () => {
  const envelope = latin1(
    '(NIL {5}\r\n\xe4"\r\n( (("N \\"q\\"" NIL {2}\r\nlo "d.example")) NIL NIL NIL NIL NIL NIL NIL)',
  );
  assert.deepEqual(readEnvelopeStart(envelope), {
    subject: '\xe4"\r\n(',
    from: { kind: "mailbox", name: 'N "q"', route: null, local: "lo", domain: "d.example" },
    to: null,
    cc: null,
  });
});
