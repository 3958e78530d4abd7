import assert from "node:assert/strict";
import { Refused } from "../base/errors.ts";
import { silentLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { accountNamed, createAccount } from "./accounts.ts";
import { FolderLocked } from "./store_lock.ts";
import { WrongDatabase } from "./migrations.ts";
import { schemaVersion } from "./migrations.ts";
import { Connection } from "./connection.ts";
import { openStore } from "./store.ts";
import { realClock, tempStore } from "./testing/temp_store.ts";

const settings = (folder: string) => ({ folder, clock: realClock, log: silentLog, metrics: new Metrics() });

Deno.test("a new folder and its files are its owner's alone", async () => {
  await using temp = tempStore();
  const mode = (path: string) => (Deno.statSync(path).mode ?? 0) & 0o777;
  const made = `${temp.folder}/made`;
  const store = openStore(settings(made));
  assert.equal(mode(made), 0o700);
  for (const entry of Deno.readDirSync(made)) {
    assert.equal(mode(`${made}/${entry.name}`), entry.isDirectory ? 0o700 : 0o600, entry.name);
  }
  await store.close();
  assert.deepEqual([...Deno.readDirSync(made)].map((entry) => entry.name).sort(), [
    "bodies",
    "lock",
    "mail.sqlite",
    "spool",
  ]);
  Deno.removeSync(made, { recursive: true });
});

Deno.test("what was committed is there after opening again, and commits count on", async () => {
  await using temp = tempStore();
  await temp.store.writer.run((tx) => createAccount(tx, { name: "ann", maxBytes: null }));
  const { commit } = temp.store.feed;
  const again = await temp.reopen();
  assert.equal(again.read(accountNamed("ann"))?.name, "ann");
  assert.equal(again.feed.commit, commit);
  await again.writer.run((tx) => createAccount(tx, { name: "bob", maxBytes: null }));
  assert.equal(again.feed.commit, commit + 1);
});

Deno.test("a folder in use is refused, and so is a database from the future", async () => {
  await using temp = tempStore();
  assert.throws(() => openStore(settings(temp.folder)), FolderLocked);
  await temp.store.close();
  const connection = new Connection(`${temp.folder}/mail.sqlite`);
  const set = (version: number) =>
    connection.rows("update meta set value = ? where name = 'schema'", version);
  set(schemaVersion + 1);
  assert.throws(() => openStore(settings(temp.folder)), WrongDatabase);
  set(schemaVersion);
  connection.close();
  await temp.reopen(); // The refusal let go of the lock.
});

Deno.test("the start sweeps what a crash left behind", async () => {
  await using temp = tempStore();
  const name = "ab".repeat(32);
  Deno.mkdirSync(`${temp.folder}/bodies/ab`);
  Deno.writeTextFileSync(`${temp.folder}/bodies/ab/${name}`, "a body without a row");
  Deno.writeTextFileSync(`${temp.folder}/spool/left`, "half a body");
  await temp.reopen();
  assert.deepEqual([...Deno.readDirSync(`${temp.folder}/bodies/ab`)], []);
  assert.deepEqual([...Deno.readDirSync(`${temp.folder}/spool`)], []);
});

Deno.test("a database that is gone takes no bodies along: the start is refused until somebody has decided", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "mailden_store_" });
  const name = "ab".repeat(32);
  const body = `${folder}/bodies/ab/${name}`;
  Deno.mkdirSync(`${folder}/bodies/ab`, { recursive: true });
  Deno.writeTextFileSync(body, "a body whose row was in the database");
  for (let start = 0; start < 2; start++) {
    assert.throws(() => openStore(settings(folder)), WrongDatabase);
    assert.equal(Deno.readTextFileSync(body), "a body whose row was in the database");
  }
  Deno.renameSync(`${folder}/bodies`, `${folder}/kept`);
  await openStore(settings(folder)).close();
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("what a crash left in the log is in the database before anything is added to the log", async () => {
  await using temp = tempStore();
  await temp.store.writer.run((tx) => createAccount(tx, { name: "ann", maxBytes: null }));
  const folder = Deno.makeTempDirSync({ prefix: "mailden_store_" });
  for (const name of ["mail.sqlite", "mail.sqlite-wal"]) {
    Deno.copyFileSync(`${temp.folder}/${name}`, `${folder}/${name}`);
  }
  const log = `${folder}/mail.sqlite-wal`;
  assert.ok(Deno.statSync(log).size > 0);
  const crashed = openStore(settings(folder));
  assert.equal(Deno.statSync(log).size, 0, "nothing is in it, nor was anything written again");
  assert.equal(crashed.read(accountNamed("ann"))?.name, "ann");
  await crashed.close();
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("after close() nothing is taken, and listeners have ended", async () => {
  await using temp = tempStore();
  const { store } = temp;
  const listener = store.feed.listen(1);
  await listener.next();
  await store.close();
  assert.equal((await listener.next()).done, true);
  await assert.rejects(
    store.writer.run(function* () {}),
    (error) => error instanceof Refused && error.reason === "tryLater",
  );
  await temp.reopen();
});

Deno.test("a store needs no more than read and write of its folder", async () => {
  await using temp = tempStore();
  const folder = `${temp.folder}/limited`;
  Deno.mkdirSync(folder);
  const worker = new Worker(new URL("./testing/limited_worker.ts", import.meta.url), {
    type: "module",
    deno: {
      permissions: {
        read: [folder],
        write: [folder],
        net: false,
        env: false,
        run: false,
        ffi: false,
        sys: false,
      },
    },
  });
  const answer = await new Promise((resolve) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = (event) => {
      event.preventDefault();
      resolve(event.message);
    };
    worker.postMessage(folder);
  });
  worker.terminate();
  Deno.removeSync(folder, { recursive: true });
  assert.equal(answer, "well");
});
