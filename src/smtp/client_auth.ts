/**
 * Signing in at a server: AUTH, its exchange, and why it failed. RFC 4954 4, 6
 *
 * A refusal of the mechanism (432, 504, 534, 538, and what says that AUTH is not known) leads to the next one that
 * is offered and safe; a refusal of the credentials does not: trying them again, and again with the next message,
 * locks accounts.
 *
 * Tested by `client_session_test.ts`.
 *
 * @module
 */
import { base64, type Bytes, fromBase64 } from "../base/bytes.ts";
import { printAuth } from "./auth.ts";
import { ownOutcome } from "./client_outcome.ts";
import type { ServerReply } from "./client_reply.ts";
import type { ClientMechanism } from "./client_rules.ts";
import type { ClientSession, ClientStep, Exchange } from "./client_state.ts";
import { abort, ask, expect, isDone, isHalf, takeLeave, unexpected } from "./client_steps.ts";

/** Octets of AUTH with its CRLF; with a longer first response it is sent without. RFC 4954 4, RFC 5321 4.5.3.1.4 */
export const maxAuthCommand = 512;

/** Signs in if that is wanted; then messages can be sent. */
export function signIn(session: ClientSession, refusal: ServerReply | null = null): ClientStep {
  if (session.rules.auth === null || session.signedIn) return ready(session);
  const mechanism = nextMechanism(session);
  if (mechanism === null) return takeLeave(session, ownOutcome("noMechanism", "auth", { reply: refusal }));
  const exchange: Exchange = { mechanism, pending: null, complete: false, cancelled: false };
  return [{ ...session, phase: "proving", exchange }, [
    expect(session, "auth"),
    { kind: "authenticate", mechanism },
  ]];
}

function ready(session: ClientSession): ClientStep {
  return [{ ...session, phase: "ready", exchange: null }, [{
    kind: "ready",
    offers: session.offers,
    tls: session.tls,
  }]];
}

/** The first of ours that is offered, was not refused, and tells no secret to who listens. */
function nextMechanism({ rules, offers, tls, refusedMechanisms }: ClientSession): ClientMechanism | null {
  const { auth } = rules;
  if (auth === null) return null;
  return auth.mechanisms.find((mechanism) => {
    if (!offers.mechanisms.includes(mechanism) || refusedMechanisms.includes(mechanism)) return false;
    if (mechanism === "EXTERNAL") return tls !== null && auth.certificate;
    return tls !== null || mechanism !== "PLAIN" && mechanism !== "LOGIN"; // RFC 4954 4
  }) ?? null;
}

/** The edge has begun the exchange. */
export function initial(session: ClientSession, response: Bytes | null, complete: boolean): ClientStep {
  const { exchange, phase } = session;
  if (exchange === null || phase !== "proving") return [session, []]; // The connection ended meanwhile.
  const { mechanism } = exchange;
  const line = printAuth({ verb: "AUTH", mechanism, initial: response });
  if (response === null || line.length + 2 <= maxAuthCommand) {
    const begun: ClientSession = { ...session, exchange: { ...exchange, complete } };
    return ask(begun, "signingIn", "auth", line, response !== null);
  }
  const waiting: ClientSession = { ...session, exchange: { ...exchange, complete, pending: response } };
  return ask(waiting, "signingIn", "auth", printAuth({ verb: "AUTH", mechanism, initial: null }));
}

/** The edge has answered a challenge, or gives up. */
export function proof(session: ClientSession, response: Bytes | null, complete: boolean): ClientStep {
  const { exchange, phase } = session;
  if (exchange === null || phase !== "proving") return [session, []];
  if (response === null) return cancel(session, exchange);
  const proved: ClientSession = { ...session, exchange: { ...exchange, complete } };
  return ask(proved, "signingIn", "auth", base64(response), true);
}

/** RFC 4954 4: the server has to answer 501; whatever it answers, it is over. */
function cancel(session: ClientSession, exchange: Exchange): ClientStep {
  return ask({ ...session, exchange: { ...exchange, cancelled: true } }, "signingIn", "auth", "*");
}

export function authReply(session: ClientSession, reply: ServerReply): ClientStep {
  const { exchange } = session;
  if (exchange === null) return unexpected(session, reply);
  if (exchange.cancelled) {
    if (reply.code < 400) return unexpected(session, reply);
    return takeLeave(session, ownOutcome("notProved", "auth", { reply }));
  }
  if (reply.code === 334) return challenged(session, exchange, reply);
  if (isHalf(reply)) return unexpected(session, reply);
  if (isDone(reply)) {
    // A server that is believed before it proved to know our secret could be anybody's. RFC 5802 3
    if (!exchange.complete) return abort(session, ownOutcome("notProved", "auth", { reply }));
    return signIn({ ...session, signedIn: true });
  }
  switch (refusalOf(reply)) {
    case "mechanism":
      return signIn({
        ...session,
        exchange: null,
        refusedMechanisms: [...session.refusedMechanisms, exchange.mechanism],
      }, reply);
    case "temporary":
      return takeLeave(session, ownOutcome("authTemporary", "auth", { reply }));
    case "credentials":
      return takeLeave(session, ownOutcome("credentials", "auth", { reply }));
  }
}

/** RFC 4954 4, 6 */
function refusalOf({ code }: ServerReply): "mechanism" | "temporary" | "credentials" {
  if (code === 432 || code === 534 || code === 538 || code >= 500 && code <= 504) return "mechanism";
  return code < 500 ? "temporary" : "credentials";
}

/** A challenge is base64 and nothing else. RFC 4954 4 */
function challenged(session: ClientSession, exchange: Exchange, reply: ServerReply): ClientStep {
  const challenge = reply.lines.length === 1 ? fromBase64((reply.lines[0] ?? "").trim()) : null;
  if (challenge === null) return cancel(session, exchange);
  if (exchange.pending !== null) {
    // RFC 4422 5: the first response is asked for with an empty challenge.
    if (challenge.length > 0) return cancel(session, exchange);
    const told: ClientSession = { ...session, exchange: { ...exchange, pending: null } };
    return ask(told, "signingIn", "auth", base64(exchange.pending), true);
  }
  return [{ ...session, phase: "proving" }, [expect(session, "auth"), { kind: "prove", challenge }]];
}
