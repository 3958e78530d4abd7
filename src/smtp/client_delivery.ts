/**
 * The content of a message, by DATA or BDAT, and what the server says to it. RFC 5321 4.1.1.4, RFC 3030 2
 *
 * Tested by `client_session_test.ts`.
 *
 * @module
 */
import { type Bytes, latin1 } from "../base/bytes.ts";
import { printBdat } from "./bdat.ts";
import { contentStart, printChunk, printContent, printContentEnd } from "./client_content.ts";
import { delivered, ownOutcome, refused } from "./client_outcome.ts";
import { mailsLeft } from "./client_plan.ts";
import type { ServerReply } from "./client_reply.ts";
import { maxChunksAhead } from "./client_rules.ts";
import type {
  ClientAction,
  ClientSession,
  ClientStep,
  ClientTransaction,
  Content,
  Outcome,
} from "./client_state.ts";
import { abort, expect, isDone, isHalf, results, unexpected, write } from "./client_steps.ts";

/** The server waits for the message. */
export function sendContent(
  session: ClientSession,
  transaction: ClientTransaction,
  kind: Content["kind"],
): ClientStep {
  const content: Content = { kind, place: contentStart, asked: false, ahead: 0, whole: false, failed: null };
  return pull({ ...session, phase: "content", transaction: { ...transaction, content } }, [{ kind: "rest" }]);
}

/** RFC 2920 3.1: the server waits for a message that is for nobody, and gets an empty one, which it throws away. */
export function sendNothing(session: ClientSession, transaction: ClientTransaction): ClientStep {
  return [{ ...session, phase: "ended", transaction }, [
    write(session, "block", [printContentEnd(contentStart)]),
    expect(session, "end"),
  ]];
}

function pull(session: ClientSession, before: readonly ClientAction[] = []): ClientStep {
  const { transaction } = session;
  const content = transaction?.content ?? null;
  if (transaction === null || content === null) throw new TypeError("there is no content");
  const asking: ClientSession = {
    ...session,
    transaction: { ...transaction, content: { ...content, asked: true } },
  };
  return [asking, [...before, { kind: "content", maxBytes: session.rules.contentBytes }]];
}

/** The next piece. One that comes after the server has refused the message is nobody's. @throws {TypeError} */
export function contentPiece(session: ClientSession, bytes: Bytes, last: boolean): ClientStep {
  const { transaction, phase } = session;
  const content = transaction?.content ?? null;
  if (phase !== "content" || transaction === null || content === null) return [session, []];
  if (!content.asked) throw new TypeError("no piece was asked for");
  if (content.kind === "chunks") return chunk(session, transaction, content, bytes, last);
  if (bytes.length === 0 && !last) return pull(session);
  const [place, printed] = printContent(content.place, bytes, true);
  const next = sent(session, transaction, { ...content, place }, last);
  if (!last) return pull(next, [write(session, "block", [printed])]);
  const pieces = printed.length === 0 ? [printContentEnd(place)] : [printed, printContentEnd(place)];
  return [next, [write(session, "block", pieces), expect(session, "end")]];
}

function sent(
  session: ClientSession,
  transaction: ClientTransaction,
  content: Content,
  last: boolean,
): ClientSession {
  const next: ClientTransaction = { ...transaction, content: { ...content, asked: false, whole: last } };
  return { ...session, phase: last ? "ended" : "content", transaction: next };
}

/** RFC 3030 2; with PIPELINING the next one does not wait for the answer. */
function chunk(
  session: ClientSession,
  transaction: ClientTransaction,
  content: Content,
  bytes: Bytes,
  last: boolean,
): ClientStep {
  const [place, pieces] = printChunk(content.place, bytes, last);
  const size = pieces.reduce((sum, { length }) => sum + length, 0);
  if (size === 0 && !last) return pull(sent(session, transaction, { ...content, place }, false));
  const next = sent(session, transaction, { ...content, place, ahead: content.ahead + 1 }, last);
  const line = latin1(`${printBdat({ verb: "BDAT", size, last })}\r\n`);
  const actions = [write(session, "block", [line, ...pieces]), expect(session, last ? "end" : "chunk")];
  return !last && canGoOn(next) ? pull(next, actions) : [next, actions];
}

function canGoOn({ rules, offers, transaction }: ClientSession): boolean {
  const ahead = transaction?.content?.ahead ?? 0;
  return ahead === 0 || rules.pipelining && offers.pipelining && ahead < maxChunksAhead;
}

/** A reply while content is sent, or after it. */
export function contentReply(session: ClientSession, reply: ServerReply): ClientStep {
  const { transaction, phase } = session;
  if (transaction === null || isHalf(reply)) return unexpected(session, reply);
  const { content } = transaction;
  if (content === null) return finish({ ...session, needsReset: false }, nobody); // Nothing was sent.
  if (content.kind === "chunks") return chunkReply(session, transaction, content, reply);
  if (phase === "content") {
    // Before the end: a server can refuse what it has seen, but the message cannot be ended without being sent.
    return isDone(reply) ? unexpected(session, reply) : abort(session, refused(reply, "block"));
  }
  // RFC 5321 4.1.1.4: whatever is said, the server has forgotten the transaction.
  return finish(
    { ...session, needsReset: false },
    isDone(reply) ? delivered(reply, "end") : refused(reply, "end"),
  );
}

const nobody = ownOutcome("limit", "end");

function chunkReply(
  session: ClientSession,
  transaction: ClientTransaction,
  content: Content,
  reply: ServerReply,
): ClientStep {
  if (content.ahead === 0) return unexpected(session, reply);
  const ahead = content.ahead - 1;
  const final = content.whole && ahead === 0;
  if (isDone(reply) && content.failed === null) {
    if (final) return finish({ ...session, needsReset: false }, delivered(reply, "end"));
    const next: ClientSession = {
      ...session,
      transaction: { ...transaction, content: { ...content, ahead } },
    };
    const waited = session.phase === "content" && !content.asked && canGoOn(next);
    return waited ? pull(next, resting(next, ahead)) : [next, resting(next, ahead)];
  }
  // It reads the message as commands: nothing of what it answers can be trusted. RFC 3030 2
  if (reply.code === 500 || reply.code === 502) {
    return abort(session, ownOutcome("unexpected", "chunk", { reply }));
  }
  const failed = content.failed ?? refused(reply, final ? "end" : "chunk");
  const next: ClientSession = {
    ...session,
    phase: "ended",
    needsReset: true, // RFC 3030 2: the state is indeterminate.
    transaction: { ...transaction, content: { ...content, ahead, failed } },
  };
  return ahead === 0 ? finish(next, failed) : [next, [expect(next, "chunk")]];
}

/** What is waited for while chunks are on their way. */
function resting(session: ClientSession, ahead: number): readonly ClientAction[] {
  if (session.phase === "ended") return [expect(session, ahead > 1 ? "chunk" : "end")];
  return ahead > 0 ? [expect(session, "chunk")] : [{ kind: "rest" }];
}

/** The edge has lost the message. An end of DATA would deliver half of it. */
export function contentFailed(session: ClientSession): ClientStep {
  if (session.phase !== "content") return [session, []];
  return abort(session, ownOutcome("content", "block"));
}

/** The transaction is over; recipients that were accepted share an outcome. */
export function finish(session: ClientSession, outcome: Outcome): ClientStep {
  const { transaction } = session;
  if (transaction === null) throw new TypeError("there is no transaction");
  const over: ClientSession = {
    ...session,
    phase: "ready",
    transaction: null,
    taken: session.taken + (outcome.verdict === "delivered" ? 1 : 0),
  };
  return [over, [{
    kind: "done",
    results: results(transaction, outcome),
    dsn: session.offers.dsn,
    reusable: mailsLeft(over),
  }]];
}
