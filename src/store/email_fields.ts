/**
 * What SEARCH, SORT and THREAD ask of an email: a row of its own beside the wide one of `emails`, so that those of a mailbox
 * lie on neighbouring pages. Written and deleted with the email.
 *
 * Texts are stored folded (`message/casemap.ts`), as they are compared.
 *
 * Tested by `src/store/add_message_test.ts`, `src/store/migrations_test.ts`.
 *
 * @module
 */
import { KiB } from "../base/bytes.ts";
import { casemap } from "../message/casemap.ts";
import type { MessageIndex } from "../message/message_index.ts";
import { sortKeys } from "../message/sort_keys.ts";
import { prepared, run, type Work } from "./query.ts";

/** Of longer texts only the beginning is here: who does not find something in it must look at the message. */
export const maxFieldText = 16 * KiB;

/** The columns but for the key. (An interface could not stand for a query's `Values`.) */
export type EmailFields = {
  readonly sent: number | null;
  readonly isReply: number;
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  readonly bcc: string;
  readonly sortSubject: string | null;
  readonly sortFrom: string;
  readonly sortTo: string;
  readonly sortCc: string;
  readonly displayFrom: string;
  readonly displayTo: string;
  readonly messageId: string | null;
  readonly refs: string;
};

/** What the fields are made of. */
type Indexed = Pick<
  MessageIndex,
  "date" | "subject" | "from" | "to" | "cc" | "bcc" | "messageId" | "references" | "envelope"
>;

/** Makes the fields, outside of the writer. */
export function emailFields(index: Indexed): EmailFields {
  const keys = sortKeys(index.subject, index.envelope);
  const subject = folded(index.subject);
  return {
    sent: index.date,
    isReply: keys.isReply ? 1 : 0,
    subject,
    from: folded(index.from),
    to: folded(index.to),
    cc: folded(index.cc),
    bcc: folded(index.bcc),
    sortSubject: keys.subject === subject ? null : keys.subject,
    sortFrom: keys.from,
    sortTo: keys.to,
    sortCc: keys.cc,
    displayFrom: keys.displayFrom,
    displayTo: keys.displayTo,
    messageId: index.messageId,
    refs: index.references.join(" "),
  };
}

/** A text as it is stored and searched. */
export function folded(text: string): string {
  return text.length === 0 ? text : casemap(text.slice(0, maxFieldText));
}

const insertFields = prepared((
  db,
  p: EmailFields & { accountId: number; emailId: number; baseSubjectHash: number | null },
) =>
  db.insertInto("email_fields").values({
    account_id: p.accountId,
    email_id: p.emailId,
    sent: p.sent,
    base_subject_hash: p.baseSubjectHash,
    is_reply: p.isReply,
    subject: p.subject,
    from_text: p.from,
    to_text: p.to,
    cc_text: p.cc,
    bcc_text: p.bcc,
    sort_subject: p.sortSubject,
    sort_from: p.sortFrom,
    sort_to: p.sortTo,
    sort_cc: p.sortCc,
    display_from: p.displayFrom,
    display_to: p.displayTo,
    message_id: p.messageId,
    refs: p.refs,
  })
);

const deleteFields = prepared((db, p: { accountId: number; emailId: number }) =>
  db.deleteFrom("email_fields").where("account_id", "=", p.accountId).where("email_id", "=", p.emailId)
);

/** To be called in the unit that adds the email. */
export function* addEmailFields(
  accountId: number,
  emailId: number,
  baseSubjectHash: number | null,
  fields: EmailFields,
): Work<void> {
  yield* run(insertFields, { accountId, emailId, baseSubjectHash, ...fields });
}

/** To be called in the unit that deletes the email. */
export function* deleteEmailFields(accountId: number, emailId: number): Work<void> {
  yield* run(deleteFields, { accountId, emailId });
}
