import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, hex, MiB, utf8 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { createLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { BodyHasher } from "./block_hash.ts";
import { Bodies, type BodyRow, maxInlineBody } from "./bodies.ts";
import { BodyFiles } from "./body_files.ts";
import { Connection, Reader } from "./connection.ts";
import { migrate } from "./migrations.ts";
import { SpoolFolder } from "./spool.ts";
import { FaultyDisk } from "./testing/faulty_disk.ts";

interface Parts {
  folder: string;
  disk: FaultyDisk;
  files: BodyFiles;
  bodies: Bodies;
  spool: SpoolFolder;
  log: string[];
  insert(row: Omit<BodyRow, "id">): void;
}

async function withBodies(test: (parts: Parts) => Promise<void> | void): Promise<void> {
  const folder = Deno.makeTempDirSync();
  const disk = new FaultyDisk();
  const connection = new Connection(":memory:");
  migrate(connection, 0);
  const log: string[] = [];
  const parts = {
    files: new BodyFiles(`${folder}/bodies`, disk),
    disk,
    reader: new Reader(connection),
    log: createLog({ level: "error", format: "text" }, () => 0, (_level, line) => log.push(line)),
    metrics: new Metrics(),
  };
  try {
    await test({
      ...parts,
      folder,
      log,
      bodies: new Bodies(parts),
      spool: new SpoolFolder(`${folder}/spool`, disk),
      insert: (row) =>
        connection.script(
          `insert into bodies(size, sha256, in_file, blocks) values (${row.size}, '${row.sha256}', ` +
            `${row.in_file}, x'${hex(row.blocks)}')`,
        ),
    });
  } finally {
    connection.close();
    Deno.removeSync(folder, { recursive: true });
  }
}

const refused = (reason: string) => (error: unknown) => error instanceof Refused && error.reason === reason;

/** A body's file and its row. */
function stored(folder: string, content: Bytes): BodyRow {
  const hasher = new BodyHasher();
  hasher.update(content);
  const hashes = hasher.digest();
  const name = hashes.sha256;
  Deno.mkdirSync(`${folder}/bodies/${name.slice(0, 2)}`, { recursive: true });
  Deno.writeFileSync(`${folder}/bodies/${name.slice(0, 2)}/${name}`, content);
  return { id: 1, ...hashes, in_file: 1, bytes: null };
}

async function spooled(spool: SpoolFolder, content: Bytes) {
  const spools = spool.forOwner();
  const id = await spools.open();
  for (let at = 0; at < content.length; at += MiB) await spools.write(id, content.subarray(at, at + MiB));
  return { spools, from: { content: null, spool: id } };
}

Deno.test("a large body reaches its place synced, folder and all, before it is ready", () =>
  withBodies(async ({ spool, bodies, disk }) => {
    const { spools, from } = await spooled(spool, new Uint8Array(maxInlineBody + 1));
    const body = await bodies.ready(from, spools);
    const name = body.hashes.sha256;
    const steps = disk.done.filter((step) => !step.startsWith("write")).map((step) =>
      step.replace(from.spool, "ID")
    );
    assert.deepEqual(steps, [
      "create ID",
      "sync ID",
      "syncFolder bodies",
      `rename ${name}`,
      `syncFolder ${name.slice(0, 2)}`,
    ]);
    body.release();
  }));

Deno.test("a small spooled body, which goes to the database, does not wait for the disk", () =>
  withBodies(async ({ bodies, spool, disk, folder }) => {
    const spools = spool.forOwner();
    const ready = async (size: number) => {
      const id = await spools.open();
      await spools.write(id, new Uint8Array(size));
      const body = await bodies.ready({ content: null, spool: id }, spools);
      body.release();
      return body;
    };
    assert.equal((await ready(maxInlineBody)).content?.length, maxInlineBody);
    assert.ok(!disk.done.some((each) => each.startsWith("sync")), disk.done.join());
    assert.deepEqual([...Deno.readDirSync(`${folder}/spool`)], []);
    assert.equal((await ready(maxInlineBody + 1)).content, null);
    assert.ok(disk.done.some((each) => each.startsWith("sync")));
  }));

Deno.test("a body that two deliveries share stays while one of them needs it", () =>
  withBodies(async ({ folder, spool, bodies }) => {
    const content = new Uint8Array(maxInlineBody + 1);
    const ready = [];
    for (let i = 0; i < 2; i++) {
      const { spools, from } = await spooled(spool, content);
      ready.push(await bodies.ready(from, spools));
    }
    const path = `${folder}/bodies/${ready[0]?.hashes.sha256.slice(0, 2)}`;
    ready[0]?.release();
    assert.equal([...Deno.readDirSync(path)].length, 1);
    ready[1]?.release();
    assert.equal([...Deno.readDirSync(path)].length, 0);
  }));

for (const operation of ["rename", "syncFolder"] as const) {
  Deno.test(`a full disk at ${operation} is refused, and works again when there is room`, () =>
    withBodies(async ({ folder, spool, bodies, disk, files }) => {
      const content = new Uint8Array(maxInlineBody + 1);
      const first = await spooled(spool, content);
      disk.failing.add(operation);
      await assert.rejects(bodies.ready(first.from, first.spools), refused("diskFull"));
      assert.equal([...Deno.readDirSync(`${folder}/spool`)].length, 0);
      assert.equal([...files.all()].length, 0);
      disk.failing.clear();
      const second = await spooled(spool, content);
      (await bodies.ready(second.from, second.spools)).release();
    }));
}

Deno.test("a body must come in one way", () =>
  withBodies(async ({ spool, bodies }) => {
    const spools = spool.forOwner();
    await assert.rejects(bodies.ready({ content: null, spool: null }, spools), refused("badRequest"));
    await assert.rejects(bodies.ready({ content: utf8("x"), spool: "y" }, spools), refused("badRequest"));
    await assert.rejects(bodies.ready({ content: null, spool: "nothing" }, spools), refused("badRequest"));
    await assert.rejects(
      bodies.ready({ content: new Uint8Array(maxInlineBody + 1), spool: null }, spools),
      refused("tooLarge"),
    );
    assert.equal(
      (await bodies.ready({ content: new Uint8Array(maxInlineBody), spool: null }, spools)).hashes.size,
      maxInlineBody,
    );
  }));

Deno.test("any piece of a file is read as it was stored", () =>
  withBodies(({ folder, bodies }) => {
    const content = new Uint8Array(2 * MiB + 500_000).map((_, i) => (i * 31 + i / 1000) % 256);
    const reader = bodies.reader(stored(folder, content));
    const place = fc.nat({ max: content.length });
    fc.assert(
      fc.property(place, place, (a, b) => {
        const start = Math.min(a, b), end = Math.max(a, b);
        const slice = reader.slice(start, end);
        // The whole is compared by a few: deepEqual takes its time.
        return slice.length === end - start && slice[0] === (end > start ? content[start] : undefined) &&
          slice.at(-1) === (end > start ? content[end - 1] : undefined);
      }),
      { numRuns: 30 },
    );
    assert.equal(reader.slice(content.length, content.length).length, 0);
  }));

Deno.test("a damaged block is found by a read that touches it, and by no other", () =>
  withBodies(({ folder, bodies, log, insert }) => {
    const row = stored(folder, new Uint8Array(3 * MiB));
    insert(row);
    const name = row.sha256;
    const file = Deno.openSync(`${folder}/bodies/${name.slice(0, 2)}/${name}`, { write: true });
    file.seekSync(MiB + 5, Deno.SeekMode.Start);
    file.writeSync(utf8("!"));
    file.close();
    const reader = bodies.reader(row);
    assert.equal(reader.slice(0, MiB).length, MiB);
    assert.equal(reader.slice(2 * MiB, 3 * MiB).length, MiB);
    for (let i = 0; i < 2; i++) assert.throws(() => reader.slice(MiB, MiB + 1), refused("damaged"));
    assert.throws(() => reader.slice(0, 3 * MiB), refused("damaged"));
    assert.equal(log.length, 1); // Reported once.
  }));

Deno.test("a damaged small body, a short file and a missing one", () =>
  withBodies(({ folder, bodies, insert }) => {
    const row = stored(folder, new Uint8Array(MiB + 1));
    insert(row);
    const name = row.sha256;
    const path = `${folder}/bodies/${name.slice(0, 2)}/${name}`;
    Deno.truncateSync(path, MiB);
    assert.throws(() => bodies.reader(row).slice(MiB, MiB + 1), refused("damaged"));
    Deno.removeSync(path);
    assert.throws(() => bodies.reader(row).slice(0, 1), refused("damaged"));
    const inline: BodyRow = { ...row, in_file: 0, bytes: new Uint8Array(row.size).fill(1) };
    assert.throws(() => bodies.reader(inline), refused("damaged"));
    assert.throws(() => bodies.reader({ ...inline, bytes: null }), refused("damaged"));
  }));

Deno.test("a body deleted while it is read is expunged, not damaged", () =>
  withBodies(({ folder, bodies, log }) => {
    const row = stored(folder, new Uint8Array(MiB));
    Deno.removeSync(`${folder}/bodies`, { recursive: true }); // And there is no row.
    assert.throws(() => bodies.reader(row).slice(0, 1), refused("expunged"));
    assert.equal(log.length, 0);
  }));

Deno.test("sweep() removes what no row names and leaves what is not ours", () =>
  withBodies(({ folder, bodies, insert, files }) => {
    const kept = stored(folder, utf8("kept")), pinned = stored(folder, utf8("pinned"));
    stored(folder, utf8("left over"));
    insert(kept);
    files.pin(pinned.sha256);
    Deno.mkdirSync(`${folder}/bodies/zz`);
    Deno.writeTextFileSync(`${folder}/bodies/zz/README`, "not ours");
    assert.equal(bodies.sweep(), 1);
    assert.deepEqual([...files.all()].filter((file) => file.stray).map((file) => file.name), ["zz/README"]);
    assert.equal([...files.all()].length, 3);
  }));
