/**
 * The list of mailboxes as an account sees it: its own, and under `Other Users` those that others share with it.
 *
 * Tested by `src/accounts/mail_store_test.ts` and `src/accounts/mail_sharing_test.ts`.
 *
 * @module
 */
import { allRights, includesRights, right } from "../imap/rights.ts";
import { literal, many, one, prepared, type Work } from "../store/query.ts";
import type { MailboxInfo, MailboxList } from "./mail.ts";
import { everybody, nameFor, placeOf, type Reach, rightsBy, rightsTo } from "./mail_access.ts";
import {
  allMailboxes,
  isSubscribed,
  mailboxByName,
  mailboxColumns,
  type MailboxRow,
  usesOf,
} from "./mail_mailboxes.ts";
import { byName, mailboxNameOrNull } from "./mail_names.ts";
import { maxSharedMailboxes } from "./sharing.ts";

const subscriptions = prepared((db, p: { accountId: number }) =>
  db.selectFrom("subscriptions").select("name").where("account_id", "=", p.accountId).orderBy("name")
);

/** Messages of a mailbox from a UID on. */
const countFrom = prepared((db, p: { accountId: number; mailboxId: number; uid: number }) =>
  db.selectFrom("messages").select((eb) => eb.fn.countAll<number>().as("n"))
    .where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId)
    .where("uid", ">=", p.uid).where("expunged", "=", 0)
);

/** Lines that mean the owner. */
const ownRights = prepared((db, p: { accountId: number }) =>
  db.selectFrom("mailbox_rights").select(["mailbox_id", "grantee_id", "negative", "rights"])
    .where("account_id", "=", p.accountId).where("grantee_id", "in", [p.accountId, everybody])
);

/** Each mailbox has up to four lines for one viewer. */
const maxSharedRows = 4 * maxSharedMailboxes;

const sharedRows = prepared((db, p: { viewerId: number }) =>
  db.selectFrom("mailbox_rights as r")
    .innerJoin("mailboxes as b", "b.id", "r.mailbox_id").innerJoin("accounts as a", "a.id", "b.account_id")
    .select(mailboxColumns.map((column) => `b.${column}` as const))
    .select(["a.id as owner_id", "a.name as owner", "r.grantee_id", "r.negative", "r.rights"])
    .where("r.grantee_id", "in", [p.viewerId, everybody]).where("r.account_id", "<>", p.viewerId)
    .orderBy("a.name").orderBy("b.name").limit(literal(maxSharedRows))
);

/** The list as `Mail.list` tells it: one's own, and those of others that they let one look up. */
export function* listMailboxes(accountId: number): Work<MailboxList> {
  const rows = yield* many(allMailboxes, { accountId });
  const rights = yield* rightsToOwn(accountId);
  const subscribed = new Set((yield* many(subscriptions, { accountId })).map((row) => row.name));
  const mailboxes: MailboxInfo[] = [];
  const add = function* (row: MailboxRow, reach: Reach): Work<void> {
    const name = nameFor(reach.owner, row.name);
    mailboxes.push(infoOf(row, reach, subscribed.delete(name), yield* recentCount(reach, row)));
  };
  for (const row of rows) {
    const reach = { viewerId: accountId, ownerId: accountId, owner: null };
    yield* add(row, { ...reach, rights: rights.get(row.id) ?? allRights });
  }
  for (const { row, reach } of yield* sharedMailboxes(accountId)) yield* add(row, reach);
  return { mailboxes: mailboxes.sort(byName), lostSubscriptions: [...subscribed].sort() };
}

/** One mailbox as `Mail.list` tells it. */
export function* mailboxInfo(reach: Reach, row: MailboxRow): Work<MailboxInfo> {
  const name = nameFor(reach.owner, row.name);
  const subscribed = (yield* one(isSubscribed, { accountId: reach.viewerId, name })) !== undefined;
  return infoOf(row, reach, subscribed, yield* recentCount(reach, row));
}

/** `Mail.find`. */
export function* findMailbox(viewerId: number, given: string): Work<MailboxInfo | null> {
  const place = yield* placeOf(viewerId, given);
  const name = place === null ? null : mailboxNameOrNull(place.name);
  if (place === null || name === null) return null;
  const { ownerId, owner } = place;
  const row = yield* one(mailboxByName, { accountId: ownerId, name });
  if (row === undefined) return null;
  const rights = yield* rightsTo(viewerId, ownerId, row.id);
  return rights === 0 ? null : yield* mailboxInfo({ viewerId, ownerId, owner, rights }, row);
}

/** Rights of the owner, of those mailboxes that have an access control list. */
function* rightsToOwn(accountId: number): Work<ReadonlyMap<number, number>> {
  const rows = yield* many(ownRights, { accountId });
  const byMailbox = Map.groupBy(rows, (row) => row.mailbox_id);
  return new Map([...byMailbox].map(([id, rows]) => [id, rightsBy(rows, accountId, accountId)]));
}

/** Mailboxes of others that an account may look up, by owner and name; the first {@link maxSharedMailboxes}. */
function* sharedMailboxes(viewerId: number): Work<{ row: MailboxRow; reach: Reach }[]> {
  const rows = yield* many(sharedRows, { viewerId });
  const byMailbox = [...Map.groupBy(rows, (row) => row.id).values()];
  if (rows.length === maxSharedRows) byMailbox.pop(); // A line that takes rights away may be behind the end.
  const shared: { row: MailboxRow; reach: Reach }[] = [];
  for (const lines of byMailbox) {
    const [row] = lines;
    if (row === undefined) continue;
    const { owner_id: ownerId, owner } = row;
    const rights = rightsBy(lines, viewerId, ownerId);
    if (includesRights(rights, right.lookup)) {
      shared.push({ row, reach: { viewerId, ownerId, owner, rights } });
    }
  }
  return shared.slice(0, maxSharedMailboxes);
}

function* recentCount({ ownerId: accountId, rights }: Reach, row: MailboxRow): Work<number> {
  if (!includesRights(rights, right.read)) return 0;
  if (row.recent_uid <= 1) return row.messages;
  if (row.recent_uid >= row.uid_next) return 0;
  return (yield* one(countFrom, { accountId, mailboxId: row.id, uid: row.recent_uid }))?.n ?? 0;
}

/** What a mailbox holds is told only to who may read it. */
function infoOf(row: MailboxRow, { owner, rights }: Reach, subscribed: boolean, recent: number): MailboxInfo {
  const known = {
    id: row.id,
    objectId: row.object_id,
    name: nameFor(owner, row.name),
    specialUse: owner === null ? usesOf(row.special_use) : [],
    subscribed,
    owner,
    rights,
  };
  if (!includesRights(rights, right.read)) return { ...known, ...nothingTold };
  return {
    ...known,
    uidValidity: row.uid_validity,
    uidNext: row.uid_next,
    highestModSeq: row.highest_modseq,
    messages: row.messages,
    unseen: row.unseen,
    deleted: row.deleted,
    recent,
    bytes: row.bytes,
    deletedBytes: row.deleted_bytes,
  };
}

const nothingTold = {
  uidValidity: 0,
  uidNext: 0,
  highestModSeq: 0,
  messages: 0,
  unseen: 0,
  deleted: 0,
  recent: 0,
  bytes: 0,
  deletedBytes: 0,
} as const;
