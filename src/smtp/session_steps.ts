/**
 * Steps that all parts of a session take: saying something, refusing, closing, ending a transaction.
 *
 * Tested by `session_test.ts`.
 *
 * @module
 */
import type { Reply } from "./reply.ts";
import type { Action, Counts, Session, Step } from "./session_state.ts";

/** A refusal; see {@link refuseWith}. */
export function refuse(session: Session, code: number, enhanced: string, text: string): Step {
  return refuseWith(session, { code, enhanced, text });
}

/** A reply with the connection's id, and its place in the count; the last straw closes instead. */
export function refuseWith(session: Session, reply: Reply): Step {
  const errors = session.counts.errors + 1;
  const after: Session = { ...session, counts: { ...session.counts, errors } };
  if (errors >= session.rules.maxErrors) return closing(after, 421, "4.7.0", "too many errors");
  return [after, [{ kind: "reply", reply: withId(reply, session.rules.id) }]];
}

/** A last reply. */
export function closing(session: Session, code: number, enhanced: string, text: string): Step {
  return [session, [{ kind: "reply", reply: withId({ code, enhanced, text }, session.rules.id) }, {
    kind: "close",
  }]];
}

/** The connection's id ends the text of every error. */
export function withId(reply: Reply, id: string): Reply {
  if (typeof reply.text === "string") return { ...reply, text: `${reply.text} (${id})` };
  return {
    ...reply,
    text: reply.text.map((line, i) => i === reply.text.length - 1 ? `${line} (${id})` : line),
  };
}

/** A reply that is no error. */
export function say(code: number, enhanced: string | null, text: string | readonly string[]): Action {
  return { kind: "reply", reply: { code, enhanced, text } };
}

/** A step after some time; at once if that is none. */
export function waiting(ms: number, step: Step): Step {
  return ms <= 0 ? step : prefixed([{ kind: "wait", ms }], step);
}

/** A step with something to do before. */
export function prefixed(before: readonly Action[], [session, actions]: Step): Step {
  return [session, [...before, ...actions]];
}

/** RFC 5321 4.1.4 */
export function outOfOrder(session: Session): Step {
  return refuse(session, 503, "5.5.1", session.phase === "connected" ? "say EHLO first" : "not now");
}

/** The transaction is over, well or not; without one nothing is. */
export function ended(session: Session, how: "good" | "bad"): Step {
  const { counts } = session;
  if (session.transaction === null) return [session, []];
  const after: Counts = how === "good"
    ? { ...counts, good: counts.good + 1, errors: 0, unknown: 0, idle: 0 }
    : { ...counts, bad: counts.bad + 1 };
  return [{ ...session, phase: "ready", transaction: null, counts: after }, [{ kind: "drop" }]];
}
