/**
 * Lines of access control lists, where mailboxes are made, renamed and deleted. RFC 4314 4
 *
 * Tested by `src/accounts/mail_sharing_test.ts`.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import { many, one, prepared, run, type Work } from "../store/query.ts";
import { type AccountWork, everybody } from "./mail_access.ts";
import { maxAccountAclEntries } from "./sharing.ts";

const grantees = prepared((db, p: { accountId: number; mailboxId: number }) =>
  db.selectFrom("mailbox_rights").select("grantee_id")
    .where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId)
);

const countLines = prepared((db, p: { accountId: number }) =>
  db.selectFrom("mailbox_rights").select((eb) => eb.fn.countAll<number>().as("n"))
    .where("account_id", "=", p.accountId)
);

const copyLines = prepared((db, p: { accountId: number; from: number; to: number }) =>
  db.insertInto("mailbox_rights").columns(["account_id", "mailbox_id", "grantee_id", "negative", "rights"])
    .expression((eb) =>
      eb.selectFrom("mailbox_rights")
        .select((eb) => ["account_id", eb.val(p.to).as("mailbox_id"), "grantee_id", "negative", "rights"])
        .where("account_id", "=", p.accountId).where("mailbox_id", "=", p.from)
    )
);

const dropLines = prepared((db, p: { accountId: number; mailboxId: number }) =>
  db.deleteFrom("mailbox_rights").where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId)
);

const dropAnnotations = prepared((db, p: { mailboxId: number }) =>
  db.deleteFrom("annotations").where("mailbox_id", "=", p.mailboxId)
);

/** How many lines more an account's lists may have. */
export function* roomForLines(accountId: number): Work<number> {
  return maxAccountAclEntries - ((yield* one(countLines, { accountId }))?.n ?? 0);
}

/** A mailbox that is made has the list of the one above it. @throws {Refused} `tooMany` */
export function* inheritRights(work: AccountWork, from: number, to: number): Work<void> {
  const { accountId } = work;
  const lines = yield* many(grantees, { accountId, mailboxId: from });
  if (lines.length === 0) return;
  if (lines.length > (yield* roomForLines(accountId))) throw new Refused("tooMany", "too many rights");
  yield* run(copyLines, { accountId, from, to });
  yield* tellGrantees(work, to);
}

/** Those that a mailbox is shared with by name learn that something of their list of mailboxes changed. */
export function* tellGrantees({ accountId, tx }: AccountWork, mailboxId: number): Work<void> {
  for (const { grantee_id } of yield* many(grantees, { accountId, mailboxId })) {
    // Everybody is not told: who shares with all could wake all, again and again.
    if (grantee_id !== everybody && grantee_id !== accountId) tx.listChanged(grantee_id);
  }
}

/** What goes with a mailbox: its list, and its annotations, other accounts' own ones included. RFC 5464 4.1 */
export function* dropSharing(work: AccountWork, mailboxId: number): Work<void> {
  yield* tellGrantees(work, mailboxId);
  yield* run(dropLines, { accountId: work.accountId, mailboxId });
  yield* run(dropAnnotations, { mailboxId });
}
