/**
 * Anything at all from an IMAP client: the reader must keep to its limits, answer each command at most once, and not
 * mind where the octets are cut; the parser must read or refuse, quickly, and with words that may be shown.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, concat, latin1 } from "../../src/base/bytes.ts";
import { CommandReader, type ReaderLimits } from "../../src/imap/command_reader.ts";
import type { ReaderEvent } from "../../src/imap/reader_event.ts";
import { parseCommand } from "../../src/imap/parse_command.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5");
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;
const run = {
  seed,
  numRuns: 1e9,
  interruptAfterTimeLimit: seconds * 500,
  markInterruptAsFailure: false,
};

/** Small, so that they are reached. */
const limits: ReaderLimits = {
  maxLineBytes: 200,
  maxTextBytes: 300,
  maxLiteralBytes: 50,
  maxLiteralsBytes: 90,
  maxLiterals: 4,
  maxMessageBytes: 100,
  maxSkippedBytes: 500,
};

const words =
  "a1 UID FETCH STORE SEARCH SORT THREAD ESEARCH CANCELUPDATE LIST LSUB APPEND SELECT EXAMINE CREATE STATUS LOGIN AUTHENTICATE ENABLE ID COPY MOVE " +
  "EXPUNGE IDLE NOOP RENAME ( ) () ( [ ] < > 0.5 1 2:* $ 1,3:5 * % {3} {3+} ~{3} {0+} {60+} {99999999999999999999+} " +
  'BODY[ BODY.PEEK[HEADER.FIELDS (From "To")] BODY[1.2.MIME]<0.10> BINARY.SIZE[1] RFC822.SIZE FULL FLAGS +FLAGS ' +
  '-FLAGS.SILENT \\Seen \\Foo keyword constructor __proto__ NIL "quoted \\" text" "open INBOX Entw&APw-rfe &AGE- ' +
  "R&D RETURN (MIN MAX SAVE) (STATUS (MESSAGES SIZE)) CHARSET UTF-8 KOI8-R x-none OR NOT ALL FROM HEADER BEFORE " +
  "1-Feb-1994 FUZZY (REVERSE DATE SUBJECT) (RELEVANCY) (PARTIAL -1:-5 UPDATE CONTEXT RELEVANCY) REFERENCES IN (selected personal " +
  "mailboxes (a subtree-one MODSEQ 12 EMAILID OLDER UIDAFTER UIDBEFORE QRESYNC (1 2 1:5 (1 5)) CONDSTORE (CHANGEDSINCE 5 VANISHED) USE (\\Sent) " +
  "SETACL GETACL MYRIGHTS LISTRIGHTS anyone -ann +lr lrswipkxtecda lrQ GETQUOTA SETQUOTA (STORAGE 5) #user/ann " +
  "GETMETADATA SETMETADATA (DEPTH infinity) (MAXSIZE 9) /shared/comment (/private/vendor/x/y /shared//x ~{2+} " +
  "(METADATA (/shared/comment)) (MYRIGHTS) DELETED-STORAGE " +
  "(UNCHANGEDSINCE 9) UTF8 (~{4+} = dGVzdA== \xe9 \xc3\xa9 \0 \r \n " +
  "REPLACE CATENATE (URL /x/;UID=1 TEXT NOTIFY SET SELECTED (MessageNew MessageExpunge) COMPRESS LANGUAGE en-GB UIDONLY";

const token = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...words.split(" ")) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(" ", " ", "\r\n", '"07-Feb-1994 21:52:25 -0800"', "x".repeat(70), "abc"),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 8 }).map((bytes) => String.fromCharCode(...bytes)) },
);
const line = fc.array(token, { maxLength: 25 }).map((tokens) => tokens.join(" ").replaceAll("( ", "("));
const input = fc.array(line, { maxLength: 8 }).map((lines) => latin1(lines.join("\r\n") + "\r\n"));

function events(pieces: readonly Bytes[], accept: boolean): unknown[] {
  const reader = new CommandReader(limits);
  const seen: unknown[] = [];
  let messages: Bytes[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let event = reader.next(); event !== null; event = reader.next()) {
      check(event);
      if (event.kind === "data") {
        messages.push(event.bytes);
        continue;
      }
      if (messages.length > 0) seen.push(concat(messages));
      messages = [];
      seen.push(event);
      if (event.kind === "part" || (event.kind === "message" && event.message.size !== null)) {
        if (accept) reader.acceptMessage();
        else reader.refuse();
      }
      if (event.kind === "command" && event.command.verb === "IDLE") reader.expectLine();
    }
    assert.equal(reader.buffered, 0);
  }
  return [...seen, concat(messages)];
}

function check(event: ReaderEvent): void {
  switch (event.kind) {
    case "error":
      assert.match(event.text, /^[\x20-\x7e]+$/);
      if (event.tag !== null) assert.match(event.tag, /^[\x21-\x7e]{1,128}$/);
      break;
    case "literal":
      assert.ok(event.size <= limits.maxLiteralBytes);
      break;
    case "message":
      assert.ok((event.message.size ?? 0) <= limits.maxMessageBytes);
      break;
    case "part":
      assert.ok(event.size <= limits.maxMessageBytes);
      break;
    case "data":
      assert.ok(event.bytes.length > 0);
      break;
  }
}

Deno.test("fuzz: the IMAP command reader", () => {
  fc.assert(
    fc.property(input, fc.array(fc.integer({ min: 1, max: 60 })), fc.boolean(), (bytes, cuts, accept) => {
      const pieces: Bytes[] = [];
      let at = 0;
      for (const cut of cuts) {
        pieces.push(bytes.slice(at, at + cut));
        at += cut;
      }
      pieces.push(bytes.slice(at));
      assert.deepEqual(events(pieces, accept), events([bytes], accept));
    }),
    run,
  );
});

Deno.test("fuzz: the IMAP command parser", () => {
  const verb = fc.constantFrom(
    ..."FETCH STORE SEARCH SORT THREAD ESEARCH CANCELUPDATE LIST SELECT CREATE STATUS LOGIN ID COPY SETACL LISTRIGHTS GETQUOTA SETQUOTA GETMETADATA SETMETADATA"
      .split(" "),
  );
  const mode = fc.record({ utf8: fc.boolean(), rev2: fc.boolean() });
  fc.assert(
    fc.property(verb, line, mode, (verb, rest, mode) => {
      try {
        assert.equal(parseCommand(latin1(`a ${verb} ${rest}`), mode).tag, "a");
      } catch (error) {
        assert.ok(error instanceof SyntaxError, String(error));
        assert.match(error.message, /^[\x20-\x7e]+$/);
      }
    }),
    run,
  );
});
