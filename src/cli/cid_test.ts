import assert from "node:assert/strict";
import { join } from "node:path";
import { base64Url } from "../base/bytes.ts";
import { opaqueIds, opaqueKeyBytes } from "../base/opaque_id.ts";
import { main } from "./main.ts";

Deno.test("cid takes an id that begins with -, wherever it stands", async () => {
  const folder = await Deno.makeTempDir();
  const key = new Uint8Array(opaqueKeyBytes);
  await Deno.writeTextFile(join(folder, "receivedid.key"), `${base64Url(key)}\n`);
  const ids = opaqueIds(key);
  const numbers = Array.from({ length: 10_000 }, (_, i) => BigInt(i));
  for (const start of ["-", "--"]) {
    const number = numbers.find((each) => ids.seal(each).startsWith(start));
    assert.ok(number !== undefined);
    const shown = ids.seal(number);
    const lines: string[] = [];
    const output = {
      out: (line: string) => void lines.push(line),
      error: (line: string) => void lines.push(line),
    };
    for (
      const args of [[shown, "--config", folder], ["--config", folder, shown], [
        "--config",
        folder,
        "--",
        shown,
      ]]
    ) {
      assert.equal(await main(["cid", ...args], output), 0, lines.join("\n"));
      assert.deepEqual(lines.splice(0), [number.toString(16)]);
    }
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("cid gives the number in the log back, and refuses what is no id", async () => {
  const folder = await Deno.makeTempDir();
  const key = crypto.getRandomValues(new Uint8Array(opaqueKeyBytes));
  await Deno.writeTextFile(join(folder, "receivedid.key"), `${base64Url(key)}\n`);
  const shown = opaqueIds(key).seal(0x1a1faf6571cn);
  const lines: string[] = [];
  const output = {
    out: (line: string) => void lines.push(line),
    error: (line: string) => void lines.push(line),
  };
  assert.equal(await main(["cid", "--config", folder, shown], output), 0);
  assert.equal(await main(["cid", "--config", folder, "AAAAAAAAAAAAAAAAAAAAAA"], output), 1);
  assert.equal(await main(["cid", "--config", join(folder, "none"), shown], output), 1);
  assert.equal(await main(["cid", "--config", folder, "abc"], output), 1);
  assert.equal(await main(["cid", "--config", folder, "--json", shown], output), 0);
  await Deno.writeTextFile(join(folder, "receivedid.key"), "garbage\n");
  assert.equal(await main(["cid", "--config", folder, shown], output), 1);
  assert.equal(lines[0], "1a1faf6571c");
  assert.match(lines[1] ?? "", /'A{22}' is no id of the installation in /);
  assert.match(lines[2] ?? "", /receivedid\.key is not there: say with --config DIR/);
  assert.match(lines[3] ?? "", /'abc' is no id: those have 22 letters/);
  assert.equal(lines[4], '{"cid":"1a1faf6571c"}');
  assert.match(
    lines[5] ?? "",
    /receivedid\.key:1: \(file\): holds no key \(32 characters of base64url\): delete it/,
  );
  await Deno.remove(folder, { recursive: true });
});
