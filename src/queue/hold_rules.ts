/**
 * Which messages are put on hold. A rule means the same for those that wait already and for those that come: all that it says must
 * match, and what it leaves open matches everything.
 *
 * @module
 */
import { normalForm } from "../address/domain.ts";

/** A rule. */
export interface HoldRule {
  /** An account's row; 0 for any. */
  readonly accountId: number;
  /** In normal form; empty for any. */
  readonly senderDomain: string;
  readonly recipientDomain: string;
}

/** What rules look at. */
export interface Holdable {
  readonly accountId: number;
  /** Empty for the null sender. */
  readonly senderDomain: string;
  readonly recipientDomain: string;
}

export function isHeldBy(rule: HoldRule, message: Holdable): boolean {
  return (rule.accountId === 0 || rule.accountId === message.accountId) &&
    (rule.senderDomain === "" || rule.senderDomain === message.senderDomain) &&
    (rule.recipientDomain === "" || rule.recipientDomain === message.recipientDomain);
}

/** The domain of an address as the queue has it, in the form in which rules name it; empty for the null sender. */
export function domainOf(address: string): string {
  const domain = address.slice(address.lastIndexOf("@") + 1);
  return domain.startsWith("[") ? domain : normalForm(domain) ?? domain.toLowerCase();
}
