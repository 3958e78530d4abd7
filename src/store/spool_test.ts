import assert from "node:assert/strict";
import { MiB, utf8 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { sha256 } from "./block_hash.ts";
import { maxOwnSpools, maxPieceBytes, maxSpoolBytes, maxSpools, SpoolFolder, type Spools } from "./spool.ts";
import { FaultyDisk } from "./testing/faulty_disk.ts";

interface Parts {
  folder: string;
  disk: FaultyDisk;
  spool: SpoolFolder;
  spools: Spools;
  files(): number;
}

async function withSpool(test: (parts: Parts) => Promise<void>): Promise<void> {
  const folder = `${Deno.makeTempDirSync()}/spool`;
  const disk = new FaultyDisk();
  const spool = new SpoolFolder(folder, disk);
  const spools = spool.forOwner();
  try {
    await test({ folder, disk, spool, spools, files: () => [...Deno.readDirSync(folder)].length });
  } finally {
    disk.failing.clear();
    await spools.close();
    assert.equal([...Deno.readDirSync(folder)].length, 0);
    Deno.removeSync(folder.slice(0, -6), { recursive: true });
  }
}

const refused = (reason: string) => (error: unknown) => error instanceof Refused && error.reason === reason;

Deno.test("pieces become one file, hashed here, synced before it is taken", () =>
  withSpool(async ({ spools, disk }) => {
    const id = await spools.open();
    const pieces = [utf8("one "), new Uint8Array(maxPieceBytes).fill(7), utf8("three")];
    await Promise.all(pieces.map((piece) => spools.write(id, piece))); // In order, though none was awaited.
    const { path, hashes } = await spools.take(id);
    const file = Deno.readFileSync(path);
    assert.equal(hashes.size, MiB + 9);
    assert.deepEqual(hashes.sha256, sha256(file));
    assert.equal(disk.done.at(-1), `sync ${id}`);
    Deno.removeSync(path);
  }));

Deno.test("a spool file is its owner's alone", () =>
  withSpool(async ({ spool, spools }) => {
    const id = await spools.open();
    const other = spool.forOwner();
    await assert.rejects(other.write(id, utf8("x")), refused("badRequest"));
    await assert.rejects(other.take(id), refused("badRequest"));
    await other.drop(id);
    await spools.write(id, utf8("still there"));
  }));

Deno.test("dropping removes the file; dropping again is no error", () =>
  withSpool(async ({ spools, files }) => {
    const id = await spools.open();
    const writing = spools.write(id, new Uint8Array(maxPieceBytes));
    await spools.drop(id);
    await writing;
    assert.equal(files(), 0);
    await spools.drop(id);
    await assert.rejects(spools.write(id, utf8("x")), refused("badRequest"));
  }));

Deno.test("an owner that goes leaves nothing and gets nothing more", () =>
  withSpool(async ({ spools, files }) => {
    for (let i = 0; i < 3; i++) await spools.write(await spools.open(), utf8("x"));
    assert.equal(files(), 3);
    await spools.close();
    assert.equal(files(), 0);
    await assert.rejects(spools.open(), refused("noCapability"));
  }));

Deno.test("limits", async (t) => {
  await t.step("of a piece", () =>
    withSpool(async ({ spools }) => {
      const id = await spools.open();
      await assert.rejects(spools.write(id, new Uint8Array(maxPieceBytes + 1)), refused("tooLarge"));
    }));
  await t.step("of a file", () =>
    withSpool(async ({ spools, disk }) => {
      const id = await spools.open();
      disk.failing.add("write"); // What is counted is what is asked, so nothing has to be written.
      const piece = new Uint8Array(maxPieceBytes);
      for (let i = 0; i < maxSpoolBytes / maxPieceBytes; i++) {
        await assert.rejects(spools.write(id, piece), refused("diskFull"));
      }
      await assert.rejects(spools.write(id, utf8("x")), refused("tooLarge"));
    }));
  await t.step("of one owner's files, which free their place again", () =>
    withSpool(async ({ spools }) => {
      const ids = [];
      for (let i = 0; i < maxOwnSpools; i++) ids.push(await spools.open());
      await assert.rejects(spools.open(), refused("tooMany"));
      await spools.drop(ids[0] ?? "");
      await spools.open();
    }));
  await t.step("of all files", () =>
    withSpool(async ({ spool, disk }) => {
      disk.empty = true;
      const owners = Array.from({ length: maxSpools / maxOwnSpools }, () => spool.forOwner());
      for (const owner of owners) await Promise.all(Array.from({ length: maxOwnSpools }, () => owner.open()));
      const one = spool.forOwner();
      await assert.rejects(one.open(), refused("tooMany"));
      for (const owner of owners) await owner.close();
      await one.drop(await one.open());
    }));
});

for (const operation of ["create", "write", "sync"] as const) {
  Deno.test(`a full disk at ${operation} is refused, leaves no file, and works again when there is room`, () =>
    withSpool(async ({ spools, disk, files }) => {
      disk.failing.add(operation);
      await assert.rejects(async () => {
        const id = await spools.open();
        await spools.write(id, utf8("first")).catch(() => {});
        await spools.write(id, utf8("second")).catch(() => {});
        await spools.take(id);
      }, refused("diskFull"));
      assert.equal(files(), 0);
      disk.failing.clear();
      const id = await spools.open();
      await spools.write(id, utf8("x"));
      Deno.removeSync((await spools.take(id)).path);
    }));
}

Deno.test("sweep() removes what an earlier run left", () =>
  withSpool(async ({ folder, disk }) => {
    Deno.writeTextFileSync(`${folder}/old`, "x");
    assert.equal(new SpoolFolder(folder, disk).sweep(), 1);
    await Promise.resolve();
  }));
