import assert from "node:assert/strict";
import { join } from "node:path";
import { readIdKey } from "./id_key.ts";

Deno.test("readIdKey() is not misled by what a crash in the middle of its making left behind", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(join(folder, "receivedid.key.new"), "");
  assert.match(await readIdKey(folder), /^[A-Za-z0-9_-]{32}$/);
  assert.deepEqual([...Deno.readDirSync(folder)].map((entry) => entry.name), ["receivedid.key"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("readIdKey() makes the key once, for the owner alone", async () => {
  const folder = await Deno.makeTempDir();
  const key = await readIdKey(folder);
  assert.match(key, /^[A-Za-z0-9_-]{32}$/);
  assert.equal(await readIdKey(folder), key);
  assert.equal((await Deno.stat(join(folder, "receivedid.key"))).mode ?? 0, 0o100600);
  await Deno.remove(folder, { recursive: true });
});

const broken: [content: string, said: RegExp][] = [
  ["", /receivedid\.key:1: \(file\): holds no key \(32 characters of base64url\): delete it/],
  ["garbage\n", /holds no key/],
  [`${"A".repeat(31)}=\n`, /holds no key/],
];
for (const [content, said] of broken) {
  Deno.test(`readIdKey() refuses ${JSON.stringify(content)}, and leaves it there`, async () => {
    const folder = await Deno.makeTempDir();
    const file = `${folder}/receivedid.key`;
    await Deno.writeTextFile(file, content);
    await assert.rejects(readIdKey(folder), said);
    assert.equal(await Deno.readTextFile(file), content);
    await Deno.remove(folder, { recursive: true });
  });
}
