import assert from "node:assert/strict";
import type { Address } from "../../address/address.ts";
import { printMailbox } from "../../address/mailbox.ts";
import { type Bytes, concat, fromUtf8, utf8 } from "../../base/bytes.ts";
import { systemClock } from "../../net/system_clock.ts";
import type { Reply } from "../../smtp/reply.ts";
import { serveSmtpInput } from "./smtp_input.ts";

interface Talk {
  /** Codes of the replies. */
  readonly codes: string[];
  readonly said: string;
  readonly taken: { readonly from: Address | null; readonly to: string[]; readonly text: string }[];
}

/** A dialogue, in pieces of so many octets. */
async function talk(input: string, pieceBytes: number, reply: Reply | null = null): Promise<Talk> {
  const left = utf8(input);
  const said: Bytes[] = [];
  const taken: Talk["taken"] = [];
  let at = 0;
  await serveSmtpInput({
    read: () =>
      Promise.resolve(
        at === left.length ? null : left.subarray(at, at = Math.min(at + pieceBytes, left.length)),
      ),
    write: (bytes) => Promise.resolve(void said.push(bytes)),
    handIn: (message, from, recipients) => {
      taken.push({ from, to: recipients.map((each) => printMailbox(each)), text: fromUtf8(message) });
      return Promise.resolve(reply);
    },
    clock: systemClock,
  });
  const text = fromUtf8(concat(said));
  const codes = text.trim().split("\r\n").filter((line) => line[3] === " ").map((line) => line.slice(0, 3));
  return { codes, said: text, taken };
}

const lines = (...each: string[]) => each.map((line) => `${line}\r\n`).join("");
const envelope = lines(
  "EHLO [127.0.0.1]",
  "MAIL FROM:<a@example.org>",
  "RCPT TO:<b@example.net>",
  "RCPT TO:<c@example.net>",
);
const from: Address = { local: "a", domain: "example.org" };
const to = ["b@example.net", "c@example.net"];

for (const pieceBytes of [1, 7, 10_000]) {
  Deno.test(`sendmail -bs takes messages by DATA and BDAT, in pieces of ${pieceBytes}`, async () => {
    const { codes, said, taken } = await talk(
      envelope + lines("DATA", "Subject: x", "", "..", ".") +
        lines("MAIL FROM:<>", "RCPT TO:<b@example.net>") +
        "BDAT 5\r\n.\r\nheBDAT 3 LAST\r\ny\r\n" + lines("NOOP", "QUIT", "NOOP"),
      pieceBytes,
    );
    assert.deepEqual(codes, [
      ..."220 250 250 250 250 354 250".split(" "),
      ..."250 250 250 250 250 221".split(" "),
    ]);
    assert.deepEqual(taken, [
      { from, to, text: "Subject: x\r\n\r\n.\r\n" },
      { from: null, to: ["b@example.net"], text: ".\r\nhey\r\n" },
    ]);
    assert.doesNotMatch(said, /STARTTLS|AUTH|DSN|FUTURERELEASE/);
  });
}

Deno.test("what is not handed in is told in the reply", async () => {
  const reply = { code: 451, enhanced: "4.3.0", text: "later" };
  const { codes, said } = await talk(envelope + lines("DATA", "x", ".", "QUIT"), 100, reply);
  assert.deepEqual(codes.slice(-3), ["354", "451", "221"]);
  assert.match(said, /\r\n451 4\.3\.0 later /);
});

const nothingTaken: [title: string, input: string, last: string][] = [
  ["input that ends within a message", envelope + lines("DATA", "x"), "354"],
  ["input that ends within a chunk", `${envelope}BDAT 10 LAST\r\nx`, "250"],
  [
    "bare line feeds, behind which others could write commands",
    `${envelope}DATA\r\nx\n.\nMAIL FROM:<e@v>\r\n.\r\n`,
    "500",
  ],
  ["commands that end in a line feed alone", "EHLO x\n", "500"],
  ["a line without an end", "EHLO ".padEnd(5000, "x"), "500"],
  ["no recipients", lines("EHLO x", "MAIL FROM:<a@example.org>", "DATA"), "503"],
  ["what only strangers need", lines("EHLO x", "STARTTLS"), "502"],
  ["so many errors", lines("EHLO x", ...Array<string>(1001).fill("NONSENSE"), "QUIT"), "421"],
];
for (const [title, input, last] of nothingTaken) {
  Deno.test(`sendmail -bs takes nothing from ${title}`, async () => {
    const { codes, taken } = await talk(input, 4096);
    assert.deepEqual([codes.at(-1), taken], [last, []]);
  });
}
