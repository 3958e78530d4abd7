/**
 * A connection until messages can be sent: greeting, EHLO or HELO, STARTTLS. RFC 5321 3.1, 3.2, 4.1.1.1, RFC 3207 4
 *
 * Tested by `client_session_test.ts`.
 *
 * @module
 */
import { signIn } from "./client_auth.ts";
import { noOffers, parseOffers } from "./client_offers.ts";
import { ownOutcome, refused } from "./client_outcome.ts";
import type { ServerReply } from "./client_reply.ts";
import type { ClientSession, ClientStep } from "./client_state.ts";
import { abort, ask, isDone, isHalf, takeLeave, unexpected } from "./client_steps.ts";

/** The server's first words. RFC 5321 3.1, 4.3.1 */
export function greeting(session: ClientSession, reply: ServerReply): ClientStep {
  if (reply.code === 220) return ehlo(session);
  if (reply.code < 400) return unexpected(session, reply);
  return takeLeave(session, refused(reply, "greeting"));
}

function ehlo(session: ClientSession): ClientStep {
  return ask(session, "ehlo", "ehlo", `EHLO ${session.rules.hostname}`);
}

export function ehloReply(session: ClientSession, reply: ServerReply): ClientStep {
  if (isDone(reply)) return known({ ...session, offers: parseOffers(reply) });
  if (isHalf(reply)) return unexpected(session, reply);
  // RFC 5321 3.2: a server from before 1993. Others who refuse EHLO (550, 4xx) do not want us at all.
  if (reply.code < 500 || reply.code > 504) return takeLeave(session, refused(reply, "ehlo"));
  // Whoever needs an extension has nothing to hope for: HELO offers none.
  if (session.rules.tls === "required" && session.tls === null) {
    return takeLeave(session, ownOutcome("noTls", "ehlo", { reply }));
  }
  if (session.rules.auth !== null) return takeLeave(session, ownOutcome("noMechanism", "ehlo", { reply }));
  return ask(session, "helo", "helo", `HELO ${session.rules.hostname}`);
}

export function heloReply(session: ClientSession, reply: ServerReply): ClientStep {
  if (isDone(reply)) return known({ ...session, offers: noOffers });
  if (isHalf(reply)) return unexpected(session, reply);
  return takeLeave(session, refused(reply, "helo"));
}

/** What is offered is known: is there something to do before messages can be sent? */
function known(session: ClientSession): ClientStep {
  const { rules, offers, tls } = session;
  if (tls === null && rules.tls !== "never") {
    if (offers.startTls) return ask(session, "startTls", "startTls", "STARTTLS");
    if (rules.tls === "required") return takeLeave(session, ownOutcome("noTls", "ehlo"));
  }
  return signIn(session);
}

/** RFC 3207 4 */
export function startTlsReply(session: ClientSession, reply: ServerReply): ClientStep {
  const { rules } = session;
  if (reply.code === 220) {
    return [{ ...session, phase: "securing" }, [{ kind: "handshake", ms: rules.timeouts.handshake }]];
  }
  if (reply.code < 400) return unexpected(session, reply);
  if (rules.tls === "required") return takeLeave(session, ownOutcome("tlsRefused", "startTls", { reply }));
  return signIn(session);
}

/** RFC 3207 4.2: whatever the server said before, anybody could have said. */
export function secured(session: ClientSession, verified: boolean): ClientStep {
  if (session.phase !== "securing") throw new TypeError("no handshake was asked for");
  return ehlo({ ...session, offers: noOffers, tls: { verified } });
}

/** The handshake failed; nothing more can be said on this connection. */
export function notSecured(session: ClientSession): ClientStep {
  const plain = session.rules.tls === "opportunistic";
  return abort(session, ownOutcome("handshake", "handshake", plain ? { retry: "plaintext" } : {}));
}
