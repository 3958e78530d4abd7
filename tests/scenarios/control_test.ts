/**
 * Commands reach the running server over its control socket, in both ways of running it, and say so where there is none.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "../support/paths.ts";
import { mailden, makeFolder, type Mode, removeFolder, startServer } from "../support/server.ts";

const answered = /^The queue is empty\.\n$/;

for (const mode of ["localserve", "serve"] satisfies Mode[]) {
  Deno.test(`${mode}: commands speak with the server, several at once, and after it was started again`, async () => {
    const made = await makeFolder();
    const list = () => mailden("queue", "list", "--config", made.folder);
    const none = await list();
    assert.deepEqual([none.code, none.stdout], [1, ""]);
    assert.match(
      none.stderr,
      /^No server runs in .*: start it, or say with --config DIR where its mailden\.toml is\.\n$/,
    );
    let server = await startServer(mode, made);
    try {
      const socket = await Deno.stat(join(made.folder, "run", "ctl.sock"));
      assert.equal((socket.mode ?? 0) & 0o777, 0o600);
      for (const { stdout, stderr } of await Promise.all([list(), list(), list()])) {
        assert.match(stdout + stderr, answered);
      }
      await server.kill();
      assert.match((await list()).stderr, /^No server runs in /);
      server = await startServer(mode, made);
      const { stdout, stderr } = await list();
      assert.match(stdout + stderr, answered);
    } finally {
      await server.stop();
      await removeFolder(made.folder);
    }
  });
}

/** Words for the test's name, and a name for the folder that servers use for temporary files; null leaves it as it is. */
const temporary: [where: string, name: string | null][] = [
  ["", null],
  [", and that of temporary files too", "t".repeat(90)],
  [", and that of temporary files too, in octets", "\u00fc".repeat(45)],
];
for (const [where, name] of temporary) {
  Deno.test(`a server whose folder has a path too long for sockets${where} is found all the same`, async () => {
    const made = await makeFolder();
    const folder = join(made.folder, "..", "x".repeat(90));
    await Deno.rename(made.folder, folder);
    const env: Record<string, string> = {};
    if (name !== null) await Deno.mkdir(env.TMPDIR = join(folder, "..", name));
    const start = () => startServer("localserve", { ...made, folder }, undefined, { env });
    let server = await start();
    const first = await Deno.realPath(join(folder, "run"));
    let run = first;
    try {
      assert.notEqual(run, join(folder, "run"));
      const { stdout, stderr } = await mailden("queue", "list", "--config", folder);
      assert.match(stdout + stderr, answered);
      await server.kill();
      server = await start();
      run = await Deno.realPath(join(folder, "run"));
      assert.notEqual(run, first);
      await assert.rejects(Deno.stat(first), Deno.errors.NotFound, "each start would leave a folder behind");
    } finally {
      await server.stop();
      await Deno.remove(run, { recursive: true });
      await removeFolder(folder);
    }
  });
}
