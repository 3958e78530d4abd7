import assert from "node:assert/strict";
import { lockFolder } from "../store/store_lock.ts";
import { databaseName } from "../store/store.ts";
import { main } from "./main.ts";

async function run(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  let out = "", error = "";
  const code = await main(args, { out: (line) => out += `${line}\n`, error: (line) => error += `${line}\n` });
  return { code, out, error };
}

const cases: [args: string[], code: number, out: RegExp, error: RegExp][] = [
  [["--version"], 0, /^mailden \d+\.\d+\.\d+\n$/, /^$/],
  [["help"], 0, /localserve +run a mail server on this machine/, /^$/],
  [[], 2, /localserve/, /^$/],
  [["help", "config"], 0, /config test[\s\S]*config example/, /^$/],
  [["help", "config", "test"], 0, /^mailden config test \[--config DIR\]/, /^$/],
  [["serve", "--help"], 0, /^mailden serve \[--config DIR\]/, /^$/],
  [["config"], 2, /^$/, /There is no command 'config'[\s\S]*config example/],
  [["nonsense"], 2, /^$/, /There is no command 'nonsense'[\s\S]*'mailden help' lists all/],
  [["serve", "--confg", "x"], 2, /^$/, /did you mean --config\?\nusage: mailden serve/],
  [["confg", "test"], 2, /^$/, /There is no command 'confg test'\.\nDid you mean 'mailden config test'\?/],
  [["sevre"], 2, /^$/, /Did you mean 'mailden serve'\?/],
  [["help", "nonsense"], 2, /^$/, /There is no command 'nonsense'\.\n'mailden help' lists all\./],
  [["help", "constructor"], 2, /^$/, /There is no command 'constructor'/],
  [
    ["--help"],
    0,
    /look at it[^]*mailden localserve\n[^]*own domains[^]*mailden serve +serves\n[^]*config test +check/,
    /^$/,
  ],
  [["spf", "parse", "v=spf1 foo", "--json"], 1, /^$/, /^\{"error":"this is no SPF record: [^\n]*\}\n$/],
  [["spf", "parse", "--json"], 2, /^$/, /^\{"error":"spf parse needs RECORD"\}\n$/],
  [
    ["queue", "list", "--json", "--config", "/nonexistent"],
    1,
    /^$/,
    /^\{"error":"No server runs in \/nonexistent: /,
  ],
  [["serve", "--config", ""], 2, /^$/, /^--config needs a value: --config DIR\n/],
  [
    ["localserve", "--ip", "300.1.1.1"],
    2,
    /^$/,
    /^300\.1\.1\.1 is no IP address: write it as 127\.0\.0\.1 or ::1\n/,
  ],
  [["localserve", "--dir", "/dev/null"], 2, /^$/, /^\/dev\/null is a file: choose a folder with --dir DIR\n/],
  [
    ["localserve", "--dir", "/dev/null/x"],
    1,
    /^$/,
    /^\/dev\/null\/x cannot be made: what should be a folder on the way there is a file; choose another with --dir DIR\n$/,
  ],
  [["localserve", "--dir", "/a,b"], 2, /^$/, /^\/a,b holds a comma, [^]* choose another\n/],
  [
    ["verifydata", "/nonexistent"],
    1,
    /^$/,
    /^\/nonexistent is no data folder \(dataDir in mailden\.toml names it\): \/nonexistent\/mail\.sqlite: there is no/,
  ],
  [
    ["config", "example", "x.toml"],
    2,
    /^$/,
    /there is no example 'x\.toml': say mailden\.toml, domains\.toml or mailden-submit\.toml/,
  ],
  [["config", "example", "domains.toml"], 0, /localpartCatchallSeparators/, /^$/],
  [
    ["config", "test", "--config", "/nonexistent"],
    1,
    /^$/,
    /^\/nonexistent\/mailden\.toml:1: \(file\): cannot be read: there is no [^]*; is \/nonexistent the folder of the conf/,
  ],
  [
    ["config", "test", "--json", "--config", "/nonexistent"],
    1,
    /^\{"folder":"\/nonexistent","problems":\[\{"file":"\/nonexistent\/mailden\.toml","line":1,"path":"\(file\)","message":"/,
    /^$/,
  ],
];
for (const [args, code, out, error] of cases) {
  Deno.test(`mailden ${args.join(" ")}`, async () => {
    const done = await run(...args);
    assert.match(done.error, error);
    assert.match(done.out, out);
    assert.equal(done.code, code);
  });
}

Deno.test("a data folder that a server serves is not checked, nor is its index deleted", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/${databaseName}`, "");
  const lock = lockFolder(folder);
  try {
    for (const words of ["verifydata", "reindex"]) {
      const { code, out, error } = await run(words, folder);
      assert.deepEqual([code, out], [1, ""]);
      assert.match(error, /^A server is running in [^\n]*: stop it first, or use another folder\.\n$/);
    }
  } finally {
    lock.release();
    await Deno.remove(folder, { recursive: true });
  }
});
