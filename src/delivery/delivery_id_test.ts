import assert from "node:assert/strict";
import { newDeliveryId } from "./delivery_id.ts";

const random = (count: number) => crypto.getRandomValues(new Uint8Array(count));

Deno.test("ids are 32 hex digits, those of later times higher, and no two alike", () => {
  const times = [0, 1, Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 1) + 1, 2 ** 48 - 1];
  const ids = times.map((now) => newDeliveryId(now, random));
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
  assert.deepEqual([...ids].sort(), ids);
  assert.match(newDeliveryId(-5, random), /^0{12}[0-9a-f]{20}$/);
  assert.equal(new Set(Array.from({ length: 1000 }, () => newDeliveryId(7, random))).size, 1000);
});
