import assert from "node:assert/strict";
import { fromUtf8, utf8 } from "../base/bytes.ts";
import type { Hop } from "../smtp/trace.ts";
import { PlainIndexer } from "../delivery/testing/plain_indexer.ts";
import { indexWith, missingFields, withPrefixes } from "./trace_fields.ts";

const hop: Hop = {
  from: null,
  by: { hostname: "mail.example.org", address: "192.0.2.1" },
  protocol: { extended: true, utf8: false, tls: false, authenticated: true },
  id: "ID",
  tls: null,
  requireTls: false,
  at: 0,
};
const random = new Uint8Array(16).fill(255);

function body(text: string) {
  const indexer = new PlainIndexer();
  indexer.write(utf8(text));
  return { index: indexer.end(), content: utf8(text), spool: null, head: utf8(text) };
}

const fields: [message: string, added: RegExp][] = [
  ["A: b\r\n\r\n", /^Message-Id: <_{21}w@mail\.example\.org>\r\nDate: Thu, 1 Jan 1970 00:00:00 \+0000\r\n$/],
  ["message-id : broken\r\nA: b\r\n\r\n", /^Date: /],
  ["Message-Id: <1@a>\r\nDATE: never\r\n\r\n", /^$/],
  ["A: b\r\n\r\nMessage-Id: <1@a>\r\nDate: x\r\n", /^Message-Id: .*\r\nDate: /],
];
for (const [message, added] of fields) {
  Deno.test(`fields that ${JSON.stringify(message)} lacks`, () => {
    assert.match(missingFields(body(message), hop, random), added);
  });
}

Deno.test("the index knows what was added, and keeps the offsets of the body", () => {
  const message = body("A: b\r\n\r\nx");
  const index = indexWith(
    message,
    "Message-Id: <1@a>\r\nDate: Thu, 1 Jan 1970 00:00:00 +0000\r\n",
    new PlainIndexer(),
  );
  assert.equal(index.messageId, "1@a");
  assert.equal(index.date, 0);
  assert.match(fromUtf8(index.envelope), /Message-Id: <1@a>[^]*A: b/);
  assert.equal(index.root.bodyStart, message.index.root.bodyStart);
  assert.equal(index.size, message.index.size);
});

Deno.test("one recipient is named, several are not, in a user's message", () => {
  const known = (local: string) => ({
    address: { local, domain: "example.org" },
    known: true,
    notify: null,
    orcpt: null,
  });
  const one = withPrefixes([known("b")], null, hop, "Found: z\r\n", "X: y\r\n").map(({ prefix }) =>
    fromUtf8(prefix)
  );
  assert.match(
    one[0] ?? "",
    /^Delivered-To: b@example\.org\r\nReturn-Path: <>\r\nFound: z\r\nReceived: [^]*for <b@example\.org>;[^]*\r\nX: y\r\n$/,
  );
  const two = withPrefixes([known("b"), known("c")], null, hop, "", "").map(({ prefix }) => fromUtf8(prefix));
  assert.ok(two.every((prefix) => !prefix.includes("for <")));
  assert.match(two[1] ?? "", /^Delivered-To: c@/);
});
