import assert from "node:assert/strict";
import { join } from "node:path";
import { makeFolders, writeWhole } from "./durable_file.ts";

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mailden_durable_" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the name of each folder that is made comes to the disk, the highest first", () =>
  inFolder(async (folder) => {
    const synced: string[] = [];
    const sync = (path: string) => {
      assert.ok(Deno.statSync(join(folder, "a", "b", "data")).isDirectory);
      synced.push(path);
      return Promise.resolve();
    };
    await makeFolders(join(folder, "a", "b", "data"), sync);
    assert.deepEqual(synced, [folder, join(folder, "a"), join(folder, "a", "b")]);
    // Whoever made it may not have come to that.
    await makeFolders(join(folder, "a", "b", "data"), sync);
    assert.deepEqual(synced.slice(3), [join(folder, "a", "b")]);
    assert.equal((Deno.statSync(join(folder, "a", "b", "data")).mode ?? 0) & 0o777, 0o700);
  }));

Deno.test("a folder that cannot be made says so", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "file"), "");
    await assert.rejects(makeFolders(join(folder, "file", "data")), Error);
  }));

Deno.test("a file is whole, its owner's alone, and takes the place of what was there", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    for (const content of ["one", "two"]) {
      await Deno.writeTextFile(`${path}.new`, "left by a crash");
      await writeWhole(path, content);
      assert.equal(await Deno.readTextFile(path), content);
    }
    assert.deepEqual([...Deno.readDirSync(folder)].map((entry) => entry.name), ["file"]);
    assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  }));
