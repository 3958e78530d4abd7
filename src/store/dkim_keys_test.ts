import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { DkimKeys, KeyFileError } from "./dkim_keys.ts";
import { type Disk, realDisk } from "./disk.ts";

async function withFolder(test: (keys: DkimKeys, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(new DkimKeys(folder, realDisk), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a key is made once, for its owner alone, and found again", async () => {
  await withFolder(async (keys, folder) => {
    const made = await keys.readOrMake("a.key");
    assert.equal(made.asymmetricKeyType, "ed25519");
    const again = await keys.readOrMake("a.key");
    const pem = (key: typeof made) => key.export({ type: "pkcs8", format: "pem" });
    assert.equal(pem(again), pem(made));
    assert.equal(((await Deno.stat(`${folder}/dkim/a.key`)).mode ?? 0) & 0o777, 0o600);
    assert.deepEqual([...Deno.readDirSync(`${folder}/dkim`)].map(({ name }) => name), ["a.key"]);
  });
});

Deno.test("what a crash left of a key that was being made is replaced", async () => {
  await withFolder(async (keys, folder) => {
    await Deno.mkdir(`${folder}/dkim`);
    await Deno.writeTextFile(`${folder}/dkim/a.key.new`, "-----BEGIN PRIV");
    assert.equal((await keys.readOrMake("a.key")).asymmetricKeyType, "ed25519");
  });
});

Deno.test("a key that is missing or of no use is named with its remedy", async () => {
  await withFolder(async (keys, folder) => {
    assert.throws(() => keys.read("a.key"), /KeyFileError: .*\/dkim\/a\.key is not there: make it with/);
    await Deno.mkdir(`${folder}/dkim`);
    await Deno.writeTextFile(`${folder}/dkim/a.key`, "no key");
    assert.throws(() => keys.read("a.key"), KeyFileError);
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await Deno.writeTextFile(
      `${folder}/dkim/b.key`,
      privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    );
    assert.throws(() => keys.read("b.key"), /holds no private key for DKIM/);
  });
});

Deno.test("each name is on the disk before what relies on it", async () => {
  await withFolder(async (_keys, folder) => {
    const done: string[] = [];
    const shown = (path: string) => path.slice(folder.length);
    const disk: Disk = {
      ...realDisk,
      async create(path) {
        const file = await realDisk.create(path);
        return { ...file, sync: () => file.sync().then(() => void done.push(`content ${shown(path)}`)) };
      },
      rename: (from, to) => realDisk.rename(from, to).then(() => void done.push(`rename ${shown(to)}`)),
      syncFolder: (path) => realDisk.syncFolder(path).then(() => void done.push(`names ${shown(path)}`)),
    };
    await new DkimKeys(folder, disk).readOrMake("a.key");
    const order = ["names ", "content /dkim/a.key.new", "rename /dkim/a.key", "names /dkim"];
    assert.deepEqual(done, order);
    // Nor is a folder that is there already trusted to have a name that lasts.
    done.length = 0;
    await new DkimKeys(folder, disk).readOrMake("b.key");
    assert.deepEqual(done, order.map((each) => each.replace("a.key", "b.key")));
  });
});
