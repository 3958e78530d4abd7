/**
 * Messages of any kind: the index must be sound, one that the store takes, cost no more than the size, and not
 * depend on where the bytes are cut.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1 } from "../../src/base/bytes.ts";
import { Indexer } from "../../src/message/indexer.ts";
import { checkIndex, indexOf } from "../../src/message/testing/check_index.ts";
import { checkIndex as checkForStore } from "../../src/store/check_index.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;

const name = fc.constantFrom(
  "From",
  "To",
  "Subject",
  "Date",
  "Message-ID",
  "References",
  "Content-Type",
  "Content-Transfer-Encoding",
  "Content-Disposition",
  "Content-Language",
  "X",
);
const word = fc.constantFrom(
  "multipart/mixed",
  "multipart/digest",
  "message/rfc822",
  "text/html",
  "base64",
  "quoted-printable",
  "; boundary=",
  "; name*0*=utf-8''",
  "=?utf-8?q?",
  "?=",
  "<a@b.test>",
  "a@b",
  "21 Nov 1997 09:55:06 +0000",
  "(",
  ")",
  '"',
  "\\",
  ":",
  ";",
  ",",
  "<",
  ">",
  "@",
  "[",
  "]",
  "=",
  "%41",
  "a",
  "b",
  "\0",
  "\xff",
  " ",
  "\r\n ",
);
const field = fc.tuple(name, fc.array(word, { maxLength: 8 }))
  .map(([name, words]) => `${name}: ${words.join("")}\r\n`);
const line = fc.oneof(
  fc.constantFrom("--a", "--b", "--a--", "--b--", "", "", "-", "YWJj", "=41=", "<b>x</b>&amp;", "> q"),
  fc.string({ unit: "binary", maxLength: 20 }).map((text) => text.replace(/[^\0-\xff]/g, "?")),
);
const lines = fc.tuple(line, fc.constantFrom("\r\n", "\r\n", "\n", "\r", "")).map((pair) => pair.join(""));
const begin = fc.constantFrom(
  "Content-Type: multipart/mixed; boundary=a\r\n",
  "Content-Type: multipart/digest; boundary=b\r\n",
  "Content-Type: message/rfc822\r\n",
  "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n",
  "Content-Transfer-Encoding: quoted-printable\r\n",
  "\r\n",
  "",
);
const message = fc.array(fc.oneof(begin, field, lines), { maxLength: 40 }).map((pieces) =>
  latin1(pieces.join(""))
);
const cuts = fc.array(fc.nat(40), { maxLength: 20 });

Deno.test("fuzz: the indexer", () => {
  fc.assert(
    fc.property(message, cuts, (bytes, cuts) => {
      const whole = indexOf(bytes);
      checkIndex(bytes, whole);
      checkForStore(whole, bytes.length);
      assert.deepEqual(indexOf(bytes, cuts), whole);
      const indexer = new Indexer();
      indexer.write(bytes);
      indexer.end();
      assert.ok(indexer.work <= 4 * bytes.length + 100);
    }),
    { seed, numRuns: 1e9, interruptAfterTimeLimit: seconds * 1000, markInterruptAsFailure: false },
  );
});
