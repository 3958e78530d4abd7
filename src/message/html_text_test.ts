import assert from "node:assert/strict";
import { htmlText } from "./html_text.ts";

const text = (html: string) => htmlText(html, { maxLength: 10_000, quote: null }).replace(/\s+/g, " ").trim();

const cases: [html: string, text: string][] = [
  ["plain", "plain"],
  ["<p>one</p><p>two</p>", "one two"],
  ["a<b>b</b>c", "abc"],
  ["a<br>b<br/>c", "a b c"],
  ["<td>a</td><td>b</td>", "a b"],
  ["<head><title>x</title><style>p{}</style></head><body>y", "y"],
  ["<head><style>p > a {}</style><body>y", "y"],
  ["<script>if (a</b>c) '</p>'</script>y", "y"],
  ["<SCRIPT>x</script >y", "y"],
  ["<style>x", ""],
  ["<!-- a > b --!> c -->y", "y"],
  ["<!-- x", ""],
  ["<!doctype html><?xml x?>y", "y"],
  ['<a title="a > b" href=x>y</a>', "y"],
  ["<svg><svg>x</svg>x</svg>y", "y"],
  ["1 < 2 & 3 > 2", "1 < 2 & 3 > 2"],
  [
    "&lt;b&gt; &amp;amp; &#228;&#xE4;&auml; &nosuch; &#0;&#xd800;&#99999999;",
    "<b> &amp; äää &nosuch; \ufffd\ufffd\ufffd",
  ],
  ["a&nbsp;b&shy;c", "a bc"],
  ["<", "<"],
  ["<a", ""],
  ["</", ""],
  ["<blockquote>q<blockquote>r</blockquote></blockquote>s", "q r s"],
];
for (const [html, expected] of cases) {
  Deno.test(`text of ${html}`, () => assert.equal(text(html), expected));
}

Deno.test("quotes are left out where a mark is given", () => {
  const html = "a<blockquote>q<blockquote>r</blockquote>q</blockquote>b";
  assert.equal(htmlText(html, { maxLength: 100, quote: "[...]" }).replace(/\s+/g, " "), "a [...] b");
});

Deno.test("hostile HTML is read once, and only as far as asked", () => {
  const tags = [
    "<",
    "<a",
    "<a ",
    "<!--",
    "<div>",
    "<svg>",
    "<script>",
    "</script",
    "&",
    "&#",
    '<a ="',
    "<style></",
  ];
  for (const piece of tags) htmlText(piece.repeat(200_000), { maxLength: 1e9, quote: "[...]" });
  assert.ok(htmlText("x".repeat(1_000_000), { maxLength: 100, quote: null }).length <= 800);
});
