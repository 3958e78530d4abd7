import assert from "node:assert/strict";
import { fromUtf8, utf8 } from "../../../src/base/bytes.ts";
import { crashKinds, crashState, type FoundFolder, randomFrom } from "./crash_states.ts";
import type { Operation } from "./operations.ts";
import { PowerDisk } from "./power_disk.ts";

const open = (handle: number, path: string): Operation => ({
  kind: "open",
  handle,
  path: `/d${path}`,
  creates: true,
  truncates: false,
});
const write = (handle: number, offset: number, text: string): Operation => ({
  kind: "write",
  handle,
  offset,
  bytes: utf8(text),
});
const sync = (handle: number): Operation[] => [
  { kind: "beginSync", handle, sync: handle },
  { kind: "endSync", handle, sync: handle },
];
const rename = (from: string, to: string): Operation => ({
  kind: "rename",
  from: `/d${from}`,
  to: `/d${to}`,
});
const remove = (path: string): Operation => ({ kind: "remove", path: `/d${path}` });
const makeFolder = (path: string): Operation => ({ kind: "makeFolder", path: `/d${path}` });
/** The folder itself is handle 99. */
const syncRoot = [open(99, ""), ...sync(99)];

function diskAfter(operations: readonly Operation[]): PowerDisk {
  const disk = new PowerDisk("/d");
  for (const operation of operations) disk.apply(operation);
  return disk;
}

/** `a=text b/c=text`, in order. */
function shown(folder: FoundFolder, prefix = ""): string {
  return [...folder].toSorted(([a], [b]) => a < b ? -1 : 1).map(([name, found]) =>
    found instanceof Uint8Array
      ? `${prefix}${name}=${fromUtf8(found).replaceAll("\0", "0")}`
      : shown(found, `${prefix}${name}/`) || `${prefix}${name}/`
  ).join(" ");
}

/** Every state that is met in so many tries. */
function statesAfter(operations: readonly Operation[], tries = 400): string[] {
  const disk = diskAfter(operations);
  const random = randomFrom(1);
  const met = new Set<string>();
  for (let i = 0; i < tries; i++) {
    for (const kind of crashKinds) met.add(shown(crashState(disk.root, kind, random)));
  }
  return [...met].toSorted();
}

const cases: [what: string, operations: Operation[], states: string[]][] = [
  [
    "what was synced is there, name and content",
    [open(1, "/a"), write(1, 0, "xy"), ...sync(1), ...syncRoot],
    ["a=xy"],
  ],
  ["a file that was synced may have no name", [open(1, "/a"), write(1, 0, "xy"), ...sync(1)], ["", "a=xy"]],
  [
    "a name may stand for a file of which nothing is there, or only the size",
    [open(1, "/a"), ...syncRoot, write(1, 0, "x")],
    ["a=", "a=0", "a=x"],
  ],
  [
    "what is written over what was synced is the old or the new",
    [open(1, "/a"), write(1, 0, "old"), ...sync(1), ...syncRoot, write(1, 0, "new")],
    ["a=new", "a=old"],
  ],
  [
    "writes may come in any order",
    [
      open(1, "/a"),
      write(1, 0, "-".repeat(4097)),
      ...sync(1),
      ...syncRoot,
      write(1, 0, "A"),
      write(1, 4096, "B"),
    ],
    ["--", "-B", "A-", "AB"].map((ends) => `a=${ends[0]}${"-".repeat(4095)}${ends[1]}`),
  ],
  [
    "a sync covers what was written before it began, and nothing later",
    [
      open(1, "/a"),
      ...syncRoot,
      write(1, 0, "1"),
      { kind: "beginSync", handle: 1, sync: 1 },
      write(1, 1, "2"),
      { kind: "endSync", handle: 1, sync: 1 },
    ],
    ["a=1", "a=10", "a=12"],
  ],
  [
    "until a sync has ended nothing of it is certain",
    [open(1, "/a"), ...syncRoot, write(1, 0, "1"), { kind: "beginSync", handle: 1, sync: 1 }],
    ["a=", "a=0", "a=1"],
  ],
  [
    "a file that is renamed may have the old name, the new one, or both, and always one",
    [makeFolder("/b"), open(1, "/a"), ...sync(1), ...syncRoot, rename("/a", "/b/c")],
    ["a= b/", "a= b/c=", "b/c="],
  ],
  [
    "the folder that it came from takes it away only with the new name",
    [
      makeFolder("/b"),
      open(1, "/a"),
      ...sync(1),
      ...syncRoot,
      rename("/a", "/b/c"),
      open(98, ""),
      ...sync(98),
    ],
    ["b/c="],
  ],
  [
    "a file that was removed may be there again",
    [open(1, "/a"), ...syncRoot, remove("/a")],
    ["", "a="],
  ],
  [
    "a folder without a name takes all in it along",
    [makeFolder("/b"), open(1, "/b/c"), open(2, "/b"), ...sync(2)],
    ["", "b/c="],
  ],
  [
    "a file that was cut is long or short",
    [open(1, "/a"), write(1, 0, "long"), ...sync(1), ...syncRoot, { kind: "truncate", handle: 1, size: 1 }],
    ["a=l", "a=long"],
  ],
];
for (const [what, operations, states] of cases) {
  Deno.test(`on a disk without power, ${what}`, () => {
    assert.deepEqual(statesAfter(operations), states.toSorted());
  });
}

Deno.test("on a disk without power, of the last write some sectors may be there", () => {
  const states = statesAfter([open(1, "/a"), ...syncRoot, write(1, 0, "x".repeat(1024))]);
  for (
    const state of ["", "x".repeat(512), "x".repeat(512) + "0".repeat(512), "0".repeat(512) + "x".repeat(512)]
  ) {
    assert.ok(states.includes(`a=${state}`), `${state.length} octets`);
  }
});

Deno.test("a process that ends takes its handles along, and nothing of what it wrote", () => {
  const disk = diskAfter([open(1, "/a"), write(1, 0, "x")]);
  disk.processEnded();
  assert.equal(shown(crashState(disk.root, "everything", randomFrom(1))), "a=x");
  assert.equal(shown(crashState(disk.root, "nothing", randomFrom(1))), "");
  disk.apply(open(1, "/a"));
  for (const operation of [...sync(1), ...syncRoot]) disk.apply(operation);
  assert.equal(shown(crashState(disk.root, "nothing", randomFrom(1))), "a=x");
});

Deno.test("a disk refuses what cannot have been", () => {
  const disk = new PowerDisk("/d");
  assert.throws(() => disk.apply(write(1, 0, "x")), /handle 1/);
  assert.throws(() => disk.apply(rename("/a", "/b")), /not there/);
  assert.throws(() => disk.apply(makeFolder("/a/b")), /not there/);
  assert.throws(() => disk.apply({ ...open(1, "/a"), creates: false } as Operation), /not there/);
});

Deno.test("the same seed gives the same states", () => {
  const disk = diskAfter([open(1, "/a"), write(1, 0, "x".repeat(9000)), open(2, "/b"), write(2, 0, "y")]);
  const some = (seed: number) => shown(crashState(disk.root, "anything", randomFrom(seed)));
  assert.equal(some(3), some(3));
  assert.ok(new Set(Array.from({ length: 20 }, (_, seed) => some(seed))).size > 1);
});

Deno.test("neighbouring seeds begin far from each other", () => {
  const firsts = Array.from({ length: 20 }, (_, seed) => randomFrom(1000 + seed)());
  assert.ok(Math.max(...firsts) - Math.min(...firsts) > 0.5);
});
