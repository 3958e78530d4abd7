import assert from "node:assert/strict";
import fc from "fast-check";
import { ordered } from "./order.ts";

function run<T>(steps: Generator<void, T>): { turns: number; value: T } {
  let turns = 0;
  for (let step = steps.next();; step = steps.next()) {
    if (step.done) return { turns, value: step.value };
    turns++;
  }
}

Deno.test("ordered() puts numbers in order, and leaves alone what is alike", () => {
  fc.assert(fc.property(fc.array(fc.nat(20)), (numbers) => {
    const { value } = run(ordered(numbers.length, (a, b) => (numbers[a] ?? 0) - (numbers[b] ?? 0)));
    const expected = numbers.map((n, i) => ({ n, i })).sort((a, b) => a.n - b.n).map(({ i }) => i);
    assert.deepEqual([...value], expected);
  }));
});

Deno.test("ordered() gives turns while it works, in or out of order", () => {
  const count = 100_000;
  const shuffled = Float64Array.from({ length: count }, (_, i) => (i * 7919) % count);
  assert.ok(run(ordered(count, (a, b) => (shuffled[a] ?? 0) - (shuffled[b] ?? 0))).turns > 50);
  assert.ok(run(ordered(count, (a, b) => a - b)).turns > 5);
});
