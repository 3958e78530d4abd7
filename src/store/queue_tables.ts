/**
 * Makes the tables of `queue_schema.ts`.
 *
 * Tested by `src/store/queue_rows_test.ts`.
 *
 * @module
 */
import { type Compilable, type CreateTableBuilder, type Kysely, sql } from "kysely";
import type { Tables } from "./schema.ts";

/** The step that makes them. */
export function queueTables({ schema }: Kysely<Tables>): Compilable[] {
  const table = (name: "queue" | "hold_rules") =>
    schema.createTable(name).addColumn("id", "integer", (c) => c.primaryKey().autoIncrement());
  const number = <T extends string, C extends string>(
    builder: CreateTableBuilder<T, C>,
    ...names: string[]
  ) => names.reduce((all, name) => all.addColumn(name, "integer", (c) => c.notNull()), builder);
  const text = <T extends string, C extends string>(builder: CreateTableBuilder<T, C>, ...names: string[]) =>
    names.reduce((all, name) => all.addColumn(name, "text", (c) => c.notNull()), builder);
  const held = sql.ref("hold");
  return [
    text(
      number(
        text(
          number(table("queue"), "account_id", "base_id", "body_id", "size"),
          "sender",
          "recipient",
          "domain",
        ),
        "submitted",
        "due",
        "attempts",
        "max_attempts",
        "last_attempt",
        "hold",
        "traits",
      ),
      "transport",
      "subject",
      "from_id",
      "dsn",
      "release",
      "dialed",
      "results",
    )
      .addColumn("require_tls", "integer")
      .addColumn("message_id", "text")
      .addColumn("prefix", "blob", (c) => c.notNull()),
    schema.createIndex("queue_by_destination").on("queue").columns(["domain", "due"]).where(
      held,
      "=",
      sql.lit(0),
    ),
    schema.createIndex("queue_by_base").on("queue").columns(["base_id", "domain", "due"]).where(
      held,
      "=",
      sql.lit(0),
    ),
    schema.createIndex("queue_by_account").on("queue").column("account_id"),
    schema.createIndex("queue_by_body").on("queue").column("body_id"),
    schema.createTable("queue_destinations")
      .addColumn("domain", "text", (c) => c.primaryKey().notNull())
      .addColumn("due", "integer", (c) => c.notNull())
      .modifyEnd(sql`without rowid`),
    schema.createIndex("queue_destinations_by_due").on("queue_destinations").column("due"),
    text(
      number(
        schema.createTable("queue_retired").addColumn("id", "integer", (c) => c.primaryKey().notNull()),
        "account_id",
        "base_id",
        "size",
        "submitted",
        "last_attempt",
        "attempts",
        "retired",
        "keep_until",
      ),
      "sender",
      "recipient",
      "domain",
      "subject",
      "from_id",
      "results",
      "outcome",
    ).addColumn("message_id", "text"),
    schema.createIndex("queue_retired_by_end").on("queue_retired").column("keep_until"),
    schema.createIndex("queue_retired_by_account").on("queue_retired").columns(["account_id", "retired"]),
    schema.createIndex("queue_retired_by_from_id").on("queue_retired").column("from_id")
      .where(sql.ref("from_id"), "<>", sql.lit("")),
    text(number(table("hold_rules"), "account_id", "created"), "sender_domain", "recipient_domain"),
    schema.createTable("suppressions")
      .addColumn("account_id", "integer", (c) => c.notNull())
      .addColumn("address", "text", (c) => c.notNull())
      .addColumn("original", "text", (c) => c.notNull())
      .addColumn("automatic", "integer", (c) => c.notNull())
      .addColumn("reason", "text", (c) => c.notNull())
      .addColumn("created", "integer", (c) => c.notNull())
      .addPrimaryKeyConstraint("suppressions_key", ["account_id", "address"])
      .modifyEnd(sql`without rowid`),
  ];
}
