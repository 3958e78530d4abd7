import assert from "node:assert/strict";
import fc from "fast-check";
import { concat, fromLatin1, fromUtf8, utf8 } from "../base/bytes.ts";
import { composeMessage, type Content, foldAt, foldField, type MessageDraft, textField } from "./compose.ts";
import { decodeText } from "./decoded_text.ts";
import { headerText } from "./headers.ts";
import type { Part } from "./message_index.ts";
import { checkIndex, indexOf, shape } from "./testing/check_index.ts";
import { decodeTransfer } from "./transfer_encoding.ts";

const draft: MessageDraft = {
  from: { name: "Jürgen, the First", address: { local: "j", domain: "bücher.example" } },
  to: [{ address: { local: "a b", domain: "x.test" } }, {
    name: "O'Neil (Bob)",
    address: { local: "bob", domain: "x.test" },
  }],
  subject: "Grüße",
  date: Date.UTC(2025, 10, 21, 9, 55, 6),
  messageId: "1@x.test",
  references: ["a@x.test", "b@x.test"],
  inReplyTo: "b@x.test",
  fields: [["Auto-Submitted", "auto-replied"]],
  content: { kind: "text", text: "Hello\nworld\n" },
};

/** Boundaries that differ, as random ones do. */
function counter(): () => string {
  let n = 0;
  return () => `boundary${n++}`;
}

const compose = (change: Partial<MessageDraft>) => composeMessage({ ...draft, ...change }, counter());

Deno.test("a message is written", () => {
  assert.equal(
    fromUtf8(compose({})),
    [
      "From: =?utf-8?q?J=C3=BCrgen=2C_the_First?= <j@xn--bcher-kva.example>",
      'To: "a b"@x.test, "O\'Neil (Bob)" <bob@x.test>',
      "Subject: =?utf-8?b?R3LDvMOfZQ==?=",
      "Date: Fri, 21 Nov 2025 09:55:06 +0000",
      "Message-ID: <1@x.test>",
      "In-Reply-To: <b@x.test>",
      "References: <a@x.test> <b@x.test>",
      "Auto-Submitted: auto-replied",
      "MIME-Version: 1.0",
      "Content-Type: text/plain; charset=us-ascii",
      "Content-Transfer-Encoding: 7bit",
      "",
      "Hello",
      "world",
      "",
    ].join("\r\n"),
  );
});

Deno.test("what was written is read again", () => {
  const bytes = compose({});
  const made = indexOf(bytes);
  checkIndex(bytes, made);
  assert.equal(made.from, "Jürgen, the First <j@bücher.example>");
  assert.equal(made.to, '"a b"@x.test, O\'Neil (Bob) <bob@x.test>');
  assert.equal(made.subject, "Grüße");
  assert.equal(made.date, draft.date);
  assert.deepEqual(made.references, draft.references);
  assert.deepEqual(made.problems, []);
  assert.equal(made.hasUtf8Headers, false);
});

Deno.test("a localpart that needs SMTPUTF8 is written as it is", () => {
  const made = indexOf(compose({ from: { address: { local: "jürgen", domain: "bücher.example" } } }));
  assert.equal(made.fromAddress, "jürgen@bücher.example");
  assert.equal(made.hasUtf8Headers, true);
});

const refused: [what: string, change: Partial<MessageDraft>][] = [
  ["a subject", { subject: "a\r\nBcc: b" }],
  ["a name", { from: { name: "a\nb", address: { local: "a", domain: "b.test" } } }],
  ["an identifier", { messageId: "a>\r\nB: c" }],
  ["a field's name", { fields: [["A: b\r\nC", "d"]] }],
  ["a field's value", { fields: [["A", "b\r\nC: d"]] }],
  ["a file name", { content: { kind: "octets", type: "a/b", bytes: utf8(""), fileName: "a\r\nb" } }],
  ["a type", { content: { kind: "lines", type: "a/b\r\nC: d", bytes: utf8("") } }],
];
for (const [what, change] of refused) {
  Deno.test(`${what} cannot add a field`, () => assert.throws(() => compose(change), TypeError));
}

Deno.test("fields are folded at white space", () => {
  const field = textField("Subject", "word ".repeat(60).trim());
  for (const line of field.split("\r\n")) assert.ok(line.length <= foldAt, line);
  assert.equal(headerText(field.slice("Subject:".length)), "word ".repeat(60).trim());
  assert.equal(foldField("X", "a".repeat(200)), `X: ${"a".repeat(200)}\r\n`);
  assert.equal(foldField("X", ""), "X:\r\n");
});

Deno.test("texts are encoded as they need it", () => {
  const encoding = (text: string) => {
    const bytes = compose({ content: { kind: "text", text } });
    const { root } = indexOf(bytes);
    const body = bytes.subarray(root.bodyStart, root.bodyEnd);
    assert.equal(decodeText(root, body), text.replace(/\r\n|\r|\n/g, "\r\n"));
    return `${root.encoding} ${root.charset}`;
  };
  assert.equal(encoding("a\nb\rc\r\n"), "7bit us-ascii");
  assert.equal(encoding("ü"), "quoted-printable utf-8");
  assert.equal(encoding("x".repeat(999)), "quoted-printable us-ascii");
  assert.equal(encoding("a\0b"), "quoted-printable us-ascii");
});

Deno.test("a report with its parts", () => {
  const bytes = compose({
    content: {
      kind: "multipart",
      subtype: "report",
      parameters: { "report-type": "delivery-status" },
      parts: [
        { kind: "text", text: "It failed.\n" },
        {
          kind: "lines",
          type: "message/delivery-status",
          bytes: utf8("Reporting-MTA: dns; x\r\n\r\nAction: failed\r\n"),
        },
        { kind: "lines", type: "message/rfc822", bytes: utf8("Subject: a\r\n\r\nb\r\n") },
      ],
    },
  });
  const made = indexOf(bytes);
  checkIndex(bytes, made);
  assert.equal(made.isReport, true);
  assert.equal(made.preview, "It failed.");
  assert.equal(
    shape(made.root),
    "multipart/report(text/plain:12/1 message/delivery-status:41/3 message/rfc822(text/plain:3/1))",
  );
});

const leaf: fc.Arbitrary<Content> = fc.oneof(
  fc.record({ kind: fc.constant("text" as const), text: fc.string({ unit: "grapheme", maxLength: 100 }) }),
  fc.record({
    kind: fc.constant("octets" as const),
    type: fc.constant("application/x-test"),
    bytes: fc.uint8Array({ maxLength: 100 }),
    fileName: fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 })
      .map((name) => name.replace(/[\x00-\x1f\x7f-\x9f]/g, "").trim() || "x"),
  }),
);
const { content } = fc.letrec<{ content: Content }>((tie) => ({
  content: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.record({
      kind: fc.constant("multipart" as const),
      subtype: fc.constant("mixed"),
      parts: fc.array(tie("content"), { minLength: 1, maxLength: 4 }),
    }),
  ),
}));

Deno.test("what is composed is found again", () => {
  fc.assert(fc.property(content, (content) => {
    const bytes = compose({ content });
    const made = indexOf(bytes);
    checkIndex(bytes, made);
    assert.deepEqual(made.problems, []);
    compare(bytes, made.root, content);
    assert.ok(!/[^\x00-\x7f]/.test(fromLatin1(bytes)));
  }));
});

function compare(bytes: Uint8Array, part: Part, content: Content): void {
  const body = bytes.subarray(part.bodyStart, part.bodyEnd);
  if (content.kind === "text") {
    assert.equal(decodeText(part, body), content.text.replace(/\r\n|\r|\n/g, "\r\n"));
  } else if (content.kind === "octets") {
    assert.deepEqual(decodeTransfer(body, part.encoding), concat([content.bytes]));
    if (!/=\?/.test(content.fileName ?? "")) assert.equal(part.fileName, content.fileName);
  } else if (content.kind === "multipart") {
    assert.equal(part.children.length, content.parts.length);
    content.parts.forEach((inner, i) => {
      const child = part.children[i];
      assert.ok(child !== undefined);
      compare(bytes, child, inner);
    });
  }
}
