import assert from "node:assert/strict";
import { lockFolder } from "./folder_lock.ts";

const holder = `
const file = Deno.openSync(Deno.args[0], { create: true, write: true });
console.log(file.tryLockSync(true));
await new Promise((resolve) => setTimeout(resolve, 60_000));
`;

Deno.test("a folder is locked by one process, until it ends however it does", async () => {
  const folder = await Deno.makeTempDir();
  const script = `${folder}/holder.ts`;
  await Deno.writeTextFile(script, holder);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", script, `${folder}/lock`],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "true\n");
  assert.equal(lockFolder(folder), null);
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
  const lock = lockFolder(folder);
  assert.notEqual(lock, null);
  lock?.release();
  await Deno.remove(folder, { recursive: true });
});
