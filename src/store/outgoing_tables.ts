/**
 * The second step of outgoing mail: an index by time for whoever looks at the queue, first-time recipients, failures
 * in a row, results of TLS.
 *
 * Tested by `src/store/migrations_test.ts`.
 *
 * @module
 */
import { type Compilable, type Kysely, sql } from "kysely";
import type { Tables } from "./schema.ts";

/** The step that makes them. */
export function outgoingTables({ schema }: Kysely<Tables>): Compilable[] {
  return [
    schema.createIndex("queue_by_due").on("queue").column("due"),
    schema.alterTable("recipients").addColumn("first", "integer", (c) => c.notNull().defaultTo(0)),
    schema.createIndex("recipients_by_first_time").on("recipients").columns(["account_id", "sent"])
      .where(sql.ref("first"), "=", sql.lit(1)),
    schema.createTable("delivery_failures")
      .addColumn("account_id", "integer", (c) => c.notNull())
      .addColumn("address", "text", (c) => c.notNull())
      .addColumn("failures", "integer", (c) => c.notNull())
      .addColumn("last", "integer", (c) => c.notNull())
      .addPrimaryKeyConstraint("delivery_failures_key", ["account_id", "address"])
      .modifyEnd(sql`without rowid`),
    // With row ids, so that rows can be counted without reading their results.
    schema.createTable("tls_results")
      .addColumn("id", "integer", (c) => c.primaryKey().notNull())
      .addColumn("day", "integer", (c) => c.notNull())
      .addColumn("domain", "text", (c) => c.notNull())
      .addColumn("policies", "text", (c) => c.notNull())
      .addUniqueConstraint("tls_results_by_day", ["day", "domain"]),
  ];
}
