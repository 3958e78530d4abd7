import assert from "node:assert/strict";
import { settle } from "../../tests/support/fake_clock.ts";
import { BodyFiles } from "./body_files.ts";
import { type Disk, realDisk } from "./disk.ts";

const first = `ab${"0".repeat(62)}`;
const second = `ab${"1".repeat(62)}`;

/** A disk without files, which notes what is brought to it, in order. */
class NotedDisk implements Disk {
  readonly done: string[] = [];
  /** Syncs of `bodies` wait for it. */
  gate: Promise<void> = Promise.resolve();
  readonly #folders: Set<string>;

  constructor(folders: readonly string[] = []) {
    this.#folders = new Set(folders);
  }

  makeFolder = (path: string) => {
    const isNew = !this.#folders.has(path);
    this.#folders.add(path);
    return isNew;
  };

  rename = (_from: string, to: string) => {
    this.done.push(`rename ${to}`);
    return Promise.resolve();
  };

  syncFolder = async (path: string) => {
    if (path === "bodies") await this.gate;
    this.done.push(`sync ${path}`);
  };

  create = realDisk.create;
  remove = () => {};
  read = realDisk.read;
  size = () => null;
  list = () => [];
}

const renames = [`rename bodies/ab/${first}`, `rename bodies/ab/${second}`];

Deno.test("no body is in its place before its folder's own name is on the disk, whoever made that", async () => {
  const disk = new NotedDisk();
  const gate = Promise.withResolvers<void>();
  disk.gate = gate.promise;
  const files = new BodyFiles("bodies", disk);
  let placed = 0;
  const all = Promise.all([
    files.place("a", first).then(() => placed++),
    files.place("b", second).then(() => placed++),
  ]);
  await settle();
  assert.equal(placed, 0);
  gate.resolve();
  await all;
  assert.deepEqual(disk.done.filter((each) => each === "sync bodies"), ["sync bodies"], "once for both");
});

Deno.test("a folder that a killed process left may have no name on the disk yet", async () => {
  const disk = new NotedDisk(["bodies", "bodies/ab"]);
  const files = new BodyFiles("bodies", disk);
  await files.place("a", first);
  await files.place("b", second);
  const [one, two] = renames;
  assert.deepEqual(disk.done, ["sync bodies", one, "sync bodies/ab", two, "sync bodies/ab"]);
});

Deno.test("a folder that could not be synced is tried again", async () => {
  const disk = new NotedDisk();
  const files = new BodyFiles("bodies", disk);
  disk.gate = Promise.reject(new Error("EIO"));
  await assert.rejects(files.place("a", first), /EIO/);
  disk.gate = Promise.resolve();
  await files.place("a", first);
  assert.deepEqual(disk.done, ["sync bodies", renames[0], "sync bodies/ab"]);
});
