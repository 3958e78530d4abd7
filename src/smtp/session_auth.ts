/**
 * Signing in: AUTH and its exchange. RFC 4954
 *
 * Tested by `session_test.ts`.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import type { Reply } from "./reply.ts";
import {
  type Action,
  type AuthTurn,
  type Counts,
  freeAuthFailures,
  refusalWaitMs,
  type Session,
  type SignedIn,
  type Step,
} from "./session_state.ts";
import { closing, prefixed, refuse, refuseWith, say, waiting } from "./session_steps.ts";

/** AUTH. From the fourth failure on, each costs a second more before anything is checked. */
export function auth(session: Session, mechanism: string, initial: Bytes | null): Step {
  const { rules, counts } = session;
  if (!rules.submission) return refuse(session, 503, "5.5.1", "nobody signs in here");
  if (session.account !== null) return refuse(session, 503, "5.5.1", "you have signed in");
  if (!rules.mechanisms.includes(mechanism) || mechanism === "EXTERNAL" && !session.certificate) {
    return refuse(session, 504, "5.5.4", "no such mechanism");
  }
  if ((mechanism === "PLAIN" || mechanism === "LOGIN") && !session.secure && !rules.plainWithoutTls) {
    return refuse(session, 538, "5.7.11", "not without TLS");
  }
  const begin: Step = [session, [{ kind: "authenticate", mechanism, initial }]];
  return waiting((counts.authFailures - freeAuthFailures) * refusalWaitMs, begin);
}

/** The credentials are right. */
export function signedIn(session: Session, success: SignedIn): Step {
  // RFC 4954 4: what the server says last goes as a challenge, to which the client sends nothing.
  if (success.final !== null && success.final.length > 0) {
    return [session, [challenge(success.final), { kind: "readAuthLine", turn: { success } }]];
  }
  const counts: Counts = { ...session.counts, authFailures: 0 };
  return [{ ...session, account: success.account, counts }, [
    { kind: "use", success },
    { kind: "slow", on: false },
    say(235, "2.7.0", "welcome"),
  ]];
}

/** They are not, or could not be checked (`guessed` false). */
export function notSignedIn(session: Session, reply: Reply, guessed: boolean): Step {
  if (!guessed) return refuseWith(session, reply);
  const authFailures = session.counts.authFailures + 1;
  const failed: Session = { ...session, counts: { ...session.counts, authFailures } };
  if (authFailures >= session.rules.maxAuthFailures) {
    return waiting(refusalWaitMs, closing(failed, 421, "4.7.0", "too many failed attempts"));
  }
  const slow: readonly Action[] = authFailures >= freeAuthFailures ? [{ kind: "slow", on: true }] : [];
  return prefixed(slow, waiting(refusalWaitMs, refuseWith(failed, reply)));
}

/** The client's line in the exchange. */
export function authLine(
  session: Session,
  turn: AuthTurn,
  response: Bytes | null | "malformed" | "tooLong",
): Step {
  if (response instanceof Uint8Array) {
    if ("exchange" in turn) return [session, [{ kind: "continueAuth", exchange: turn.exchange, response }]];
    if (response.length === 0) return signedIn(session, { ...turn.success, final: null });
  }
  const cancel: Action = { kind: "cancelAuth", turn };
  if (response === null) return prefixed([cancel], refuse(session, 501, "5.7.0", "as you wish"));
  if (response === "tooLong") return prefixed([cancel], closing(session, 500, "5.5.6", "line too long"));
  return prefixed([cancel], refuse(session, 501, "5.5.2", "not what was asked for"));
}

/** RFC 4954 4 */
export function challenge(bytes: Bytes): Action {
  return say(334, null, bytes.length === 0 ? "" : bytes.toBase64());
}
