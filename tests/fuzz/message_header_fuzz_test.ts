/**
 * Header values of any kind: every reader of them must answer, whatever it is given.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1 } from "../../src/base/bytes.ts";
import { mailboxText, parseAddressList } from "../../src/message/address_list.ts";
import { decodeCharset } from "../../src/message/charset.ts";
import { parseZonedDate } from "../../src/message/date.ts";
import { decodeWords, encodeWords } from "../../src/message/encoded_word.ts";
import { headerFields, headerText } from "../../src/message/headers.ts";
import { htmlText } from "../../src/message/html_text.ts";
import { firstMessageId, messageIds } from "../../src/message/message_id.ts";
import { parameterText, parseParameters } from "../../src/message/parameters.ts";
import { previewOfHtml } from "../../src/message/preview.ts";
import { baseSubject } from "../../src/message/subject.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;

const piece = fc.oneof(
  fc.constantFrom(..."()<>@,;:\\\".[]=?*'%_&#/!- \t\r\n\0\xff".split("")),
  fc.constantFrom(
    "=?utf-8?q?",
    "=?iso-2022-jp?B?",
    "?=",
    "a@b.test",
    "name*0*=",
    "Re: ",
    "[fwd: ",
    "(fwd)",
    "<!--",
  ),
  fc.constantFrom(
    "1 Jan 2000 00:00:00 +0000",
    "<blockquote>",
    "</style>",
    "&#x41;",
    "xn--",
    "bücher".normalize("NFD"),
  ),
  fc.string({ unit: "binary", maxLength: 5 }),
);
const value = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(""));

Deno.test("fuzz: header values", () => {
  fc.assert(
    fc.property(value, fc.constantFrom("utf-8", "utf-7", "iso-2022-jp", "gb18030", "x"), (text, charset) => {
      const raw = text.replace(/[^\0-\xff]/g, "?");
      assert.ok(decodeWords(raw).isWellFormed());
      assert.ok(headerText(raw).isWellFormed());
      assert.equal(decodeWords(encodeWords(text)), text.toWellFormed());
      for (const entry of parseAddressList(raw, 50).entries) {
        if (entry.kind === "mailbox") assert.ok(!/[\0\r\n]/.test(mailboxText(entry)));
      }
      const { parameters } = parseParameters(raw);
      for (const { name } of parameters) assert.notEqual(parameterText(parameters, name), null);
      const date = parseZonedDate(raw);
      if (date !== null) assert.ok(Number.isSafeInteger(date.at) && Math.abs(date.offsetMinutes) < 6000);
      assert.ok(messageIds(raw).every((id) => id !== "" && !/\s/.test(id)));
      firstMessageId(raw);
      const { base } = baseSubject(text);
      // Nothing more comes off what is left.
      assert.equal(baseSubject(base).base, base);
      for (const field of headerFields(latin1(raw))) assert.ok(field.end > field.start);
      assert.ok(decodeCharset(latin1(raw), charset).isWellFormed());
      htmlText(text, { maxLength: 1000, quote: null });
      previewOfHtml(text);
    }),
    { seed, numRuns: 1e9, interruptAfterTimeLimit: seconds * 1000, markInterruptAsFailure: false },
  );
});
