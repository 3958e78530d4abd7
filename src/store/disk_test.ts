import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { diskRefusal, realDisk } from "./disk.ts";

async function withFolder(test: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = Deno.makeTempDirSync();
  try {
    await test(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("files are written, synced, moved, read in part, and removed", () =>
  withFolder(async (folder) => {
    const file = await realDisk.create(`${folder}/new`);
    await file.write(utf8("0123"));
    await file.write(utf8("456789"));
    await file.sync();
    file.close();
    assert.equal((Deno.statSync(`${folder}/new`).mode ?? 0) & 0o777, 0o600);
    await assert.rejects(realDisk.create(`${folder}/new`));
    assert.equal(realDisk.makeFolder(`${folder}/sub`), true);
    assert.equal(realDisk.makeFolder(`${folder}/sub`), false);
    assert.equal((Deno.statSync(`${folder}/sub`).mode ?? 0) & 0o777, 0o700);
    await realDisk.rename(`${folder}/new`, `${folder}/sub/there`);
    await realDisk.syncFolder(`${folder}/sub`);
    assert.deepEqual(realDisk.read(`${folder}/sub/there`, 2, 5), utf8("234"));
    assert.deepEqual(realDisk.read(`${folder}/sub/there`, 8, 50), utf8("89"));
    assert.equal(realDisk.size(`${folder}/sub/there`), 10);
    assert.deepEqual(realDisk.list(`${folder}/sub`), ["there"]);
    realDisk.remove(`${folder}/sub/there`);
    realDisk.remove(`${folder}/sub/there`);
    assert.equal(realDisk.size(`${folder}/sub/there`), null);
    assert.deepEqual(realDisk.list(`${folder}/nowhere`), []);
  }));

Deno.test("a real full disk is told as such", () => {
  assert.throws(() => {
    try {
      Deno.writeFileSync("/dev/full", utf8("x"));
    } catch (error) {
      throw diskRefusal(error, "a test");
    }
  }, (error) => error instanceof Refused && error.reason === "diskFull");
});

Deno.test("other failures are told as temporary, and refusals as they are", () => {
  assert.equal(diskRefusal(new Error("Permission denied"), "a test").reason, "tryLater");
  assert.equal(diskRefusal(new Refused("tooLarge", "x"), "a test").reason, "tooLarge");
});
