/**
 * Configuration text of any kind: it is read, or refused with its faults, each with a line of the file; in time that
 * grows with its length.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { checkDynamic, dynamicSchema } from "../../src/config/dynamic_config.ts";
import { ConfigError, exampleFile, readConfig } from "../../src/config/load.ts";
import { checkStatic, staticSchema } from "../../src/config/static_config.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;

/** Every line of the examples as a setting, where it can be one. */
const settings = [staticSchema, dynamicSchema].flatMap((schema) => exampleFile(schema).split("\n"))
  .map((line) => line.replace(/^# ?/, "").replace(/ {2}\(.*\)$/, ""))
  .filter((line) => /^\[|=/.test(line));

const word = fc.constantFrom(
  ..."[ ] { } [[ ]] . , = \" ' \"\"\" ''' \\ # \\u0000 -1 1e999 0x7f inf nan true 1979-05-27 30s 100MB \t"
    .split(" "),
  " ",
  "\n",
  "\r\n",
  "é",
  "\u0000",
  "listeners",
  "public",
  "__proto__",
  "constructor",
  '"a\\"b"',
  '"a.b[0]"',
  "a".repeat(60),
);
const line = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...settings) },
  { weight: 1, arbitrary: fc.array(word, { maxLength: 12 }).map((words) => words.join("")) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(...settings), word, fc.nat(40)).map(([line, word, at]) =>
      line.slice(0, at) + word + line.slice(at)
    ),
  },
);
const file = fc.array(line, { maxLength: 30 }).map((lines) => lines.join("\n"));

/** What no file may do, whatever is in it. */
function readOrRefused(content: string): void {
  for (const [schema, check] of [[staticSchema, checkStatic], [dynamicSchema, checkDynamic]] as const) {
    try {
      // The pair is of one kind; the compiler cannot see that through the list.
      readConfig(content, "x.toml", schema, check as (config: unknown) => []);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      assert.ok(error.problems.length > 0);
      const lines = content.split("\n").length;
      for (const problem of error.problems) {
        assert.ok(problem.line >= 1 && problem.line <= lines, `line ${problem.line} of ${lines}`);
        assert.notEqual(problem.message, "");
      }
    }
  }
  assert.equal(Object.hasOwn(Object.prototype, "port"), false);
}

Deno.test("fuzz: configuration files", () => {
  const property = fc.property(file, readOrRefused);
  const end = performance.now() + seconds * 1000;
  for (let round = seed; round === seed || performance.now() < end; round++) {
    fc.assert(property, { seed: round, numRuns: 50 });
  }
});
