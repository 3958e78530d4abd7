import assert from "node:assert/strict";
import { lacksRoom, triedBytes } from "./room.ts";

const answers: [what: string, error: Error | null, lacks: boolean][] = [
  ["room", null, false],
  ["a full disk", Object.assign(new Error("x"), { code: "ENOSPC" }), true],
  ["a quota", Object.assign(new Error("x"), { code: "EDQUOT" }), true],
  ["a quota, in the runtime's words", new Error("Disk quota exceeded (os error 122)"), true],
  ["a broken disk", Object.assign(new Error("x"), { code: "EIO" }), false],
  ["a file system that is read only now", Object.assign(new Error("x"), { code: "EROFS" }), false],
];
for (const [what, error, lacks] of answers) {
  Deno.test(`lacksRoom() with ${what} says ${lacks}, and leaves nothing`, () => {
    const folder = Deno.makeTempDirSync();
    try {
      const said = lacksRoom(`${folder}/db`, (path, bytes) => {
        assert.equal(bytes.length, triedBytes);
        Deno.writeFileSync(path, bytes.subarray(0, error === null ? bytes.length : 100));
        if (error !== null) throw error;
      });
      assert.equal(said, lacks);
      assert.deepEqual([...Deno.readDirSync(folder)], []);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  });
}

Deno.test("lacksRoom() really writes, and of a database in memory asks nobody", () => {
  const folder = Deno.makeTempDirSync();
  assert.equal(lacksRoom(`${folder}/db`), false);
  assert.equal(lacksRoom(`${folder}/not/there`), false);
  assert.deepEqual([...Deno.readDirSync(folder)], []);
  Deno.removeSync(folder);
  assert.equal(lacksRoom(":memory:", () => assert.fail()), false);
});
