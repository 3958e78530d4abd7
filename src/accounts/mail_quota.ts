/**
 * Quotas: one root for each account, over all its mailboxes, whoever fills them. RFC 9208 3.2
 *
 * Tested by `src/accounts/mail_sharing_test.ts`.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import { includesRights, right } from "../imap/rights.ts";
import { accountWithId } from "../store/accounts.ts";
import { many, prepared, type Work } from "../store/query.ts";
import { accountIdNamed, checkRights, everybody, placeOf, rightsBy, rightsTo } from "./mail_access.ts";
import { mailboxOfName } from "./mail_mailboxes.ts";
import { mailboxNameOrNull } from "./mail_names.ts";
import type { QuotaRoot } from "./sharing.ts";

/** In front of the account's name, as in the examples of RFC 9208 4.1. */
const prefix = "#user/";

const linesFor = prepared((db, p: { accountId: number; viewerId: number }) =>
  db.selectFrom("mailbox_rights").select(["mailbox_id", "grantee_id", "negative", "rights"])
    .where("account_id", "=", p.accountId).where("grantee_id", "in", [p.viewerId, everybody])
);

/** `Sharing.quotaRoot`. A mailbox that is yet to be made falls under the quota of its account. RFC 9208 4.1.2 */
export function* quotaRootOf(viewerId: number, given: string): Work<QuotaRoot> {
  const place = yield* placeOf(viewerId, given);
  const name = place === null ? null : mailboxNameOrNull(place.name);
  const row = place === null || name === null ? null : yield* mailboxOfName(place.ownerId, name);
  if (place === null || (row === null && place.owner !== null)) {
    throw new Refused("noSuchMailbox", "no mailbox of that name");
  }
  if (row !== null) checkRights(yield* rightsTo(viewerId, place.ownerId, row.id), right.read); // RFC 9208 6
  return yield* rootOf(place.ownerId);
}

/** `Sharing.quota`. What others use is theirs to know, and theirs who read their mail. RFC 9208 8 */
export function* quotaNamed(viewerId: number, root: string): Work<QuotaRoot> {
  const id = root.startsWith(prefix) ? yield* accountIdNamed(root.slice(prefix.length)) : null;
  if (id === null || (id !== viewerId && !(yield* mayReadSome(viewerId, id)))) {
    throw new Refused("noSuchMailbox", "no such quota root");
  }
  return yield* rootOf(id);
}

function* mayReadSome(viewerId: number, ownerId: number): Work<boolean> {
  const rows = yield* many(linesFor, { accountId: ownerId, viewerId });
  const byMailbox = [...Map.groupBy(rows, (row) => row.mailbox_id).values()];
  return byMailbox.some((lines) => includesRights(rightsBy(lines, viewerId, ownerId), right.read));
}

function* rootOf(accountId: number): Work<QuotaRoot> {
  const row = yield* accountWithId(accountId);
  if (row === undefined) throw new Refused("noSuchMailbox", "the account is gone");
  return {
    root: `${prefix}${row.name}`,
    bytes: { used: row.bytes, limit: row.max_bytes },
    messages: { used: row.messages, limit: row.max_messages },
  };
}
