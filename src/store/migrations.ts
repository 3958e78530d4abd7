/**
 * How the database came to be what `schema.ts` says: numbered steps that only go forward.
 *
 * A step is never changed once it was released; the next one is added. Each runs in one transaction with the new
 * number, so that a crash leaves the old database or the new. `meta.schema` holds the number; a database newer
 * than this program is refused.
 *
 * @module
 */
import { type Compilable, type CreateTableBuilder, type Kysely, sql } from "kysely";
import type { Millis } from "../base/clock.ts";
import type { Connection } from "./connection.ts";
import { splitEmails, splitFunctions } from "./migration_email_fields.ts";
import { builder } from "./dialect.ts";
import { outgoingTables } from "./outgoing_tables.ts";
import { queueTables } from "./queue_tables.ts";
import type { Tables } from "./schema.ts";

/** A database that this program cannot serve; the message is for the administrator. */
export class WrongDatabase extends Error {
  override readonly name = "WrongDatabase";
}

/** One step: statements in order. */
type Migration = (db: Kysely<Tables>, now: Millis) => Compilable[];

const migrations: readonly Migration[] = [
  first,
  splitEmails,
  commonHeader,
  sharing,
  queueTables,
  outgoingTables,
];

/** The number of the first step: 1 was another schema, in nobody's hands but the authors'. */
const firstVersion = 2;

/** The number of the newest step. */
export const schemaVersion = firstVersion + migrations.length - 1;

/**
 * Brings the database to {@link schemaVersion}.
 *
 * @param to An older version, for tests of later steps.
 * @throws {WrongDatabase} If it is newer, or not ours.
 */
export function migrate(connection: Connection, now: Millis, to = schemaVersion): void {
  const from = versionOf(connection);
  if (from > schemaVersion) {
    throw new WrongDatabase(
      `the database has schema ${from} and this program knows schemas up to ${schemaVersion}: ` +
        "use the newer mailden that last opened it, or restore a backup from before that upgrade",
    );
  }
  if (from > 0 && from < firstVersion) {
    throw new WrongDatabase(
      "the database is of a mailden from before its first release, which this one cannot read: " +
        "move its folder away, and a new one is made",
    );
  }
  if (from < schemaVersion) defineFunctions(connection);
  for (const [i, migration] of migrations.entries()) {
    if (i + firstVersion > from && i + firstVersion <= to) step(connection, migration, i + firstVersion, now);
  }
}

/** The schema's number; 0 for an empty database. */
export function versionOf(connection: Connection): number {
  const tables = connection.rows("select name from sqlite_master where type = 'table'");
  if (tables.length === 0) return 0;
  const row = tables.some((table) => table["name"] === "meta")
    ? connection.rows("select value from meta where name = 'schema'")[0]
    : undefined;
  const version = row?.["value"];
  if (typeof version !== "number") {
    throw new WrongDatabase("mail.sqlite is a database, but not one that mailden made");
  }
  return version;
}

/** SQL functions that steps may call. */
function defineFunctions(connection: Connection): void {
  for (const [name, body] of Object.entries(splitFunctions())) connection.define(name, body);
}

function step(connection: Connection, migration: Migration, version: number, now: Millis): void {
  connection.text("BEGIN IMMEDIATE");
  try {
    for (const statement of migration(builder, now)) {
      const compiled = statement.compile();
      // Migrations bind numbers and strings only.
      connection.rows(compiled.sql, ...compiled.parameters as (string | number)[]);
    }
    connection.rows("update meta set value = ? where name = 'schema'", version);
    connection.text("COMMIT");
  } catch (error) {
    if (connection.inTransaction) connection.text("ROLLBACK");
    throw error;
  }
}

/** A table whose rows lie in the order of their key instead of a row id's. */
function clustered<T extends string, C extends string>(
  table: CreateTableBuilder<T, C>,
): CreateTableBuilder<T, C> {
  return table.modifyEnd(sql`without rowid`);
}

/** The first schema. */
function first(db: Kysely<Tables>, now: Millis): Compilable[] {
  const { schema } = db;
  /** A row id that is never used twice. */
  const table = <T extends keyof Tables & string>(name: T) =>
    schema.createTable(name).addColumn("id", "integer", (c) => c.primaryKey().autoIncrement());
  return [
    clustered(
      schema.createTable("meta")
        .addColumn("name", "text", (c) => c.primaryKey().notNull())
        .addColumn("value", "integer", (c) => c.notNull()),
    ),
    db.insertInto("meta").values([
      { name: "schema", value: 0 },
      { name: "created", value: now },
      { name: "commit", value: 0 },
      { name: "message_ids", value: 0 },
    ]),
    clustered(
      schema.createTable("settings")
        .addColumn("account_id", "integer", (c) => c.notNull())
        .addColumn("name", "text", (c) => c.notNull())
        .addColumn("value", "text", (c) => c.notNull())
        .addPrimaryKeyConstraint("settings_key", ["account_id", "name"]),
    ),
    ...accountTables(db, table),
    ...mailboxTables(db, table),
    ...emailTables(db),
    ...workTables(db, table),
  ];
}

/**
 * Rights of others, annotations, and a quota for messages. Names below `Other Users` are other accounts' from now on: who
 * has a mailbox there keeps it under another name.
 */
function sharing(db: Kysely<Tables>): Compilable[] {
  const { schema } = db;
  const table = <T extends "mailbox_rights" | "annotations">(name: T) =>
    schema.createTable(name)
      .addColumn("account_id", "integer", (c) => c.notNull())
      .addColumn("mailbox_id", "integer", (c) => c.notNull());
  return [
    clustered(
      table("mailbox_rights")
        .addColumn("grantee_id", "integer", (c) => c.notNull())
        .addColumn("negative", "integer", (c) => c.notNull())
        .addColumn("rights", "integer", (c) => c.notNull())
        .addPrimaryKeyConstraint("mailbox_rights_key", [
          "account_id",
          "mailbox_id",
          "grantee_id",
          "negative",
        ]),
    ),
    schema.createIndex("mailbox_rights_by_grantee").on("mailbox_rights").column("grantee_id"),
    clustered(
      table("annotations")
        .addColumn("private", "integer", (c) => c.notNull())
        .addColumn("entry", "text", (c) => c.notNull())
        .addColumn("value", "blob", (c) => c.notNull())
        .addPrimaryKeyConstraint("annotations_key", ["account_id", "mailbox_id", "private", "entry"]),
    ),
    schema.createIndex("annotations_by_mailbox").on("annotations").column("mailbox_id"),
    schema.alterTable("accounts").addColumn("messages", "integer", (c) => c.notNull().defaultTo(0)),
    schema.alterTable("accounts").addColumn("max_messages", "integer"),
    db.updateTable("accounts").set((eb) => ({
      messages: eb.selectFrom("mailboxes")
        .select((eb) => eb.fn.coalesce(eb.fn.sum<number>("messages"), sql.lit(0)).as("n"))
        .whereRef("mailboxes.account_id", "=", "accounts.id"),
    })),
    ...(["mailboxes", "subscriptions"] as const).map((table) =>
      db.updateTable(table).set({ name: sql<string>`'Own ' || name` })
        .where((eb) =>
          eb.or([
            eb("name", "=", "Other Users"),
            eb.and([eb("name", ">", "Other Users/"), eb("name", "<", "Other Users0")]),
          ])
        )
    ),
  ];
}

type NewTable = <T extends keyof Tables & string>(name: T) => CreateTableBuilder<T, "id">;

function accountTables({ schema }: Kysely<Tables>, table: NewTable): Compilable[] {
  return [
    table("accounts")
      .addColumn("object_id", "text", (c) => c.notNull().unique())
      .addColumn("name", "text", (c) => c.notNull().unique())
      .addColumn("modseq", "integer", (c) => c.notNull())
      .addColumn("uid_validity", "integer", (c) => c.notNull())
      .addColumn("bytes", "integer", (c) => c.notNull())
      .addColumn("max_bytes", "integer")
      .addColumn("login_disabled", "text")
      .addColumn("created", "integer", (c) => c.notNull()),
    table("addresses")
      .addColumn("account_id", "integer", (c) => c.notNull())
      .addColumn("local", "text", (c) => c.notNull())
      .addColumn("domain", "text", (c) => c.notNull())
      .addColumn("mailbox", "text", (c) => c.notNull())
      .addUniqueConstraint("addresses_by_name", ["domain", "local"]),
    schema.createIndex("addresses_by_account").on("addresses").column("account_id"),
    table("credentials")
      .addColumn("account_id", "integer", (c) => c.notNull())
      .addColumn("kind", "text", (c) => c.notNull())
      .addColumn("name", "text", (c) => c.notNull())
      .addColumn("data", "text", (c) => c.notNull())
      .addColumn("created", "integer", (c) => c.notNull())
      .addUniqueConstraint("credentials_by_account", ["account_id", "kind", "name"]),
    schema.createIndex("credentials_by_name").on("credentials").columns(["kind", "name"]),
  ];
}

function mailboxTables({ schema }: Kysely<Tables>, table: NewTable): Compilable[] {
  return [
    table("mailboxes")
      .addColumn("account_id", "integer", (c) => c.notNull())
      .addColumn("object_id", "text", (c) => c.notNull())
      .addColumn("name", "text", (c) => c.notNull())
      .addColumn("special_use", "text", (c) => c.notNull())
      .addColumn("uid_validity", "integer", (c) => c.notNull())
      .addColumn("uid_next", "integer", (c) => c.notNull())
      .addColumn("highest_modseq", "integer", (c) => c.notNull())
      .addColumn("createseq", "integer", (c) => c.notNull())
      .addColumn("history_from", "integer", (c) => c.notNull())
      .addColumn("recent_uid", "integer", (c) => c.notNull())
      .addColumn("messages", "integer", (c) => c.notNull())
      .addColumn("unseen", "integer", (c) => c.notNull())
      .addColumn("deleted", "integer", (c) => c.notNull())
      .addColumn("bytes", "integer", (c) => c.notNull())
      .addColumn("deleted_bytes", "integer", (c) => c.notNull())
      .addUniqueConstraint("mailboxes_by_name", ["account_id", "name"]),
    clustered(
      schema.createTable("mailbox_keywords")
        .addColumn("account_id", "integer", (c) => c.notNull())
        .addColumn("mailbox_id", "integer", (c) => c.notNull())
        .addColumn("keyword", "text", (c) => c.notNull())
        .addPrimaryKeyConstraint("mailbox_keywords_key", ["account_id", "mailbox_id", "keyword"]),
    ),
    clustered(
      schema.createTable("subscriptions")
        .addColumn("account_id", "integer", (c) => c.notNull())
        .addColumn("name", "text", (c) => c.notNull())
        .addPrimaryKeyConstraint("subscriptions_key", ["account_id", "name"]),
    ),
    clustered(
      schema.createTable("messages")
        .addColumn("account_id", "integer", (c) => c.notNull())
        .addColumn("mailbox_id", "integer", (c) => c.notNull())
        .addColumn("uid", "integer", (c) => c.notNull())
        .addColumn("email_id", "integer", (c) => c.notNull())
        .addColumn("modseq", "integer", (c) => c.notNull())
        .addColumn("createseq", "integer", (c) => c.notNull())
        .addColumn("bits", "integer", (c) => c.notNull())
        .addColumn("keywords", "text", (c) => c.notNull())
        .addColumn("size", "integer", (c) => c.notNull())
        .addColumn("internal_date", "integer", (c) => c.notNull())
        .addColumn("save_date", "integer", (c) => c.notNull())
        .addColumn("expunged", "integer", (c) => c.notNull())
        .addPrimaryKeyConstraint("messages_key", ["account_id", "mailbox_id", "uid"]),
    ),
    // Only what was changed since it came: a delivery adds nothing here.
    schema.createIndex("messages_by_modseq").on("messages").columns(["account_id", "mailbox_id", "modseq"])
      .where(sql.ref("modseq"), ">", sql.ref("createseq")),
  ];
}

/** Emails and bodies have no sequence of their own (`autoIncrement`): that would be one more page in each commit. */
function emailTables({ schema }: Kysely<Tables>): Compilable[] {
  const table = <T extends "emails" | "bodies" | "damaged">(name: T, id: string) =>
    schema.createTable(name).addColumn(id, "integer", (c) => c.primaryKey().notNull());
  return [
    table("bodies", "id")
      .addColumn("size", "integer", (c) => c.notNull())
      .addColumn("sha256", "text", (c) => c.notNull())
      .addColumn("in_file", "integer", (c) => c.notNull())
      .addColumn("blocks", "blob", (c) => c.notNull())
      .addColumn("bytes", "blob"),
    schema.createIndex("bodies_by_file").unique().on("bodies").column("sha256").where(
      sql.ref("in_file"),
      "=",
      sql.lit(1),
    ),
    table("damaged", "body_id")
      .addColumn("found", "integer", (c) => c.notNull())
      .addColumn("what", "text", (c) => c.notNull()),
    table("emails", "id")
      .addColumn("account_id", "integer", (c) => c.notNull())
      .addColumn("object_id", "text", (c) => c.notNull())
      .addColumn("thread_id", "integer")
      .addColumn("thread_object_id", "text", (c) => c.notNull())
      .addColumn("body_id", "integer", (c) => c.notNull())
      .addColumn("body_shared", "integer", (c) => c.notNull())
      .addColumn("copies", "integer", (c) => c.notNull())
      .addColumn("size", "integer", (c) => c.notNull())
      .addColumn("original_mailbox_id", "integer", (c) => c.notNull())
      .addColumn("received", "integer", (c) => c.notNull())
      .addColumn("sent", "integer")
      .addColumn("message_id_hash", "integer")
      .addColumn("missing_parent_hash", "integer")
      .addColumn("base_subject_hash", "integer")
      .addColumn("traits", "integer", (c) => c.notNull())
      .addColumn("parse_version", "integer", (c) => c.notNull())
      .addColumn("message_id", "text")
      .addColumn("base_subject", "text", (c) => c.notNull())
      .addColumn("from_address", "text")
      .addColumn("subject", "text", (c) => c.notNull())
      .addColumn("from_text", "text", (c) => c.notNull())
      .addColumn("to_text", "text", (c) => c.notNull())
      .addColumn("cc_text", "text", (c) => c.notNull())
      .addColumn("bcc_text", "text", (c) => c.notNull())
      .addColumn("preview", "text", (c) => c.notNull())
      .addColumn("prefix", "blob", (c) => c.notNull())
      .addColumn("envelope", "blob", (c) => c.notNull())
      .addColumn("body", "blob", (c) => c.notNull())
      .addColumn("body_structure", "blob", (c) => c.notNull())
      .addColumn("parts", "blob", (c) => c.notNull())
      .addColumn("refs", "text", (c) => c.notNull())
      .addColumn("problems", "text", (c) => c.notNull())
      .addColumn("evidence", "blob"),
    schema.createIndex("emails_by_shared_body").on("emails").column("body_id")
      .where(sql.ref("body_shared"), "=", sql.lit(1)),
    clustered(
      schema.createTable("message_ids")
        .addColumn("account_id", "integer", (c) => c.notNull())
        .addColumn("hash", "integer", (c) => c.notNull())
        .addColumn("email_id", "integer", (c) => c.notNull())
        .addPrimaryKeyConstraint("message_ids_key", ["account_id", "hash", "email_id"]),
    ),
    schema.createIndex("emails_by_missing_parent").on("emails").columns(["account_id", "missing_parent_hash"])
      .where(sql.ref("missing_parent_hash"), "is not", null),
    // By time and not by hash: so it grows at one place. `threads.ts` looks through the end of it.
    schema.createIndex("emails_by_base_subject").on("emails")
      .columns(["account_id", "original_mailbox_id", "received", "base_subject_hash"])
      .where(sql.ref("base_subject_hash"), "is not", null),
  ];
}

/** Old emails have none: their headers are read from their bodies. */
function commonHeader({ schema }: Kysely<Tables>): Compilable[] {
  return [schema.alterTable("emails").addColumn("common_header", "blob")];
}

function workTables({ schema }: Kysely<Tables>, table: NewTable): Compilable[] {
  return [
    clustered(
      schema.createTable("deliveries")
        .addColumn("delivery_id", "blob", (c) => c.primaryKey().notNull())
        .addColumn("at", "integer", (c) => c.notNull())
        .addColumn("answer", "text", (c) => c.notNull()),
    ),
    table("recipients")
      .addColumn("account_id", "integer", (c) => c.notNull())
      .addColumn("address", "text", (c) => c.notNull())
      .addColumn("sent", "integer", (c) => c.notNull()),
    schema.createIndex("recipients_by_address").on("recipients").columns(["account_id", "address"]),
    schema.createIndex("recipients_by_time").on("recipients").columns(["account_id", "sent"]),
    table("jobs")
      .addColumn("account_id", "integer", (c) => c.notNull())
      .addColumn("kind", "text", (c) => c.notNull())
      .addColumn("payload", "text", (c) => c.notNull())
      .addColumn("due", "integer", (c) => c.notNull())
      .addColumn("attempts", "integer", (c) => c.notNull())
      .addColumn("leased_until", "integer", (c) => c.notNull())
      .addColumn("created", "integer", (c) => c.notNull()),
    schema.createIndex("jobs_by_due").on("jobs").column("due"),
  ];
}
