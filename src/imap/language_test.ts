import assert from "node:assert/strict";
import { concat, fromLatin1, utf8 } from "../base/bytes.ts";
import { chooseLanguage, maxLanguageRanges, writeLanguages } from "./language.ts";
import { parseCommand } from "./parse_command.ts";
import { ResponseWriter } from "./response_writer.ts";

const parse = (text: string) => parseCommand(utf8(`a ${text}`), { utf8: false, rev2: false }).command;

const accepted: [text: string, ranges: readonly string[]][] = [
  ["LANGUAGE", []],
  ["language mul", ["mul"]],
  ["LANGUAGE FR-CA EN-CA", ["FR-CA", "EN-CA"]], // RFC 5255 3.2
  ['LANGUAGE "default" {2+}\r\nde "*"', ["default", "de", "*"]],
  ["LANGUAGE i-default zh-Hant-TW", ["i-default", "zh-Hant-TW"]],
  [`LANGUAGE${" a".repeat(maxLanguageRanges)}`, Array(maxLanguageRanges).fill("a")],
];
for (const [text, ranges] of accepted) {
  Deno.test(`parseLanguage() reads ${JSON.stringify(text.slice(0, 60))}`, () => {
    assert.deepEqual(parse(text), { verb: "LANGUAGE", ranges });
  });
}

const refused = [
  "LANGUAGE ",
  "LANGUAGE  en",
  "LANGUAGE en ",
  "LANGUAGE (en)",
  'LANGUAGE ""',
  "LANGUAGE en_GB",
  "LANGUAGE en-",
  "LANGUAGE -en",
  "LANGUAGE englishes-x",
  "LANGUAGE 1",
  `LANGUAGE${" a".repeat(maxLanguageRanges + 1)}`,
];
for (const text of refused) {
  Deno.test(`parseLanguage() refuses ${JSON.stringify(text.slice(0, 60))}`, () => {
    assert.throws(() => parse(text), SyntaxError);
  });
}

Deno.test("a language is found by the rules of lookup", () => {
  const choose = (...ranges: readonly string[]) => chooseLanguage(ranges, ["en", "i-default"], "i-default");
  assert.equal(choose("EN"), "en");
  assert.equal(choose("FR-CA", "EN-CA"), "en"); // RFC 5255 3.2
  assert.equal(choose("en-Latn-GB-x-y"), "en");
  assert.equal(choose("I-DEFAULT"), "i-default");
  assert.equal(choose("default", "en"), "i-default");
  assert.equal(choose("fr", "*"), "i-default");
  assert.equal(choose("e"), null);
  assert.equal(choose("eng"), null);
  assert.equal(choose("MUL"), null);
  assert.equal(choose("i"), null);
  assert.equal(choose("de", "fr"), null);
});

Deno.test("writeLanguages()", () => {
  const w = new ResponseWriter();
  writeLanguages(w, ["en", "i-default"]);
  assert.equal(fromLatin1(concat(w.take())), "* LANGUAGE (en i-default)\r\n");
});
