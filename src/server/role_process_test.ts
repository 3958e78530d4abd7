import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { fromFileUrl } from "./file_url.ts";
import { startRole } from "./role_process.ts";

const none = { net: [], read: [], write: [] };

async function withEntry(code: string, run: (entry: URL) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const file = join(folder, "entry with space.ts");
  await Deno.writeTextFile(file, code);
  try {
    await run(pathToFileURL(file));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a role is ready when it says so, and stops when its input ends", async () => {
  const code = `
const reader = Deno.stdin.readable.getReader();
const boot = JSON.parse(new TextDecoder().decode((await reader.read()).value));
if (boot.word === "go") console.log("ready");
await reader.read();
Deno.exit(7);`;
  await withEntry(code, async (entry) => {
    const role = startRole({ name: "test", entry, grant: none, boot: { word: "go" } });
    await role.ready;
    await role.stop();
    assert.equal(await role.ended, 7);
  });
});

Deno.test("a role that ends before it is ready says so", async () => {
  await withEntry("Deno.exit(3);", async (entry) => {
    const role = startRole({ name: "test", entry, grant: none, boot: {} });
    await assert.rejects(role.ready, /test ended with exit code 3 before it was ready/);
    await role.stop();
  });
});

Deno.test("fromFileUrl() undoes the escapes of a URL", () => {
  assert.equal(fromFileUrl(new URL("file:///a%20b/")), "/a b/");
});
