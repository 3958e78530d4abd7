import assert from "node:assert/strict";
import { latin1, utf8 } from "../base/bytes.ts";
import { decodeCharset, isKnownCharset } from "./charset.ts";

const cases: [label: string | null, bytes: string, text: string][] = [
  ["utf-8", "\xc3\xbc", "ü"],
  ["UTF8", "\xc3\xbc", "ü"],
  ['"utf-8"', "\xc3\xbc", "ü"],
  ["iso-8859-1", "\xfc", "ü"],
  ["ISO8859-15", "\xa4", "€"],
  ["iso_8859-2", "\xb1", "ą"],
  ["cp1251", "\xcf\xf0", "Пр"],
  ["win-1252", "\x80", "€"],
  ["koi8-r", "\xf0\xd2", "Пр"],
  ["iso-2022-jp", "\x1b$B$3$s\x1b(B", "こん"],
  ["cp932", "\x82\xb1", "こ"],
  ["gb2312", "\xc4\xe3", "你"],
  ["cp936", "\xc4\xe3", "你"],
  ["gb18030", "\x94\x39\xda\x33", "\u{1f4a9}"],
  ["big5", "\xa7\x41", "你"],
  ["ks_c_5601-1987", "\xb0\xa1", "가"],
  ["utf-7", "+AKM-", "£"],
  ["utf-16le", "a\x00", "a"],
  // Sent under the wrong name, or none.
  [null, "\xc3\xbc", "ü"],
  [null, "\xfc", "ü"],
  ["us-ascii", "\xfc", "ü"],
  ["us-ascii", "\xc3\xbc", "ü"],
  ["unknown-8bit", "\xc3\xbc", "ü"],
  ["x-made-up", "caf\xe9", "café"],
  ["hz-gb-2312", "~{", "~{"],
  ["", "a", "a"],
  ["utf-8", "a\xffb", "a\ufffdb"],
];
for (const [label, bytes, text] of cases) {
  Deno.test(`charset ${label} of ${JSON.stringify(bytes)}`, () => {
    assert.equal(decodeCharset(latin1(bytes), label), text);
  });
}

Deno.test("labels that nobody knows are no charset", () => {
  assert.equal(isKnownCharset("x-made-up"), false);
  assert.equal(isKnownCharset("us-ascii"), false);
  assert.equal(isKnownCharset("replacement"), false);
  assert.equal(isKnownCharset("Windows-1252"), true);
  assert.equal(isKnownCharset("UNICODE-1-1-UTF-7"), true);
});

Deno.test("a decoder keeps nothing from one text to the next", () => {
  assert.equal(decodeCharset(latin1("\x1b$B"), "iso-2022-jp"), "");
  assert.equal(decodeCharset(utf8("abc"), "iso-2022-jp"), "abc");
  assert.equal(decodeCharset(latin1("\xe3"), "utf-8"), "\ufffd");
  assert.equal(decodeCharset(utf8("abc"), "utf-8"), "abc");
});
