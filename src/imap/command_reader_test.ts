import assert from "node:assert/strict";
import fc from "fast-check";
import { concat, latin1 } from "../base/bytes.ts";
import { CommandReader, type ReaderLimits, strangerLimits } from "./command_reader.ts";
import { play, show } from "./testing/played_reader.ts";

const dialogues: [what: string, input: string, events: string[]][] = [
  ["two commands", "a NOOP\r\nb CAPABILITY\r\n", ["command a NOOP", "command b CAPABILITY"]],
  ["a literal", "a LOGIN {5}\r\nSMITH {6+}\r\nSESAME\r\nb NOOP\r\n", [
    "literal 5 sync",
    "literal 6",
    "command a LOGIN",
    "command b NOOP",
  ]],
  ["an empty literal", "a LOGIN {0}\r\n {0+}\r\n\r\n", ["literal 0 sync", "literal 0", "command a LOGIN"]],
  ["a literal with line ends", "a LOGIN {8+}\r\nx\r\nb X\r\n y\r\nc NOOP\r\n", [
    "literal 8",
    "command a LOGIN",
    "command c NOOP",
  ]],
  ["IDLE", "a IDLE\r\nDONE\r\nb NOOP\r\n", ["command a IDLE", "line DONE", "command b NOOP"]],
  ["a line of IDLE that looks like a literal", "a IDLE\r\nDONE {3}\r\nb NOOP\r\n", [
    "command a IDLE",
    "line DONE {3}",
    "command b NOOP",
  ]],
  ["APPEND", "a APPEND x {3}\r\nabc\r\nb NOOP\r\n", [
    "message a x 0 3 sync",
    "data abc",
    "messageEnd",
    "command a APPEND",
    "command b NOOP",
  ]],
  ["APPEND to a literal's name", "a APPEND {1}\r\nx {3+}\r\nabc\r\n", [
    "literal 1 sync",
    "message a x 0 3",
    "data abc",
    "messageEnd",
    "command a APPEND",
  ]],
  ["several messages", "a APPEND x (\\Seen) {3}\r\nabc {2+}\r\nde ~{0+}\r\n\r\n", [
    "message a x 0 3 sync",
    "data abc",
    "messageEnd",
    "message a x 1 2",
    "data de",
    "messageEnd",
    "message a x 2 0 binary",
    "messageEnd",
    "command a APPEND",
  ]],
  ["UTF8 messages", "a APPEND x UTF8 (~{3+}\r\nabc) UTF8 (~{1+}\r\nd)\r\n", [
    "message a x 0 3 binary utf8",
    "data abc",
    "messageEnd",
    "message a x 1 1 binary utf8",
    "data d",
    "messageEnd",
    "command a APPEND",
  ]],
  ["REPLACE", "a REPLACE 3 x {3}\r\nabc\r\nb UID REPLACE 9 {1+}\r\nx {1+}\r\nd\r\n", [
    "message a x 0 3 for 3 sync",
    "data abc",
    "messageEnd",
    "command a REPLACE",
    "literal 1",
    "message b x 0 1 for UID 9",
    "data d",
    "messageEnd",
    "command b REPLACE",
  ]],
  ["CATENATE", 'a APPEND x CATENATE (URL "/y/;UID=1" TEXT {3}\r\nabc URL z)\r\nb NOOP\r\n', [
    "message a x 0 of parts",
    "url /y/;UID=1",
    "part 3 sync",
    "data abc",
    "url z",
    "messageEnd",
    "command a APPEND",
    "command b NOOP",
  ]],
  ["CATENATE without literals", "a APPEND x CATENATE (URL y) (\\Seen) CATENATE (URL z)\r\nb NOOP\r\n", [
    "message a x 0 of parts",
    "url y",
    "messageEnd",
    "message a x 1 of parts",
    "url z",
    "messageEnd",
    "command a APPEND",
    "command b NOOP",
  ]],
  [
    "CATENATE of several messages in every way",
    "a APPEND x {1+}\r\na CATENATE (TEXT {1+}\r\nb UTF8 (~{1+}\r\nc) URL {3+}\r\nd e URL {1}\r\nf) {1+}\r\ng\r\n",
    [
      "message a x 0 1",
      "data a",
      "messageEnd",
      "message a x 1 of parts",
      "part 1",
      "data b",
      "part 1 binary",
      "data c",
      "literal 3",
      "url d e",
      "literal 1 sync",
      "url f",
      "messageEnd",
      "message a x 2 1",
      "data g",
      "messageEnd",
      "command a APPEND",
    ],
  ],
  ["a message that looks like commands", "a APPEND x {9+}\r\nb LOGOUT\n\r\nc NOOP\r\n", [
    "message a x 0 9",
    "data b LOGOUT\n",
    "messageEnd",
    "command a APPEND",
    "command c NOOP",
  ]],
  // What is wrong.
  ["an unknown command", "a FOO\r\nb NOOP\r\n", ["error a BAD: unknown command", "command b NOOP"]],
  ["an empty line", "\r\nb NOOP\r\n", ["error * BAD: expected a tag", "command b NOOP"]],
  ["a line without tag", "* NOOP\r\nb NOOP\r\n", ["error * BAD: expected a tag", "command b NOOP"]],
  ["an unknown command's literals are not asked for", "a FOO {3}\r\nb NOOP\r\n", [
    "error a BAD: unknown command",
    "command b NOOP",
  ]],
  ["an unknown command's other literals are skipped", "a FOO {8+}\r\nx\r\ny NOO {2+}\r\nzz\r\nb NOOP\r\n", [
    "error a BAD: unknown command",
    "command b NOOP",
  ]],
  ["a literal that is waited for ends the skipping", "a FOO {1+}\r\nx {2}\r\nb NOOP\r\n", [
    "error a BAD: unknown command",
    "command b NOOP",
  ]],
  ["wrong arguments", "a LOGIN {1+}\r\nx\r\nb NOOP\r\n", [
    "literal 1",
    "error a BAD: expected a space",
    "command b NOOP",
  ]],
  ["a literal8 out of place", "a LOGIN ~{1+}\r\nx y\r\nb NOOP\r\n", [
    "error a BAD: literal8 is not allowed here",
    "command b NOOP",
  ]],
  ["wrong APPEND", "a APPEND x (\\Foo) {2}\r\nb NOOP\r\nc APPEND R&D {8+}\r\nd NOOP\r\n\r\ne NOOP\r\n", [
    "error a BAD: no such system flag",
    "command b NOOP",
    "error c BAD: mailbox name is not modified UTF-7",
    "command e NOOP",
  ]],
  ["wrong end of APPEND", "a APPEND x {1+}\r\ny z\r\nb NOOP\r\n", [
    "message a x 0 1",
    "data y",
    "messageEnd",
    "error a BAD: expected the message as a literal",
    "command b NOOP",
  ]],
  ["wrong part", "a APPEND x CATENATE (TEXT {1+}\r\ny FILE {8+}\r\nb NOOP\r\n)\r\nc NOOP\r\n", [
    "message a x 0 of parts",
    "part 1",
    "data y",
    "error a BAD: expected URL ",
    "command c NOOP",
  ]],
  ["wrong second message", "a APPEND x {1+}\r\ny z {8+}\r\nb NOOP\r\n\r\nc NOOP\r\n", [
    "message a x 0 1",
    "data y",
    "messageEnd",
    "error a BAD: expected the message as a literal",
    "command c NOOP",
  ]],
  ["bare LF", "a NOOP\nb NOOP\r\n", ["fatal a BAD: a line must end in CRLF"]],
  ["bare LF alone", "\n", ["fatal * BAD: a line must end in CRLF"]],
  ["bare LF in IDLE", "a IDLE\r\nDONE\nb NOOP\r\n", [
    "command a IDLE",
    "fatal * BAD: a line must end in CRLF",
  ]],
  ["bare LF while skipping", "a FOO {1+}\r\nx\nb NOOP\r\n", [
    "error a BAD: unknown command",
    "fatal * BAD: a line must end in CRLF",
  ]],
  ["bare CR", "a NO\rOP\r\nb NOOP\r\n", ["error a BAD: unknown command", "command b NOOP"]],
  ["two CRs", "a NOOP\r\r\nb NOOP\r\n", [
    "error a BAD: unexpected text after the command's arguments",
    "command b NOOP",
  ]],
  ["NUL", "a \0NOOP\r\nb NOOP\r\n", ["error a BAD: expected a command", "command b NOOP"]],
  ["a size of many zeros while skipping", `a FOO {1+}\r\nx {${"0".repeat(40)}8+}\r\nb NOOP\r\n\r\n`, [
    "error a BAD: unknown command",
    "fatal * BAD: literal too large",
  ]],
  ["1 PB announced and not waited for", "a LOGIN {1000000000000000+}\r\nx", [
    "fatal a NO [TOOBIG]: literal too large",
  ]],
  ["1 PB announced", "a LOGIN {1000000000000000}\r\nb NOOP\r\n", [
    "error a NO [TOOBIG]: literal too large",
    "command b NOOP",
  ]],
  ["more than 2^63", "a APPEND x {9223372036854775808}\r\nb APPEND x {9223372036854775808+}\r\n", [
    "error a NO [TOOBIG]: message too large",
    "fatal b NO [TOOBIG]: message too large",
  ]],
];
for (const [what, input, events] of dialogues) {
  Deno.test(`the reader reads ${what}`, () => {
    assert.deepEqual(play([input]), events);
    assert.deepEqual(play([...input]), events, "octet by octet");
  });
}

const refusals: [what: string, input: string, events: string[]][] = [
  ["a refused message that was not sent", "a APPEND x {9}\r\nb NOOP\r\n", [
    "message a x 0 9 sync",
    "command b NOOP",
  ]],
  [
    "a refused message that is on its way",
    "a APPEND x {8+}\r\nb NOOP\r\n (\\Seen) {3+}\r\nabc\r\nc NOOP\r\n",
    [
      "message a x 0 8",
      "command c NOOP",
    ],
  ],
  ["a refused message, and one that is not sent", "a APPEND x {8+}\r\nb NOOP\r\n {3}\r\nc NOOP\r\n", [
    "message a x 0 8",
    "command c NOOP",
  ]],
];
for (const [what, input, events] of refusals) {
  Deno.test(`the reader skips ${what}`, () => {
    assert.deepEqual(play([input], {}, "refuse"), events);
    assert.deepEqual(play([...input], {}, "refuse"), events, "octet by octet");
  });
}

Deno.test("an accepted message can be given up at every point", () => {
  const input = "a APPEND x {3}\r\nabc {4+}\r\nz\r\ny\r\nb NOOP\r\n";
  for (let stop = 1; stop <= 3; stop++) {
    const reader = new CommandReader();
    reader.push(latin1(input));
    const first = reader.next();
    assert.equal(first?.kind, "message");
    reader.acceptMessage();
    for (let i = 1; i < stop; i++) reader.next();
    reader.refuse();
    assert.deepEqual(show(reader.next() ?? assert.fail()), "command b NOOP");
    assert.ok(reader.idle);
  }
});

Deno.test("what was answered cannot be answered again", () => {
  const reader = new CommandReader();
  assert.throws(() => reader.refuse(), TypeError);
  assert.throws(() => reader.acceptMessage(), TypeError);
  reader.push(latin1("a APPEND x {3}\r\n"));
  assert.equal(reader.next()?.kind, "message");
  assert.throws(() => reader.next(), TypeError);
  reader.refuse();
  assert.equal(reader.next(), null);
  assert.throws(() => reader.refuse(), TypeError);
});

const limited: [what: string, limits: Partial<ReaderLimits>, input: string, events: string[]][] = [
  ["a line at its limit", { maxLineBytes: 6 }, "a NOOP\r\n", ["command a NOOP"]],
  ["a line above its limit", { maxLineBytes: 5 }, "a NOOP\r\nb X\r\n", [
    "error a NO [TOOBIG]: line too long",
    "error b BAD: unknown command",
  ]],
  ["a long line's literal", { maxLineBytes: 9 }, "a LOGIN xxxxxxxxxxxxx {8+}\r\nb NOOP\r\n\r\nc NOOP\r\n", [
    "error a NO [TOOBIG]: line too long",
    "command c NOOP",
  ]],
  ["a long line's literal that is not sent", { maxLineBytes: 9 }, "a LOGIN xxxxxxxxxxxxx {8}\r\nb NOOP\r\n", [
    "error a NO [TOOBIG]: line too long",
    "command b NOOP",
  ]],
  ["a long line of IDLE", { maxLineBytes: 9 }, "a IDLE\r\nDONEDONEDONE\r\nb NOOP\r\n", [
    "command a IDLE",
    "error * NO [TOOBIG]: line too long",
    "command b NOOP",
  ]],
  ["a line without end", { maxLineBytes: 9, maxSkippedBytes: 20 }, "a LOGIN" + "x".repeat(100), [
    "error a NO [TOOBIG]: line too long",
    "fatal a BAD: too much after an error",
  ]],
  [
    "much text",
    { maxTextBytes: 19 },
    "a LOGIN {1+}\r\nx {1+}\r\ny\r\nb LOGIN {3+}\r\nabc {3+}\r\nabcdef\r\nc NOOP\r\n",
    [
      "literal 1",
      "literal 1",
      "command a LOGIN",
      "literal 3",
      "literal 3",
      "error b NO [TOOBIG]: command too long",
      "command c NOOP",
    ],
  ],
  [
    "a large literal",
    { maxLiteralBytes: 3 },
    "a LOGIN {3+}\r\nabc {4}\r\nb LOGIN {4+}\r\nabcd {1+}\r\nx\r\nc NOOP\r\n",
    [
      "literal 3",
      "error a NO [TOOBIG]: literal too large",
      "error b NO [TOOBIG]: literal too large",
      "command c NOOP",
    ],
  ],
  ["many octets in literals", { maxLiteralsBytes: 5 }, "a LOGIN {3+}\r\nabc {3}\r\nb NOOP\r\n", [
    "literal 3",
    "error a NO [TOOBIG]: literal too large",
    "command b NOOP",
  ]],
  [
    "many literals",
    { maxLiterals: 1 },
    "a LOGIN {1+}\r\nx {1+}\r\ny\r\nb APPEND x {1+}\r\nx {1+}\r\ny\r\nc NOOP\r\n",
    [
      "literal 1",
      "error a NO [LIMIT]: too many literals",
      "message b x 0 1",
      "data x",
      "messageEnd",
      "error b NO [LIMIT]: too many literals",
      "command c NOOP",
    ],
  ],
  ["a large message", { maxMessageBytes: 3 }, "a APPEND x {4}\r\nb APPEND x {4+}\r\nabcd\r\nc NOOP\r\n", [
    "error a NO [TOOBIG]: message too large",
    "error b NO [TOOBIG]: message too large",
    "command c NOOP",
  ]],
  [
    "more to skip than is bearable",
    { maxMessageBytes: 3, maxSkippedBytes: 9 },
    "a APPEND x {5+}\r\nabcde {5+}\r\n",
    [
      "error a NO [TOOBIG]: message too large",
      "fatal * BAD: too much after an error",
    ],
  ],
];
for (const [what, limits, input, events] of limited) {
  Deno.test(`limits: ${what}`, () => {
    assert.deepEqual(play([input], limits), events);
    assert.deepEqual(play([...input], limits), events, "octet by octet");
  });
}

Deno.test("the limits of the reference server hold", () => {
  const line = (octets: number) => `a LOGIN ${"x".repeat(octets - 10)} y\r\n`;
  assert.deepEqual(play([line(16 * 1024)]), ["command a LOGIN"]);
  assert.deepEqual(play([line(16 * 1024 + 1)]), ["error a NO [TOOBIG]: line too long"]);
  const literals = (count: number, size: number) =>
    `a SEARCH${` TEXT {${size}+}\r\n${"x".repeat(size)}`.repeat(count)}\r\n`;
  assert.equal(play([literals(10, 100 * 1024)]).at(-1), "command a SEARCH");
  assert.equal(play([literals(11, 100 * 1024)]).at(-1), "error a NO [TOOBIG]: literal too large");
  assert.equal(play([literals(1, 100 * 1024 + 1)]).at(-1), "error a NO [TOOBIG]: literal too large");
  assert.equal(play([literals(1000, 1)]).at(-1), "command a SEARCH");
  assert.equal(play([literals(1001, 1)]).at(-1), "error a NO [LIMIT]: too many literals");
});

Deno.test("a line of 10 MB is one error, and the next command is read", () => {
  const piece = "x".repeat(64 * 1024);
  const pieces = ["a LOGIN ", ...Array(160).fill(piece), "\r\nb NOOP\r\n"];
  assert.deepEqual(play(pieces), ["error a NO [TOOBIG]: line too long", "command b NOOP"]);
  assert.deepEqual(play(pieces, strangerLimits), [
    "error a NO [TOOBIG]: line too long",
    "fatal a BAD: too much after an error",
  ]);
});

Deno.test("after a fatal error nothing is kept or read", () => {
  const reader = new CommandReader();
  reader.push(latin1("x\n"));
  assert.equal(reader.next()?.kind, "error");
  reader.push(latin1("a NOOP\r\n"));
  assert.equal(reader.next(), null);
  assert.equal(reader.buffered, 0);
});

Deno.test("what follows a command waits, and can be counted", () => {
  const reader = new CommandReader();
  reader.push(latin1("a STARTTLS\r\nb LOGIN x y\r\n"));
  assert.equal(reader.next()?.kind, "command");
  assert.equal(reader.buffered, 13);
  reader.push(latin1("c"));
  assert.equal(reader.buffered, 14);
});

Deno.test("data of messages are not copied", () => {
  const reader = new CommandReader();
  const bytes = concat([latin1("a APPEND x {100000+}\r\n"), new Uint8Array(50_000)]);
  reader.push(bytes);
  assert.equal(reader.next()?.kind, "message");
  reader.acceptMessage();
  const event = reader.next();
  assert.ok(event?.kind === "data" && event.bytes.buffer === bytes.buffer && event.bytes.length === 50_000);
  assert.equal(reader.next(), null);
});

Deno.test("octets split anywhere give the same events", () => {
  const part = fc.constantFrom(
    "a NOOP\r\n",
    "a LOGIN {3+}\r\nabc {2}\r\nde\r\n",
    "a APPEND x {5+}\r\na\r\nb\n {2+}\r\nxy\r\n",
    "a APPEND x UTF8 (~{1+}\r\n\0)\r\n",
    "a FOO {4+}\r\n\r\n\r\n {1+}\r\nx\r\n",
    "a IDLE\r\nDONE\r\n",
    `a LOGIN ${"x".repeat(50)} {2+}\r\nxx\r\n`,
    "a SEARCH TEXT {30+}\r\n",
    "\r\n",
    "x\n",
    "}\r",
  );
  const limits = { maxLineBytes: 40, maxLiteralBytes: 20, maxSkippedBytes: 200 };
  fc.assert(fc.property(fc.array(part), fc.array(fc.nat(300)), fc.boolean(), (parts, cuts, accept) => {
    const input = parts.join("");
    const ends = [...new Set([...cuts.filter((cut) => cut < input.length), input.length])].sort((a, b) =>
      a - b
    );
    const pieces = ends.map((end, i) => input.slice(ends[i - 1] ?? 0, end));
    const decide = accept ? "accept" : "refuse";
    assert.deepEqual(play(pieces, limits, decide), play([input], limits, decide));
  }));
});
