import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import { keptMs, maxKept, PartialDeliveries } from "./partial_deliveries.ts";
import { PlainIndexer } from "../delivery/testing/plain_indexer.ts";

const from = { local: "a", domain: "example.net" };
const to = (n: number) => ({ local: `u${n}`, domain: "example.org" });

function index(text: string) {
  const indexer = new PlainIndexer();
  indexer.write(utf8(text));
  return indexer.end();
}

const message = index("Message-Id: <1@a>\r\n\r\nx");

Deno.test("only the same message from the same sender to the same recipient is remembered", () => {
  const partial = new PartialDeliveries();
  assert.ok(partial.empty);
  partial.add(from, to(1), message, 0);
  assert.ok(partial.has(from, to(1), index("Message-Id: <1@a>\r\n\r\nx"), 1));
  assert.ok(!partial.has(null, to(1), message, 1));
  assert.ok(!partial.has(from, to(2), message, 1));
  assert.ok(!partial.has(from, to(1), index("Message-Id: <2@a>\r\n\r\nx"), 1));
  assert.ok(!partial.has(from, to(1), index("Message-Id: <1@a>\r\n\r\nxy"), 1));
});

Deno.test("it is forgotten in time", () => {
  const partial = new PartialDeliveries();
  partial.add(from, to(1), message, 0);
  assert.ok(partial.has(from, to(1), message, keptMs - 1));
  assert.ok(!partial.has(from, to(1), message, keptMs));
  assert.ok(partial.empty);
});

Deno.test("the oldest is forgotten where there are too many", () => {
  const partial = new PartialDeliveries();
  for (let n = 0; n <= maxKept; n++) partial.add(from, to(n), message, 0);
  assert.ok(!partial.has(from, to(0), message, 0));
  assert.ok(partial.has(from, to(1), message, 0));
  assert.ok(partial.has(from, to(maxKept), message, 0));
});
