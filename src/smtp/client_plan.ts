/**
 * Before anything is said of a message: which recipients can be named to this server now, and what the others get.
 * RFC 6531 3.2, RFC 6152 3, RFC 1870 6.1, RFC 8689 4.2.1, RFC 9422 4
 *
 * @module
 */
import { needsSmtpUtf8 } from "../address/mailbox.ts";
import { ownOutcome } from "./client_outcome.ts";
import type { ClientSession, Outcome, OutgoingMessage, OutgoingRecipient } from "./client_state.ts";

export interface Plan {
  /** For each recipient what is certain now; null for those that are named. */
  readonly decided: readonly (Outcome | null)[];
  /** Those, as indices. */
  readonly named: readonly number[];
  /** SMTPUTF8 is used, since something needs it. RFC 6531 3.4 */
  readonly utf8: boolean;
  /** Domains that this connection will have named. */
  readonly domains: ReadonlySet<string>;
}

/** @throws {TypeError} If there is nobody to send to. */
export function planOf(session: ClientSession, message: OutgoingMessage): Plan {
  const { recipients } = message;
  if (recipients.length === 0) throw new TypeError("a message without recipients");
  const whole = forAll(session, message);
  if (whole !== null) {
    return { decided: recipients.map(() => whole), named: [], utf8: false, domains: session.domains };
  }
  const { rules, offers } = session;
  const maxNamed = Math.min(rules.maxRecipients, offers.limits.rcptMax ?? Infinity);
  const maxDomains = offers.limits.rcptDomainMax ?? Infinity;
  const domains = new Set(session.domains);
  const decided: (Outcome | null)[] = [];
  const named: number[] = [];
  let utf8 = message.smtpUtf8 || message.from !== null && needsSmtpUtf8(message.from);
  const forOne = ({ to }: OutgoingRecipient): Outcome | null => {
    if (needsSmtpUtf8(to) && !offers.smtpUtf8) return ownOutcome("noSmtpUtf8", "plan");
    if (named.length >= maxNamed) return ownOutcome("limit", "plan");
    const tooMany = domains.size >= maxDomains && !domains.has(to.domain);
    return tooMany ? ownOutcome("limit", "plan", { retry: "connection" }) : null;
  };
  for (const [i, recipient] of recipients.entries()) {
    const outcome = forOne(recipient);
    decided.push(outcome);
    if (outcome !== null) continue;
    named.push(i);
    domains.add(recipient.to.domain);
    utf8 ||= needsSmtpUtf8(recipient.to);
  }
  return { decided, named, utf8, domains };
}

/** Whether another MAIL is allowed on this connection. RFC 9422, MAILMAX */
export function mailsLeft({ offers, mails }: ClientSession): boolean {
  return mails < (offers.limits.mailMax ?? Infinity);
}

/** What is the same for all recipients, and does not need the server's reply. */
function forAll(session: ClientSession, message: OutgoingMessage): Outcome | null {
  const { rules, offers, tls } = session;
  if (!mailsLeft(session)) return ownOutcome("limit", "plan", { retry: "connection" });
  if (message.requireTls && tls?.verified !== true) return ownOutcome("notSecure", "plan");
  if (message.requireTls && !offers.requireTls) return ownOutcome("noRequireTls", "plan");
  const utf8 = message.smtpUtf8 || message.from !== null && needsSmtpUtf8(message.from);
  if (utf8 && !offers.smtpUtf8) return ownOutcome("noSmtpUtf8", "plan");
  if (message.eightBit && !offers.eightBit && rules.strictEightBit) return ownOutcome("noEightBit", "plan");
  if (message.size > (offers.size ?? Infinity)) return ownOutcome("tooLarge", "plan");
  return null;
}
