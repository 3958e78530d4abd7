import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { ConnectionLimits } from "./connection_limits.ts";
import { filesForConnections, filesForTheRest, OpenFiles } from "./open_files.ts";

const shares: [openFiles: number, connections: number][] = [
  [100, 50],
  [1024, 512],
  [2 * filesForTheRest, filesForTheRest],
  [65_536, 61_440],
  [Infinity, Infinity],
];
for (const [openFiles, connections] of shares) {
  Deno.test(`of ${openFiles} files, connections may take ${connections}`, () => {
    assert.equal(filesForConnections(openFiles), connections);
  });
}

Deno.test("services that share the files of a process take them together, some more for each connection", () => {
  const files = new OpenFiles(4);
  const one = new ConnectionLimits(new FakeClock(), {}, { together: files, each: 1 });
  const other = new ConnectionLimits(new FakeClock(), {}, { together: files, each: 3 });
  const first = one.admit("192.0.2.1");
  const second = other.admit("192.0.2.2");
  assert.deepEqual([first.kind, second.kind, files.open], ["admitted", "admitted", 4]);
  assert.deepEqual(one.admit("192.0.2.3"), { kind: "refused", why: "full" });
  assert.equal(one.open, 1);
  if (second.kind === "admitted") {
    second.release();
    second.release();
  }
  assert.equal(files.open, 1);
  assert.equal(other.admit("192.0.2.2").kind, "admitted");
});

Deno.test("who is refused for another reason takes no file", () => {
  const files = new OpenFiles(4);
  const limits = new ConnectionLimits(
    new FakeClock(),
    { openPerNetwork: [0, 9, 9] },
    { together: files, each: 1 },
  );
  assert.deepEqual(limits.admit("192.0.2.1"), { kind: "refused", why: "open" });
  assert.equal(files.open, 0);
});

Deno.test("who gets none is told, and who is the first of them", () => {
  const told: boolean[] = [];
  const files = new OpenFiles(10, (isFirst) => told.push(isFirst));
  const taken = Array.from({ length: 12 }, () => files.take(1));
  assert.equal(taken.filter((each) => each).length, 10);
  assert.deepEqual(told, [true, false]);
  files.give(1);
  assert.deepEqual([files.take(1), files.take(1)], [true, false]);
  assert.deepEqual(told, [true, false, true]);
  files.give(0);
  files.take(1);
  assert.deepEqual(told, [true, false, true, false]);
});
