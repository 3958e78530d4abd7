import assert from "node:assert/strict";
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
  [["serve", "--confg", "x"], 2, /^$/, /usage: mailden serve/],
  [
    ["config", "example", "x.toml"],
    2,
    /^$/,
    /there is no example 'x\.toml': say mailden\.toml or domains\.toml/,
  ],
  [["config", "example", "domains.toml"], 0, /localpartCatchallSeparators/, /^$/],
  [
    ["config", "test", "--config", "/nonexistent"],
    1,
    /^$/,
    /^\/nonexistent\/mailden\.toml:1: \(file\): cannot be read/,
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
