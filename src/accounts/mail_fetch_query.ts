/**
 * The queries of FETCH and SEARCH: which columns of which tables, no more than what is asked for.
 *
 * Tested by `src/accounts/mail_store_test.ts`.
 *
 * @module
 */
import { sliceBytes } from "../store/connection.ts";
import { messagesBetween, type UidsBetween } from "../store/message_rows.ts";
import { literal, prepared, type SqlValue } from "../store/query.ts";
import type { CursorQuery } from "./mail_cursor.ts";

/** Groups of columns beside UID, MODSEQ and flags, which every row has. */
export const fetchColumns = [
  "numbers",
  "emailId",
  "threadId",
  "envelope",
  "body",
  "bodyStructure",
  "preview",
  "content",
  "parts",
  "commonHeader",
] as const;
export type FetchColumn = typeof fetchColumns[number];

/** A row: these four, then what was asked for, by the places of {@link contentOf}. */
export type FetchRow = readonly [
  uid: number,
  modseq: number,
  bits: number,
  keywords: string,
  ...rest: SqlValue[],
];

/** Each group's columns, and what they are called in the row. */
const selections = {
  numbers: ["m.size as size", "m.internal_date as internal_date", "m.save_date as save_date"],
  emailId: ["e.object_id as email_object_id"],
  threadId: ["e.thread_object_id as thread_object_id"],
  envelope: ["e.envelope as envelope"],
  body: ["e.body as body"],
  bodyStructure: ["e.body_structure as body_structure"],
  preview: ["e.preview as preview"],
  content: [
    "e.prefix as prefix",
    "b.id as body_id",
    "b.size as body_size",
    "b.sha256 as sha256",
    "b.in_file as in_file",
    "b.blocks as blocks",
    "b.bytes as body_bytes",
  ],
  parts: ["e.parts as parts"],
  commonHeader: ["e.prefix as common_prefix", "e.common_header as common_header"],
} as const satisfies Record<FetchColumn, readonly string[]>;

/** Groups whose values can be long. */
const bytesColumns: ReadonlySet<FetchColumn> = new Set([
  "envelope",
  "body",
  "bodyStructure",
  "preview",
  "content",
  "parts",
  "commonHeader",
]);

const always = ["m.uid as uid", "m.modseq as modseq", "m.bits as bits", "m.keywords as keywords"] as const;

/** The names of a row's columns, in order. */
export function contentOf(columns: readonly FetchColumn[]): string[] {
  const all: readonly string[] = selected(columns);
  return all.map((selection) => selection.slice(selection.lastIndexOf(" ") + 1));
}

/** What is selected for groups of columns, whatever order they are named in. */
function selected(columns: readonly FetchColumn[]) {
  return [
    ...always,
    ...fetchColumns.filter((each) => columns.includes(each)).flatMap((each) => selections[each]),
  ];
}

/** Rows of one query: of numbers only, and with the columns of emails and bodies. */
const numberRows = 2000;
const emailRows = 256;

/** Queries by their columns. Statements are kept by query, so the same columns must give the same one. */
const queries = new Map<string, CursorQuery>();

/** Existing messages of a range of UIDs, changed after a MODSEQ. For a `MessageCursor` with `changedSince`. */
export function fetchQuery(columns: readonly FetchColumn[]): CursorQuery {
  const key = fetchColumns.filter((column) => columns.includes(column)).join(" ");
  const known = queries.get(key);
  if (known !== undefined) return known;
  const made = makeQuery(columns);
  queries.set(key, made);
  return made;
}

interface FetchValues extends UidsBetween {
  readonly changedSince: number;
}

function makeQuery(columns: readonly FetchColumn[]): CursorQuery {
  const wanted = selected(columns);
  const hasBytes = columns.some((column) => bytesColumns.has(column));
  const limit = hasBytes ? emailRows : numberRows;
  const query = prepared((db, p: FetchValues) =>
    // SQLite leaves out a left join on a row id of which no column is wanted.
    messagesBetween(db, p)
      .leftJoin("emails as e", "e.id", "m.email_id")
      .leftJoin("bodies as b", "b.id", "e.body_id")
      .select(wanted)
      .where("m.modseq", ">", p.changedSince).limit(literal(limit))
  );
  return { query, limit, maxBytes: hasBytes ? sliceBytes : null };
}

/** What the content of one message is made of. */
export const contentByUid = prepared((db, p: { accountId: number; mailboxId: number; uid: number }) =>
  db.selectFrom("messages as m").innerJoin("emails as e", "e.id", "m.email_id")
    .select(["e.prefix", "e.parts", "e.body_id"])
    .where("m.account_id", "=", p.accountId).where("m.mailbox_id", "=", p.mailboxId)
    .where("m.uid", "=", p.uid).where("m.expunged", "=", 0)
);
