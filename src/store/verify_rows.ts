/**
 * What must be true of rows: each check finds the rows for which it is not.
 *
 * Tested by `src/store/verify_test.ts`.
 *
 * @module
 */
import { sql } from "kysely";
import { deleted, seen } from "../imap/flags.ts";
import { allRights } from "../imap/rights.ts";
import { bitAnd, type Prepared, prepared } from "./query.ts";

/** A check: rows that are wrong, and what to say of one. */
export interface RowCheck {
  readonly query: Prepared<{ limit: number }, unknown>;
  readonly words: (row: unknown) => string;
}

function check<R>(query: Prepared<{ limit: number }, R>, words: (row: R) => string): RowCheck {
  return { query, words: (row) => words(row as R) }; // Rows of this very query.
}

/** Rows whose `column` names no row of `parent`. */
function orphans(
  table:
    | "mailboxes"
    | "addresses"
    | "credentials"
    | "subscriptions"
    | "mailbox_keywords"
    | "mailbox_rights"
    | "annotations"
    | "recipients"
    | "emails"
    | "email_fields"
    | "messages",
): RowCheck {
  return check(
    prepared((db, p: { limit: number }) =>
      db.selectFrom(table).select((
        eb,
      ) => [eb.ref(`${table}.account_id`).as("account_id"), eb.fn.countAll<number>().as("n")])
        .where((eb) =>
          eb.not(
            eb.exists(
              eb.selectFrom("accounts").select("accounts.id").whereRef(
                "accounts.id",
                "=",
                `${table}.account_id`,
              ),
            ),
          )
        )
        .groupBy(`${table}.account_id`).limit(p.limit)
    ),
    (row) => `${row.n} rows of ${table} belong to account ${row.account_id}, which does not exist`,
  );
}

/** Counts of each mailbox beside what its rows say. */
const counts = prepared((db, p: { limit: number }) =>
  db.selectFrom((eb) =>
    eb.selectFrom("mailboxes as b").innerJoin("accounts as a", "a.id", "b.account_id")
      .leftJoin("messages as m", (join) =>
        join.onRef("m.account_id", "=", "b.account_id").onRef("m.mailbox_id", "=", "b.id"))
      .select([
        "b.id",
        "b.name",
        "b.messages",
        "b.unseen",
        "b.deleted",
        "b.bytes",
        "b.deleted_bytes",
        "b.uid_next",
        "b.recent_uid",
        "b.highest_modseq",
        "a.modseq as account_modseq",
        sql<number>`coalesce(sum(1 - m.expunged), 0)`.as("n"),
        sql<number>`coalesce(sum(case when m.expunged = 0 and ${
          bitAnd("m.bits", seen)
        } = 0 then 1 else 0 end), 0)`.as("n_unseen"),
        sql<number>`coalesce(sum(case when m.expunged = 0 and ${
          bitAnd("m.bits", deleted)
        } <> 0 then 1 else 0 end), 0)`.as("n_deleted"),
        sql<number>`coalesce(sum(m.size), 0)`.as("n_bytes"),
        sql<number>`coalesce(sum(case when ${bitAnd("m.bits", deleted)} <> 0 then m.size else 0 end), 0)`.as(
          "n_deleted_bytes",
        ),
        sql<number>`coalesce(max(m.uid), 0)`.as("last_uid"),
        sql<number>`coalesce(max(m.modseq), 0)`.as("last_modseq"),
      ])
      .groupBy("b.id").as("c")
  ).selectAll().where((eb) =>
    eb.or([
      eb("messages", "<>", eb.ref("n")),
      eb("unseen", "<>", eb.ref("n_unseen")),
      eb("deleted", "<>", eb.ref("n_deleted")),
      eb("bytes", "<>", eb.ref("n_bytes")),
      eb("deleted_bytes", "<>", eb.ref("n_deleted_bytes")),
      eb("uid_next", "<=", eb.ref("last_uid")),
      eb("recent_uid", ">", eb.ref("uid_next")),
      eb("highest_modseq", "<", eb.ref("last_modseq")),
      eb("highest_modseq", ">", eb.ref("account_modseq")),
    ])
  ).limit(p.limit)
);

const accountSums = prepared((db, p: { limit: number }) =>
  db.selectFrom((eb) =>
    eb.selectFrom("accounts as a").leftJoin("messages as m", "m.account_id", "a.id")
      .select([
        "a.id",
        "a.name",
        "a.bytes",
        "a.messages",
        sql<number>`coalesce(sum(m.size), 0)`.as("n_bytes"),
        sql<number>`coalesce(sum(1 - m.expunged), 0)`.as("n"),
      ])
      .groupBy("a.id").as("c")
  ).selectAll().where((eb) =>
    eb.or([eb("bytes", "<>", eb.ref("n_bytes")), eb("messages", "<>", eb.ref("n"))])
  ).limit(p.limit)
);

const withoutInbox = prepared((db, p: { limit: number }) =>
  db.selectFrom("accounts").leftJoin(
    "mailboxes",
    (join) => join.onRef("mailboxes.account_id", "=", "accounts.id").on("mailboxes.name", "=", "Inbox"),
  )
    .select(["accounts.name"]).where("mailboxes.id", "is", null).limit(p.limit)
);

const lostMessages = prepared((db, p: { limit: number }) =>
  db.selectFrom("messages as m")
    .leftJoin("mailboxes as b", (join) =>
      join.onRef("b.id", "=", "m.mailbox_id").onRef("b.account_id", "=", "m.account_id"))
    .select(["m.mailbox_id", "m.uid"]).where("b.id", "is", null).limit(p.limit)
);

const wrongMessages = prepared((db, p: { limit: number }) =>
  db.selectFrom("messages as m")
    .leftJoin("emails as e", (join) =>
      join.onRef("e.id", "=", "m.email_id").onRef("e.account_id", "=", "m.account_id"))
    .select(["m.mailbox_id", "m.uid"])
    .where((eb) =>
      eb.or([
        eb.and([eb("m.expunged", "=", 0), eb("e.id", "is", null)]),
        eb.and([eb("m.expunged", "=", 0), eb("e.size", "<>", eb.ref("m.size"))]),
        eb.and([
          eb("m.expunged", "<>", 0),
          eb.or([eb("m.email_id", "<>", 0), eb("m.size", "<>", 0), eb("m.keywords", "<>", "")]),
        ]),
        eb("m.uid", "<", 1),
        eb("m.createseq", "<", 1),
        eb("m.modseq", "<", eb.ref("m.createseq")),
      ])
    ).limit(p.limit)
);

const wrongCopies = prepared((db, p: { limit: number }) =>
  db.selectFrom("emails as e")
    .leftJoin(
      (eb) =>
        eb.selectFrom("messages").select((eb) => ["email_id", eb.fn.countAll<number>().as("n")])
          .where("expunged", "=", 0).groupBy("email_id").as("m"),
      (join) => join.onRef("m.email_id", "=", "e.id"),
    )
    .select(["e.id", "e.copies", sql<number>`coalesce(m.n, 0)`.as("n")])
    .where((eb) => eb.or([eb("m.n", "is", null), eb("m.n", "<>", eb.ref("e.copies"))])).limit(p.limit)
);

const lostEmails = prepared((db, p: { limit: number }) =>
  db.selectFrom("emails as e").leftJoin("bodies as b", "b.id", "e.body_id")
    .select(["e.id"]).where("b.id", "is", null).limit(p.limit)
);

const lostFields = prepared((db, p: { limit: number }) =>
  db.selectFrom("emails as e")
    .leftJoin("email_fields as f", (join) =>
      join.onRef("f.account_id", "=", "e.account_id").onRef("f.email_id", "=", "e.id"))
    .select(["e.id"]).where("f.email_id", "is", null).limit(p.limit)
);

const strayFields = prepared((db, p: { limit: number }) =>
  db.selectFrom("email_fields as f")
    .leftJoin("emails as e", (join) =>
      join.onRef("e.id", "=", "f.email_id").onRef("e.account_id", "=", "f.account_id"))
    .select(["f.email_id"]).where("e.id", "is", null).limit(p.limit)
);

const strayThreads = prepared((db, p: { limit: number }) =>
  db.selectFrom("emails as e").innerJoin("emails as first", "first.id", "e.thread_id")
    .select(["e.id", "first.id as first"])
    .where((eb) =>
      eb.or([
        eb("first.account_id", "<>", eb.ref("e.account_id")),
        eb("first.thread_object_id", "<>", eb.ref("e.thread_object_id")),
        eb("first.thread_id", "is not", null),
      ])
    ).limit(p.limit)
);

const strayIds = prepared((db, p: { limit: number }) =>
  db.selectFrom("message_ids as i")
    .leftJoin("emails as e", (join) =>
      join.onRef("e.id", "=", "i.email_id").onRef("e.account_id", "=", "i.account_id")
        .onRef("e.message_id_hash", "=", "i.hash"))
    .select(["i.email_id"]).where("e.id", "is", null).limit(p.limit)
);

const lostIds = prepared((db, p: { limit: number }) =>
  db.selectFrom("emails as e")
    .leftJoin("message_ids as i", (join) =>
      join.onRef("i.account_id", "=", "e.account_id").onRef("i.hash", "=", "e.message_id_hash")
        .onRef("i.email_id", "=", "e.id"))
    .select(["e.id"]).where("e.message_id_hash", "is not", null).where("i.email_id", "is", null)
    .where("e.id", "<=", (eb) =>
      eb.selectFrom("meta").select("value").where("name", "=", "message_ids"))
    .limit(p.limit)
);

const unusedBodies = prepared((db, p: { limit: number }) =>
  db.selectFrom("bodies as b").select("b.id")
    .where("b.id", "not in", (eb) => eb.selectFrom("emails").select("emails.body_id"))
    .where("b.id", "not in", (eb) => eb.selectFrom("queue").select("queue.body_id")).limit(p.limit)
);

const lostQueued = prepared((db, p: { limit: number }) =>
  db.selectFrom("queue as q").leftJoin("bodies as b", "b.id", "q.body_id")
    .select(["q.id"]).where("b.id", "is", null).limit(p.limit)
);

/** Bodies in the queue that an email has, too, which does not know it. */
const unknownToQueue = prepared((db, p: { limit: number }) =>
  db.selectFrom("emails as e").innerJoin("queue as q", "q.body_id", "e.body_id")
    .select(["e.id"]).where("e.body_shared", "=", 0).limit(p.limit)
);

/** Destinations beside the least due time of what waits for them. */
const wrongDestinations = prepared((db, p: { limit: number }) =>
  db.selectFrom((eb) =>
    eb.selectFrom("queue").select((eb) => ["domain", eb.fn.min("due").as("first")])
      .where("hold", "=", 0).groupBy("domain").as("q")
  )
    .fullJoin("queue_destinations as d", "d.domain", "q.domain")
    .select((eb) => [eb.fn.coalesce("q.domain", "d.domain").as("domain"), "d.due", "q.first"])
    .where((eb) =>
      eb.or([eb("d.due", "is", null), eb("q.first", "is", null), eb("d.due", "<>", eb.ref("q.first"))])
    )
    .limit(p.limit)
);

const strayDamage = prepared((db, p: { limit: number }) =>
  db.selectFrom("damaged as d").leftJoin("bodies as b", "b.id", "d.body_id").select(["d.body_id"])
    .where("b.id", "is", null).limit(p.limit)
);

const doubleBodies = prepared((db, p: { limit: number }) =>
  db.selectFrom("emails").select((eb) => ["body_id", eb.fn.countAll<number>().as("n")])
    .groupBy("body_id")
    .having((eb) => eb.and([eb(eb.fn.countAll<number>(), ">", 1), eb(eb.fn.min("body_shared"), "=", 0)]))
    .limit(p.limit)
);

/** UIDs and the MODSEQs at which messages came ascend together: what is new is found by it. */
const wrongOrder = prepared((db, p: { limit: number }) =>
  db.selectFrom((eb) =>
    eb.selectFrom("messages").select((eb) => [
      "mailbox_id",
      "uid",
      "createseq",
      eb.fn.agg<number | null>("lag", ["createseq"]).over((over) =>
        over.partitionBy(["account_id", "mailbox_id"]).orderBy("uid")
      ).as("before"),
    ]).as("m")
  ).select(["mailbox_id", "uid"]).whereRef("createseq", "<", "before").limit(p.limit)
);

const lostKeywords = prepared((db, p: { limit: number }) =>
  db.selectFrom("mailbox_keywords as k").leftJoin("mailboxes as b", "b.id", "k.mailbox_id")
    .select(["k.mailbox_id", "k.keyword"]).where("b.id", "is", null).limit(p.limit)
);

const doubleUses = prepared((db, p: { limit: number }) =>
  db.selectFrom("mailboxes").select((eb) => ["account_id", "special_use", eb.fn.countAll<number>().as("n")])
    .where("special_use", "<>", "").groupBy(["account_id", "special_use"])
    .having((eb) => eb.fn.countAll<number>(), ">", 1).limit(p.limit)
);

/** Rights to a mailbox that is not the owner's, or for nobody. */
const strayRights = prepared((db, p: { limit: number }) =>
  db.selectFrom("mailbox_rights as r")
    .leftJoin("mailboxes as b", (join) =>
      join.onRef("b.id", "=", "r.mailbox_id").onRef("b.account_id", "=", "r.account_id"))
    .leftJoin("accounts as a", "a.id", "r.grantee_id")
    .select(["r.mailbox_id", "r.grantee_id"])
    .where((eb) =>
      eb.or([
        eb("b.id", "is", null),
        eb.and([eb("a.id", "is", null), eb("r.grantee_id", "<>", 0)]),
        eb(bitAnd("r.rights", ~allRights), "<>", 0),
      ])
    ).limit(p.limit)
);

/** Annotations of mailboxes that are gone, and shared ones that are not the owner's. */
const strayAnnotations = prepared((db, p: { limit: number }) =>
  db.selectFrom("annotations as n").leftJoin("mailboxes as b", "b.id", "n.mailbox_id")
    .select(["n.mailbox_id", "n.entry"])
    .where((eb) =>
      eb.and([
        eb("n.mailbox_id", "<>", 0),
        eb.or([
          eb("b.id", "is", null),
          eb.and([eb("n.private", "=", 0), eb("n.account_id", "<>", eb.ref("b.account_id"))]),
        ]),
      ])
    ).limit(p.limit)
);

/** All checks, from the general to the particular. */
export const rowChecks: readonly RowCheck[] = [
  orphans("mailboxes"),
  orphans("addresses"),
  orphans("credentials"),
  orphans("subscriptions"),
  orphans("mailbox_keywords"),
  orphans("mailbox_rights"),
  orphans("annotations"),
  orphans("recipients"),
  orphans("emails"),
  orphans("email_fields"),
  orphans("messages"),
  check(
    counts,
    (row) =>
      `mailbox ${row.id} (${row.name}) says ${row.messages} messages, ${row.unseen} unseen, ${row.deleted} deleted, ` +
      `${row.bytes} and ${row.deleted_bytes} octets, next UID ${row.uid_next}, recent from ${row.recent_uid}, ` +
      `MODSEQ ${row.highest_modseq}; its rows say ${row.n}, ${row.n_unseen}, ${row.n_deleted}, ${row.n_bytes}, ` +
      `${row.n_deleted_bytes}, last UID ${row.last_uid}, MODSEQ ${row.last_modseq} (the account's: ${row.account_modseq})`,
  ),
  check(
    accountSums,
    (row) =>
      `account ${row.id} (${row.name}) says ${row.bytes} octets in ${row.messages} messages, there are ` +
      `${row.n_bytes} in ${row.n}`,
  ),
  check(withoutInbox, (row) => `account ${row.name} has no Inbox`),
  check(lostMessages, (row) => `message ${row.uid} is in mailbox ${row.mailbox_id}, which does not exist`),
  check(
    wrongMessages,
    (row) =>
      `message ${row.uid} of mailbox ${row.mailbox_id} has no email, or one of another size, or is expunged and has one still`,
  ),
  check(wrongCopies, (row) => `email ${row.id} says ${row.copies} copies, there are ${row.n}`),
  check(lostEmails, (row) => `email ${row.id} has a body that does not exist`),
  check(
    lostFields,
    (row) => `email ${row.id} is not found by SEARCH, SORT and THREAD: its fields are missing`,
  ),
  check(strayFields, (row) => `fields are kept of email ${row.email_id}, which does not exist`),
  check(
    strayThreads,
    (row) => `email ${row.id} is in a thread that is not that of its first email ${row.first}`,
  ),
  check(strayIds, (row) => `a Message-ID names email ${row.email_id}, which does not exist or has another`),
  check(lostIds, (row) => `email ${row.id} is not found by its Message-ID`),
  check(unusedBodies, (row) => `body ${row.id} belongs to no email, and to nothing in the queue`),
  check(lostQueued, (row) => `message ${row.id} in the queue has a body that does not exist`),
  check(unknownToQueue, (row) => `email ${row.id} does not know that its body is in the queue, too`),
  check(
    wrongDestinations,
    (row) => `mail for ${row.domain} is due at ${row.first}, its destination says ${row.due}`,
  ),
  check(strayDamage, (row) => `body ${row.body_id} is on record as damaged and does not exist`),
  check(
    doubleBodies,
    (row) => `body ${row.body_id} is shared by ${row.n} emails, of which some do not know it`,
  ),
  check(
    wrongOrder,
    (row) => `message ${row.uid} of mailbox ${row.mailbox_id} came before one with a lower UID`,
  ),
  check(
    lostKeywords,
    (row) => `keyword ${row.keyword} is noted for mailbox ${row.mailbox_id}, which does not exist`,
  ),
  check(
    strayRights,
    (row) =>
      `rights of account ${row.grantee_id} to mailbox ${row.mailbox_id} are of one that does not exist`,
  ),
  check(
    strayAnnotations,
    (row) => `annotation ${row.entry} is of mailbox ${row.mailbox_id}, which does not exist or is another's`,
  ),
  check(doubleUses, (row) => `account ${row.account_id} has ${row.n} mailboxes for ${row.special_use}`),
];
