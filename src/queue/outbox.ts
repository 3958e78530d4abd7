/**
 * Puts what accounts send to others into the queue, within their limits.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import { normalForm } from "../address/domain.ts";
import { printMailbox } from "../address/mailbox.ts";
import type { Bytes } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import type { DeliveryResult } from "../delivery/deliver.ts";
import type { Outbox, Outgoing } from "../delivery/outbox.ts";
import { holdRules } from "../store/hold_rules.ts";
import type { Work } from "../store/query.ts";
import { addQueued, queueTraits } from "../store/queue_rows.ts";
import { firstTimes, noteRecipients, sentSince } from "../store/recipients.ts";
import type { Transaction } from "../store/transaction.ts";
import { printDsnRequest } from "./dsn_request.ts";
import { printHold, releaseOf } from "./future_release.ts";
import { isHeldBy } from "./hold_rules.ts";
import { defaultMaxAttempts } from "./schedule.ts";

/** What an account may send in any 24 hours. */
export interface OutgoingLimits {
  /** Recipients; one counts once for each message. */
  readonly messagesPerDay: number;
  /** Addresses that it had never written to. */
  readonly firstTimeRecipientsPerDay: number;
}

/** Where a new user of a mail program stays well below, and somebody who has stolen a password does not get far. */
export const usualLimits: OutgoingLimits = { messagesPerDay: 1000, firstTimeRecipientsPerDay: 200 };

const dayMs = 24 * 60 * 60 * 1000;

/** What a server can have in its own way. */
export interface OutboxSettings {
  /** Addresses of ours whose mail goes through the queue: those with a `localFault` in localserve, else none. */
  readonly detains: (address: Address) => boolean;
  /** Attempts before a message comes back. */
  readonly maxAttempts: number;
}

/** Gives a message to one recipient a sender of its own, and says by which id; null: it has the account's. */
export type OwnSender = (from: Address) => { readonly sender: Address; readonly fromId: string } | null;

/** The queue as a submission sees it. */
export class QueueOutbox implements Outbox {
  readonly #limits: (account: string) => OutgoingLimits;
  readonly #added: () => void;
  readonly #settings: OutboxSettings;
  /**
   * What an account may have sent in the last day, at most, by row: nothing else adds to it, and time only takes away. So it is
   * not counted again for each message. It is too much where a unit is taken back, and right again when it is counted.
   */
  readonly #atMost = new Map<number, number>();

  /**
   * @param added Called after the commit of what was added.
   * @param settings Where it is not as usual.
   */
  constructor(
    limits: (account: string) => OutgoingLimits,
    added: () => void,
    settings: Partial<OutboxSettings> = {},
  ) {
    this.#limits = limits;
    this.#added = added;
    this.#settings = { detains: () => false, maxAttempts: defaultMaxAttempts, ...settings };
  }

  detains(address: Address): boolean {
    return this.#settings.detains(address);
  }

  /** The same for whose messages have senders of their own. */
  withSenders(own: OwnSender): Outbox {
    return {
      add: (tx, outgoing) => this.add(tx, outgoing, own),
      detains: (address) => this.detains(address),
    };
  }

  *add(
    tx: Transaction,
    outgoing: Outgoing,
    own: OwnSender = () => null,
  ): Work<readonly DeliveryResult[]> {
    const { recipients, account: name } = outgoing;
    const account = yield* tx.counts.accountNamed(name);
    if (account === undefined) return recipients.map(() => ({ kind: "refused", reason: "noPermission" }));
    const addresses = recipients.map(({ address }) => keyOf(address));
    const over = yield* this.#over(account.id, name, addresses, tx.now);
    if (over !== null) return recipients.map(() => over);
    yield* noteRecipients(account.id, addresses, tx.now);
    const ids = yield* enqueue(tx, account.id, outgoing, own, this.#settings.maxAttempts);
    tx.afterCommit(this.#added);
    return ids.map((id) => ({ kind: "delivered", id: String(id) }));
  }

  /** What the account is told that has sent too much; null if it has not. */
  *#over(
    accountId: number,
    account: string,
    addresses: readonly string[],
    now: Millis,
  ): Work<DeliveryResult | null> {
    const { messagesPerDay, firstTimeRecipientsPerDay } = this.#limits(account);
    const count = addresses.length;
    let sent = this.#atMost.get(accountId) ?? Infinity;
    if (sent + count > messagesPerDay) sent = yield* sentSince(accountId, now - dayMs);
    this.#atMost.set(accountId, sent + count);
    if (sent + count > messagesPerDay) {
      return tooMany(
        `at most ${messagesPerDay} messages a day can be sent: see maxOutgoingMessagesPerDay of the account`,
      );
    }
    // Fewer messages than that cannot have more recipients.
    if (sent + count <= firstTimeRecipientsPerDay) return null;
    if ((yield* firstTimes(accountId, addresses, now - dayMs)) <= firstTimeRecipientsPerDay) return null;
    return tooMany(
      `at most ${firstTimeRecipientsPerDay} new recipients a day can be written to: see ` +
        "maxFirstTimeRecipientsPerDay of the account",
    );
  }
}

/** RFC 3463 3.8: a matter of policy, and better tomorrow. */
function tooMany(text: string): DeliveryResult {
  return { kind: "refused", reason: "tooMany", reply: { code: 451, enhanced: "4.7.1", text } };
}

function* enqueue(
  tx: Transaction,
  accountId: number,
  { request, email, body, requireTls, recipients }: Outgoing,
  own: OwnSender,
  maxAttempts: number,
): Work<number[]> {
  const { from, index, asked } = request;
  const { ret = null, envid = null, hold = null } = asked ?? {};
  const rules = yield* holdRules();
  const senderDomain = from === null ? "" : domainOf(from);
  const bodyId = yield* body();
  return yield* addQueued(recipients.map(({ address, prefix, asked: { notify, orcpt } }) => {
    const { sender, fromId } = (from === null ? null : own(from)) ?? { sender: from, fromId: "" };
    const recipientDomain = domainOf(address);
    const held = rules.some((rule) =>
      isHeldBy({
        accountId: rule.account_id,
        senderDomain: rule.sender_domain,
        recipientDomain: rule.recipient_domain,
      }, { accountId, senderDomain, recipientDomain })
    );
    return {
      account_id: accountId,
      body_id: bodyId,
      size: prefix.length + email.body.hashes.size,
      prefix,
      sender: sender === null ? "" : printMailbox(sender),
      recipient: printMailbox(address),
      domain: recipientDomain,
      submitted: tx.now,
      due: hold === null ? tx.now : Math.max(tx.now, releaseOf(hold, tx.now)),
      max_attempts: maxAttempts,
      hold: held ? 1 : 0,
      transport: "",
      require_tls: requireTls === null ? null : requireTls ? 1 : 0,
      traits: (needsUtf8(from, address) || index.hasUtf8Headers || hasUtf8(prefix) ? queueTraits.utf8 : 0) |
        (index.has8Bit ? queueTraits.has8Bit : 0),
      message_id: index.messageId,
      subject: index.subject,
      from_id: fromId,
      dsn: printDsnRequest({ ret, envid, notify, orcpt }),
      release: hold === null ? "" : printHold(hold),
    };
  }));
}

function domainOf({ domain }: Address): string {
  return domain.startsWith("[") ? domain : normalForm(domain) ?? domain.toLowerCase();
}

/** Whether our own fields hold UTF-8, as that which says whom the message is for. */
function hasUtf8(prefix: Bytes): boolean {
  return prefix.some((octet) => octet > 0x7f);
}

/** RFC 6531 3.3: only localparts need it; domains have A-labels. */
function needsUtf8(from: Address | null, to: Address): boolean {
  return [from?.local ?? "", to.local].some((local) => /[^\x00-\x7f]/.test(local));
}

/** The form in which recipients are counted. */
function keyOf(address: Address): string {
  return `${address.local}@${domainOf(address)}`.toLowerCase();
}
