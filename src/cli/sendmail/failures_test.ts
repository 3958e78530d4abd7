import assert from "node:assert/strict";
import { join } from "node:path";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { keepFailure } from "./failures.ts";

const message = utf8("Subject: x\r\n\r\ntext\r\n");

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mailden_failures_" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a message that is kept has its name on the disk, and so has its folder", () =>
  inFolder(async (folder) => {
    const kept = join(folder, "a");
    const synced: [path: string, files: number][] = [];
    const sync = (path: string) => {
      synced.push([path, [...Deno.readDirSync(kept)].length]);
      return Promise.resolve();
    };
    const path = await keepFailure(kept, message, "no server", "", 0, sync);
    assert.deepEqual(synced, [[kept, 1], [folder, 1]]);
    assert.match(fromUtf8(await Deno.readFile(path)), /^X-Not-Submitted: .*: no server\r\nSubject: x\r\n/);
  }));

Deno.test("a message is kept also where a folder may be written and not read", () =>
  inFolder(async (folder) => {
    const sync = () => Promise.reject(new Deno.errors.PermissionDenied("open"));
    const path = await keepFailure(join(folder, "a"), message, "no server", "", 0, sync);
    assert.ok((await Deno.readFile(path)).length > message.length);
  }));
