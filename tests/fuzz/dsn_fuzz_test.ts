/**
 * Delivery status notifications: whatever comes in is read, within bounds; and whatever strangers say goes out as one
 * message of three parts, in which our own fields are what they were.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { fromLatin1, latin1, utf8 } from "../../src/base/bytes.ts";
import {
  decodeUnitext,
  decodeXtext,
  encodeUnitext,
  encodeXtext,
  parseOrcpt,
  printOrcpt,
} from "../../src/message/dsn_address.ts";
import { composeDsn } from "../../src/message/dsn_compose.ts";
import { maxReadText, parseDeliveryStatus, readDsn } from "../../src/message/dsn_parse.ts";
import { dsnActions } from "../../src/message/dsn_status.ts";
import { indexOf } from "../../src/message/testing/check_index.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;
const budget = (share: number) => ({
  seed,
  numRuns: 1e9,
  interruptAfterTimeLimit: seconds * 1000 * share,
  markInterruptAsFailure: false,
});

const piece = fc.oneof(
  fc.constantFrom(
    "Final-Recipient",
    "Original-Recipient",
    "Action",
    "Status",
    "Remote-MTA",
    "Diagnostic-Code",
    "Reporting-MTA",
    "Will-Retry-Until",
  ),
  fc.constantFrom(
    ": ",
    "; ",
    "\r\n",
    "\r\n\r\n",
    "\r\n ",
    "rfc822",
    "utf-8",
    "smtp",
    "dns",
    "550-a",
    "5.1.1",
    "failed",
    "a@b",
    "\\x{FC}",
    "(192.0.2.1)",
    "<",
    ">",
  ),
  fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 5,
  }),
);
const body = fc.array(piece, { maxLength: 40 }).map((pieces) => latin1(pieces.join("")));

/** Every text in a value. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

Deno.test("fuzz: notifications that come in", () => {
  const start =
    "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: message/delivery-status\r\n";
  fc.assert(
    fc.property(body, fc.boolean(), (octets, isEncoded) => {
      const status = parseDeliveryStatus(octets);
      for (const text of textsOf(status)) {
        assert.ok(text.length <= maxReadText && text.isWellFormed() && !/[\0-\x09\x0b-\x1f]/.test(text));
      }
      const encoding = isEncoded ? "Content-Transfer-Encoding: quoted-printable\r\n" : "";
      const message = latin1(`${start}${encoding}\r\n${fromLatin1(octets)}\r\n--b\r\n`);
      const dsn = readDsn(message, indexOf(message));
      if (dsn !== null) assert.ok(textsOf(dsn).every((text) => text.isWellFormed()));
    }),
    budget(0.4),
  );
});

Deno.test("fuzz: xtext, unitext and ORCPT", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.array(fc.constantFrom(..."\\x{}+=; aF0ü📧".split(""), "\\x{2B}", "rfc822;", "utf-8;", "+2B"), {
      maxLength: 8,
    })
      .map((all) => all.join("").toWellFormed()),
  );
  fc.assert(
    fc.property(text, fc.boolean(), (input, isUtf8) => {
      const form = { utf8: isUtf8 };
      const plain = decodeXtext(input);
      if (plain !== null) assert.equal(decodeXtext(encodeXtext(plain)), plain);
      const unicode = decodeUnitext(input);
      if (unicode !== null) assert.equal(decodeUnitext(encodeUnitext(unicode, form)), unicode);
      try {
        const address = parseOrcpt(input, form);
        assert.deepEqual(parseOrcpt(printOrcpt(address, form), form), address);
      } catch (error) {
        assert.ok(error instanceof SyntaxError, String(error));
      }
    }),
    budget(0.2),
  );
});

const words = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.array(fc.constantFrom("\r\n", "\r\n\r\n", "--=_b0", "Action: delivered", "語", "\0", "x ".repeat(300)), {
    maxLength: 6,
  })
    .map((all) => all.join("")),
);
const mta = fc.record({ type: words, name: words, address: fc.option(words) });
const typed = fc.record({ type: fc.oneof(fc.constantFrom("rfc822", "utf-8"), words), address: words });
const at = fc.integer({ min: 0, max: 4e12 });
const recipient = fc.record({
  originalRecipient: fc.option(typed),
  finalRecipient: typed,
  action: fc.constantFrom(...dsnActions),
  status: fc.constantFrom("5.1.1", "4.4.7", "2.0.0"),
  remoteMta: fc.option(mta),
  diagnostic: fc.option(fc.record({ type: fc.oneof(fc.constant("smtp"), words), text: words })),
  lastAttemptDate: fc.option(at),
  finalLogId: fc.option(words),
  willRetryUntil: fc.constant(null),
});
const original = fc.array(
  fc.oneof(
    fc.constantFrom(
      "Subject: ",
      "Message-ID: <a@b>",
      "Date: ",
      "\r\n",
      "\r\n\r\n",
      "\n",
      "--=_b0--",
      "\r\n--=_b1\r\n",
    ),
    fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
      maxLength: 10,
    }),
    fc.constantFrom("ü", "x".repeat(999)).map((text) => fromLatin1(utf8(text))),
  ),
  { maxLength: 15 },
).map((pieces) => latin1(pieces.join("")));

Deno.test("fuzz: notifications that go out", () => {
  fc.assert(
    fc.property(
      fc.array(recipient, { minLength: 1, maxLength: 3 }),
      mta,
      original,
      fc.record({ utf8: fc.boolean(), eightBit: fc.boolean() }),
      fc.constantFrom("full", "headers", null),
      (recipients, reportingMta, message, path, ret) => {
        let n = 0;
        const dsn = composeDsn({
          from: { address: { local: "postmaster", domain: "mail.example.org" } },
          to: { local: "alice", domain: "example.org" },
          date: 0,
          messageId: "1@mail.example.org",
          status: {
            originalEnvelopeId: null,
            reportingMta,
            dsnGateway: null,
            receivedFromMta: null,
            arrivalDate: null,
            futureRelease: null,
            recipients,
          },
          original: message,
          ret,
          path,
        }, () => `b${n++}`);
        const is8Bit = dsn.message.some((octet) => octet > 0x7f);
        assert.ok(!is8Bit || dsn.is8Bit);
        if (!path.utf8) assert.ok(!dsn.needsUtf8);
        if (!path.utf8 && !path.eightBit) assert.ok(!is8Bit);
        const lines = fromLatin1(dsn.message).split("\r\n");
        assert.ok(lines.every((line) => line.length <= 998 && !/[\r\n\0]/.test(line)));
        const index = indexOf(dsn.message);
        assert.equal(index.root.children.length, 3);
        const read = readDsn(dsn.message, index);
        assert.deepEqual(
          read?.status.recipients.map((one) => [one.action, one.status]),
          recipients.map((one) => [one.action, one.status]),
        );
      },
    ),
    budget(0.4),
  );
});
