import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, concat } from "../base/bytes.ts";
import { ByteQueue, pieceCost } from "./byte_queue.ts";

Deno.test("a queue gives what a plain array would, and counts it", () => {
  const step = fc.oneof(
    fc.uint8Array({ maxLength: 5 }).map((bytes) => ({ do: "push", bytes: new Uint8Array(bytes) }) as const),
    fc.uint8Array({ maxLength: 5 }).map((bytes) =>
      ({ do: "unshift", bytes: new Uint8Array(bytes) }) as const
    ),
    fc.constant({ do: "shift" } as const),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
    const queue = new ByteQueue();
    const model: Bytes[] = [];
    for (const step of steps) {
      if (step.do === "shift") assert.deepEqual(queue.shift(), model.shift());
      else {
        queue[step.do](step.bytes);
        if (step.bytes.length > 0) model[step.do](step.bytes);
      }
      assert.equal(queue.bytes, concat(model).length);
      assert.equal(queue.cost, queue.bytes + model.length * pieceCost);
    }
  }));
});

Deno.test("a long queue is emptied in order", () => {
  const queue = new ByteQueue();
  for (let i = 0; i < 10_000; i++) queue.push(new Uint8Array([i & 255]));
  for (let i = 0; i < 10_000; i++) assert.equal(queue.shift()?.[0], i & 255);
  assert.equal(queue.shift(), undefined);
  assert.equal(queue.cost, 0);
});

Deno.test("clear() leaves nothing", () => {
  const queue = new ByteQueue();
  queue.push(new Uint8Array(9));
  queue.clear();
  assert.equal(queue.cost, 0);
  assert.equal(queue.shift(), undefined);
});
