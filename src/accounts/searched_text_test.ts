import assert from "node:assert/strict";
import { ownTime } from "../../tests/support/own_time.ts";
import { type Bytes, noBytes, utf8 } from "../base/bytes.ts";
import { maxTextBytes, type TextSource } from "../store/text_source.ts";
import { fold } from "./mail_search_text.ts";
import { searchedText } from "./searched_text.ts";

const html = (text: string | Bytes): TextSource => ({
  header: utf8("Subject: s\r\n\r\n"),
  parts: [{
    header: noBytes,
    fileName: null,
    text: {
      subtype: "html",
      charset: "utf-8",
      encoding: "8bit",
      bytes: typeof text === "string" ? utf8(text) : text,
    },
  }],
});

const cases: [html: string, text: string][] = [
  ["<p>One</p>two<br>three", " one two three"],
  ["<a href='http://x.example'>Link</a>", "link"],
  ["a<img src=x alt='A picture'>b<area alt=\"&Auml;\">c", "a a picture bä c"],
  ["<img data-alt=x alt=y>", " y "],
  ["<title>t</title><style>s</style><script>s</script>x", "x"],
  ["<noscript>shown</noscript><object>this too", "shownthis too"],
  ["<select><option>one", " one"],
  ["so\u00adft<wbr>ware", "software"],
  ["&bdquo;Gr&uuml;&szlig;e&ldquo; &#8211; &#150; &Scaron;koda &frac12; &alpha;", "„grüße“ – – škoda ½ α"],
  ["&nbsp;&nbsp; a \r\n\t b", " a b"],
  ["<!-- x --> <![if !mso]>y<![endif]>", " y"],
];
for (const [text, expected] of cases) {
  Deno.test(`search sees of ${text}`, () => assert.equal(searchedText(html(text)).body, fold(expected)));
}

Deno.test("headers and names are lines of their own, folded and decoded; nothing is found across", () => {
  const { header, body } = searchedText({
    header: utf8("Subject: =?utf-8?q?=C3=84rger?=\r\n und mehr\r\nX-A: b\r\n\r\n"),
    parts: [
      { header: utf8("Content-Type: text/plain\r\n\r\n"), fileName: "Übersicht.PDF", text: null },
      {
        header: noBytes,
        fileName: null,
        text: { subtype: "plain", charset: "koi8-r", encoding: "base64", bytes: utf8("z9TQ1dPL") },
      },
      {
        header: noBytes,
        fileName: null,
        text: { subtype: "plain", charset: null, encoding: "7bit", bytes: utf8("a\0b") },
      },
    ],
  });
  assert.deepEqual(
    header.split("\uffff"),
    [
      "subject: ärger und mehr",
      "x-a: b",
      "content-type: text/plain",
      "filename: übersicht.pdf",
    ].map(fold),
  );
  assert.deepEqual(body.split("\uffff"), ["отпуск", "a\ufffdb"].map(fold));
});

const size = maxTextBytes;
const hostile: Record<string, string> = {
  "a million open tags": "<div>".repeat(1_000_000),
  "a million open blockquotes and a word": `${"<blockquote>".repeat(300_000)}word`,
  "nothing but opening brackets": "<".repeat(size),
  "an attribute without end": `<a href="${"x".repeat(size)}`,
  "quotes that open and close": `<a ${"b='\"' ".repeat(size / 6)}`,
  "comments that do not end": "<!--".repeat(size / 4),
  "scripts that do not end": "<script>".repeat(size / 8),
  "ends of other scripts": `<script>${"</scrip ".repeat(size / 8)}`,
  "references": "&amp;".repeat(size / 5),
  "references to references": "&amp;amp;lt;".repeat(size / 12),
  "long names of references": `&${"a".repeat(size)};`,
  "long numbers": `&#${"1".repeat(size)};`,
  "alternative texts": "<img alt='&euro;'>".repeat(size / 18),
  "one tag of alternative texts": `<img ${" alt ".repeat(size / 5)}>`,
  "declarations": "<!".repeat(size / 2),
  "white space": " ".repeat(size),
  "one long line": "word ".repeat(size / 5),
  "letters that grow when they are folded": "\u0130".repeat(size / 2),
  "marks that are put in order": `a${"\u0316\u0301".repeat(size / 4)}`,
};
for (const [name, text] of Object.entries(hostile)) {
  Deno.test(`hostile HTML is read in bounded time and room: ${name}`, () => {
    const source = html(utf8(text).subarray(0, maxTextBytes));
    const took = ownTime();
    const { body } = searchedText(source);
    const ms = took();
    assert.ok(ms < 5000, `${ms.toFixed(0)} ms`); // A tenth of a second and less; on a slow machine more.
    assert.ok(body.length <= 3 * maxTextBytes, String(body.length));
  });
}

Deno.test("more than a message may have is not read, whoever sends it", () => {
  const { body } = searchedText(html(new Uint8Array(50_000_000).fill(97)));
  assert.equal(body.length, maxTextBytes);
});
