/**
 * The envelope of a message: RSET where it is needed, MAIL, RCPT and DATA, in one group where the server knows
 * PIPELINING, else one after the other. RFC 5321 3.3, RFC 2920 3.1
 *
 * Tested by `client_session_test.ts`.
 *
 * @module
 */
import { briefUtf8 } from "../base/bytes.ts";
import { printMailLine, printRcptLine } from "./client_commands.ts";
import { finish, sendContent, sendNothing } from "./client_delivery.ts";
import { ownOutcome, refused, refusedRecipient } from "./client_outcome.ts";
import { mailsLeft, planOf } from "./client_plan.ts";
import type { ServerReply } from "./client_reply.ts";
import type { ClientWait } from "./client_rules.ts";
import type {
  ClientAction,
  ClientSession,
  ClientStep,
  ClientTransaction,
  Outcome,
  OutgoingMessage,
} from "./client_state.ts";
import { abort, expect, isDone, isHalf, results, unexpected, write } from "./client_steps.ts";

/** @throws {TypeError} If the session is not ready, or the envelope is none. */
export function send(session: ClientSession, message: OutgoingMessage): ClientStep {
  if (session.over !== null) return [session, [lost(message, session.over)]];
  if (session.phase !== "ready") throw new TypeError(`no message can be sent in phase ${session.phase}`);
  const { decided, named, utf8, domains } = planOf(session, message);
  const transaction: ClientTransaction = {
    message,
    // All of them now: what cannot be written must not come to light in the middle.
    mailLine: printMailLine(message, session.offers, utf8),
    rcptLines: named.flatMap((i) => {
      const recipient = message.recipients[i];
      return recipient === undefined ? [] : [printRcptLine(recipient, session.offers, utf8)];
    }),
    decided,
    named,
    stage: session.needsReset ? "reset" : "mail",
    mailRefused: null,
    answers: null,
    answered: 0,
    accepted: 0,
    content: null,
  };
  if (named.length === 0) {
    return [session, [{
      kind: "done",
      results: results(transaction, ownOutcome("limit", "plan")),
      dsn: session.offers.dsn,
      reusable: mailsLeft(session),
    }]];
  }
  const begun: ClientSession = {
    ...session,
    phase: "envelope",
    mails: session.mails + 1,
    domains,
    needsReset: false,
    transaction,
  };
  return say(begun, transaction, isPipelined(session) ? wholeGroup(begun, transaction) : null);
}

/**
 * The connection had gone before the message came. If it never came to be, that is all there is to say; what became of
 * another message on it says nothing of this one.
 */
function lost(message: OutgoingMessage, over: Outcome): ClientAction {
  const outcome: Outcome = beforeReady.has(over.step) ? over : again(over);
  return {
    kind: "done",
    results: message.recipients.map(({ to }) => ({ to, ...outcome })),
    dsn: false,
    reusable: false,
  };
}

const beforeReady: ReadonlySet<ClientWait> = new Set([
  "greeting",
  "ehlo",
  "helo",
  "startTls",
  "handshake",
  "auth",
]);

/** Not on this connection, whatever was said. */
function again(outcome: Outcome): Outcome {
  const status = `4${outcome.status.slice(1)}`;
  return { ...outcome, verdict: "temporary", retry: "connection", status, uncertain: false };
}

function isPipelined({ rules, offers }: ClientSession): boolean {
  return rules.pipelining && offers.pipelining;
}

function isChunked({ rules, offers }: ClientSession): boolean {
  return rules.chunking && offers.chunking;
}

/** RFC 2920 3.1: DATA can end a group; BDAT cannot be part of it, RFC 3030 2 wants all replies first. */
function wholeGroup(session: ClientSession, transaction: ClientTransaction): string {
  const { mailLine, rcptLines, stage } = transaction;
  const lines = stage === "reset" ? ["RSET", mailLine, ...rcptLines] : [mailLine, ...rcptLines];
  if (!isChunked(session)) lines.push("DATA");
  return lines.join("\r\n");
}

/** The command of this stage alone. */
function oneCommand({ stage, mailLine, rcptLines, answered }: ClientTransaction): string {
  switch (stage) {
    case "reset":
      return "RSET";
    case "mail":
      return mailLine;
    case "rcpt":
      return rcptLines[answered] ?? "";
    case "data":
      return "DATA";
  }
}

function say(session: ClientSession, transaction: ClientTransaction, text: string | null): ClientStep {
  const lines = `${text ?? oneCommand(transaction)}\r\n`;
  const { stage } = transaction;
  return [session, [write(session, stage, [briefUtf8(lines)]), expect(session, stage)]];
}

/** The next stage: what it says was said with the group, or is said now. */
function goOn(session: ClientSession, transaction: ClientTransaction): ClientStep {
  const next: ClientSession = { ...session, transaction };
  return isPipelined(session) ? [next, [expect(session, transaction.stage)]] : say(next, transaction, null);
}

/** A reply to the command whose turn it is. */
export function envelopeReply(session: ClientSession, reply: ServerReply): ClientStep {
  const { transaction } = session;
  if (transaction === null) return unexpected(session, reply);
  if (isHalf(reply) && transaction.stage !== "data") return unexpected(session, reply);
  switch (transaction.stage) {
    case "reset":
      if (isDone(reply)) return goOn(session, { ...transaction, stage: "mail" });
      return abort(session, again(refused(reply, "reset")));
    case "mail":
      return mailReply(session, transaction, reply);
    case "rcpt":
      return rcptReply(session, transaction, reply);
    case "data":
      return dataReply(session, transaction, reply);
  }
}

function mailReply(session: ClientSession, transaction: ClientTransaction, reply: ServerReply): ClientStep {
  if (isDone(reply)) return goOn({ ...session, needsReset: true }, { ...transaction, stage: "rcpt" });
  const mailRefused = refused(reply, "mail");
  const next: ClientTransaction = { ...transaction, stage: "rcpt", mailRefused };
  // What was sent along will be refused too, and has to be read.
  return isPipelined(session) ? goOn(session, next) : finish({ ...session, transaction: next }, mailRefused);
}

function rcptReply(session: ClientSession, transaction: ClientTransaction, reply: ServerReply): ClientStep {
  const { answers, answered, accepted, named, mailRefused } = transaction;
  const outcome = isDone(reply) ? null : refusedRecipient(reply, accepted);
  const next: ClientTransaction = {
    ...transaction,
    answers: { outcome, before: answers },
    answered: answered + 1,
    accepted: accepted + (outcome === null ? 1 : 0),
  };
  if (next.answered < named.length) return goOn(session, next);
  const wanted = mailRefused === null && next.accepted > 0;
  if (isChunked(session) || !wanted && !isPipelined(session)) {
    const over: ClientSession = { ...session, transaction: next };
    return wanted ? sendContent(over, next, "chunks") : finish(over, mailRefused ?? nobody);
  }
  return goOn(session, { ...next, stage: "data" });
}

/** For recipients without an outcome of their own, where there are none. */
const nobody = ownOutcome("limit", "rcpt");

function dataReply(session: ClientSession, transaction: ClientTransaction, reply: ServerReply): ClientStep {
  const wanted = transaction.mailRefused === null && transaction.accepted > 0;
  if (isHalf(reply)) {
    return wanted ? sendContent(session, transaction, "data") : sendNothing(session, transaction);
  }
  // A server that has finished would read the message as commands.
  if (isDone(reply)) return unexpected(session, reply);
  return finish(session, wanted ? refused(reply, "data") : transaction.mailRefused ?? nobody);
}
