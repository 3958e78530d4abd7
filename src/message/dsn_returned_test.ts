import assert from "node:assert/strict";
import { concat, fromUtf8, latin1, utf8 } from "../base/bytes.ts";
import { maxReturnedHeader, maxReturnedOctets, returnedPart } from "./dsn_returned.ts";

const plain = { utf8: false, eightBit: false };
const eight = { utf8: false, eightBit: true };
const both = { utf8: true, eightBit: true };
const asciiHeader = "Subject: x\r\nMessage-ID: <1@x>\r\n";
const utf8Header = "Subject: Grüße\r\nMessage-ID: <1@x>\r\n";
const message = (header: string, body = "Hello\r\n") => utf8(`${header}\r\n${body}`);

const cases: [
  why: string,
  original: Uint8Array,
  wish: "message" | "headers",
  path: typeof plain,
  type: string,
  encoding: string,
][] = [
  ["a message", message(asciiHeader), "message", plain, "message/rfc822", "7bit"],
  ["its header", message(asciiHeader), "headers", plain, "text/rfc822-headers", "7bit"],
  ["an 8-bit message", message(asciiHeader, "Grüße\r\n"), "message", eight, "message/rfc822", "8bit"],
  [
    "an 8-bit message on a 7-bit way",
    message(asciiHeader, "Grüße\r\n"),
    "message",
    plain,
    "text/rfc822-headers",
    "7bit",
  ],
  ["a message with UTF-8 in its header", message(utf8Header), "message", both, "message/global", "8bit"],
  // RFC 6533 4.5
  ["the same on a 7-bit way", message(utf8Header), "message", plain, "message/global", "base64"],
  ["the same on an 8-bit way", message(utf8Header), "message", eight, "message/global", "base64"],
  ["a header with UTF-8", message(utf8Header), "headers", both, "message/global-headers", "8bit"],
  [
    "the same on a 7-bit way",
    message(utf8Header),
    "headers",
    plain,
    "message/global-headers",
    "quoted-printable",
  ],
  // RFC 6522 4
  [
    "a header of unknown octets",
    concat([latin1("Subject: \xfc\r\n")]),
    "headers",
    both,
    "text/rfc822-headers",
    "quoted-printable",
  ],
  [
    "a message with such a header",
    latin1("Subject: \xfc\r\n\r\nHello\r\n"),
    "message",
    both,
    "text/rfc822-headers",
    "quoted-printable",
  ],
  [
    "a header with a NUL",
    message("Subject: \0\r\n"),
    "message",
    both,
    "text/rfc822-headers",
    "quoted-printable",
  ],
  [
    "a header with a bare LF",
    message("Subject: x\nEvil: y\r\n"),
    "headers",
    both,
    "text/rfc822-headers",
    "quoted-printable",
  ],
  [
    "a header with a bare CR",
    message("Subject: x\rEvil: y\r\n"),
    "headers",
    both,
    "text/rfc822-headers",
    "quoted-printable",
  ],
  [
    "a header with a long line",
    message(`Subject: ${"x".repeat(1000)}\r\n`),
    "headers",
    plain,
    "text/rfc822-headers",
    "quoted-printable",
  ],
  [
    "a message with a long line",
    message(asciiHeader, `${"x".repeat(999)}\r\n`),
    "message",
    both,
    "text/rfc822-headers",
    "7bit",
  ],
  [
    "a message with a line of just 998",
    message(asciiHeader, "x".repeat(998)),
    "message",
    both,
    "message/rfc822",
    "7bit",
  ],
  [
    "a UTF-8 message with a long line",
    message(utf8Header, "x".repeat(999)),
    "message",
    both,
    "message/global",
    "base64",
  ],
  ["a header without a body", utf8(asciiHeader), "headers", plain, "text/rfc822-headers", "7bit"],
  ["a message without a header", utf8("\r\nHello\r\n"), "headers", plain, "text/rfc822-headers", "7bit"],
  ["nothing", utf8(""), "headers", plain, "text/rfc822-headers", "7bit"],
  [
    "a message that is too large",
    message(asciiHeader, "x\r\n".repeat(maxReturnedOctets / 3)),
    "message",
    both,
    "text/rfc822-headers",
    "7bit",
  ],
];
for (const [why, original, wish, path, type, encoding] of cases) {
  Deno.test(`returnedPart(): ${why}: ${type}, ${encoding}`, () => {
    const part = returnedPart(original, wish, path);
    const [header = ""] = fromUtf8(part.bytes).split("\r\n\r\n", 1);
    assert.deepEqual(header.split("\r\n"), [
      `Content-Type: ${type}`,
      `Content-Transfer-Encoding: ${encoding}`,
    ]);
    assert.equal(part.holds, type === "message/rfc822" || type === "message/global" ? "message" : "headers");
    assert.equal(part.is8Bit, encoding === "8bit");
    assert.equal(part.needsUtf8, part.is8Bit && type.startsWith("message/global"));
    const content = part.bytes.subarray(header.length + 4);
    if (!part.is8Bit) assert.ok(content.every((octet) => octet < 0x80 && octet !== 0));
    const lines = new TextDecoder("latin1").decode(content).split("\r\n");
    assert.ok(lines.every((line) => line.length <= 998 && !/[\r\n]/.test(line)));
    if (part.holds === "headers") assert.ok(!fromUtf8(content).includes("Hello"));
  });
}

Deno.test("a long header is cut between two fields", () => {
  const many = Array.from({ length: 10_000 }, (_, i) => `X-${i}: ${"y".repeat(10)}\r\n z\r\n`).join("");
  const text = fromUtf8(returnedPart(utf8(`${many}\r\n`), "headers", plain).bytes);
  assert.ok(text.length <= maxReturnedHeader + 100 && text.length > maxReturnedHeader - 200);
  assert.match(text, /X-\d+: y{10}\r\n z\r\n$/);
  const one = returnedPart(utf8(`X: ${"y\r\n ".repeat(maxReturnedHeader)}\r\n`), "headers", plain);
  assert.match(fromUtf8(one.bytes), /7bit\r\n\r\n$/);
});
