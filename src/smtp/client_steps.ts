/**
 * Steps that all parts of a client's session take: saying something, waiting, ending well or badly.
 *
 * Tested by `client_session_test.ts`.
 *
 * @module
 */
import { briefUtf8, type Bytes } from "../base/bytes.ts";
import { ownOutcome } from "./client_outcome.ts";
import type { ServerReply } from "./client_reply.ts";
import type { ClientWait, TimedWait } from "./client_rules.ts";
import type {
  ClientAction,
  ClientPhase,
  ClientSession,
  ClientStep,
  ClientTransaction,
  Outcome,
  RecipientResult,
} from "./client_state.ts";

/** 2xx: done. RFC 5321 4.2.1: the first digit says what to do next. */
export function isDone({ code }: ServerReply): boolean {
  return code < 300;
}

/** 3xx: go on. */
export function isHalf({ code }: ServerReply): boolean {
  return code >= 300 && code < 400;
}

/** Octets to be written. */
export function write(
  { rules }: ClientSession,
  wait: TimedWait,
  pieces: readonly Bytes[],
  secret = false,
): ClientAction {
  return { kind: "write", pieces, wait, ms: rules.timeouts[wait], secret };
}

/** From now on the reply to this is waited for. */
export function expect({ rules }: ClientSession, wait: TimedWait): ClientAction {
  return { kind: "expect", wait, ms: rules.timeouts[wait] };
}

/** Says a line and waits for its reply. */
export function ask(
  session: ClientSession,
  phase: ClientPhase,
  wait: TimedWait,
  line: string,
  secret = false,
): ClientStep {
  return [{ ...session, phase }, [
    write(session, wait, [briefUtf8(`${line}\r\n`)], secret),
    expect(session, wait),
  ]];
}

/** Nothing can come of this connection; whose message is on its way is told so. */
export function abort(session: ClientSession, outcome: Outcome): ClientStep {
  const over: ClientSession = {
    ...session,
    phase: "closed",
    exchange: null,
    transaction: null,
    over: outcome,
  };
  return [over, [...lastWords(session, outcome), { kind: "close" }]];
}

/** As {@link abort}, where the peer can still be told good-bye. RFC 5321 4.1.1.10 */
export function takeLeave(session: ClientSession, outcome: Outcome): ClientStep {
  const over: ClientSession = { ...session, exchange: null, transaction: null, over: outcome };
  const [quitting, actions] = ask(over, "quitting", "quit", "QUIT");
  return [quitting, [...lastWords(session, outcome), ...actions]];
}

function lastWords(session: ClientSession, outcome: Outcome): readonly ClientAction[] {
  const { transaction, phase } = session;
  if (phase === "closed" || phase === "quitting") return [];
  if (transaction === null) return [{ kind: "failed", outcome }];
  // What was refused stays so, whatever became of the connection afterwards.
  const told = results(transaction, transaction.content?.failed ?? outcome);
  return [{ kind: "done", results: told, dsn: session.offers.dsn, reusable: false }];
}

/** A reply that cannot be one to what was said. */
export function unexpected(session: ClientSession, reply: ServerReply): ClientStep {
  return abort(session, doubtful(session, ownOutcome("unexpected", waitOf(session), { reply })));
}

/** Reply 421, to whatever was said, or to nothing. RFC 5321 3.8 */
export function shutDown(session: ClientSession, reply: ServerReply): ClientStep {
  const more = { reply, ...(reply.enhanced === null ? {} : { status: reply.enhanced }) };
  return abort(session, elsewhere(session, ownOutcome("shutdown", waitOf(session), more)));
}

/** What ended a connection while the message may have been taken already is no reason to send it at once elsewhere. */
export function doubtful(session: ClientSession, outcome: Outcome): Outcome {
  // Those whom an earlier reply refused have their own outcome.
  if (session.phase === "ended") return { ...outcome, retry: "later", uncertain: true };
  return elsewhere(session, outcome);
}

/**
 * A connection that carried messages has had its time; that says nothing against the host. Neither does it if none was
 * taken, where the host just leaves: many do so after a few refusals.
 */
function elsewhere(session: ClientSession, outcome: Outcome): Outcome {
  const { mails, taken, transaction } = session;
  const others = mails - (transaction === null ? 0 : 1);
  const hadItsTime = taken > 0 || others > 0 && leaving.has(outcome.cause);
  return hadItsTime ? { ...outcome, retry: "connection" } : outcome;
}

const leaving: ReadonlySet<Outcome["cause"]> = new Set(["shutdown", "closed", "timeout"]);

/** What each recipient gets, where those that nothing was decided for share an outcome. */
export function results(transaction: ClientTransaction, outcome: Outcome): readonly RecipientResult[] {
  const { message, decided, named, answered, mailRefused } = transaction;
  const found: (Outcome | null)[] = [...decided];
  let answers = transaction.answers;
  for (let i = answered - 1; i >= 0 && answers !== null; i--, answers = answers.before) {
    found[named[i] ?? 0] = answers.outcome;
  }
  // What RCPT was answered after MAIL was refused says nothing about the recipient.
  if (mailRefused !== null) { for (const i of named) found[i] = mailRefused; }
  return message.recipients.map(({ to }, i) => ({ to, ...found[i] ?? outcome }));
}

const waits: Readonly<Record<ClientPhase, Exclude<ClientWait, "plan">>> = {
  greeting: "greeting",
  ehlo: "ehlo",
  helo: "helo",
  startTls: "startTls",
  securing: "handshake",
  signingIn: "auth",
  proving: "auth",
  ready: "idle",
  envelope: "mail",
  content: "block",
  ended: "end",
  quitting: "quit",
  closed: "idle",
};

/** What is waited for now. */
export function waitOf({ phase, transaction }: ClientSession): Exclude<ClientWait, "plan"> {
  if (transaction === null) return waits[phase];
  if (phase === "envelope") return transaction.stage;
  const content = transaction.content;
  return phase === "ended" && content?.kind === "chunks" && !content.whole ? "chunk" : waits[phase];
}
