/**
 * Anything at all from an SMTP client: lines are read or refused; a message ends where a second, slow and
 * simple reading of the rules says; and whatever is said to a whole connection, it answers in good form, leaves
 * nothing behind when it ends, and nothing in it is a surprise to ourselves.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, concat, fromLatin1, latin1 } from "../../src/base/bytes.ts";
import { lineText, parseCommand, printCommand } from "../../src/smtp/command.ts";
import { DataReader } from "../../src/smtp/data_reader.ts";
import { parseLimits } from "../../src/smtp/limits.ts";
import { smtpStage } from "../../src/smtpd/testing/smtp_stage.ts";
import { settle } from "../support/fake_clock.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5") / 3;
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;
const run = {
  seed,
  numRuns: 1e9,
  interruptAfterTimeLimit: seconds * 1000,
  markInterruptAsFailure: false,
};

const words =
  "EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY EXPN HELP STARTTLS AUTH FROM:<> FROM:<a@example.net> " +
  "TO:<b@example.org> TO:<nobody@example.org> TO:<postmaster> TO: FROM: < > @ a example.org [192.0.2.1] [IPv6:::1] " +
  "SIZE=10 SIZE= SIZE=99999999999999999999 BODY=8BITMIME BODY=7BIT SMTPUTF8 AUTH=<> AUTH=+3D HOLDFOR=1 HOLDUNTIL=2026-01-02T03:04:05Z " +
  "RET=FULL ENVID=+2B REQUIRETLS NOTIFY=NEVER NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a ORCPT=utf-8;\\x{FC} ORCPT=x " +
  'PLAIN LOGIN SCRAM-SHA-256 AHVzZXJAZXhhbXBsZS5vcmcAc2VjcmV0 = * LAST 3 0 10 "a\\"b" xn--bcher-kva.example \xc3\xa9 \xff \0 . .. GET /';
const word = fc.constantFrom(...words.split(" "));
const line = fc.oneof(
  fc.array(word, { maxLength: 6 }).map((parts) => parts.join(" ")),
  fc.array(word, { maxLength: 4 }).map((parts) => parts.join("")),
  fc.string({ maxLength: 30, unit: "binary" }).map((text) => text.replace(/[^\0-\xff]/g, "?")),
);

Deno.test("fuzz: SMTP command lines are read or refused, and what is read can be written", () => {
  fc.assert(
    fc.property(line, (text) => {
      const decoded = lineText(latin1(text));
      parseLimits(text);
      if (decoded === null) return;
      try {
        const command = parseCommand(decoded);
        assert.deepEqual(parseCommand(printCommand(command)), command);
      } catch (error) {
        assert.ok(error instanceof SyntaxError, String(error));
      }
    }),
    run,
  );
});

/** The rules of `data_reader.ts`, on the whole text at once. */
function plainReading(text: string): { end: number; refused: boolean; message: string } {
  const found = /(^|\r\n)\.\r\n/.exec(text);
  const end = found === null ? -1 : found.index + found[0].length;
  const body = found === null ? text : text.slice(0, found.index + (found[1] ?? "").length);
  const lines = `\r\n${body}`;
  const refused = /\r(?!\n)/.test(found === null ? body.replace(/\r$/, "") : body) ||
    /(?:^|[^\r])\n\.\r?\n/.test(lines) || /\r\n\.\n/.test(lines);
  const message = lines.replace(/\r\n\./g, "\r\n").slice(2).replace(/(?<!\r)\n/g, "\r\n");
  return { end, refused, message };
}

const dataPart = fc.constantFrom(
  "\r\n",
  "\r",
  "\n",
  ".",
  "\r\n.",
  "\r\n..",
  "a",
  "bc",
  "\r\n.\r\n",
  "\n.\r\n",
  "\r\n.\n",
);

Deno.test("fuzz: the end of DATA is where the rules say, however it comes in pieces", () => {
  fc.assert(
    fc.property(
      fc.array(dataPart, { maxLength: 14 }),
      fc.array(fc.nat(40), { maxLength: 5 }),
      (parts, cuts) => {
        const text = parts.join("");
        const expected = plainReading(text);
        const reader = new DataReader("data", 1000);
        const got: Bytes[] = [];
        let end = -1;
        let offset = 0;
        const at = [...cuts.map((cut) => Math.min(cut, text.length)), text.length].sort((a, b) => a - b);
        for (const cut of at) {
          const piece = latin1(text.slice(offset, cut));
          const here = reader.take(piece, (out) => void got.push(out.slice()));
          if (here !== -1) {
            end = offset + here;
            break;
          }
          offset = cut;
        }
        assert.equal(end, expected.end);
        // While the end is to come, the last octets may still turn out to be either.
        if (end === -1) return;
        assert.equal(reader.fault !== null, expected.refused, "refused");
        if (!expected.refused) assert.equal(fromLatin1(concat(got)), expected.message);
      },
    ),
    run,
  );
});

const dialogueLine = fc.oneof(
  { weight: 3, arbitrary: line },
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      "EHLO a.example",
      "MAIL FROM:<user@example.org>",
      "RCPT TO:<b@example.org>",
      "DATA",
      "From: user@example.org",
      "",
      ".",
      "BDAT 5",
      "BDAT 7 LAST",
      "AUTH PLAIN AHVzZXJAZXhhbXBsZS5vcmcAc2VjcmV0",
      "AUTH LOGIN",
      "RSET",
    ),
  },
);
const packet = fc.array(dialogueLine, { maxLength: 6 }).map((lines) =>
  latin1(lines.map((text) => `${text}\r\n`).join(""))
);
const reply = /^(?:[2-5]\d\d[ -].*\r\n)*$/;

async function survive(
  packets: readonly Bytes[],
  kind: "delivery" | "submissions",
  cut: number,
): Promise<void> {
  const stage = smtpStage({ kind, secure: kind === "submissions", limits: { maxMessageBytes: 200 } });
  for (const [i, bytes] of packets.entries()) {
    if (stage.client.isClosed) break;
    await stage.client.write(i === packets.length - 1 ? bytes.subarray(0, cut) : bytes);
    await stage.clock.advance(7000);
  }
  const said = stage.client.peer.writes.map((bytes) => fromLatin1(bytes)).join("");
  assert.match(said.slice(0, said.lastIndexOf("\n") + 1), reply);
  stage.client.destroy();
  await stage.done;
  await settle();
  assert.deepEqual(stage.logged.filter((text) => / error /.test(text.slice(0, 40))), []);
  assert.equal(stage.clock.pending, 0, "timers are left");
  assert.equal(stage.delivery.spools.size, 0, "spool files are left");
  for (const { body } of stage.delivery.copies) assert.ok(!/\r(?!\n)|(?<!\r)\n/.test(body));
}

Deno.test("fuzz: a whole SMTP connection survives anything", async () => {
  let last: Promise<void> = Promise.resolve();
  await fc.assert(
    fc.asyncProperty(
      fc.array(packet, { maxLength: 6 }),
      fc.constantFrom("delivery" as const, "submissions" as const),
      fc.nat(100),
      (packets, kind, cut) => last = survive(packets, kind, cut),
    ),
    run,
  );
  await last; // When time is up, one is under way.
});
