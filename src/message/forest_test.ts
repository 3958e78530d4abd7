import assert from "node:assert/strict";
import fc from "fast-check";
import { Forest, nobody } from "./forest.ts";

Deno.test("a forest links and cuts as plain parents do, and never makes a loop", () => {
  const size = 12;
  const change = fc.record({ cut: fc.boolean(), node: fc.nat(size - 1), parent: fc.nat(size - 1) });
  fc.assert(fc.property(fc.array(change, { maxLength: 120 }), (changes) => {
    const forest = new Forest(1);
    const parents: number[] = [];
    for (let i = 0; i < size; i++) {
      assert.equal(forest.add(), i);
      parents.push(nobody);
    }
    const rootOf = (node: number): number => parents[node] === nobody ? node : rootOf(parents[node] ?? 0);
    for (const { cut, node, parent } of changes) {
      if (cut) {
        forest.cut(node);
        parents[node] = nobody;
      } else if (parents[node] === nobody) {
        forest.link(node, parent);
        if (rootOf(parent) !== node) parents[node] = parent;
      }
      for (let i = 0; i < size; i++) {
        assert.equal(forest.parentOf(i), parents[i]);
        assert.equal(forest.rootOf(i), rootOf(i));
      }
    }
  }));
});

Deno.test("a path of 100,000 nodes, asked for its root from anywhere, is no work", () => {
  const forest = new Forest();
  const count = 100_000;
  for (let i = 0; i < count; i++) forest.add();
  for (let i = 1; i < count; i++) forest.link(i, i - 1);
  for (let i = 0; i < count; i++) assert.equal(forest.rootOf((i * 7919) % count), 0);
  forest.cut(count / 2);
  assert.equal(forest.rootOf(count - 1), count / 2);
  assert.equal(forest.rootOf(1), 0);
  forest.link(0, count - 1);
  assert.equal(forest.rootOf(1), count / 2);
  forest.link(count / 2, 1); // Would be a loop.
  assert.equal(forest.parentOf(count / 2), nobody);
});
