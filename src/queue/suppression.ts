/**
 * Addresses to which an account's mail is not sent any more, because it came back, or because somebody said so.
 *
 * Addresses are compared without what recipients add to them for themselves: upper case, and what follows a plus sign. Other
 * rules (dots at one provider, a dash at another) are a domain's own and would hit strangers elsewhere.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import { readMailbox } from "../address/mailbox.ts";

/** The form in which addresses are compared. */
export function suppressionKey({ local, domain }: Address): string {
  const plus = local.indexOf("+");
  const base = plus > 0 ? local.slice(0, plus) : local;
  return `${base.toLowerCase().normalize("NFC")}@${domain.toLowerCase()}`;
}

/** As {@link suppressionKey}, of an address as the queue has it: printed, with quotes where it needs them. */
export function suppressionKeyOf(address: string): string {
  const quoted = address.startsWith('"') ? readMailbox(address) : null;
  if (quoted !== null) return suppressionKey(quoted);
  const at = address.lastIndexOf("@");
  return suppressionKey({ local: address.slice(0, at), domain: address.slice(at + 1) });
}

/** Failed messages in a row to one address after which it is suppressed whatever the reasons were. */
export const maxFailuresInARow = 3;

/** Codes that say of the address, for good, that it takes no mail. RFC 5321 4.2.3, RFC 7504 */
const codes: ReadonlySet<number> = new Set([521, 550, 551, 553, 556]);

/** RFC 3463 3.2, 3.3, 3.8: bad mailbox, bad system, syntax, moved, disabled, not authorised. */
const enhanced: ReadonlySet<string> = new Set(["1.1", "1.2", "1.3", "1.6", "2.1", "7.1"]);

/**
 * Whether a permanent failure is the address's own, so that another message to it would fail as well.
 *
 * @param code Of the reply, 0 if there was none.
 * @param status RFC 3463, as `5.1.1`; empty if there was none.
 */
export function suppresses(code: number, status: string): boolean {
  if (code < 500 || code > 599) return false;
  const [, detail] = /^5\.(\d{1,3}\.\d{1,3})$/.exec(status) ?? [];
  // An enhanced code says more than the code: 550 5.7.26 is about the message.
  return detail === undefined ? codes.has(code) : enhanced.has(detail);
}
