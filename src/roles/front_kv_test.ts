import assert from "node:assert/strict";
import { createLog, silentLog } from "../base/log.ts";
import { KvTexts, maxChunk, maxChunks, openFrontKv } from "./front_kv.ts";
import { grantFlags } from "./grants.ts";

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mailden-front-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const listed = async (texts: KvTexts) => Object.fromEntries(await Array.fromAsync(texts.load()));

Deno.test("texts outlive their process' end, whatever their length, and go when they are deleted", async () => {
  await withFolder(async (folder) => {
    const all = {
      "a.example": "short",
      "b.example": "",
      "c.example": "é".repeat(maxChunk) + "\u{1f600}".repeat(maxChunk),
      "d.example": "x".repeat(maxChunk * maxChunks),
      "bücher.example": "ü",
    };
    const kv = await openFrontKv(folder, silentLog);
    const texts = new KvTexts(kv, "mtasts");
    for (const change of Object.entries(all)) await texts.write([change]);
    await new KvTexts(kv, "other").write([["a.example", "not this"]]);
    const long = "x".repeat(maxChunk * maxChunks + 1);
    await assert.rejects(texts.write([["f.example", "lost with it"], ["e.example", long]]), RangeError);
    kv.close();
    const again = await openFrontKv(folder, silentLog);
    const next = new KvTexts(again, "mtasts");
    assert.deepEqual(await listed(next), all);
    await next.write([["c.example", "now short"], ["d.example", null], ["never.example", null]]);
    assert.deepEqual(await listed(next), {
      "a.example": "short",
      "b.example": "",
      "c.example": "now short",
      "bücher.example": "ü",
    });
    again.close();
  });
});

Deno.test("the file is for its owner alone, and so are its journals", async () => {
  await withFolder(async (folder) => {
    const kv = await openFrontKv(folder, silentLog);
    await new KvTexts(kv, "x").write([["a", "b"]]);
    for (const { name } of Deno.readDirSync(folder)) {
      assert.equal((Deno.statSync(`${folder}/${name}`).mode ?? 0) & 0o777, 0o600, name);
    }
    kv.close();
  });
});

Deno.test("a damaged file is put aside, told of, and begun anew", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/learnt.kv`, "this is no database, and was never one".repeat(100));
    const told: string[] = [];
    const log = createLog({ level: "error", format: "json" }, () => 0, (_level, line) => {
      told.push(JSON.parse(line).message);
    });
    const kv = await openFrontKv(folder, log);
    await new KvTexts(kv, "x").write([["a", "b"]]);
    kv.close();
    assert.deepEqual(told, ["what the front had learnt cannot be read, and is put aside"]);
    assert.match(await Deno.readTextFile(`${folder}/learnt.kv.damaged`), /^this is no database/);
    const again = await openFrontKv(folder, log);
    assert.deepEqual(await listed(new KvTexts(again, "x")), { a: "b" });
    again.close();
  });
});

Deno.test("a folder that cannot be written to leaves the front its memory", async () => {
  const told: string[] = [];
  const log = createLog({ level: "error", format: "json" }, () => 0, (_level, line) => {
    told.push(JSON.parse(line).message);
  });
  const kv = await openFrontKv("/nowhere/at/all", log);
  const texts = new KvTexts(kv, "x");
  await texts.write([["a", "b"]]);
  assert.deepEqual(await listed(texts), { a: "b" });
  kv.close();
  assert.equal(told.at(-1), "what the front learns will not outlive it");
});

Deno.test("the grants of one folder are enough to open it", async () => {
  await withFolder(async (folder) => {
    const script = `
import { KvTexts, openFrontKv } from ${JSON.stringify(new URL("./front_kv.ts", import.meta.url).href)};
import { silentLog } from ${JSON.stringify(new URL("../base/log.ts", import.meta.url).href)};
const kv = await openFrontKv(Deno.args[0], { ...silentLog, error: (message) => console.log(message) });
await new KvTexts(kv, "x").write([["a", "b"]]);
for await (const [name, text] of new KvTexts(kv, "x").load()) console.log(name, text);
kv.close();
`;
    const file = await Deno.makeTempFile({ suffix: ".ts" });
    await Deno.writeTextFile(file, script);
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        `--config=${config}`,
        ...grantFlags({ net: [], read: [folder], write: [folder] }),
        file,
        folder,
      ],
    }).output();
    await Deno.remove(file);
    assert.equal(new TextDecoder().decode(stdout), "a b\n", new TextDecoder().decode(stderr));
  });
});
