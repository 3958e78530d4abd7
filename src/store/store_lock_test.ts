import assert from "node:assert/strict";
import { FolderLocked, lockFolder } from "./store_lock.ts";

const child = new URL("./testing/lock_child.ts", import.meta.url).pathname;

Deno.test("a second holder in this process is refused, until the first lets go", () => {
  const folder = Deno.makeTempDirSync();
  const lock = lockFolder(folder);
  assert.throws(
    () => lockFolder(folder),
    (error) => error instanceof FolderLocked && error.message.includes(folder),
  );
  lock.release();
  lockFolder(folder).release();
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("another process is refused, and kill -9 frees the folder", async () => {
  const folder = Deno.makeTempDirSync();
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--no-lock",
      `--allow-read=${folder}`,
      `--allow-write=${folder}`,
      child,
      folder,
    ],
    stdout: "piped",
  }).spawn();
  const reader = process.stdout.getReader();
  const { value } = await reader.read();
  assert.equal(new TextDecoder().decode(value), "locked\n");
  assert.throws(() => lockFolder(folder), FolderLocked);
  process.kill("SIGKILL");
  await process.status;
  await reader.cancel();
  lockFolder(folder).release();
  Deno.removeSync(folder, { recursive: true });
});
