/**
 * A client's session: octets and events in, actions out; phases as `client_state.ts` shows them. No sockets, no
 * clock, no queue, no `await`. RFC 5321, RFC 2920, RFC 3030, RFC 3207, RFC 4954
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import { authReply, initial, proof } from "./client_auth.ts";
import { contentFailed, contentPiece, contentReply } from "./client_delivery.ts";
import { noOffers } from "./client_offers.ts";
import { garbled, ownOutcome } from "./client_outcome.ts";
import { addInput, hasInput, nextReply, noInput, type ServerReply } from "./client_reply.ts";
import { ehloReply, greeting, heloReply, notSecured, secured, startTlsReply } from "./client_setup.ts";
import type { ClientRules } from "./client_rules.ts";
import type { ClientAction, ClientEvent, ClientSession, ClientStep, ClientTls } from "./client_state.ts";
import { abort, ask, doubtful, expect, shutDown, unexpected, waitOf } from "./client_steps.ts";
import { envelopeReply, send } from "./client_transaction.ts";

/** A session that begins. @param tls If the connection is encrypted from its first octet; then there is no STARTTLS. */
export function beginClient(rules: ClientRules, tls: ClientTls | null): ClientStep {
  if (/[^!-~]/.test(rules.hostname) || rules.hostname === "") throw new TypeError("no name for EHLO");
  const session: ClientSession = {
    rules,
    phase: "greeting",
    input: noInput,
    tls,
    offers: noOffers,
    exchange: null,
    refusedMechanisms: [],
    signedIn: false,
    mails: 0,
    taken: 0,
    domains: new Set(),
    needsReset: false,
    transaction: null,
    over: null,
  };
  return [session, [expect(session, "greeting")]];
}

/** One step of a session. @throws {TypeError} If the edge does what no edge may. */
export function stepClient(session: ClientSession, event: ClientEvent): ClientStep {
  switch (event.kind) {
    case "send":
      return send(session, event.message);
    case "received":
      return session.phase === "closed" ? [session, []] : received(session, event.bytes);
    case "disconnected":
      return lost(session, "closed");
    case "timedOut":
      return lost(session, "timeout");
    case "secured":
      return session.phase === "closed" ? [session, []] : secured(session, event.verified);
    case "notSecured":
      return session.phase === "closed" ? [session, []] : notSecured(session);
    case "initial":
      return initial(session, event.response, event.complete);
    case "proof":
      return proof(session, event.response, event.complete);
    case "content":
      return contentPiece(session, event.bytes, event.last);
    case "contentFailed":
      return contentFailed(session);
    case "quit":
      return quit(session);
  }
}

function received(session: ClientSession, bytes: Bytes): ClientStep {
  const actions: ClientAction[] = [];
  let current: ClientSession = { ...session, input: addInput(session.input, bytes) };
  while (current.phase !== "closed") {
    // Whatever comes before the handshake is over was not encrypted, and is not to be taken for what will be.
    if (current.phase === "securing" && hasInput(current.input)) {
      return after(actions, abort(current, ownOutcome("injected", "startTls")));
    }
    const [input, found] = nextReply(current.input);
    current = { ...current, input };
    if (found === null) return [current, actions];
    const [next, more] = typeof found === "string"
      ? abort(current, doubtful(current, garbled(found, waitOf(current))))
      : replied(current, found);
    actions.push(...more);
    current = next;
  }
  return [{ ...current, input: noInput }, actions];
}

function after(before: readonly ClientAction[], [session, actions]: ClientStep): ClientStep {
  return [{ ...session, input: noInput }, [...before, ...actions]];
}

function replied(session: ClientSession, reply: ServerReply): ClientStep {
  if (session.phase === "quitting") return gone(session); // Whatever it says.
  if (reply.code === 421) return shutDown(session, reply);
  switch (session.phase) {
    case "greeting":
      return greeting(session, reply);
    case "ehlo":
      return ehloReply(session, reply);
    case "helo":
      return heloReply(session, reply);
    case "startTls":
      return startTlsReply(session, reply);
    case "signingIn":
      return authReply(session, reply);
    case "envelope":
      return envelopeReply(session, reply);
    case "content":
    case "ended":
      return contentReply(session, reply);
    case "securing":
    case "proving":
    case "ready":
    case "closed":
      return unexpected(session, reply);
  }
}

function lost(session: ClientSession, cause: "closed" | "timeout"): ClientStep {
  switch (session.phase) {
    case "closed":
      return [session, []];
    case "quitting":
      return gone(session);
    case "securing":
      return notSecured(session);
    default:
      return abort(session, doubtful(session, ownOutcome(cause, waitOf(session))));
  }
}

/** RFC 5321 4.1.1.10. In the middle of something else there is no good-bye. */
function quit(session: ClientSession): ClientStep {
  if (session.phase === "closed" || session.phase === "quitting") return [session, []];
  const over = ownOutcome("closed", waitOf(session));
  if (session.phase === "ready") return ask({ ...session, over }, "quitting", "quit", "QUIT");
  return abort(session, doubtful(session, over));
}

function gone(session: ClientSession): ClientStep {
  return [{ ...session, phase: "closed" }, [{ kind: "close" }]];
}
