import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { type Entry, WaitingLine } from "./waiting_line.ts";

function line(places: number, maxWaiting = 10) {
  const clock = new FakeClock();
  const waitingLine = new WaitingLine({ clock, places, maxWaiting, maxWaitMs: 1000 });
  const entries: [who: string, entry: Entry][] = [];
  const enter = async (who: string, signal?: AbortSignal) => {
    entries.push([who, await waitingLine.enter(signal)]);
  };
  return { clock, waitingLine, entries, enter };
}

Deno.test("there are so many places, and then a line in the order in which they came", async () => {
  const { clock, waitingLine, entries, enter } = line(2);
  for (const who of ["a", "b", "c", "d"]) enter(who);
  await clock.advance(0);
  assert.deepEqual(entries, [["a", "entered"], ["b", "entered"]]);
  assert.deepEqual([waitingLine.taken, waitingLine.waiting], [2, 2]);
  waitingLine.leave();
  await clock.advance(0);
  assert.deepEqual(entries.at(-1), ["c", "entered"]);
  assert.deepEqual([waitingLine.taken, waitingLine.waiting], [2, 1]);
  for (let i = 0; i < 3; i++) waitingLine.leave();
  assert.deepEqual([waitingLine.taken, waitingLine.waiting, clock.pending], [0, 0, 0]);
});

Deno.test("who comes when the line is full is sent away", async () => {
  const { clock, waitingLine, entries, enter } = line(1, 1);
  for (const who of ["a", "b", "c"]) enter(who);
  await clock.advance(0);
  assert.deepEqual(entries, [["a", "entered"], ["c", "full"]]);
  waitingLine.dissolve();
});

Deno.test("who waits too long is sent away, each at its time", async () => {
  const { clock, waitingLine, entries, enter } = line(1);
  enter("a");
  enter("b");
  await clock.advance(400);
  enter("c");
  await clock.advance(599);
  assert.deepEqual(entries, [["a", "entered"]]);
  await clock.advance(1);
  assert.deepEqual(entries.at(-1), ["b", "late"]);
  await clock.advance(399);
  assert.equal(waitingLine.waiting, 1);
  await clock.advance(1);
  assert.deepEqual(entries.at(-1), ["c", "late"]);
  assert.equal(clock.pending, 0);
});

Deno.test("who gives up leaves the line", async () => {
  const { clock, waitingLine, entries, enter } = line(1);
  const given = new AbortController();
  enter("a");
  enter("b", given.signal);
  enter("c");
  await clock.advance(0);
  given.abort();
  await clock.advance(0);
  assert.deepEqual(entries, [["a", "entered"], ["b", "aborted"]]);
  waitingLine.leave();
  await clock.advance(0);
  assert.deepEqual(entries.at(-1), ["c", "entered"]);
  waitingLine.leave();
  enter("d", given.signal);
  await clock.advance(0);
  assert.deepEqual(entries.at(-1), ["d", "aborted"]);
  assert.deepEqual([waitingLine.taken, clock.pending], [0, 0]);
});

Deno.test("a signal that aborts later, when its place is taken, takes nothing away", async () => {
  const { clock, waitingLine, enter } = line(1);
  const given = new AbortController();
  enter("a");
  enter("b", given.signal);
  waitingLine.leave();
  await clock.advance(0);
  given.abort();
  assert.deepEqual([waitingLine.taken, waitingLine.waiting], [1, 0]);
});

Deno.test("dissolving sends all away", async () => {
  const { clock, waitingLine, entries, enter } = line(1);
  for (const who of ["a", "b", "c"]) enter(who);
  waitingLine.dissolve();
  await clock.advance(0);
  assert.deepEqual(entries, [["a", "entered"], ["b", "aborted"], ["c", "aborted"]]);
  assert.deepEqual([waitingLine.taken, waitingLine.waiting, clock.pending], [1, 0, 0]);
});
