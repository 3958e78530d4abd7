/**
 * What accounts and mailboxes count: messages, octets, UIDs, MODSEQ.
 *
 * Every message changes these numbers, so within a transaction of the writer they are read once, changed here, and
 * written once before COMMIT, however many messages the group brings. The writer keeps that from being seen: before any
 * other query that names `accounts` or `mailboxes` it writes what is changed, and after one that changes those tables
 * it forgets what it holds (`writer.ts`). A rollback forgets it as well.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import { deleted, seen } from "../imap/flags.ts";
import { one, prepared, run, type Work } from "./query.ts";

/** The greatest UID. RFC 9051 2.3.1.1 */
export const maxUid = 0xffffffff;

/** How the counts of a mailbox change. */
export class CountChange {
  messages = 0;
  unseen = 0;
  deleted = 0;
  bytes = 0;
  deletedBytes = 0;

  /** Messages with these flags come (`by` 1) or go (-1). */
  add(bits: number, size: number, by: 1 | -1): void {
    this.messages += by;
    this.bytes += by * size;
    this.#flags(bits, size, by);
  }

  /** A message's flags become others. */
  reflag(before: number, after: number, size: number): void {
    this.#flags(before, size, -1);
    this.#flags(after, size, 1);
  }

  #flags(bits: number, size: number, by: 1 | -1): void {
    if ((bits & seen) === 0) this.unseen += by;
    if ((bits & deleted) === 0) return;
    this.deleted += by;
    this.deletedBytes += by * size;
  }
}

/** What is held of an account. */
interface Account {
  readonly id: number;
  readonly name: string;
  modseq: number;
  bytes: number;
  readonly max_bytes: number | null;
  messages: number;
  readonly max_messages: number | null;
}

/** What is held of a mailbox. */
interface Mailbox {
  readonly id: number;
  readonly account_id: number;
  readonly name: string;
  readonly uid_validity: number;
  uid_next: number;
  highest_modseq: number;
  messages: number;
  unseen: number;
  deleted: number;
  bytes: number;
  deleted_bytes: number;
}

/** An account, as it counts now. */
export type CountedAccount = Readonly<Account>;
/** A mailbox, as it counts now. */
export type CountedMailbox = Readonly<Mailbox>;

const accountColumns = ["id", "name", "modseq", "bytes", "max_bytes", "messages", "max_messages"] as const;

const mailboxColumns = [
  "id",
  "account_id",
  "name",
  "uid_validity",
  "uid_next",
  "highest_modseq",
  "messages",
  "unseen",
  "deleted",
  "bytes",
  "deleted_bytes",
] as const;

// Only rows that are not held are read by these, and what is held of others does not matter to them.
const beside = { besideCounts: true } as const;

const accountById = prepared(
  (db, p: { id: number }) => db.selectFrom("accounts").select(accountColumns).where("id", "=", p.id),
  beside,
);

const accountByName = prepared(
  (db, p: { name: string }) => db.selectFrom("accounts").select(accountColumns).where("name", "=", p.name),
  beside,
);

const mailboxById = prepared(
  (db, p: { accountId: number; id: number }) =>
    db.selectFrom("mailboxes").select(mailboxColumns).where("id", "=", p.id)
      .where("account_id", "=", p.accountId),
  beside,
);

const mailboxByName = prepared(
  (db, p: { accountId: number; name: string }) =>
    db.selectFrom("mailboxes").select(mailboxColumns).where("account_id", "=", p.accountId)
      .where("name", "=", p.name),
  beside,
);

const writeAccount = prepared(
  (db, p: { id: number; modseq: number; bytes: number; messages: number }) =>
    db.updateTable("accounts").set({ modseq: p.modseq, bytes: p.bytes, messages: p.messages })
      .where("id", "=", p.id),
  beside,
);

const writeMailbox = prepared((
  db,
  p: {
    id: number;
    uid_next: number;
    highest_modseq: number;
    messages: number;
    unseen: number;
    deleted: number;
    bytes: number;
    deleted_bytes: number;
  },
) =>
  db.updateTable("mailboxes").set({
    uid_next: p.uid_next,
    highest_modseq: p.highest_modseq,
    messages: p.messages,
    unseen: p.unseen,
    deleted: p.deleted,
    bytes: p.bytes,
    deleted_bytes: p.deleted_bytes,
  }).where("id", "=", p.id), beside);

/** The counts that one transaction of the writer has read and changed. */
export class Counts {
  readonly #accounts = new Map<number, Account>();
  readonly #accountsByName = new Map<string, Account>();
  readonly #mailboxes = new Map<number, Mailbox>();
  readonly #mailboxesByName = new Map<string, Mailbox>();
  readonly #changedAccounts = new Set<Account>();
  readonly #changedMailboxes = new Set<Mailbox>();
  #changes = 0;

  /** How often anything was changed. */
  get changes(): number {
    return this.#changes;
  }

  /** The account of that name, or undefined. */
  *accountNamed(name: string): Work<CountedAccount | undefined> {
    return this.#accountsByName.get(name) ?? this.#holdAccount(yield* one(accountByName, { name }));
  }

  /** The mailbox, or undefined. */
  *mailbox(accountId: number, id: number): Work<CountedMailbox | undefined> {
    return yield* this.#mailbox(accountId, id);
  }

  /** The account's mailbox of that name, or undefined. */
  *mailboxNamed(accountId: number, name: string): Work<CountedMailbox | undefined> {
    return this.#mailboxesByName.get(`${accountId}/${name}`) ??
      this.#holdMailbox(yield* one(mailboxByName, { accountId, name }));
  }

  /**
   * Takes the account's next MODSEQ, for one change; they only grow. RFC 7162 3.1
   *
   * @throws {Refused} `noPermission` if the account is gone.
   */
  *takeModSeq(accountId: number): Work<number> {
    const account = yield* this.#account(accountId);
    this.#change(account);
    return ++account.modseq;
  }

  /**
   * Takes a mailbox's next `count` UIDs; returns the first. UIDs only grow. RFC 9051 2.3.1.1
   *
   * @throws {Refused} `noSuchMailbox`; `tooMany` when there are no more.
   */
  *takeUids(accountId: number, mailboxId: number, count: number): Work<number> {
    const mailbox = yield* this.#existing(accountId, mailboxId);
    const first = mailbox.uid_next;
    if (first + count > maxUid) throw new Refused("tooMany", "the mailbox has no more UIDs");
    mailbox.uid_next += count;
    this.#change(mailbox);
    return first;
  }

  /**
   * @throws {Refused} `overQuota` if so many octets and messages more do not fit in the account; `noPermission` if it is
   * gone.
   */
  *checkQuota(accountId: number, more: number, moreMessages: number): Work<void> {
    const { bytes, max_bytes, messages, max_messages } = yield* this.#account(accountId);
    if (max_messages !== null && messages + moreMessages > max_messages) {
      throw new Refused("overQuota", `${messages} and ${moreMessages} more messages, of ${max_messages}`);
    }
    if (max_bytes !== null && bytes + more > max_bytes) {
      throw new Refused("overQuota", `${bytes} and ${more} more octets, of ${max_bytes}`);
    }
  }

  /** Counts what a change with this MODSEQ did to a mailbox and its account. @throws {Refused} `noSuchMailbox` */
  *apply(accountId: number, mailboxId: number, modseq: number, change: CountChange): Work<void> {
    const mailbox = yield* this.#existing(accountId, mailboxId);
    mailbox.highest_modseq = Math.max(mailbox.highest_modseq, modseq);
    mailbox.messages += change.messages;
    mailbox.unseen += change.unseen;
    mailbox.deleted += change.deleted;
    mailbox.bytes += change.bytes;
    mailbox.deleted_bytes += change.deletedBytes;
    this.#change(mailbox);
    if (change.bytes === 0 && change.messages === 0) return;
    const account = yield* this.#account(accountId);
    account.bytes += change.bytes;
    account.messages += change.messages;
    this.#change(account);
  }

  /** Writes what was changed. */
  *flush(): Work<void> {
    for (const account of this.#changedAccounts) yield* run(writeAccount, account);
    for (const mailbox of this.#changedMailboxes) yield* run(writeMailbox, mailbox);
    this.#changedAccounts.clear();
    this.#changedMailboxes.clear();
  }

  /** Forgets everything: what was not written is lost. */
  forget(): void {
    this.#accounts.clear();
    this.#accountsByName.clear();
    this.#mailboxes.clear();
    this.#mailboxesByName.clear();
    this.#changedAccounts.clear();
    this.#changedMailboxes.clear();
  }

  *#account(id: number): Work<Account> {
    const account = this.#accounts.get(id) ?? this.#holdAccount(yield* one(accountById, { id }));
    if (account === undefined) throw new Refused("noPermission", `account ${id} is gone`);
    return account;
  }

  *#mailbox(accountId: number, id: number): Work<Mailbox | undefined> {
    const held = this.#mailboxes.get(id) ?? this.#holdMailbox(yield* one(mailboxById, { accountId, id }));
    return held?.account_id === accountId ? held : undefined;
  }

  *#existing(accountId: number, id: number): Work<Mailbox> {
    const mailbox = yield* this.#mailbox(accountId, id);
    if (mailbox === undefined) throw new Refused("noSuchMailbox", `no mailbox ${id} in account ${accountId}`);
    return mailbox;
  }

  /** Holds a row that was read, unless it is held already: then what is held is newer. */
  #holdAccount(row: Account | undefined): Account | undefined {
    if (row === undefined) return undefined;
    const account = this.#accounts.get(row.id) ?? row;
    this.#accounts.set(account.id, account);
    this.#accountsByName.set(account.name, account);
    return account;
  }

  #holdMailbox(row: Mailbox | undefined): Mailbox | undefined {
    if (row === undefined) return undefined;
    const mailbox = this.#mailboxes.get(row.id) ?? row;
    this.#mailboxes.set(mailbox.id, mailbox);
    this.#mailboxesByName.set(`${mailbox.account_id}/${mailbox.name}`, mailbox);
    return mailbox;
  }

  #change(row: Account | Mailbox): void {
    this.#changes++;
    if ("uid_next" in row) this.#changedMailboxes.add(row);
    else this.#changedAccounts.add(row);
  }
}
