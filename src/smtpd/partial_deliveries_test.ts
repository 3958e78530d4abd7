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

/** What is remembered of a recipient. */
function got(
  partial: PartialDeliveries,
  sender: typeof from | null,
  n: number,
  seen: typeof message,
  now = 0,
) {
  const [marked] = partial.marked([{ address: to(n), prefix: utf8("") }], sender, seen, now);
  return marked?.got;
}

Deno.test("only what looks like the same message from the same sender to the same recipient is remembered", () => {
  const partial = new PartialDeliveries();
  assert.ok(partial.empty);
  partial.add(from, to(1), message, "hash", 0);
  assert.equal(got(partial, from, 1, index("Message-Id: <1@a>\r\n\r\nx")), "hash");
  assert.equal(got(partial, null, 1, message), undefined);
  assert.equal(got(partial, from, 2, message), undefined);
  assert.equal(got(partial, from, 1, index("Message-Id: <2@a>\r\n\r\nx")), undefined);
  assert.equal(got(partial, from, 1, index("Message-Id: <1@a>\r\n\r\nxy")), undefined);
});

Deno.test("it is forgotten in time", () => {
  const partial = new PartialDeliveries();
  partial.add(from, to(1), message, "hash", 0);
  assert.equal(got(partial, from, 1, message, keptMs - 1), "hash");
  assert.equal(got(partial, from, 1, message, keptMs), undefined);
  assert.ok(partial.empty);
});

Deno.test("it is forgotten once all have it", () => {
  const partial = new PartialDeliveries();
  partial.add(from, to(1), message, "hash", 0);
  const recipients = [{ address: to(1), prefix: utf8(""), got: "hash" }];
  partial.over({ from, recipients, index: index("Message-Id: <2@a>\r\n\r\nx") });
  assert.ok(!partial.empty);
  partial.over({ from, recipients, index: message });
  assert.ok(partial.empty);
});

Deno.test("the oldest is forgotten where there are too many", () => {
  const partial = new PartialDeliveries();
  for (let n = 0; n <= maxKept; n++) partial.add(from, to(n), message, "hash", 0);
  assert.equal(got(partial, from, 0, message), undefined);
  assert.equal(got(partial, from, 1, message), "hash");
  assert.equal(got(partial, from, maxKept, message), "hash");
});
