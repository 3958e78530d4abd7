/**
 * How many annotations an account has, and of how many octets.
 *
 * Tested by `src/accounts/mail_annotations_test.ts`.
 *
 * @module
 */
import { sql } from "kysely";
import { prepared } from "./query.ts";

export const annotationSum = prepared((db, p: { accountId: number }) =>
  db.selectFrom("annotations").select((eb) => [
    eb.fn.countAll<number>().as("count"),
    sql<number>`coalesce(sum(length(value)), 0)`.as("bytes"),
  ]).where("account_id", "=", p.accountId)
);
