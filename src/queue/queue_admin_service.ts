/**
 * Outgoing mail for an administrator: looks at it in pieces, changes many rows in slices between others' work.
 *
 * While somebody looks, mail goes on: a row that is tried meanwhile may be seen twice or not at all.
 *
 * @module
 */
import { normalForm } from "../address/domain.ts";
import { parseMailbox, printMailbox } from "../address/mailbox.ts";
import { type Bytes, MiB } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { Refused } from "../base/errors.ts";
import { accountNamed, nameOfAccount } from "../store/accounts.ts";
import { turn } from "../store/connection.ts";
import { addHoldRule, holdRules, removeHoldRule } from "../store/hold_rules.ts";
import type { Work } from "../store/query.ts";
import {
  accountWithSuppressions,
  changedAtOnce,
  chooseTransport,
  dropLater,
  holdRows,
  lastAttempt,
  type QueueCandidate,
  requireTlsOf,
  retiredBelow,
  scheduleRows,
  shownRows,
  suppressedAfter,
} from "../store/queue_admin_rows.ts";
import { retire } from "../store/queue_retired.ts";
import { type QueueRow, queueRow, removeQueued } from "../store/queue_rows.ts";
import type { Store } from "../store/store.ts";
import { addSuppression, removeSuppression } from "../store/suppressions.ts";
import type { Transaction } from "../store/transaction.ts";
import type { RowEnding } from "./conclude.ts";
import type { Ending } from "./consequences.ts";
import { domainOf, type HoldRule, isHeldBy } from "./hold_rules.ts";
import { messagePieces } from "./message_pieces.ts";
import {
  type Ended,
  type HoldRuleRow,
  maxListed,
  type QueueAdmin,
  type QueuedRecipient,
  type QueueFilter,
  type RetiredRecipient,
  type SuppressionRow,
} from "./queue_admin.ts";
import { type CheckedFilter, checkFilter, isMeantOnceDone } from "./queue_filter.ts";
import { changeMeant, idsMeant, meant } from "./queue_selection.ts";
import { shownQueued, shownRetired } from "./queue_shown.ts";
import { suppressionKey } from "./suppression.ts";

/** Messages that are given up side by side: their notices share a commit. */
const givenUpAtOnce = 16;

/** Characters of the reason of a suppressed address. */
export const maxReason = 1000;

/** What the service is handed. */
export interface QueueAdminParts {
  readonly store: Store;
  /** Gives up recipients of one message, and tells the sender. */
  readonly giveUp: (endings: readonly RowEnding[]) => Promise<void>;
  /** Whether the configuration has a transport. */
  readonly hasTransport: (name: string) => boolean;
  /** As `ConcludeParts.keepRetiredMs`. */
  readonly keepRetiredMs: (accountId: number) => number;
  /** Whether a recipient is being worked on. */
  readonly isLeased: (id: number, domain: string) => boolean;
  /** Whether anything to a domain is. */
  readonly isBusy: (domain: string) => boolean;
  /** Called when what is due may have changed. @param afresh Somebody has said when: what failed may work now. */
  readonly changed: (afresh: boolean) => void;
}

/** Outgoing mail, for an administrator. */
export class QueueAdminService implements QueueAdmin {
  readonly #parts: QueueAdminParts;
  readonly #store: Store;

  constructor(parts: QueueAdminParts) {
    this.#parts = parts;
    this.#store = parts.store;
  }

  async *list({ filter }: { readonly filter: QueueFilter }): AsyncGenerator<readonly QueuedRecipient[]> {
    for await (const rows of meant(this.#store, this.#checked(filter))) {
      for (let at = 0; at < rows.length;) {
        const piece: QueuedRecipient[] = [];
        // Texts of other hosts can be long: a piece ends with its rows or its octets.
        for (let bytes = 0; at < rows.length && piece.length < maxListed && bytes < MiB; at += 25) {
          for (const row of this.#store.read(shownRows(rows.slice(at, at + 25).map(({ id }) => id)))) {
            const { id, domain } = row;
            const underWay = { leased: this.#parts.isLeased(id, domain), busy: this.#parts.isBusy(domain) };
            piece.push(shownQueued(row, this.#nameOf(row.account_id), underWay, this.#store.clock.now()));
            bytes += row.results.length;
          }
        }
        yield piece;
        await turn();
      }
    }
  }

  async hold({ filter, hold }: { readonly filter: QueueFilter; readonly hold: boolean }): Promise<number> {
    const checked = this.#checked(filter);
    if (checked.hold === hold) return 0;
    // Only those of whom it is not true yet.
    return await this.#change({ ...checked, hold: !hold }, (rows) => holdRows(rows, hold));
  }

  async schedule(
    { filter, at, delayMs }: {
      readonly filter: QueueFilter;
      readonly at: Millis | null;
      readonly delayMs: number;
    },
  ): Promise<number> {
    const times = at === null ? [delayMs] : [at];
    if (!times.every(Number.isSafeInteger)) throw new Refused("badRequest", "no time to schedule at");
    const later = (due: Millis) => Math.min(Math.max(due, 0), latestMs);
    const rescheduled = await changeMeant(
      this.#store,
      this.#checked(filter),
      (rows) => scheduleRows(rows, ({ due }) => later(at ?? due + delayMs)),
    );
    this.#parts.changed(true);
    return rescheduled;
  }

  async transport(
    { filter, transport }: { readonly filter: QueueFilter; readonly transport: string },
  ): Promise<number> {
    if (transport !== "" && !this.#parts.hasTransport(transport)) {
      throw new Refused("badRequest", `the configuration has no transport ${transport}`);
    }
    return await this.#change(this.#checked(filter), (rows) => chooseTransport(rows, transport));
  }

  async requireTls(
    { filter, requireTls }: { readonly filter: QueueFilter; readonly requireTls: boolean | null },
  ): Promise<number> {
    return await this.#change(this.#checked(filter), (rows) => requireTlsOf(rows, requireTls));
  }

  async fail({ filter }: { readonly filter: QueueFilter }): Promise<Ended> {
    let [ended, underWay] = [0, 0];
    const ids = await idsMeant(this.#store, this.#checked(filter));
    for (let at = 0; at < ids.length; at += changedAtOnce) {
      const rows = this.#stillThere(ids.slice(at, at + changedAtOnce));
      const idle = await this.#notBusy(rows);
      const messages = messagesOf(idle);
      for (let i = 0; i < messages.length; i += givenUpAtOnce) {
        await Promise.all(
          messages.slice(i, i + givenUpAtOnce).map((message) =>
            this.#parts.giveUp(message.map((row) => ({ row, ending: byHand })))
          ),
        );
      }
      ended += idle.length;
      underWay += this.#stillThere(rows.map(({ id }) => id)).length;
      await turn();
    }
    this.#parts.changed(false);
    return { ended, underWay };
  }

  async drop({ filter }: { readonly filter: QueueFilter }): Promise<Ended> {
    let underWay = 0;
    const count = await this.#change(
      this.#checked(filter),
      (rows, tx) => this.#dropRows(rows, tx, (n) => underWay += n),
    );
    return { ended: count - underWay, underWay };
  }

  async *dump({ id }: { readonly id: number }): AsyncGenerator<Bytes> {
    yield* messagePieces(this.#store, this.#store.read(queueRow(id)));
  }

  holdRules(_request: Record<string, never>): Promise<readonly HoldRuleRow[]> {
    const rows = this.#store.read(holdRules());
    return Promise.resolve(rows.map((row) => ({
      id: row.id,
      account: this.#nameOf(row.account_id),
      senderDomain: row.sender_domain,
      recipientDomain: row.recipient_domain,
      created: row.created,
    })));
  }

  async addHoldRule(
    request: { readonly account: string; readonly senderDomain: string; readonly recipientDomain: string },
  ): Promise<{ readonly id: number; readonly held: number }> {
    const rule: HoldRule = {
      accountId: request.account === "" ? 0 : this.#accountId(request.account),
      senderDomain: ruleDomain(request.senderDomain),
      recipientDomain: ruleDomain(request.recipientDomain),
    };
    const columns = {
      account_id: rule.accountId,
      sender_domain: rule.senderDomain,
      recipient_domain: rule.recipientDomain,
    };
    // The rule first: what comes in while the others are looked through is held by it.
    const id = await this.#store.writer.run((tx) => addHoldRule(columns, tx.now));
    const matching = { ...everything, hold: false };
    const held = await this.#change(matching, (rows) => holdRows(rows, true), (row) =>
      isHeldBy(rule, {
        accountId: row.account_id,
        senderDomain: domainOf(row.sender),
        recipientDomain: row.domain,
      }));
    return { id, held };
  }

  async removeHoldRule({ id }: { readonly id: number }): Promise<boolean> {
    return await this.#store.writer.run(() => removeHoldRule(id));
  }

  async *retired({ filter }: { readonly filter: QueueFilter }): AsyncGenerator<readonly RetiredRecipient[]> {
    const checked = this.#checked(filter);
    let left = checked.max;
    for (let id = Number.MAX_SAFE_INTEGER; left > 0;) {
      const rows = this.#store.read(retiredBelow(id));
      if (rows.length === 0) return;
      id = rows.at(-1)?.id ?? 0;
      const piece = rows.filter((row) => isMeantOnceDone(checked, row)).slice(0, left);
      left -= piece.length;
      if (piece.length > 0) yield piece.map((row) => shownRetired(row, this.#nameOf(row.account_id)));
      await turn();
    }
  }

  async *suppressions(
    { account }: { readonly account: string | null },
  ): AsyncGenerator<readonly SuppressionRow[]> {
    const only = account === null ? null : this.#accountId(account);
    let accountId = only ?? this.#store.read(accountWithSuppressions(0));
    for (let address = ""; accountId !== null;) {
      const rows = this.#store.read(suppressedAfter(accountId, address));
      const name = this.#nameOf(accountId);
      if (rows.length > 0) {
        yield rows.map(({ address, original, automatic, reason, created }) => ({
          account: name,
          address,
          original,
          automatic: automatic === 1,
          reason,
          created,
        }));
        address = rows.at(-1)?.address ?? "";
      } else {
        accountId = only === null ? this.#store.read(accountWithSuppressions(accountId)) : null;
        address = "";
      }
      await turn();
    }
  }

  async suppress(
    { account, address, reason }: {
      readonly account: string;
      readonly address: string;
      readonly reason: string;
    },
  ): Promise<void> {
    const accountId = this.#accountId(account);
    const parsed = suppressible(address);
    await this.#store.writer.run((tx) =>
      addSuppression(accountId, {
        address: suppressionKey(parsed),
        original: printMailbox(parsed),
        automatic: false,
        reason: reason.slice(0, maxReason),
        created: tx.now,
      })
    );
  }

  async unsuppress(
    { account, address }: { readonly account: string; readonly address: string },
  ): Promise<boolean> {
    const accountId = this.#accountId(account);
    const key = suppressionKey(suppressible(address));
    return await this.#store.writer.run(() => removeSuppression(accountId, key));
  }

  #checked(filter: QueueFilter): CheckedFilter {
    return checkFilter(filter, (name) => this.#store.read(accountNamed(name))?.id);
  }

  /** @throws {Refused} `badRequest` */
  #accountId(name: string): number {
    const id = this.#store.read(accountNamed(name))?.id;
    if (id === undefined) throw new Refused("badRequest", `there is no account ${name}`);
    return id;
  }

  /** Empty for the server's own. */
  #nameOf(accountId: number): string {
    return accountId === 0 ? "" : this.#store.read(nameOfAccount(accountId)) ?? `#${accountId}`;
  }

  async #change(
    filter: CheckedFilter,
    apply: (rows: readonly QueueCandidate[], tx: Transaction) => Work<void>,
    also?: (row: QueueCandidate) => boolean,
  ): Promise<number> {
    const count = await changeMeant(this.#store, filter, apply, also);
    this.#parts.changed(false);
    return count;
  }

  /** What is being sent may arrive at this moment, and shall not have been dropped then: it goes when that has ended. */
  *#dropRows(
    rows: readonly QueueCandidate[],
    tx: Transaction,
    countBusy: (count: number) => void,
  ): Work<void> {
    const busy = rows.filter(({ id, domain }) => this.#parts.isLeased(id, domain));
    yield* dropLater(busy);
    countBusy(busy.length);
    for (const { id } of rows.filter((row) => !busy.includes(row))) {
      const row = yield* removeQueued(id);
      yield* this.#store.bodies.dropUnused(tx, row.body_id, true);
      const keepMs = this.#parts.keepRetiredMs(row.account_id);
      if (keepMs === 0) continue;
      const { results } = row;
      yield* retire(row, { outcome: "dropped", results, now: tx.now, keepUntil: tx.now + keepMs });
    }
  }

  /**
   * Those that nobody works on. The others may arrive at this moment, and nobody shall be told that they did not: for them
   * it is the last attempt, and what comes of it is told.
   */
  async #notBusy(rows: readonly QueueRow[]): Promise<readonly QueueRow[]> {
    const isBusy = ({ id, domain }: QueueRow) => this.#parts.isLeased(id, domain);
    const busy = rows.filter(isBusy).map(({ id }) => id);
    if (busy.length === 0) return rows;
    await this.#store.writer.run(() => lastAttempt(busy));
    // Whose attempt has ended meanwhile, and who waits all the same, is given up as the others are.
    return this.#stillThere(rows.map(({ id }) => id)).filter((row) => !isBusy(row));
  }

  #stillThere(ids: readonly number[]): QueueRow[] {
    return ids.flatMap((id) => {
      try {
        return [this.#store.read(queueRow(id))];
      } catch (error) {
        if (error instanceof Refused && error.reason === "expunged") return [];
        throw error;
      }
    });
  }
}

/** Recipients of one message to whom a notice is about the same. */
function messagesOf(rows: readonly QueueRow[]): QueueRow[][] {
  return [
    ...Map.groupBy(
      rows,
      ({ base_id, account_id, sender }) => JSON.stringify([base_id, account_id, sender]),
    ).values(),
  ];
}

/** Nothing is tried later than this: the year 5138. */
const latestMs = 100_000_000_000_000;

/** Why what an administrator gives up has failed. */
const byHand: Ending = {
  outcome: "failed",
  status: "5.0.0",
  text: "The administrator of this server has stopped trying to deliver it.",
};

const everything: CheckedFilter = {
  ids: null,
  accountId: null,
  from: null,
  to: null,
  hold: null,
  submitted: { from: null, until: null },
  nextAttempt: { from: null, until: null },
  transport: null,
  max: Number.MAX_SAFE_INTEGER,
};

/** @throws {Refused} `badRequest` */
function ruleDomain(text: string): string {
  const domain = text === "" || text.startsWith("[") ? text : normalForm(text);
  if (domain === null) throw new Refused("badRequest", `${JSON.stringify(text)} is no domain`);
  return domain;
}

/** @throws {Refused} `badRequest` */
function suppressible(address: string) {
  try {
    return parseMailbox(address);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Refused("badRequest", `${JSON.stringify(address)} is no address`, error);
  }
}
