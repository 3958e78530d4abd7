/**
 * The list of an account's mailboxes: making, renaming, subscribing, as store functions.
 *
 * RFC 9051 6.3.4 to 6.3.9, RFC 6154 (special uses), RFC 8474 4.1 (mailbox ids). Every mailbox can be selected, so none is
 * \Noselect: parents are made, and one that has children is not deleted.
 *
 * Tested by `src/accounts/mail_store_test.ts`.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import { newObjectId } from "../store/object_id.ts";
import { literal, many, one, prepared, run, type Work } from "../store/query.ts";
import { type SpecialUse, specialUses } from "./mail.ts";
import type { AccountWork } from "./mail_access.ts";
import { dropSharing, inheritRights, tellGrantees } from "./mail_acl_rows.ts";
import {
  anyMailboxName,
  inbox,
  isBelow,
  mailboxName,
  mailboxNameOrNull,
  parentsOf,
  separator,
  sharedName,
  splitSharedName,
} from "./mail_names.ts";

export type { AccountWork };

/** Most mailboxes of one account. */
export const maxMailboxes = 10_000;

/** Most names that one account is subscribed to, those of mailboxes that are gone included. */
export const maxSubscriptions = 20_000;

/** The row of a mailbox. */
export interface MailboxRow {
  readonly id: number;
  readonly object_id: string;
  readonly name: string;
  readonly special_use: string;
  readonly uid_validity: number;
  readonly uid_next: number;
  readonly highest_modseq: number;
  readonly history_from: number;
  readonly recent_uid: number;
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly bytes: number;
  readonly deleted_bytes: number;
}

export const mailboxColumns = [
  "id",
  "object_id",
  "name",
  "special_use",
  "uid_validity",
  "uid_next",
  "highest_modseq",
  "history_from",
  "recent_uid",
  "messages",
  "unseen",
  "deleted",
  "bytes",
  "deleted_bytes",
] as const;

export const allMailboxes = prepared((db, p: { accountId: number }) =>
  db.selectFrom("mailboxes").select(mailboxColumns).where("account_id", "=", p.accountId).orderBy("name")
);

export const mailboxByName = prepared((db, p: { accountId: number; name: string }) =>
  db.selectFrom("mailboxes").select(mailboxColumns)
    .where("account_id", "=", p.accountId).where("name", "=", p.name)
);

const mailboxById = prepared((db, p: { accountId: number; id: number }) =>
  db.selectFrom("mailboxes").select(mailboxColumns).where("id", "=", p.id).where(
    "account_id",
    "=",
    p.accountId,
  )
);

/** Names are compared by octets, in which `0` follows the separator. */
const mailboxesBetween = prepared((db, p: { accountId: number; from: string; below: string }) =>
  db.selectFrom("mailboxes").select(["id", "name"])
    .where("account_id", "=", p.accountId).where("name", ">", p.from).where("name", "<", p.below).orderBy(
      "name",
    )
);

const firstBetween = prepared((db, p: { accountId: number; from: string; below: string }) =>
  db.selectFrom("mailboxes").select("id")
    .where("account_id", "=", p.accountId).where("name", ">", p.from).where("name", "<", p.below).limit(
      literal(1),
    )
);

const mailboxesWithUse = prepared((db, p: { accountId: number }) =>
  db.selectFrom("mailboxes").select(["id", "special_use"])
    .where("account_id", "=", p.accountId).where("special_use", "<>", "")
);

const countMailboxes = prepared((db, p: { accountId: number }) =>
  db.selectFrom("mailboxes").select((eb) => eb.fn.countAll<number>().as("n")).where(
    "account_id",
    "=",
    p.accountId,
  )
);

const insertMailbox = prepared((
  db,
  p: { accountId: number; objectId: string; name: string; use: string; uidValidity: number; modseq: number },
) =>
  db.insertInto("mailboxes").values({
    account_id: p.accountId,
    object_id: p.objectId,
    name: p.name,
    special_use: p.use,
    uid_validity: p.uidValidity,
    uid_next: 1,
    highest_modseq: p.modseq,
    createseq: p.modseq,
    history_from: 0,
    recent_uid: 1,
    messages: 0,
    unseen: 0,
    deleted: 0,
    bytes: 0,
    deleted_bytes: 0,
  })
);

const setUse = prepared((db, p: { id: number; use: string; modseq: number }) =>
  db.updateTable("mailboxes").set({ special_use: p.use, highest_modseq: p.modseq }).where("id", "=", p.id)
);

const setName = prepared((db, p: { id: number; name: string; modseq: number }) =>
  db.updateTable("mailboxes").set({ name: p.name, highest_modseq: p.modseq }).where("id", "=", p.id)
);

const deleteMailbox = prepared((db, p: { id: number }) => db.deleteFrom("mailboxes").where("id", "=", p.id));

const deleteKeywords = prepared((db, p: { accountId: number; mailboxId: number }) =>
  db.deleteFrom("mailbox_keywords").where("account_id", "=", p.accountId).where(
    "mailbox_id",
    "=",
    p.mailboxId,
  )
);

const nextUidValidity = prepared((db, p: { accountId: number }) =>
  db.updateTable("accounts").set((eb) => ({ uid_validity: eb("uid_validity", "+", 1) }))
    .where("id", "=", p.accountId).returning("uid_validity")
);

export const isSubscribed = prepared((db, p: { accountId: number; name: string }) =>
  db.selectFrom("subscriptions").select("name").where("account_id", "=", p.accountId).where(
    "name",
    "=",
    p.name,
  )
);

const countSubscriptions = prepared((db, p: { accountId: number }) =>
  db.selectFrom("subscriptions").select((eb) => eb.fn.countAll<number>().as("n"))
    .where("account_id", "=", p.accountId)
);

const addSubscription = prepared((db, p: { accountId: number; name: string }) =>
  db.insertInto("subscriptions").values({ account_id: p.accountId, name: p.name })
    .onConflict((conflict) => conflict.doNothing())
);

const removeSubscription = prepared((db, p: { accountId: number; name: string }) =>
  db.deleteFrom("subscriptions").where("account_id", "=", p.accountId).where("name", "=", p.name)
);

/** The mailbox of a name in its one spelling, or null. */
export function* mailboxOfName(accountId: number, name: string): Work<MailboxRow | null> {
  return (yield* one(mailboxByName, { accountId, name })) ?? null;
}

/** All mailboxes below one. */
export function* mailboxesBelow(accountId: number, name: string): Work<{ id: number; name: string }[]> {
  return yield* many(mailboxesBetween, { accountId, ...childrenOf(name) });
}

/** Subscribes to a name, if the account has room for another. */
export function* subscribeIfRoom({ accountId, tx }: AccountWork, name: string): Work<void> {
  if ((yield* roomForSubscriptions(accountId)) <= 0) return;
  yield* run(addSubscription, { accountId, name });
  tx.listChanged(accountId);
}

/** The mailbox, or null if it is gone. */
export function* mailboxOrNull(accountId: number, id: number): Work<MailboxRow | null> {
  return (yield* one(mailboxById, { accountId, id })) ?? null;
}

/** @throws {Refused} `noSuchMailbox` */
export function* mailboxWithId(accountId: number, id: number): Work<MailboxRow> {
  const row = yield* one(mailboxById, { accountId, id });
  if (row === undefined) throw new Refused("noSuchMailbox", `no mailbox ${id}`);
  return row;
}

/** @throws {Refused} `noSuchMailbox`, also for what cannot be a name. */
export function* mailboxNamed(accountId: number, given: string): Work<MailboxRow> {
  const name = mailboxNameOrNull(given);
  const row = name === null ? undefined : yield* one(mailboxByName, { accountId, name });
  if (row === undefined) throw new Refused("noSuchMailbox", "no mailbox of that name");
  return row;
}

export function usesOf(stored: string): SpecialUse[] {
  const words = stored.split(" ");
  return specialUses.filter((use) => words.includes(use));
}

/** `Mail.create`. A special use is taken from the mailbox that had it: each has one place. RFC 6154 3 */
export function* createMailbox(
  work: AccountWork,
  request: { readonly name: string; readonly specialUse: readonly SpecialUse[] },
): Work<MailboxRow> {
  const { accountId } = work;
  const name = mailboxName(request.name);
  if (request.specialUse.some((use) => !specialUses.includes(use))) {
    throw new Refused("badRequest", "no such special use");
  }
  if (name === inbox && request.specialUse.length > 0) {
    throw new Refused("notPermitted", "the inbox has its use");
  }
  if ((yield* one(mailboxByName, { accountId, name })) !== undefined) {
    throw new Refused("mailboxExists", "a mailbox of that name exists");
  }
  const missing = yield* missingAbove(accountId, name);
  const modseq = yield* work.tx.counts.takeModSeq(accountId);
  yield* takeUses(accountId, request.specialUse, modseq);
  for (const parent of missing) yield* makeMailbox(work, parent, "", modseq);
  yield* makeMailbox(work, name, usesOf(request.specialUse.join(" ")).join(" "), modseq);
  return yield* mailboxNamed(accountId, name);
}

/** Whatever mailbox had these uses has them no more. Returns which did. */
function* takeUses(accountId: number, uses: readonly SpecialUse[], modseq: number): Work<number[]> {
  const changed: number[] = [];
  for (const row of yield* many(mailboxesWithUse, { accountId })) {
    const left = usesOf(row.special_use).filter((use) => !uses.includes(use)).join(" ");
    if (left === row.special_use) continue;
    yield* run(setUse, { id: row.id, use: left, modseq });
    changed.push(row.id);
  }
  return changed;
}

/** Gives a mailbox these uses and no others, each taken from the mailbox that had it. Returns all that changed. RFC 6154 4 */
export function* changeUses(work: AccountWork, id: number, uses: readonly SpecialUse[]): Work<number[]> {
  const { accountId, tx } = work;
  const { special_use: before } = yield* mailboxWithId(accountId, id);
  const use = usesOf(uses.join(" ")).join(" ");
  if (use === usesOf(before).join(" ")) return [];
  const modseq = yield* tx.counts.takeModSeq(accountId);
  const others = (yield* takeUses(accountId, uses, modseq)).filter((each) => each !== id);
  yield* run(setUse, { id, use, modseq });
  tx.listChanged(accountId);
  return [id, ...others];
}

/** The mailbox of that name, made if it is missing: where deliveries go. @throws {Refused} `badName`, `tooMany` */
export function* ensureMailbox(work: AccountWork, given: string): Work<{ readonly id: number }> {
  const { accountId, tx } = work;
  // Names are stored in their one spelling, so what is found as it is given needs no other.
  return (yield* tx.counts.mailboxNamed(accountId, given)) ??
    (yield* tx.counts.mailboxNamed(accountId, mailboxName(given))) ??
    (yield* createMailbox(work, { name: given, specialUse: [] }));
}

/**
 * The names above a mailbox that is to be made which are missing, too.
 *
 * @throws {Refused} `tooMany` if there is no room for all of them.
 */
function* missingAbove(accountId: number, name: string): Work<string[]> {
  const missing: string[] = [];
  for (const parent of parentsOf(name)) {
    if ((yield* one(mailboxByName, { accountId, name: parent })) === undefined) missing.push(parent);
  }
  const count = yield* one(countMailboxes, { accountId });
  if ((count?.n ?? 0) + missing.length + 1 > maxMailboxes) throw new Refused("tooMany", "too many mailboxes");
  return missing;
}

/**
 * A new mailbox, with a UIDVALIDITY that no other ever had (RFC 9051 2.3.1.1). It is subscribed to as well, if there is
 * room: subscriptions outlive mailboxes, so who makes and deletes them on and on would otherwise fill the disk.
 */
function* makeMailbox(work: AccountWork, name: string, use: string, modseq: number): Work<void> {
  const { accountId, tx } = work;
  const row = yield* one(nextUidValidity, { accountId });
  if (row === undefined) throw new Refused("noPermission", "the account is gone");
  const { insertedId } = yield* run(insertMailbox, {
    accountId,
    objectId: newObjectId(),
    name,
    use,
    uidValidity: row.uid_validity,
    modseq,
  });
  if ((yield* roomForSubscriptions(accountId)) > 0) yield* run(addSubscription, { accountId, name });
  const parent = parentsOf(name).at(-1);
  const above = parent === undefined ? undefined : yield* one(mailboxByName, { accountId, name: parent });
  if (above !== undefined) yield* inheritRights(work, above.id, insertedId); // RFC 4314 4 (CREATE)
  tx.listChanged(accountId);
}

/** Whether `Mail.delete` may delete the mailbox; its row. */
export function* deletable(accountId: number, name: string): Work<MailboxRow> {
  const row = yield* mailboxNamed(accountId, name);
  if (row.name === inbox) throw new Refused("notPermitted", "the inbox stays"); // RFC 9051 6.3.5
  const { from, below } = childrenOf(row.name);
  const child = yield* one(firstBetween, { accountId, from, below });
  if (child !== undefined) throw new Refused("hasChildren", "the mailbox has children");
  return row;
}

/** Takes away a mailbox that is empty. */
export function* dropMailbox(work: AccountWork, row: MailboxRow): Work<void> {
  const { accountId, tx } = work;
  yield* tx.counts.takeModSeq(accountId);
  yield* run(deleteKeywords, { accountId, mailboxId: row.id });
  yield* dropSharing(work, row.id);
  yield* run(deleteMailbox, { id: row.id });
  tx.listChanged(accountId);
  tx.accessChanged(accountId, row.id); // Those who have it open learn that it is gone.
}

/** What `renameMailbox` leaves to its caller: messages of the inbox move, the mailbox stays. */
export interface InboxRenamed {
  readonly inbox: MailboxRow;
  readonly to: MailboxRow;
  readonly modseq: number;
}

/**
 * `Mail.rename`, but for the messages of the inbox. Subscriptions are to names, which stay (RFC 3501 6.3.9); a
 * mailbox that was subscribed to is so under its new name, too.
 */
export function* renameMailbox(
  work: AccountWork,
  request: { readonly from: string; readonly to: string },
): Work<InboxRenamed | null> {
  const { accountId, tx } = work;
  const source = yield* mailboxNamed(accountId, request.from);
  const to = mailboxName(request.to);
  if ((yield* one(mailboxByName, { accountId, name: to })) !== undefined) {
    throw new Refused("mailboxExists", "a mailbox of the new name exists");
  }
  if (source.name !== inbox && isBelow(to, source.name)) {
    throw new Refused("badName", "a mailbox cannot be below itself");
  }
  if (source.name === inbox) {
    const made = yield* createMailbox(work, { name: to, specialUse: [] });
    return { inbox: source, to: made, modseq: made.highest_modseq };
  }
  // A child's new name may be longer than names can be.
  const children = (yield* mailboxesBelow(accountId, source.name)).map((
    child,
  ) => ({
    ...child,
    to: mailboxName(to + child.name.slice(source.name.length)),
  }));
  const parent = parentsOf(to).at(-1);
  if (parent !== undefined && (yield* one(mailboxByName, { accountId, name: parent })) === undefined) {
    yield* createMailbox(work, { name: parent, specialUse: [] });
  }
  const modseq = yield* tx.counts.takeModSeq(accountId);
  let room = yield* roomForSubscriptions(accountId);
  for (const each of [{ ...source, to }, ...children]) {
    yield* run(setName, { id: each.id, name: each.to, modseq });
    yield* tellGrantees(work, each.id);
    const subscribed = yield* one(isSubscribed, { accountId, name: each.name });
    if (subscribed !== undefined && room-- > 0) yield* run(addSubscription, { accountId, name: each.to });
  }
  tx.listChanged(accountId);
  return null;
}

/** Every name below a mailbox lies between these two. */
function childrenOf(name: string): { from: string; below: string } {
  return { from: name + separator, below: name + String.fromCharCode(separator.charCodeAt(0) + 1) };
}

/** `Mail.subscribe`: names need not be of mailboxes. RFC 9051 6.3.7 */
export function* setSubscribed(
  { accountId, tx }: AccountWork,
  request: { readonly name: string; readonly subscribed: boolean },
): Work<void> {
  if (!request.subscribed) {
    const shared = splitSharedName(request.name);
    const name = shared === null ? mailboxNameOrNull(request.name) ?? request.name : sharedName(shared);
    const { changes } = yield* run(removeSubscription, { accountId, name });
    if (changes > 0) tx.listChanged(accountId);
    return;
  }
  const name = anyMailboxName(request.name);
  if ((yield* roomForSubscriptions(accountId)) <= 0) throw new Refused("tooMany", "too many subscriptions");
  const { changes } = yield* run(addSubscription, { accountId, name });
  if (changes > 0) tx.listChanged(accountId);
}

/** How many names more the account may be subscribed to. */
function* roomForSubscriptions(accountId: number): Work<number> {
  const count = yield* one(countSubscriptions, { accountId });
  return maxSubscriptions - (count?.n ?? 0);
}
