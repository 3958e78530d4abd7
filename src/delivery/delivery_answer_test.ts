import assert from "node:assert/strict";
import fc from "fast-check";
import { newObjectId } from "../store/object_id.ts";
import type { DeliveryResult } from "./deliver.ts";
import { parseAnswer, printAnswer } from "./delivery_answer.ts";

const result: fc.Arbitrary<DeliveryResult> = fc.oneof(
  fc.constant(null).map((): DeliveryResult => ({ kind: "delivered", id: newObjectId() })),
  fc.constantFrom("", newObjectId()).map((id): DeliveryResult => ({
    kind: "delivered",
    id,
    body: "0af9".repeat(16),
  })),
  fc.constantFrom("overQuota", "noSuchMailbox", "tryLater").map((reason): DeliveryResult => ({
    kind: "refused",
    reason,
  })),
);

Deno.test("an answer is read as it was written", () => {
  fc.assert(
    fc.property(fc.array(result, { minLength: 1, maxLength: 20 }), (results) => {
      assert.deepEqual(parseAnswer(printAnswer(results)), results);
    }),
  );
});
