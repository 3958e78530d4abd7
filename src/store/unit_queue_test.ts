import assert from "node:assert/strict";
import { behindRests, lateMs, maxBehindMs, UnitQueue } from "./unit_queue.ts";

/** All that one group takes, each unit as long. */
function group(queue: UnitQueue<string>, from: number, each: number): string[] {
  const taken: string[] = [];
  let now = from;
  for (let unit = queue.take(now); unit !== undefined; unit = queue.take(now)) {
    taken.push(unit);
    now += each;
  }
  queue.endGroup(now);
  return taken;
}

function fill(queue: UnitQueue<string>, name: string, count: number, isBehind: boolean): void {
  for (let i = 0; i < count; i++) queue.add(name, isBehind);
}

Deno.test("units that somebody waits for go first, in their order", () => {
  const queue = new UnitQueue<string>();
  queue.add("behind", true);
  queue.add("one", false);
  queue.add("two", false);
  assert.equal(queue.size, 3);
  assert.deepEqual(group(queue, 0, 0), ["one", "two", "behind"]);
  assert.equal(queue.size, 0);
});

Deno.test("while nothing else comes, units behind have all of a group", () => {
  const queue = new UnitQueue<string>();
  fill(queue, "behind", 100, true);
  assert.equal(queue.waitMs(0), 0);
  assert.equal(group(queue, 0, 1).length, 100);
  fill(queue, "behind", 1, true);
  assert.equal(queue.waitMs(100), 0); // And do not rest.
});

Deno.test("where others came, they have a part of a group and rest for a multiple of it", () => {
  const queue = new UnitQueue<string>();
  fill(queue, "urgent", 3, false);
  fill(queue, "behind", 10, true);
  assert.deepEqual(group(queue, 0, 1), ["urgent", "urgent", "urgent", ...Array(maxBehindMs).fill("behind")]);
  const ended = 3 + maxBehindMs;
  const rest = behindRests * maxBehindMs;
  assert.equal(queue.waitMs(ended), rest);
  assert.deepEqual(group(queue, ended, 1), []);
  assert.equal(queue.waitMs(ended + 1), rest - 1); // A group without them does not make it longer.
  fill(queue, "urgent", 1, false);
  assert.equal(queue.waitMs(ended + 1), 0); // Others do not rest.
  assert.deepEqual(group(queue, ended + 1, 0), ["urgent"]);
  assert.deepEqual(group(queue, ended + rest, 1), Array(maxBehindMs).fill("behind"));
});

Deno.test("some time after the last of the others, they have all again", () => {
  const queue = new UnitQueue<string>();
  fill(queue, "urgent", 1, false);
  fill(queue, "behind", 50, true);
  group(queue, 0, 1);
  assert.ok((queue.waitMs(lateMs - 90) ?? 0) > 0);
  assert.equal(queue.waitMs(lateMs), 0);
  assert.equal(group(queue, lateMs, 1).length, 50 - maxBehindMs);
  assert.equal(queue.waitMs(lateMs), null);
});

Deno.test("a writer that closes waits for nobody's rest", () => {
  const queue = new UnitQueue<string>();
  fill(queue, "urgent", 1, false);
  fill(queue, "behind", 50, true);
  group(queue, 0, 1);
  queue.hurry();
  assert.equal(queue.waitMs(1 + maxBehindMs), 0);
  assert.equal(group(queue, 1 + maxBehindMs, 1).length, 50 - maxBehindMs);
});

Deno.test("clear() takes out all", () => {
  const queue = new UnitQueue<string>();
  fill(queue, "behind", 2, true);
  fill(queue, "urgent", 1, false);
  assert.deepEqual(queue.clear(), ["urgent", "behind", "behind"]);
  assert.equal(queue.size, 0);
});
