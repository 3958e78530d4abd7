/**
 * What follows from a reply, or from there being none: whether it is for good, and where to try next. The tables a
 * queue relies on. RFC 5321 4.2.1, 4.5.3.1.10, 4.5.4.1, RFC 3463
 *
 * @module
 */
import { keptReply, type ReplyFault, type ServerReply } from "./client_reply.ts";
import type { ClientWait } from "./client_rules.ts";
import type { Cause, Outcome, Retry } from "./client_state.ts";

/** Causes that are not the server's reply to what we asked. */
export type OwnCause = Exclude<Cause, "reply">;

/**
 * Verdict, next place and status of each. What is wrong with our own access (to a relay, say) is temporary: it must
 * not bounce everybody's mail, and a person can mend it.
 */
const own = {
  shutdown: ["temporary", "host", "4.3.2"],
  closed: ["temporary", "host", "4.4.2"],
  timeout: ["temporary", "host", "4.4.2"],
  garbled: ["temporary", "host", "4.5.0"],
  unexpected: ["temporary", "host", "4.5.1"],
  injected: ["temporary", "host", "4.7.0"],
  noTls: ["temporary", "host", "4.7.10"], // RFC 7672 2.2: delayed, not bounced
  tlsRefused: ["temporary", "host", "4.7.10"],
  handshake: ["temporary", "host", "4.7.10"],
  noMechanism: ["temporary", "later", "4.7.4"],
  credentials: ["temporary", "later", "4.7.8"],
  authTemporary: ["temporary", "host", "4.7.0"],
  notProved: ["temporary", "host", "4.7.0"],
  noSmtpUtf8: ["permanent", "host", "5.6.7"], // RFC 6531 3.5
  noEightBit: ["permanent", "host", "5.6.3"],
  noRequireTls: ["permanent", "host", "5.7.30"], // RFC 8689 4.2.1
  notSecure: ["permanent", "host", "5.7.10"], // RFC 8689 4.2.1
  tooLarge: ["permanent", "host", "5.3.4"], // RFC 1870 6.1
  limit: ["temporary", "transaction", "4.5.3"],
  content: ["temporary", "later", "4.3.0"],
} as const satisfies Record<OwnCause, readonly [Outcome["verdict"], Retry, string]>;

/** The status that stands for a cause, where the server's reply does not bring its own. */
export function statusOf(cause: OwnCause): string {
  return own[cause][2];
}

/** What came of something else than a reply to what was asked. */
export function ownOutcome(cause: OwnCause, step: ClientWait, more: Partial<Outcome> = {}): Outcome {
  const [verdict, retry, status] = own[cause];
  const reply = more.reply === undefined || more.reply === null ? null : keptReply(more.reply);
  return { verdict, retry, cause, step, status, fault: null, uncertain: false, ...more, reply };
}

/** What came of a fault in what was read. */
export function garbled(fault: ReplyFault, step: ClientWait): Outcome {
  return ownOutcome("garbled", step, { fault });
}

/** The message was taken. */
export function delivered(reply: ServerReply, step: ClientWait): Outcome {
  return { ...replied(reply, step), verdict: "delivered", retry: "never" };
}

/** What a negative reply (400 to 599) means at this step. */
export function refused(reply: ServerReply, step: ClientWait): Outcome {
  const permanent = reply.code >= 500;
  return {
    ...replied(reply, step),
    verdict: permanent ? "permanent" : "temporary",
    retry: permanent ? afterPermanent(step) : afterTemporary(reply, step),
  };
}

/** A negative reply to RCPT, in a transaction in which others may have been accepted before. */
export function refusedRecipient(reply: ServerReply, accepted: number): Outcome {
  const outcome = refused(reply, "rcpt");
  return accepted > 0 && tooManyRecipients(reply)
    ? {
      ...outcome,
      verdict: "temporary",
      retry: "transaction",
      status: reply.code === 452 ? outcome.status : "4.5.3",
    }
    : outcome;
}

/**
 * RFC 5321 4.5.3.1.10: 452, and once 552, but both also say that a mailbox is full (RFC 1870 6.4), which the enhanced
 * code tells apart, and the place: who is refused first is not one too many. At worst it costs one transaction more.
 */
function tooManyRecipients({ code, enhanced }: ServerReply): boolean {
  if (code === 452) return !(enhanced ?? "").startsWith("4.2.");
  return code === 552 && (enhanced === null || enhanced === "5.5.3");
}

function replied(reply: ServerReply, step: ClientWait): Omit<Outcome, "verdict" | "retry"> {
  return {
    cause: "reply",
    step,
    status: reply.enhanced ?? `${Math.floor(reply.code / 100)}.0.0`,
    reply: keptReply(reply),
    fault: null,
    uncertain: false,
  };
}

/** Who does not talk to us at all says nothing of the recipients: another host may. */
function afterPermanent(step: ClientWait): Retry {
  return step === "greeting" || step === "ehlo" || step === "helo" ? "host" : "never";
}

/**
 * A recipient that is deferred is known there, and time is the cure (greylisting, a full mailbox), unless the server
 * blames itself or the network (x.3, x.4). A transaction that is deferred is the host's own trouble.
 */
function afterTemporary(reply: ServerReply, step: ClientWait): Retry {
  if (step !== "rcpt") return "host";
  return /^4\.[34]\./.test(reply.enhanced ?? "") ? "host" : "later";
}
