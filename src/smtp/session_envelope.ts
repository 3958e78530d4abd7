/**
 * The mail transaction of a session: MAIL, RCPT, and the message by DATA or BDAT. RFC 5321 3.3, RFC 3030
 *
 * Tested by `session_test.ts`.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import { asciiDomain, isAscii } from "../address/domain.ts";
import { needsSmtpUtf8 } from "../address/mailbox.ts";
import type { Millis } from "../base/clock.ts";
import type { Bdat } from "./bdat.ts";
import type { Hold, Mail } from "./mail.ts";
import type { Rcpt } from "./rcpt.ts";
import { type Recipient, Recipients } from "./recipients.ts";
import type { Reply } from "./reply.ts";
import {
  type Action,
  type Judgement,
  maxHoldSeconds,
  type Session,
  type Step,
  type Transaction,
  unknownAddressWaitMs,
} from "./session_state.ts";
import {
  closing,
  ended,
  outOfOrder,
  prefixed,
  refuse,
  refuseWith,
  say,
  waiting,
  withId,
} from "./session_steps.ts";

/** MAIL; whether an account may send as the sender, the edge has to ask. */
export function mail(session: Session, command: Mail, now: Millis): Step {
  const { rules, counts } = session;
  if (counts.good === 0 && counts.bad > rules.maxBadTransactions) {
    return closing(session, 550, "5.7.0", "too many transactions that came to nothing");
  }
  if (rules.submission && session.account === null) return refuse(session, 530, "5.7.0", "sign in first");
  if (command.utf8 && !command.smtpUtf8) return refuse(session, 553, "5.6.7", "this sender needs SMTPUTF8");
  if (command.size !== null && command.size > rules.maxMessageBytes) {
    return refuse(session, 552, "5.3.4", `too large; the limit is ${rules.maxMessageBytes}`); // RFC 1870 6.1
  }
  if (command.hold !== null && !rules.submission) {
    return refuse(session, 555, "5.5.4", "no future release here");
  }
  if (command.hold !== null && isTooFar(command.hold, now)) {
    return refuse(session, 501, "5.5.4", `at most ${maxHoldSeconds} seconds ahead`);
  }
  if ((command.ret !== null || command.envid !== null) && !rules.submission) return noDsn(session);
  if (command.requireTls && !rules.requireTls) return refuse(session, 555, "5.5.4", "no REQUIRETLS here");
  if (command.requireTls && !session.secure) {
    return refuse(session, 523, "5.7.10", "REQUIRETLS needs TLS"); // RFC 8689 2
  }
  if (!rules.submission && command.from?.domain.startsWith("[")) {
    return refuse(session, 550, "5.7.1", "senders at address literals are not taken");
  }
  return [session, [{ kind: "checkSender", mail: command }]];
}

/** It was not offered. RFC 5321 4.1.1.11 */
function noDsn(session: Session): Step {
  return refuse(session, 555, "5.5.4", "no notices of delivery here");
}

function isTooFar(hold: Hold, now: Millis): boolean {
  return (hold.kind === "for" ? hold.seconds : (hold.at - now) / 1000) > maxHoldSeconds;
}

/** The sender will do. */
export function openTransaction(session: Session, command: Mail): Step {
  const { from, smtpUtf8, hold, ret, envid, requireTls } = command;
  const transaction: Transaction = {
    from,
    smtpUtf8,
    hold,
    ret,
    envid,
    requireTls,
    recipients: Recipients.none(),
    declined: 0,
    chunkBytes: 0,
  };
  return [{ ...session, phase: "mail", transaction }, [say(250, "2.1.0", "ok")]];
}

/** RCPT; what becomes of mail for the recipient, the edge has to ask. */
export function rcpt(session: Session, command: Rcpt): Step {
  const { transaction, rules } = session;
  if (transaction === null) return outOfOrder(session);
  if ((command.utf8 || needsSmtpUtf8(command.to)) && !transaction.smtpUtf8) {
    return refuse(session, 553, "5.6.7", "this recipient needs SMTPUTF8");
  }
  if ((command.notify !== null || command.orcpt !== null) && !rules.submission) return noDsn(session);
  if (command.orcpt !== null && !isAscii(command.orcpt) && !transaction.smtpUtf8) {
    return refuse(session, 501, "5.5.4", "an ORCPT in UTF-8 needs SMTPUTF8"); // RFC 6533 3
  }
  if (transaction.recipients.length >= rules.maxRecipients) {
    return decline(session, transaction, `at most ${rules.maxRecipients} recipients`); // RFC 5321 4.5.3.1.10
  }
  // A bounce goes to whoever sent the message, and that is one. RFC 5321 4.5.5
  if (transaction.from === null && transaction.recipients.length > 0 && !rules.submission) {
    return decline(session, transaction, "one recipient for the null sender");
  }
  return [session, [{ kind: "resolve", rcpt: command }]];
}

/** The answer to that. */
export function judged(session: Session, rcpt: Rcpt, judgement: Judgement): Step {
  const { transaction, rules } = session;
  const { to: address, notify, orcpt } = rcpt;
  if (transaction === null) return outOfOrder(session);
  const { first } = transaction.recipients;
  if (transaction.recipients.has(address)) return repeated(session, transaction);
  switch (judgement.kind) {
    case "local":
      // The recipients before will be refused after the message, and this one with them.
      if (first?.known === false) return decline(session, transaction, "send to this recipient on its own");
      return addRecipient(session, transaction, { address, known: true, notify, orcpt });
    case "unknownAddress": {
      const refusal = refuse(session, 550, "5.1.1", "no such address");
      if (rules.submission) return refusal; // Users are no strangers who try out addresses.
      if (first?.known === true) return waiting(unknownAddressWaitMs, refusal);
      return addRecipient(session, transaction, { address, known: false, notify, orcpt });
    }
    case "unknownDomain":
      if (rules.submission) {
        return addRecipient(session, transaction, { address, known: true, notify, orcpt });
      }
      return refuse(session, 550, "5.7.1", "mail for this domain is not taken here");
    case "noSuchDomain": // RFC 6409 6.1: what will bounce is better refused where its author still sits.
      return declineWith(session, transaction, {
        code: 550,
        enhanced: "5.1.2",
        text: `there is no domain ${shownDomain(address)}: look at its spelling`,
      });
    case "nullMx": // RFC 7505 4.1
      return declineWith(session, transaction, {
        code: 556,
        enhanced: "5.1.10",
        text: `${shownDomain(address)} takes no mail`,
      });
    case "disabled":
      return refuse(session, 451, "4.2.1", "this domain is disabled for now");
    case "refused":
      return refuse(session, judgement.code, `${Math.floor(judgement.code / 100)}.7.1`, judgement.text);
  }
}

/** In ASCII, as replies are. */
function shownDomain({ domain }: Address): string {
  return asciiDomain(domain);
}

/** One copy, however often it is said; but there is an end to saying it. */
function repeated(session: Session, transaction: Transaction): Step {
  if (transaction.declined >= session.rules.maxRecipients) {
    return refuse(session, 452, "4.5.3", "this recipient was named often enough");
  }
  const declined = transaction.declined + 1;
  return [{ ...session, transaction: { ...transaction, declined } }, [say(250, "2.1.5", "ok, once")]];
}

/**
 * Not in this transaction. That is no error of the client's, who sends to the others and then to this one: counted
 * as such, a long list of recipients would end the connection each time anew. But there is an end to it.
 */
function decline(session: Session, transaction: Transaction, text: string): Step {
  return declineWith(session, transaction, { code: 452, enhanced: "4.5.3", text });
}

/** The same for who can never be reached: of a user's long list some always are. */
function declineWith(session: Session, transaction: Transaction, reply: Reply): Step {
  if (transaction.declined >= session.rules.maxRecipients) return refuseWith(session, reply);
  const declined = transaction.declined + 1;
  const actions: readonly Action[] = [{ kind: "reply", reply: withId(reply, session.rules.id) }];
  return [{ ...session, transaction: { ...transaction, declined } }, actions];
}

function addRecipient(session: Session, transaction: Transaction, recipient: Recipient): Step {
  const recipients = transaction.recipients.with(recipient);
  return [{ ...session, phase: "rcpt", transaction: { ...transaction, recipients } }, [
    say(250, "2.1.5", "ok"),
  ]];
}

/** The octets of a chunk follow in any case, and are read whatever is said of them. RFC 3030 4.2 */
export function bdat(session: Session, chunk: Bdat): Step {
  const { transaction, phase, rules } = session;
  if (chunk.size > rules.maxMessageBytes) {
    const [ending, actions] = ended(session, "bad");
    return prefixed(
      actions,
      closing(ending, 552, "5.3.4", `too large; the limit is ${rules.maxMessageBytes}`),
    );
  }
  const discard: Action = { kind: "discard", bytes: chunk.size };
  if (transaction === null || phase !== "rcpt" && phase !== "chunks") {
    return prefixed([discard], outOfOrder(session));
  }
  const chunkBytes = transaction.chunkBytes + chunk.size;
  if (chunkBytes > rules.maxMessageBytes) {
    const [ending, actions] = ended(session, "bad");
    return prefixed(
      [...actions, discard],
      refuse(ending, 552, "5.3.4", `too large; the limit is ${rules.maxMessageBytes}`),
    );
  }
  const chunked: Session = { ...session, phase: "chunks", transaction: { ...transaction, chunkBytes } };
  return [chunked, [receive(chunked, chunk)]];
}

/** Has the edge read the message, or a chunk of it. */
export function receive(session: Session, chunk: Bdat | null): Action {
  if (session.transaction === null) throw new TypeError("there is no transaction");
  return { kind: "receive", transaction: session.transaction, chunk };
}

/** A message was taken (`reply` null) or refused, or a chunk was read. */
export function received(
  session: Session,
  chunk: Bdat | null,
  reply: Reply | null,
  suspicious: boolean,
): Step {
  if (reply === null && chunk?.last === false) {
    return [session, [say(250, "2.0.0", `${chunk.size} octets received`)]];
  }
  const [over, actions] = ended(session, reply === null ? "good" : "bad");
  if (reply === null) return [over, [...actions, say(250, "2.0.0", `it is done (${over.rules.id})`)]];
  const slow: readonly Action[] = suspicious ? [{ kind: "slow", on: true }] : [];
  return prefixed([...actions, ...slow], refuseWith(over, reply));
}
