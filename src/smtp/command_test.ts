import assert from "node:assert/strict";
import fc from "fast-check";
import { isAscii } from "../address/domain.ts";
import { latin1, utf8 } from "../base/bytes.ts";
import {
  type Command,
  isHttp,
  lineText,
  parseCommand,
  printCommand,
  UnknownCommand,
  verbs,
} from "./command.ts";
import { UnknownParameter } from "./parameters.ts";

const a = { local: "a", domain: "example.org" };
const mail = {
  verb: "MAIL",
  from: a,
  utf8: false,
  size: null,
  body: null,
  smtpUtf8: false,
  auth: null,
  hold: null,
  ret: null,
  envid: null,
  requireTls: false,
} as const;
const rcpt = { verb: "RCPT", to: a, utf8: false, notify: null, orcpt: null } as const;

const accepted: [line: string, command: Command][] = [
  ["EHLO [192.0.2.1]", { verb: "EHLO", name: "[192.0.2.1]" }],
  ["helo", { verb: "HELO", name: "" }],
  ["MAIL FROM:<a@example.org>", mail],
  ["mail from: <a@example.org>", mail],
  ["MAIL FROM:<>", { ...mail, from: null }],
  ["MAIL FROM:<> ", { ...mail, from: null }],
  ["MAIL FROM:<é@example.org> SMTPUTF8", {
    ...mail,
    from: { local: "é", domain: "example.org" },
    utf8: true,
    smtpUtf8: true,
  }],
  ["MAIL FROM:<a@example.org> SIZE=12 BODY=8bitmime AUTH=<>", {
    ...mail,
    size: 12,
    body: "8BITMIME",
    auth: "<>",
  }],
  ["MAIL FROM:<a@example.org> AUTH=b+40example.org", { ...mail, auth: "b+40example.org" }],
  ["MAIL FROM:<a@example.org> HOLDFOR=60", { ...mail, hold: { kind: "for", seconds: 60 } }],
  ["MAIL FROM:<a@example.org> HOLDUNTIL=2026-01-02T03:04:05Z", {
    ...mail,
    hold: { kind: "until", at: Date.UTC(2026, 0, 2, 3, 4, 5) },
  }],
  ["MAIL FROM:<a@example.org> HOLDUNTIL=2026-01-02T03:04:05.5-01:30", {
    ...mail,
    hold: { kind: "until", at: Date.UTC(2026, 0, 2, 4, 34, 5) },
  }],
  ["MAIL FROM:<a@example.org> RET=hdrs ENVID=QQ+2B314159", { ...mail, ret: "HDRS", envid: "QQ+2B314159" }],
  ["MAIL FROM:<a@example.org> ret=FULL requiretls", { ...mail, ret: "FULL", requireTls: true }],
  [`MAIL FROM:<a@example.org> ENVID=${"x".repeat(94)}`, { ...mail, envid: "x".repeat(94) }],
  ["RCPT TO:<a@example.org>", rcpt],
  ["rcpt to: <postmaster>", { ...rcpt, to: { local: "postmaster", domain: "" } }],
  ["RCPT TO:<a@example.org> NOTIFY=never", { ...rcpt, notify: "never" }],
  ["RCPT TO:<a@example.org> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;A+2Bb@example.org", {
    ...rcpt,
    notify: "SUCCESS,FAILURE,DELAY",
    orcpt: "rfc822;A+2Bb@example.org",
  }],
  ["RCPT TO:<a@example.org> ORCPT=utf-8;\\x{E9}@example.org", {
    ...rcpt,
    orcpt: "utf-8;\\x{E9}@example.org",
  }],
  ["RCPT TO:<a@example.org> ORCPT=utf-8;é@example.org", { ...rcpt, orcpt: "utf-8;é@example.org" }],
  ["DATA", { verb: "DATA" }],
  ["data ", { verb: "DATA" }],
  ["BDAT 0", { verb: "BDAT", size: 0, last: false }],
  ["bdat 86 last", { verb: "BDAT", size: 86, last: true }],
  ["RSET", { verb: "RSET" }],
  ["NOOP who knows", { verb: "NOOP", argument: "who knows" }],
  ["QUIT", { verb: "QUIT" }],
  ["VRFY a", { verb: "VRFY", argument: "a" }],
  ["EXPN list", { verb: "EXPN", argument: "list" }],
  ["HELP", { verb: "HELP", argument: "" }],
  ["STARTTLS", { verb: "STARTTLS" }],
  ["AUTH plain", { verb: "AUTH", mechanism: "PLAIN", initial: null }],
  ["AUTH EXTERNAL =", { verb: "AUTH", mechanism: "EXTERNAL", initial: new Uint8Array(0) }],
  ["AUTH PLAIN AGEAYg==", { verb: "AUTH", mechanism: "PLAIN", initial: utf8("\0a\0b") }],
];
for (const [line, command] of accepted) {
  Deno.test(`parseCommand() reads ${line}`, () => {
    assert.deepEqual(parseCommand(line), command);
    assert.deepEqual(parseCommand(printCommand(command)), command);
  });
}

Deno.test("the accepted lines try every verb", () => {
  assert.deepEqual(new Set(accepted.map(([, command]) => command.verb)), new Set(verbs));
});

const refused: [error: new (message?: string) => SyntaxError, ...lines: string[]][] = [
  [
    UnknownCommand,
    "",
    " ",
    " NOOP",
    "XYZZY",
    "NOOP\tx",
    "MAILFROM:<a@example.org>",
    "constructor",
    "__proto__",
  ],
  [
    UnknownParameter,
    "MAIL FROM:<> X=1",
    "MAIL FROM:<> NOTIFY=NEVER",
    "RCPT TO:<a@example.org> RET=HDRS",
    "RCPT TO:<a@example.org> REQUIRETLS",
  ],
  [
    SyntaxError,
    "MAIL",
    "MAIL <a@example.org>",
    "MAIL FROM:",
    "MAIL FROM:a@example.org",
    "MAIL FROM:<postmaster>",
    "MAIL FROM:<>x",
    "MAIL FROM:<a@example.org>SIZE=1",
    "MAIL FROM:<> SIZE=",
    "MAIL FROM:<> SIZE",
    "MAIL FROM:<> SIZE=-1",
    "MAIL FROM:<> SIZE=1 SIZE=1",
    "MAIL FROM:<> SIZE=100000000000000000000000",
    "MAIL FROM:<> BODY=BINARYMIME",
    "MAIL FROM:<> BODY",
    "MAIL FROM:<> SMTPUTF8=1",
    "MAIL FROM:<> AUTH",
    "MAIL FROM:<> AUTH=+4",
    "MAIL FROM:<> HOLDFOR=1234567890",
    "MAIL FROM:<> HOLDFOR=1 HOLDUNTIL=2026-01-02T03:04:05Z",
    "MAIL FROM:<> HOLDUNTIL=2026-02-30T03:04:05Z",
    "MAIL FROM:<> HOLDUNTIL=2026-01-02",
    "MAIL FROM:<> HOLDUNTIL=2026-01-02T24:00:00Z",
    "MAIL FROM:<> RET=BODY",
    "MAIL FROM:<> RET",
    "MAIL FROM:<> RET=FULL RET=FULL",
    "MAIL FROM:<> ENVID",
    "MAIL FROM:<> ENVID=",
    "MAIL FROM:<> ENVID=a+2b",
    "MAIL FROM:<> ENVID=a+0Ab",
    "MAIL FROM:<> ENVID=a ENVID=a",
    `MAIL FROM:<> ENVID=${"x".repeat(95)}`,
    "MAIL FROM:<> REQUIRETLS=1",
    "RCPT TO:<a@example.org> NOTIFY",
    "RCPT TO:<a@example.org> NOTIFY=",
    "RCPT TO:<a@example.org> NOTIFY=NEVER,SUCCESS",
    "RCPT TO:<a@example.org> NOTIFY=SUCCESS,",
    "RCPT TO:<a@example.org> NOTIFY=SUCCESS;DELAY",
    "RCPT TO:<a@example.org> NOTIFY=SUCCESS,FAILURE,DELAY,DELAY",
    "RCPT TO:<a@example.org> NOTIFY=NEVER NOTIFY=NEVER",
    "RCPT TO:<a@example.org> ORCPT",
    "RCPT TO:<a@example.org> ORCPT=a@example.org",
    "RCPT TO:<a@example.org> ORCPT=rfc822;",
    "RCPT TO:<a@example.org> ORCPT=rfc822;a+0D+0Ab",
    "RCPT TO:<a@example.org> ORCPT=rfc822;é@example.org",
    `RCPT TO:<a@example.org> ORCPT=rfc822;${"x".repeat(500)}`,
    "RCPT",
    "RCPT TO:",
    "RCPT TO:<>",
    "RCPT TO:a@example.org",
    "RCPT TO:<a@example.org>,<b@example.org>",
    "RCPT FROM:<a@example.org>",
    "DATA now",
    "RSET x",
    "QUIT x",
    "STARTTLS x",
    "BDAT",
    "BDAT x",
    "BDAT -1",
    "BDAT 1 LAST x",
    "BDAT 1 FIRST",
    "BDAT 1.5",
    "BDAT 0x10",
    "BDAT 1000000000000000",
    "AUTH",
    "AUTH PLAIN !",
    "AUTH PLAIN AGEAYg",
    "AUTH PLAIN a b",
    "AUTH PL;AIN",
    "AUTH PLAIN =AGE",
    "AUTH PLAIN AGEAYg== x",
  ],
];
for (const [error, ...lines] of refused) {
  for (const line of lines) {
    Deno.test(`parseCommand() throws ${error.name} for "${line}"`, () => {
      assert.throws(
        () => parseCommand(line),
        (thrown) => thrown instanceof error && thrown.constructor === error,
      );
    });
  }
}

const plainObject = { noNullPrototype: true } as const;
const anyHold = fc.oneof(
  fc.constant(null),
  fc.record({ kind: fc.constant("for" as const), seconds: fc.nat(999_999_999) }, plainObject),
  fc.record(
    { kind: fc.constant("until" as const), at: fc.nat(4_000_000_000).map((s) => s * 1000) },
    plainObject,
  ),
);
const anyAddress = fc.record({
  local: fc.constantFrom("a", "a b", '"', "é", "a.b", ".a"),
  domain: fc.constantFrom("example.org", "bücher.example", "[192.0.2.1]"),
}, plainObject);
const anyMail = fc.record({
  from: fc.option(anyAddress),
  size: fc.option(fc.nat()),
  body: fc.constantFrom(null, "7BIT" as const),
  hold: anyHold,
  ret: fc.constantFrom(null, "FULL" as const, "HDRS" as const),
  envid: fc.constantFrom(null, "a", "a+3Db"),
  requireTls: fc.boolean(),
}, plainObject).map((some): Command => ({
  ...mail,
  ...some,
  utf8: some.from !== null && !isAscii(some.from.local + some.from.domain),
}));

Deno.test("whatever is printed is read again", () => {
  fc.assert(fc.property(anyMail, (mail) => assert.deepEqual(parseCommand(printCommand(mail)), mail)));
});

const texts: [bytes: Uint8Array, text: string | null][] = [
  [latin1("NOOP x\ty"), "NOOP x\ty"],
  [utf8("RCPT TO:<é@example.org>"), "RCPT TO:<é@example.org>"],
  [latin1("RCPT TO:<\xe9@example.org>"), null],
  [latin1("NOOP\0"), null],
  [latin1("NOOP\x7f"), null],
  [latin1("NOOP\x1b[0m"), null],
  [latin1("\xc0\xaf"), null],
];
for (const [bytes, text] of texts) {
  Deno.test(`lineText() of ${JSON.stringify(text)}`, () => assert.equal(lineText(bytes), text));
}

Deno.test("a browser's lines are known", () => {
  for (const line of ["GET / HTTP/1.1", "post /x HTTP/1.0", "Host: a", "PRI * HTTP/2.0"]) {
    assert.ok(isHttp(line), line);
  }
  for (const line of ["NOOP", "MAIL FROM:<a@b.example>", "HELP", "GETX"]) assert.ok(!isHttp(line), line);
});
