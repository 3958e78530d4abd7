import assert from "node:assert/strict";
import { concat, latin1 } from "../base/bytes.ts";
import { OctetCollector } from "./octet_collector.ts";

Deno.test("pieces become one", () => {
  const collector = new OctetCollector();
  assert.equal(collector.length, 0);
  const bytes = latin1("abcdefghij".repeat(500));
  for (let at = 0; at < bytes.length; at += 7) collector.add(bytes, at, Math.min(at + 7, bytes.length));
  collector.add(bytes, 3, 3);
  assert.equal(collector.length, bytes.length);
  assert.deepEqual(concat([collector.octets]), bytes);
  collector.clear();
  assert.equal(collector.octets.length, 0);
  collector.add(bytes, 1, 3);
  assert.deepEqual(concat([collector.octets]), latin1("bc"));
});

Deno.test("what is kept is a copy", () => {
  const collector = new OctetCollector();
  const bytes = latin1("a");
  collector.add(bytes, 0, 1);
  bytes[0] = 0;
  assert.deepEqual(concat([collector.octets]), latin1("a"));
});
