/**
 * Accounts: making them, finding them, their quota.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import { newObjectId } from "./object_id.ts";
import { many, one, prepared, run, type Work } from "./query.ts";
import type { Transaction } from "./transaction.ts";

/** A mailbox that a new account begins with. */
export interface FirstMailbox {
  readonly name: string;
  /** As RFC 6154 spells it; empty for none. */
  readonly specialUse: string;
}

/** What every account begins with, unless its administrator says otherwise. */
export const usualMailboxes: readonly FirstMailbox[] = [
  { name: "Inbox", specialUse: "" },
  { name: "Archive", specialUse: "\\Archive" },
  { name: "Drafts", specialUse: "\\Drafts" },
  { name: "Junk", specialUse: "\\Junk" },
  { name: "Sent", specialUse: "\\Sent" },
  { name: "Trash", specialUse: "\\Trash" },
];

/** The row of an account. */
export interface AccountRow {
  readonly id: number;
  readonly object_id: string;
  readonly name: string;
  readonly modseq: number;
  readonly bytes: number;
  readonly max_bytes: number | null;
  readonly messages: number;
  readonly max_messages: number | null;
  readonly login_disabled: string | null;
  readonly created: number;
}

const accountColumns = [
  "id",
  "object_id",
  "name",
  "modseq",
  "bytes",
  "max_bytes",
  "messages",
  "max_messages",
  "login_disabled",
  "created",
] as const;

const byName = prepared((db, p: { name: string }) =>
  db.selectFrom("accounts").select(accountColumns).where("name", "=", p.name)
);

const byId = prepared((db, p: { id: number }) =>
  db.selectFrom("accounts").select(accountColumns).where("id", "=", p.id)
);

const nameById = prepared(
  (db, p: { id: number }) => db.selectFrom("accounts").select("name").where("id", "=", p.id),
  { besideCounts: true },
);

/** The name of an account, or undefined. */
export function* nameOfAccount(id: number): Work<string | undefined> {
  return (yield* one(nameById, { id }))?.name;
}

/** Whether so many octets, and a message more, are within an account's quota; not if there is no such account. */
export function* hasRoom(id: number, bytes: number): Work<boolean> {
  const row = yield* one(byId, { id });
  return row !== undefined && (row.max_bytes === null || row.bytes + bytes <= row.max_bytes) &&
    (row.max_messages === null || row.messages < row.max_messages);
}

const after = prepared((db, p: { id: number; limit: number }) =>
  db.selectFrom("accounts").select(accountColumns).where("id", ">", p.id).orderBy("id").limit(p.limit)
);

const insertAccount = prepared((
  db,
  p: {
    objectId: string;
    name: string;
    uidValidity: number;
    maxBytes: number | null;
    maxMessages: number | null;
    now: number;
  },
) =>
  db.insertInto("accounts").values({
    object_id: p.objectId,
    name: p.name,
    modseq: 1,
    uid_validity: p.uidValidity,
    bytes: 0,
    max_bytes: p.maxBytes,
    max_messages: p.maxMessages,
    login_disabled: null,
    created: p.now,
  })
);

const insertMailbox = prepared((
  db,
  p: { accountId: number; objectId: string; name: string; specialUse: string; uidValidity: number },
) =>
  db.insertInto("mailboxes").values({
    account_id: p.accountId,
    object_id: p.objectId,
    name: p.name,
    special_use: p.specialUse,
    uid_validity: p.uidValidity,
    uid_next: 1,
    highest_modseq: 1,
    createseq: 1,
    history_from: 0,
    recent_uid: 1,
    messages: 0,
    unseen: 0,
    deleted: 0,
    bytes: 0,
    deleted_bytes: 0,
  })
);

const subscribe = prepared((db, p: { accountId: number; name: string }) =>
  db.insertInto("subscriptions").values({ account_id: p.accountId, name: p.name })
);

const setLimits = prepared((db, p: { id: number; maxBytes: number | null; maxMessages: number | null }) =>
  db.updateTable("accounts").set({ max_bytes: p.maxBytes, max_messages: p.maxMessages }).where(
    "id",
    "=",
    p.id,
  )
);

const setLoginDisabled = prepared((db, p: { id: number; text: string | null }) =>
  db.updateTable("accounts").set({ login_disabled: p.text }).where("id", "=", p.id)
);

/** The account of that name, or undefined. */
export function* accountNamed(name: string): Work<AccountRow | undefined> {
  return yield* one(byName, { name });
}

/** The account, or undefined. */
export function* accountWithId(id: number): Work<AccountRow | undefined> {
  return yield* one(byId, { id });
}

/** Accounts by id, from behind `id` on, at most `limit`. */
export function* accountsAfter(id: number, limit: number): Work<AccountRow[]> {
  return yield* many(after, { id, limit });
}

/**
 * A new account with its first mailboxes, which are subscribed to. UIDVALIDITY begins with the time in seconds, so
 * that an account made anew under an old name has none of the old values.
 *
 * @param settings `maxBytes` and `maxMessages` are the quota, null for none.
 * @returns The account's id.
 * @throws {Refused} `badName` if the name is taken.
 */
export function* createAccount(
  tx: Transaction,
  settings: {
    name: string;
    maxBytes: number | null;
    maxMessages?: number | null;
    mailboxes?: readonly FirstMailbox[];
  },
): Work<number> {
  const { name, maxBytes, maxMessages = null, mailboxes = usualMailboxes } = settings;
  if ((yield* one(byName, { name })) !== undefined) {
    throw new Refused("badName", `there is an account named ${name}`);
  }
  const first = Math.floor(tx.now / 1000);
  const { insertedId: accountId } = yield* run(insertAccount, {
    objectId: newObjectId(),
    name,
    uidValidity: first + mailboxes.length - 1,
    maxBytes,
    maxMessages,
    now: tx.now,
  });
  for (const [i, mailbox] of mailboxes.entries()) {
    yield* run(insertMailbox, {
      accountId,
      objectId: newObjectId(),
      name: mailbox.name,
      specialUse: mailbox.specialUse,
      uidValidity: first + i,
    });
    yield* run(subscribe, { accountId, name: mailbox.name });
  }
  tx.listChanged(accountId);
  return accountId;
}

/** Sets the quota (null for none). What is over it stays; nothing more comes in. */
export function* setQuota(
  id: number,
  maxBytes: number | null,
  maxMessages: number | null = null,
): Work<void> {
  yield* run(setLimits, { id, maxBytes, maxMessages });
}

/** Why signing in is refused from now on, or null to allow it. */
export function* disableLogin(id: number, text: string | null): Work<void> {
  yield* run(setLoginDisabled, { id, text });
}
