/**
 * A server's session: which command is in order when, and what follows from each. No sockets, no clock, no
 * store, no `await`. RFC 5321 4.1.4, RFC 2920, RFC 3030, RFC 3207, RFC 4954
 *
 * ```text
 * connected --EHLO--> ready --MAIL--> mail --RCPT--> rcpt --DATA--> ready
 *                       ^                              +--BDAT--> chunks --BDAT LAST--> ready
 *                       +--- RSET, EHLO, a refused message
 * ```
 *
 * The edge reads a line, gives it here as an event, and does the actions in their order. Where it has to ask
 * someone (`resolve`, `authenticate`, `receive` ...), the answer comes back as another event before the next
 * command is read: pipelined commands wait in the buffer. Counts of what went wrong live here too, so that
 * every way to be a nuisance ends in the same place, {@link refuse}.
 *
 * @module
 */
import { type Command, type Verb, verbs } from "./command.ts";
import { type Ehlo, isHeloName } from "./ehlo.ts";
import { ehloLines } from "./ehlo_lines.ts";
import { auth, authLine, challenge, notSignedIn, signedIn } from "./session_auth.ts";
import { bdat, judged, mail, openTransaction, rcpt, receive, received } from "./session_envelope.ts";
import {
  type Counts,
  type Event,
  type LineFault,
  type Phase,
  refusalWaitMs,
  type Rules,
  type Session,
  type Step,
} from "./session_state.ts";
import { closing, ended, outOfOrder, refuse, refuseWith, say, waiting } from "./session_steps.ts";
import type { Millis } from "../base/clock.ts";

/** Which commands are in order in which phase. RFC 5321 4.1.4; BDAT is looked at in any, since octets follow it. */
const inOrder: Record<Phase, readonly Verb[]> = {
  connected: ["EHLO", "HELO", "NOOP", "RSET", "QUIT", "HELP", "VRFY", "EXPN", "BDAT"],
  ready: ["EHLO", "HELO", "NOOP", "RSET", "QUIT", "HELP", "VRFY", "EXPN", "BDAT", "STARTTLS", "AUTH", "MAIL"],
  mail: ["EHLO", "HELO", "NOOP", "RSET", "QUIT", "HELP", "VRFY", "EXPN", "BDAT", "RCPT"],
  rcpt: ["EHLO", "HELO", "NOOP", "RSET", "QUIT", "HELP", "VRFY", "EXPN", "BDAT", "RCPT", "DATA"],
  chunks: ["EHLO", "HELO", "NOOP", "RSET", "QUIT", "HELP", "VRFY", "EXPN", "BDAT"],
};

/** A session that begins, and the greeting. RFC 5321 4.3.1 */
export function begin(rules: Rules, secure: boolean, certificate: boolean): Step {
  const session: Session = {
    rules,
    phase: "connected",
    secure,
    certificate,
    extended: false,
    helo: "",
    account: null,
    transaction: null,
    counts: { commands: 0, errors: 0, unknown: 0, idle: 0, good: 0, bad: 0, authFailures: 0 },
  };
  return [session, [say(220, null, `${rules.hostname} ESMTP mailden`)]];
}

/** One step of a session. */
export function step(session: Session, event: Event): Step {
  switch (event.kind) {
    case "command":
      return command(counted(session), event.command, event.now);
    case "badLine":
      return badLine(counted(session), event.fault, event.verb);
    case "secured":
      return secured(session, event.certificate);
    case "senderChecked":
      if (!event.allowed) return refuse(session, 550, "5.7.1", "this sender is not yours to use");
      return openTransaction(session, event.mail);
    case "resolved":
      return judged(session, event.rcpt, event.judgement);
    case "refused":
      return refuseWith(session, event.reply);
    case "challenged":
      return [session, [challenge(event.challenge), {
        kind: "readAuthLine",
        turn: { exchange: event.exchange },
      }]];
    case "signedIn":
      return signedIn(session, event.success);
    case "notSignedIn":
      return notSignedIn(session, event.reply, event.guessed);
    case "authLine":
      return authLine(session, event.turn, event.response);
    case "received":
      return received(session, event.chunk, event.reply, event.suspicious);
  }
}

function command(session: Session, command: Command, now: Millis): Step {
  if (!inOrder[session.phase].includes(command.verb)) return outOfOrder(session);
  switch (command.verb) {
    case "MAIL":
      return mail(session, command, now);
    case "RCPT":
      return rcpt(session, command);
    case "DATA":
      return [session, [say(354, null, "send it, and end with a dot"), receive(session, null)]];
    case "BDAT":
      return bdat(session, command);
    case "AUTH":
      return auth(session, command.mechanism, command.initial);
    case "STARTTLS":
      return startTls(session);
    case "QUIT":
      return [session, [say(221, "2.0.0", "bye"), { kind: "close" }]];
    case "EHLO":
    case "HELO":
      return idle(session, (session) => ehlo(session, command, now));
    case "RSET":
      return idle(session, (session) => {
        const [reset, actions] = ended(session, "bad");
        return [reset, [...actions, say(250, "2.0.0", "all forgotten")]];
      });
    case "NOOP":
      return idle(session, (session) => [session, [say(250, "2.0.0", "ok")]]);
    case "HELP":
      return idle(
        session,
        (session) => [session, [say(214, "2.0.0", `RFC 5321; commands: ${verbs.join(" ")}`)]],
      );
    case "VRFY":
    case "EXPN": // RFC 5321 3.5.3: not told, which is no refusal.
      return idle(session, (session) => [session, [say(252, "2.5.0", "not told; try to send")]]);
  }
}

function ehlo(session: Session, command: Ehlo, now: Millis): Step {
  const named = isHeloName(command.name);
  // A user's program says whatever its machine is called; nobody makes use of it.
  if (!named && !session.rules.submission) {
    return refuse(session, 501, "5.5.4", "your name is no domain or address literal");
  }
  const [reset, actions] = ended(session, "bad");
  const greeted: Session = {
    ...reset,
    phase: "ready",
    extended: command.verb === "EHLO",
    helo: named ? command.name : "",
  };
  const text = command.verb === "EHLO" ? ehloLines(greeted, now) : session.rules.hostname;
  return [greeted, [...actions, say(250, null, text)]];
}

function startTls(session: Session): Step {
  if (session.secure) return refuse(session, 503, "5.5.1", "TLS is active");
  if (!session.rules.startTls) return refuse(session, 502, "5.5.1", "there is no TLS here");
  if (session.account !== null) return refuse(session, 503, "5.5.1", "not after AUTH");
  return [session, [say(220, "2.0.0", `go ahead (${session.rules.id})`), { kind: "startTls" }]];
}

/** Nothing that was said before counts. RFC 3207 4.2 */
function secured(session: Session, certificate: boolean): Step {
  return [{
    ...session,
    phase: "connected",
    secure: true,
    certificate,
    extended: false,
    helo: "",
    transaction: null,
  }, []];
}

function badLine(session: Session, fault: LineFault, verb: Verb | null): Step {
  const { counts, rules } = session;
  switch (fault) {
    case "tooLong":
      return closing(session, 500, "5.5.2", "line too long");
    case "lineEnd": // Whoever ends lines otherwise waits for us, as we would for them.
      return closing(session, 500, "5.5.2", "lines end with CRLF");
    case "http":
      return closing(session, 500, "5.5.1", "this is SMTP");
    case "text":
      return refuse(session, 500, "5.5.2", "control characters, or not UTF-8");
    case "syntax":
      // Where a chunk ends is unknown now, and its octets must not be read as commands.
      if (verb === "BDAT") return closing(session, 501, "5.5.4", "malformed");
      return refuse(session, 501, "5.5.4", "malformed");
    case "parameter":
      return refuse(session, 555, "5.5.4", "unknown parameter");
    case "unknown": {
      if (counts.commands === 1) {
        return waiting(refusalWaitMs, closing(session, 500, "5.5.1", "please speak SMTP"));
      }
      const unknown = counts.unknown + 1;
      if (unknown > rules.maxUnknownCommands) {
        return closing(session, 421, "4.7.0", "too many unknown commands");
      }
      return refuse({ ...session, counts: { ...counts, unknown } }, 500, "5.5.1", "no such command");
    }
  }
}

function counted(session: Session): Session {
  return { ...session, counts: { ...session.counts, commands: session.counts.commands + 1 } };
}

/** A command that moves no mail: a few are polite, thousands hold a connection for nothing. */
function idle(session: Session, go: (session: Session) => Step): Step {
  const counts: Counts = { ...session.counts, idle: session.counts.idle + 1 };
  const next: Session = { ...session, counts };
  if (counts.idle > session.rules.maxIdleCommands) {
    return closing(next, 421, "4.7.0", "nothing to do for you");
  }
  return go(next);
}
