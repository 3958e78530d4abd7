/**
 * From schema 2 to 3: the columns of `emails` that SEARCH, SORT and THREAD ask for go into a table of their own, folded.
 *
 * The index of subjects goes: `threads.ts` looks through the new table instead. `emails` is copied once, as a column's removal would copy it for each column.
 *
 * Tested by `src/store/migrations_test.ts`.
 *
 * @module
 */
import { type Compilable, type Kysely, type RawBuilder, sql } from "kysely";
import { type SortKeys, sortKeys } from "../message/sort_keys.ts";
import { folded } from "./email_fields.ts";
import type { SqlValue } from "./query.ts";
import type { Tables } from "./schema.ts";

/** What `sort_key` can be asked for. */
const keyNames = ["subject", "isReply", "from", "to", "cc", "displayFrom", "displayTo"] as const;

/** Functions of this step's statements; they live as long as the connection and hold one row's keys. */
export function splitFunctions(): Record<string, (...values: SqlValue[]) => SqlValue> {
  let of = -1;
  let keys: SortKeys | null = null;
  return {
    folded: (text) => folded(String(text)),
    /** A key of an email; those of the last one are remembered. */
    sort_key(id, name, subject, envelope) {
      if (keys === null || of !== id) {
        of = Number(id);
        keys = sortKeys(String(subject), envelope instanceof Uint8Array ? envelope : new Uint8Array());
      }
      const known = keyNames.find((each) => each === name);
      if (known === undefined) throw new TypeError(`no sort key ${name}`);
      const value = keys[known];
      return typeof value === "boolean" ? Number(value) : value;
    },
  };
}

const kept = [
  "id",
  "account_id",
  "object_id",
  "thread_id",
  "thread_object_id",
  "body_id",
  "body_shared",
  "copies",
  "size",
  "original_mailbox_id",
  "received",
  "message_id_hash",
  "missing_parent_hash",
  "traits",
  "parse_version",
  "base_subject",
  "from_address",
  "preview",
  "prefix",
  "envelope",
  "body",
  "body_structure",
  "parts",
  "problems",
  "evidence",
] as const;

export function splitEmails(db: Kysely<Tables>): Compilable[] {
  const { schema } = db;
  const raw = (query: RawBuilder<unknown>): Compilable => ({ compile: () => query.compile(db) });
  const columns = sql.join(kept.map((name) => sql.ref(name)));
  const key = (name: typeof keyNames[number]) => sql`sort_key(id, ${sql.lit(name)}, subject, envelope)`;
  return [
    schema.createTable("email_fields")
      .addColumn("account_id", "integer", (c) => c.notNull())
      .addColumn("email_id", "integer", (c) => c.notNull())
      .addColumn("sent", "integer")
      .addColumn("base_subject_hash", "integer")
      .addColumn("is_reply", "integer", (c) => c.notNull())
      .addColumn("subject", "text", (c) => c.notNull())
      .addColumn("from_text", "text", (c) => c.notNull())
      .addColumn("to_text", "text", (c) => c.notNull())
      .addColumn("cc_text", "text", (c) => c.notNull())
      .addColumn("bcc_text", "text", (c) => c.notNull())
      .addColumn("sort_subject", "text")
      .addColumn("sort_from", "text", (c) => c.notNull())
      .addColumn("sort_to", "text", (c) => c.notNull())
      .addColumn("sort_cc", "text", (c) => c.notNull())
      .addColumn("display_from", "text", (c) => c.notNull())
      .addColumn("display_to", "text", (c) => c.notNull())
      .addColumn("message_id", "text")
      .addColumn("refs", "text", (c) => c.notNull())
      .addPrimaryKeyConstraint("email_fields_key", ["account_id", "email_id"])
      .modifyEnd(sql`without rowid`),
    raw(sql`insert into email_fields
      select account_id, id, sent, base_subject_hash, ${
      key("isReply")
    }, folded(subject), folded(from_text), folded(to_text), folded(cc_text),
        folded(bcc_text), nullif(${key("subject")}, folded(subject)), ${key("from")}, ${key("to")}, ${
      key("cc")
    },
        ${key("displayFrom")}, ${key("displayTo")}, message_id, refs
      from emails order by account_id, id`),
    schema.createTable("emails_kept")
      .addColumn("id", "integer", (c) => c.primaryKey().notNull())
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
      .addColumn("message_id_hash", "integer")
      .addColumn("missing_parent_hash", "integer")
      .addColumn("traits", "integer", (c) => c.notNull())
      .addColumn("parse_version", "integer", (c) => c.notNull())
      .addColumn("base_subject", "text", (c) => c.notNull())
      .addColumn("from_address", "text")
      .addColumn("preview", "text", (c) => c.notNull())
      .addColumn("prefix", "blob", (c) => c.notNull())
      .addColumn("envelope", "blob", (c) => c.notNull())
      .addColumn("body", "blob", (c) => c.notNull())
      .addColumn("body_structure", "blob", (c) => c.notNull())
      .addColumn("parts", "blob", (c) => c.notNull())
      .addColumn("problems", "text", (c) => c.notNull())
      .addColumn("evidence", "blob"),
    raw(sql`insert into emails_kept (${columns}) select ${columns} from emails`),
    schema.dropTable("emails"),
    raw(sql`alter table emails_kept rename to emails`),
    schema.createIndex("emails_by_shared_body").on("emails").column("body_id")
      .where(sql.ref("body_shared"), "=", sql.lit(1)),
    schema.createIndex("emails_by_missing_parent").on("emails").columns(["account_id", "missing_parent_hash"])
      .where(sql.ref("missing_parent_hash"), "is not", null),
  ];
}
