/**
 * What an account may do with a mailbox, its own or another's: asked in the store, by every call that names one, and
 * again wherever something is changed or handed out. RFC 4314 2, 4
 *
 * Rights to a mailbox are those of one's own line in its list and of `anyone`'s together, without what a negative line of
 * either takes away. Without a line of its own the owner has all rights; `ownersRights` cannot be lost. A
 * mailbox to which the right is missing is refused as if it did not exist, unless `lookup` shows it (RFC 4314 6).
 *
 * Tested by `src/accounts/mail_sharing_test.ts`.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import { allRights, includesRights, ownersRights, right } from "../imap/rights.ts";
import { many, one, prepared, type Work } from "../store/query.ts";
import type { Transaction } from "../store/transaction.ts";
import { sharedName, splitSharedName } from "./mail_names.ts";

/** Stands for everybody in `mailbox_rights.grantee_id`. */
export const everybody = 0;

/** What store functions are told about who asks. */
export interface AccountWork {
  readonly accountId: number;
  readonly tx: Transaction;
}

/** Who asks, and in which transaction. */
export interface ViewerWork {
  readonly viewerId: number;
  readonly tx: Transaction;
}

/** Who looks at a mailbox, and what they may do there. */
export interface Reach {
  readonly viewerId: number;
  readonly ownerId: number;
  /** Null for one's own. */
  readonly owner: string | null;
  /** Bits of `imap/rights.ts`. */
  readonly rights: number;
}

/** A line of an access control list, for somebody that is meant by it. */
export interface RightsRow {
  readonly grantee_id: number;
  readonly negative: number;
  readonly rights: number;
}

// Whose a mailbox is and what an account is called never changes while it is there.
const beside = { besideCounts: true } as const;

const ownerOf = prepared(
  (db, p: { id: number }) => db.selectFrom("mailboxes").select("account_id").where("id", "=", p.id),
  beside,
);

const nameOf = prepared(
  (db, p: { id: number }) => db.selectFrom("accounts").select("name").where("id", "=", p.id),
  beside,
);

const accountNamed = prepared(
  (db, p: { name: string }) => db.selectFrom("accounts").select("id").where("name", "=", p.name),
  beside,
);

/** At most four rows. */
const rowsFor = prepared((db, p: { accountId: number; mailboxId: number; viewerId: number }) =>
  db.selectFrom("mailbox_rights").select(["grantee_id", "negative", "rights"])
    .where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId)
    .where("grantee_id", "in", [p.viewerId, everybody])
);

/** What the lines that mean somebody add up to. */
export function rightsBy(rows: readonly RightsRow[], viewerId: number, ownerId: number): number {
  let granted = 0;
  let taken = 0;
  let own = false;
  for (const { grantee_id, negative, rights } of rows) {
    if (negative === 1) taken |= rights;
    else {
      granted |= rights;
      own ||= grantee_id === viewerId;
    }
  }
  if (viewerId !== ownerId) return granted & ~taken;
  return ((own ? granted : allRights) & ~taken) | ownersRights;
}

/** What an account may do with a mailbox; nothing if there is none. */
export function* rightsTo(viewerId: number, ownerId: number, mailboxId: number): Work<number> {
  const rows = yield* many(rowsFor, { accountId: ownerId, mailboxId, viewerId });
  return rightsBy(rows, viewerId, ownerId);
}

/**
 * Finds out whose a mailbox is.
 *
 * @throws {Refused} `noSuchMailbox`, `noPermission` if a right of `needed` is missing.
 */
export function* reach(viewerId: number, mailboxId: number, needed: number): Work<Reach> {
  const ownerId = (yield* one(ownerOf, { id: mailboxId }))?.account_id;
  if (ownerId === undefined) throw new Refused("noSuchMailbox", `no mailbox ${mailboxId}`);
  const rights = yield* rightsTo(viewerId, ownerId, mailboxId);
  checkRights(rights, needed);
  return { viewerId, ownerId, owner: yield* ownerName(viewerId, ownerId), rights };
}

/** @throws {Refused} `noSuchMailbox`, `noPermission` if a right of `needed` is missing. */
export function checkRights(rights: number, needed: number): void {
  if (includesRights(rights, needed)) return;
  throw includesRights(rights, right.lookup)
    ? new Refused("noPermission", "a right to the mailbox is missing")
    : new Refused("noSuchMailbox", "there is no such mailbox for this account");
}

function* ownerName(viewerId: number, ownerId: number): Work<string | null> {
  return viewerId === ownerId ? null : (yield* one(nameOf, { id: ownerId }))?.name ?? "";
}

/** Where a name leads: one's own, or another account's. */
export interface Place {
  readonly ownerId: number;
  /** Null for one's own. */
  readonly owner: string | null;
  /** Within the account; as it was given, if it is one's own. */
  readonly name: string;
}

/** Null where a name leads to nobody else's mailboxes, though it is among those of others. */
export function* placeOf(viewerId: number, given: string): Work<Place | null> {
  const shared = splitSharedName(given);
  if (shared === null) return { ownerId: viewerId, owner: null, name: given };
  const ownerId = (yield* one(accountNamed, { name: shared.owner }))?.id;
  if (ownerId === undefined || ownerId === viewerId) return null;
  return { ownerId, ...shared };
}

/** The account of that name, or null. */
export function* accountIdNamed(name: string): Work<number | null> {
  return (yield* one(accountNamed, { name }))?.id ?? null;
}

/** The name under which the viewer knows a mailbox. */
export function nameFor(owner: string | null, name: string): string {
  return owner === null ? name : sharedName({ owner, name });
}
