/**
 * Access control lists: reading and changing them. RFC 4314 3
 *
 * Tested by `src/accounts/mail_sharing_test.ts`.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import { anyone } from "../imap/acl.ts";
import { allRights, ownersRights, right } from "../imap/rights.ts";
import { many, prepared, run, type Work } from "../store/query.ts";
import type { Transaction } from "../store/transaction.ts";
import { accountIdNamed, everybody, reach } from "./mail_access.ts";
import { roomForLines } from "./mail_acl_rows.ts";
import { type AclEntry, type Grantee, maxAclEntries } from "./sharing.ts";

const lines = prepared((db, p: { accountId: number; mailboxId: number }) =>
  db.selectFrom("mailbox_rights as r").leftJoin("accounts as a", "a.id", "r.grantee_id")
    .select(["r.grantee_id", "r.negative", "r.rights", "a.name"])
    .where("r.account_id", "=", p.accountId).where("r.mailbox_id", "=", p.mailboxId)
    .orderBy("r.grantee_id").orderBy("r.negative")
);

type Line = { accountId: number; mailboxId: number; granteeId: number; negative: number };

const setLine = prepared((db, p: Line & { rights: number }) =>
  db.insertInto("mailbox_rights").values({
    account_id: p.accountId,
    mailbox_id: p.mailboxId,
    grantee_id: p.granteeId,
    negative: p.negative,
    rights: p.rights,
  }).onConflict((conflict) =>
    conflict.columns(["account_id", "mailbox_id", "grantee_id", "negative"]).doUpdateSet({ rights: p.rights })
  )
);

const dropLine = prepared((db, p: Line) =>
  db.deleteFrom("mailbox_rights").where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId)
    .where("grantee_id", "=", p.granteeId).where("negative", "=", p.negative)
);

const accountName = prepared((db, p: { id: number }) =>
  db.selectFrom("accounts").select("name").where("id", "=", p.id)
);

/** Tells which account signs in with an address; null for none. */
export type AccountOfLogin = (login: string) => string | null;

/** `Sharing.acl`. The owner's line is there though it is not stored before somebody changes it. */
export function* listAcl(viewerId: number, mailboxId: number): Work<AclEntry[]> {
  const { ownerId } = yield* reach(viewerId, mailboxId, right.administer);
  const rows = yield* many(lines, { accountId: ownerId, mailboxId });
  const entries: AclEntry[] = [];
  if (!rows.some((row) => row.grantee_id === ownerId && row.negative === 0)) {
    const [owner] = yield* many(accountName, { id: ownerId });
    entries.push({ identifier: owner?.name ?? "", rights: allRights });
  }
  const ownersFirst = rows.toSorted((a, b) =>
    Number(b.grantee_id === ownerId) - Number(a.grantee_id === ownerId)
  );
  for (const { grantee_id, negative, rights, name } of ownersFirst) {
    const known = grantee_id === everybody ? anyone : name;
    if (known === null) continue; // An account that is gone.
    const always = grantee_id === ownerId && negative === 0 ? ownersRights : 0;
    entries.push({ identifier: negative === 1 ? `-${known}` : known, rights: rights | always });
  }
  return entries;
}

/** `Sharing.rightsAlways`. */
export function* rightsAlways(
  viewerId: number,
  request: { readonly mailbox: number; readonly grantee: Grantee },
  accountOfLogin: AccountOfLogin,
): Work<number> {
  const { ownerId } = yield* reach(viewerId, request.mailbox, right.administer);
  const { grantee } = request;
  return (yield* granteeId(grantee, accountOfLogin)) === ownerId && !grantee.negative ? ownersRights : 0;
}

/** `Sharing.setAcl`. Taking all rights takes the line; only of the owner an empty one says something. */
export function* setAcl(
  viewerId: number,
  tx: Transaction,
  request: {
    readonly mailbox: number;
    readonly grantee: Grantee;
    readonly mode: "add" | "remove" | "replace";
    readonly rights: number;
  },
  accountOfLogin: AccountOfLogin,
): Work<void> {
  const { mailbox: mailboxId, grantee, mode, rights } = request;
  // All bits up to the highest are rights.
  if (!Number.isInteger(rights) || rights < 0 || rights > allRights) {
    throw new Refused("badRequest", "not rights");
  }
  const { ownerId: accountId } = yield* reach(viewerId, mailboxId, right.administer);
  const id = yield* granteeId(grantee, accountOfLogin);
  const negative = grantee.negative ? 1 : 0;
  const rows = yield* many(lines, { accountId, mailboxId });
  const line = rows.find((row) => row.grantee_id === id && row.negative === negative);
  const isOwners = id === accountId && negative === 0;
  const before = line?.rights ?? (isOwners ? allRights : 0);
  const after = mode === "add" ? before | rights : mode === "remove" ? before & ~rights : rights;
  if (after === before) return;
  const key = { accountId, mailboxId, granteeId: id, negative };
  if (after === 0 && !isOwners) yield* run(dropLine, key);
  else {
    if (line === undefined && (rows.length >= maxAclEntries || (yield* roomForLines(accountId)) <= 0)) {
      throw new Refused("tooMany", "too many lines in access control lists");
    }
    yield* run(setLine, { ...key, rights: after });
  }
  tx.accessChanged(accountId, mailboxId);
  if (id !== everybody) tx.listChanged(id);
}

/** @throws {Refused} `badName` */
function* granteeId({ name }: Grantee, accountOfLogin: AccountOfLogin): Work<number> {
  if (name === anyone) return everybody;
  const account = name.includes("@") ? accountOfLogin(name) : name; // No account's name has one.
  const id = account === null ? null : yield* accountIdNamed(account);
  if (id === null) throw new Refused("badName", "no account of that name");
  return id;
}
