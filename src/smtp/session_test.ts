import assert from "node:assert/strict";
import fc from "fast-check";
import { noBytes } from "../base/bytes.ts";
import { parseCommand, UnknownCommand } from "./command.ts";
import { printReply } from "./reply.ts";
import { begin, step } from "./session.ts";
import type { Action, Event, Rules, Session } from "./session_state.ts";

const rules: Rules = {
  hostname: "mail.example.org",
  id: "ID",
  submission: false,
  startTls: true,
  requireTls: true,
  mechanisms: ["EXTERNAL", "SCRAM-SHA-256", "PLAIN", "LOGIN"],
  plainWithoutTls: false,
  maxMessageBytes: 1000,
  maxRecipients: 3,
  maxErrors: 20,
  maxUnknownCommands: 10,
  maxIdleCommands: 100,
  maxBadTransactions: 10,
  maxAuthFailures: 5,
};

const command = (line: string): Event => ({ kind: "command", command: parseCommand(line), now: 0 });

/** The event that answers an action, as an edge of good will would give it. */
function answer(action: Action): Event | null {
  switch (action.kind) {
    case "checkSender":
      return { kind: "senderChecked", mail: action.mail, allowed: true };
    case "resolve":
      return { kind: "resolved", rcpt: action.rcpt, judgement: { kind: "local" } };
    case "receive":
      return { kind: "received", chunk: action.chunk, reply: null, suspicious: false };
    case "authenticate":
      return { kind: "signedIn", success: { account: "user", capability: "c", final: null } };
    case "startTls":
      return { kind: "secured", certificate: false };
    default:
      return null;
  }
}

/** Gives lines to a session, answering what it asks; returns all that it did. */
function play(lines: readonly string[], own: Partial<Rules> = {}): { session: Session; did: Action[] } {
  let [session] = begin({ ...rules, ...own }, false, false);
  const did: Action[] = [];
  const happens = (event: Event) => {
    const [next, actions] = step(session, event);
    session = next;
    for (const action of actions) {
      did.push(action);
      const back = answer(action);
      if (back !== null) happens(back);
    }
  };
  for (const line of lines) happens(command(line));
  return { session, did };
}

const codes = (did: readonly Action[]) =>
  did.flatMap((action) => action.kind === "reply" ? [action.reply.code] : []);

const dialogues: [lines: string[], codes: number[]][] = [
  [["NOOP", "MAIL FROM:<>"], [250, 503]],
  [["EHLO a", "MAIL FROM:<>", "RCPT TO:<a@b.example>", "DATA", "DATA"], [250, 250, 250, 354, 250, 503]],
  [["EHLO a", "MAIL FROM:<>", "RCPT TO:<a@b.example>", "BDAT 1", "DATA", "BDAT 1 LAST", "BDAT 1"], [
    250,
    250,
    250,
    250,
    503,
    250,
    503,
  ]],
  [["EHLO a", "MAIL FROM:<>", "EHLO a", "RCPT TO:<a@b.example>"], [250, 250, 250, 503]],
  [["EHLO a", "STARTTLS", "MAIL FROM:<>", "EHLO a", "STARTTLS"], [250, 220, 503, 250, 503]],
  [["EHLO a", "AUTH PLAIN"], [250, 503]],
  [["EHLO a", "BDAT 1001"], [250, 552]],
];
for (const [lines, expected] of dialogues) {
  Deno.test(`session: ${lines.join(", ")}`, () => assert.deepEqual(codes(play(lines).did), expected));
}

Deno.test("a chunk out of order is read before it is answered", () => {
  const { did } = play(["BDAT 7"]);
  assert.deepEqual(did.map((action) => action.kind), ["discard", "reply"]);
});

Deno.test("a step changes nothing of the session it was given", () => {
  const [session] = begin(rules, false, false);
  const before = structuredClone(session);
  step(session, command("EHLO a.example"));
  assert.deepEqual(session, before);
});

Deno.test("nobody is signed in after STARTTLS, and no transaction is open", () => {
  const { session } = play(["EHLO a", "STARTTLS"]);
  assert.deepEqual([session.phase, session.helo, session.account, session.transaction], [
    "connected",
    "",
    null,
    null,
  ]);
});

Deno.test("an answer to a question that is over changes nothing", () => {
  const [session] = begin(rules, false, false);
  const [after] = step(session, {
    kind: "resolved",
    rcpt: { verb: "RCPT", to: { local: "a", domain: "b" }, utf8: false, notify: null, orcpt: null },
    judgement: { kind: "local" },
  });
  assert.equal(after.transaction, null);
  assert.equal(after.phase, "connected");
});

const anyLine = fc.constantFrom(
  "EHLO a.example",
  "HELO a.example",
  "MAIL FROM:<>",
  "MAIL FROM:<a@b.example>",
  "MAIL FROM:<a@b.example> SIZE=9999",
  "RCPT TO:<a@b.example>",
  "RCPT TO:<c@b.example>",
  "RCPT TO:<d@b.example>",
  "DATA",
  "BDAT 10",
  "BDAT 600",
  "BDAT 0 LAST",
  "BDAT 5000",
  "RSET",
  "NOOP",
  "VRFY a",
  "HELP",
  "STARTTLS",
  "AUTH PLAIN",
  "AUTH SCRAM-SHA-256",
  "QUIT",
);
const anyReply = fc.constantFrom({ code: 451, enhanced: "4.3.0", text: "x" }, {
  code: 554,
  enhanced: "5.3.0",
  text: ["x", "y"],
});
const reply = (kind: "refused" | "notSignedIn") =>
  anyReply.map((reply): Event => kind === "refused" ? { kind, reply } : { kind, reply, guessed: true });
const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  { weight: 12, arbitrary: anyLine.map(command) },
  fc.constantFrom<Event>(
    { kind: "badLine", fault: "unknown", verb: null },
    { kind: "badLine", fault: "syntax", verb: "BDAT" },
    { kind: "badLine", fault: "tooLong", verb: null },
    { kind: "challenged", exchange: "x", challenge: noBytes },
    { kind: "signedIn", success: { account: "user", capability: "c", final: null } },
    { kind: "authLine", turn: { exchange: "x" }, response: null },
  ),
  reply("refused"),
  reply("notSignedIn"),
);

/** What holds whatever happens. */
function assertSound(session: Session, actions: readonly Action[]): void {
  assert.equal(
    session.transaction !== null,
    ["mail", "rcpt", "chunks"].includes(session.phase),
    session.phase,
  );
  assert.ok((session.transaction?.recipients.length ?? 0) <= rules.maxRecipients);
  assert.ok((session.transaction?.chunkBytes ?? 0) <= rules.maxMessageBytes);
  if (session.phase === "rcpt") assert.notEqual(session.transaction?.recipients.length, 0);
  for (const action of actions) {
    if (action.kind !== "reply") continue;
    const printed = printReply(action.reply);
    if (action.reply.code >= 400) assert.match(printed, /^[45]\d\d[ -][45]\.\d\.\d{1,2} [^]*\(ID\)\r\n$/);
  }
  assert.ok(actions.filter((action) => action.kind === "reply" || isQuestion(action)).length <= 2);
}

function isQuestion(action: Action): boolean {
  return action.kind === "readAuthLine" || answer(action) !== null;
}

for (const submission of [false, true]) {
  Deno.test(`whatever happens, the session stays sound (${submission ? "submission" : "delivery"})`, () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), fc.boolean(), (events, secure) => {
        let [session] = begin({ ...rules, submission }, secure, false);
        const happens = (event: Event) => {
          const [next, actions] = step(session, event);
          session = next;
          assertSound(session, actions);
          for (const action of actions) {
            const back = answer(action);
            if (back !== null) happens(back);
          }
        };
        for (const event of events) happens(event);
      }),
      { numRuns: 300 },
    );
  });
}

Deno.test("unknown words never reach the session as commands", () => {
  assert.throws(() => command("EXEC x"), UnknownCommand);
});
