import assert from "node:assert/strict";
import { createLog } from "../base/log.ts";
import { anchorOfKey, maxAnchorsCharacters, rootAnchors, type TrustAnchors } from "../dns/trust_anchors.ts";
import { AnchorFile } from "./anchor_file.ts";
import { type Disk, realDisk } from "./disk.ts";

const key = { flags: 257, protocol: 3, algorithm: 15, publicKey: new Uint8Array(32).fill(7) };
const since = Date.UTC(2026, 0, 2, 3, 4, 5);
const anchors: TrustAnchors = { digests: [], keys: [{ zone: ".", key, state: "pending", since }] };

async function withFolder(
  test: (file: (disk?: Disk) => AnchorFile, path: string, logged: string[]) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const logged: string[] = [];
  const log = createLog({ level: "info", format: "text" }, () => 0, (_level, line) => logged.push(line));
  try {
    await test((disk = realDisk) => new AnchorFile(folder, disk, log), `${folder}/anchors.txt`, logged);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("without a file, there is what is built in", async () => {
  await withFolder(async (file, path, logged) => {
    assert.deepEqual(file().read(rootAnchors), { digests: [...rootAnchors], keys: [] });
    assert.deepEqual(logged, []);
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
  });
});

Deno.test("what is written is found again, for the owner alone, with what is built in and new", async () => {
  await withFolder(async (file, path) => {
    await Deno.writeTextFile(`${path}.new`, "what a crash left");
    await file().write(anchors);
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    assert.deepEqual(file().read([]), anchors);
    assert.deepEqual(file().read(rootAnchors), { ...anchors, digests: [...rootAnchors] });
    assert.deepEqual(file().read([anchorOfKey(".", key)]), anchors);
  });
});

const damaged: readonly (readonly [what: string, content: string | Uint8Array<ArrayBuffer>])[] = [
  ["half a line", ". DNSKEY 257 3"],
  ["no text", new Uint8Array([0xff, 0xfe, 0, 1])],
  ["too long", `; ${"x".repeat(maxAnchorsCharacters)}`],
];
for (const [what, content] of damaged) {
  Deno.test(`a damaged file (${what}) is told of, kept aside when a new one is made, and what is built in is used`, async () => {
    await withFolder(async (make, path, logged) => {
      if (typeof content === "string") await Deno.writeTextFile(path, content);
      else await Deno.writeFile(path, content);
      const file = make();
      assert.deepEqual(file.read(rootAnchors).digests, rootAnchors);
      assert.match(logged.join("\n"), /trust anchors can not be read.*anchors\.txt/);
      await file.write(anchors);
      assert.deepEqual(make().read([]), anchors);
      const kept = await Deno.readFile(`${path}.damaged`);
      assert.deepEqual(kept, typeof content === "string" ? new TextEncoder().encode(content) : content);
    });
  });
}

Deno.test("content, name and folder are on the disk in this order, and a write that fails leaves the old file", async () => {
  await withFolder(async (make, path) => {
    const done: string[] = [];
    const disk: Disk = {
      ...realDisk,
      async create(made) {
        const file = await realDisk.create(made);
        return { ...file, sync: () => file.sync().then(() => void done.push("content")) };
      },
      rename: (from, to) => realDisk.rename(from, to).then(() => void done.push("name")),
      syncFolder: (folder) => realDisk.syncFolder(folder).then(() => void done.push("folder")),
    };
    await make(disk).write(anchors);
    assert.deepEqual(done, ["content", "name", "folder"]);
    const full: Disk = {
      ...realDisk,
      async create(made) {
        const file = await realDisk.create(made);
        return { ...file, write: () => Promise.reject(new Error("no space left on device")) };
      },
    };
    const before = await Deno.readTextFile(path);
    await assert.rejects(make(full).write({ digests: [], keys: [] }), /no space left/);
    assert.equal(await Deno.readTextFile(path), before);
  });
});
