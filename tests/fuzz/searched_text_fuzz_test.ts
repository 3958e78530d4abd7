/**
 * Texts for search: of any octets and any HTML comes text that the index can keep, in bounded room, and what the words of
 * plain text are is found in it.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { fold } from "../../src/accounts/mail_search_text.ts";
import { searchedText } from "../../src/accounts/searched_text.ts";
import { type Bytes, utf8 } from "../../src/base/bytes.ts";
import { decode, encode } from "../../src/rpc/codec.ts";
import { maxSearchedChars, type TextSource } from "../../src/store/text_source.ts";
import { trigramsOf } from "../../src/store/text_file.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;
const settings = { seed, interruptAfterTimeLimit: 1000 * seconds, numRuns: 1_000_000 };

const word = fc.constantFrom("rain", "ΣΊΣΥΦΟΣ", "Übung", "東京都", "a\u0301\u0316", "İ", "😀");
const markup = fc.oneof(
  word,
  fc.constantFrom(..."<>/&;='\" \r\n\0!-#?x".split("")),
  fc.constantFrom(
    "<b>",
    "</b",
    "<!--",
    "-->",
    "<script>",
    "</script>",
    "<img alt=",
    "&amp;",
    "&#x",
    "&nbsp",
    "<head>",
    "<svg>",
  ),
  fc.string({ unit: "binary", maxLength: 5 }),
);
const text = fc.array(markup, { maxLength: 40 }).map((pieces) => pieces.join(""));

function source(
  bytes: Uint8Array,
  subtype: string,
  charset: string | null,
  encoding: "8bit" | "base64" | "quoted-printable",
): TextSource {
  const copy: Bytes = new Uint8Array(bytes);
  return {
    header: copy,
    parts: [{ header: copy, fileName: "n", text: { subtype, charset, encoding, bytes: copy } }],
  };
}

Deno.test("fuzz: texts for search", () => {
  fc.assert(
    fc.property(
      fc.oneof(text.map(utf8), fc.uint8Array({ maxLength: 200 })),
      fc.constantFrom("html", "plain", "calendar"),
      fc.constantFrom(null, "utf-8", "utf-16", "iso-2022-jp", "utf-7", "nonsense"),
      fc.constantFrom("8bit" as const, "base64" as const, "quoted-printable" as const),
      (bytes, subtype, charset, encoding) => {
        const found = searchedText(source(bytes, subtype, charset, encoding));
        for (const each of [found.header, found.body]) {
          assert.ok(each.isWellFormed() && !each.includes("\0"));
          assert.ok(each.length <= maxSearchedChars);
        }
        assert.deepEqual(decode(encode(found)), found);
        trigramsOf(found.body);
      },
    ),
    settings,
  );
});

Deno.test("fuzz: every word of an HTML text is found", () => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (words) => {
      const html = words.map((each, i) => `<p class=${i}>${each}</p>`).join("\r\n");
      const { body } = searchedText(source(utf8(html), "html", "utf-8", "8bit"));
      for (const each of words) assert.ok(body.includes(fold(each)), each);
    }),
    { ...settings, numRuns: 1000 },
  );
});
