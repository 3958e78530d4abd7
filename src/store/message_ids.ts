/**
 * Emails by the hash of their Message-ID, for threads.
 *
 * Hashes have no order: in an index of many each new one falls on a page of its own, and writing those pages would be a third
 * of what a group of deliveries writes. So the newest emails are known here in memory only, and when there are enough
 * of them, they go into the table together and in its order, by which many of them share a page.
 *
 * ```text
 * emails, by row    …………………………………… | ………………………… | …………………
 * message_ids       all of them    | being added | none
 * in memory                        | old         | fresh
 *                         `settled`^             ^#boundary
 * ```
 *
 * What is in memory is read again from `emails` at the start. It may name emails that are gone, or whose unit was rolled
 * back: whoever is told of an email compares its Message-ID, and what is added to the table is read from `emails`.
 *
 * @module
 */
import { literal, many, numbersOf, one, prepared, run, tuples, type Work } from "./query.ts";
import type { Kysely } from "kysely";
import type { Tables } from "./schema.ts";
import type { Reader } from "./connection.ts";

/** Emails in memory after which they are added to the table. */
export const settleAt = 8192;

/** Emails added by one unit of the writer: one or two milliseconds, and as many pages at worst. */
export const settledAtOnce = 256;

/** Emails found for one hash. */
export const maxFound = 20;

/** Rows read in one go at the start. */
const loaded = 5000;

/** An email with the hash that was asked for. */
export interface FoundEmail {
  readonly id: number;
  readonly thread_id: number | null;
  readonly thread_object_id: string;
  readonly base_subject: string;
  readonly message_id: string | null;
}

const columns = ["e.id", "e.thread_id", "e.thread_object_id", "e.base_subject", "f.message_id"] as const;

/** Emails with what they are called. */
function emails(db: Kysely<Tables>) {
  return db.selectFrom("emails as e").innerJoin(
    "email_fields as f",
    (join) => join.onRef("f.account_id", "=", "e.account_id").onRef("f.email_id", "=", "e.id"),
  );
}

const inTable = prepared((db, p: { accountId: number; hash: number }) =>
  emails(db).innerJoin("message_ids as i", "i.email_id", "e.id").select(columns)
    .where("i.account_id", "=", p.accountId).where("i.hash", "=", p.hash)
    .orderBy("i.email_id", "desc").limit(literal(maxFound))
);

const withIds = prepared((db, p: { accountId: number; ids: string }) =>
  emails(db).select(columns).where("e.id", "in", numbersOf(p.ids))
    .where("e.account_id", "=", p.accountId).orderBy("e.id", "desc").limit(literal(maxFound))
);

const insertOne = prepared((db, p: { accountId: number; hash: number; emailId: number }) =>
  db.insertInto("message_ids").values({ account_id: p.accountId, hash: p.hash, email_id: p.emailId })
    .onConflict((conflict) => conflict.doNothing())
);

const insertMany = prepared((db, p: { ids: string }) =>
  db.insertInto("message_ids").columns(["account_id", "hash", "email_id"])
    .expression((eb) =>
      eb.selectFrom("emails").select(["account_id", "message_id_hash", "id"])
        .where("id", "in", numbersOf(p.ids)).where("message_id_hash", "is not", null)
        .orderBy("account_id").orderBy("message_id_hash")
    )
    .onConflict((conflict) => conflict.doNothing())
);

const removeOne = prepared((db, p: { accountId: number; hash: number; emailId: number }) =>
  db.deleteFrom("message_ids").where("account_id", "=", p.accountId).where("hash", "=", p.hash)
    .where("email_id", "=", p.emailId)
);

const settledRow = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("meta").select("value").where("name", "=", "message_ids")
);

const setSettled = prepared((db, p: { id: number }) =>
  db.updateTable("meta").set({ value: p.id }).where("name", "=", "message_ids")
);

const behind = prepared((db, p: { id: number }) =>
  db.selectFrom("emails").select(["id", "account_id", "message_id_hash"]).where("id", ">", p.id)
    .orderBy("id").limit(literal(loaded))
);

/** Emails by hash, in memory. */
class Tail {
  readonly #byHash = new Map<number, [accountId: number, emailId: number][]>();
  size = 0;
  /** The highest row. */
  last = 0;

  add(accountId: number, hash: number, emailId: number): void {
    const known = this.#byHash.get(hash);
    if (known === undefined) this.#byHash.set(hash, [[accountId, emailId]]);
    else known.push([accountId, emailId]);
    this.size++;
    this.last = Math.max(this.last, emailId);
  }

  has(hash: number): boolean {
    return this.#byHash.has(hash);
  }

  idsOf(accountId: number, hash: number): number[] {
    return this.#byHash.get(hash)?.filter((each) => each[0] === accountId).map((each) => each[1]) ?? [];
  }

  /** All rows in the table's order. */
  ids(): number[] {
    const all: (readonly [accountId: number, hash: number, emailId: number])[] = [];
    for (const [hash, emails] of this.#byHash) {
      for (const [accountId, emailId] of emails) all.push([accountId, hash, emailId]);
    }
    return all.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]).map((each) => each[2]);
  }
}

/** What runs units of the writer; the writer itself. */
type RunUnit = (unit: () => Work<void>) => Promise<void>;

/** All emails of a store by Message-ID. */
export class MessageIds {
  #fresh = new Tail();
  /** Being added, or to be added again where that failed. */
  #old: Tail | null = null;
  /** Emails up to here are in the table or in `#old`: a new one that gets such a row goes to the table at once. */
  #boundary: number;
  #settling = false;

  constructor(settled: number) {
    this.#boundary = settled;
  }

  /** Reads what the table does not hold yet. */
  static load(reader: Reader): MessageIds {
    const settled = reader.read(one(settledRow, {}))?.value ?? 0;
    const ids = new MessageIds(settled);
    type Row = readonly [id: number, accountId: number, hash: number | null];
    for (let last: number | undefined = settled; last !== undefined;) {
      const rows: Row[] = reader.read(tuples<Row>(behind, { id: last }));
      for (const [id, accountId, hash] of rows) if (hash !== null) ids.#fresh.add(accountId, hash, id);
      last = rows.length < loaded ? undefined : rows.at(-1)?.[0];
    }
    return ids;
  }

  /** Whether {@link settle} should be called. */
  get full(): boolean {
    return this.#fresh.size >= settleAt && !this.#settling;
  }

  /** Emails of an account that have the hash, the newest first; some may come twice, and some of another Message-ID. */
  *find(accountId: number, hash: number): Work<FoundEmail[]> {
    const rows = yield* many(inTable, { accountId, hash });
    if (!this.#fresh.has(hash) && this.#old?.has(hash) !== true) return rows;
    const ids = [...this.#fresh.idsOf(accountId, hash), ...this.#old?.idsOf(accountId, hash) ?? []];
    return [...yield* many(withIds, { accountId, ids: JSON.stringify(ids) }), ...rows];
  }

  /** An email was added, in this unit. */
  *add(accountId: number, hash: number, emailId: number): Work<void> {
    if (emailId <= this.#boundary) yield* run(insertOne, { accountId, hash, emailId });
    else this.#fresh.add(accountId, hash, emailId);
  }

  /** An email was deleted, in this unit. */
  *remove(accountId: number, hash: number, emailId: number): Work<void> {
    yield* run(removeOne, { accountId, hash, emailId });
  }

  /** Adds what is in memory to the table, some at a time. When it fails, it can be called again. */
  async settle(runUnit: RunUnit): Promise<void> {
    if (this.#settling) return;
    this.#settling = true;
    try {
      if (this.#old === null) {
        this.#old = this.#fresh;
        this.#fresh = new Tail();
        this.#boundary = Math.max(this.#boundary, this.#old.last);
      }
      const id = this.#boundary;
      const ids = this.#old.ids();
      for (let at = 0; at < ids.length; at += settledAtOnce) {
        const some = JSON.stringify(ids.slice(at, at + settledAtOnce));
        await runUnit(function* () {
          yield* run(insertMany, { ids: some });
        });
      }
      await runUnit(function* () {
        yield* run(setSettled, { id });
      });
      this.#old = null;
    } finally {
      this.#settling = false;
    }
  }
}
