import assert from "node:assert/strict";
import { checkDynamic, dynamicSchema } from "../config/dynamic_config.ts";
import { readConfig } from "../config/load.ts";
import { openSigning } from "./signing_keys.ts";

const dynamic = readConfig(
  `
[domains."example.org".dkim]
sign = ["a"]
[domains."example.org".dkim.selectors.a]
privateKeyFile = "a.key"
[domains."example.org".dkim.selectors.b]
privateKeyFile = "b.key"
[domains."example.net"]
`,
  "domains.toml",
  dynamicSchema,
  checkDynamic,
);

Deno.test("keys are made where that is wanted, published all, and sign as the configuration says", async () => {
  const folder = await Deno.makeTempDir();
  const signing = await openSigning(folder, dynamic, true);
  assert.deepEqual(signing.records.map(({ name }) => name), [
    "a._domainkey.example.org.",
    "b._domainkey.example.org.",
  ]);
  assert.deepEqual([signing.signs("example.org"), signing.signs("example.net")], [true, false]);
  const again = await openSigning(folder, dynamic, false);
  assert.deepEqual(again.records, signing.records);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("every key that is missing is named with its place in the configuration", async () => {
  const folder = await Deno.makeTempDir();
  await assert.rejects(openSigning(folder, dynamic, false), (error: Error) => {
    const lines = error.message.split("\n");
    assert.equal(lines.length, 2);
    assert.match(
      lines[1] ?? "",
      /^domains\.example\.org\.dkim\.selectors\.b\.privateKeyFile: .*\/dkim\/b\.key is not there: make/,
    );
    return true;
  });
  await Deno.remove(folder, { recursive: true });
});
