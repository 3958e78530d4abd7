/**
 * Queries that are compiled once, and the generators that use them.
 *
 * A query is written with Kysely's builder and named parameters:
 *
 * ```ts
 * const mailboxByName = prepared((db, p: { accountId: number; name: string }) =>
 *   db.selectFrom("mailboxes").select(["id", "uid_next"])
 *     .where("account_id", "=", p.accountId).where("name", "=", p.name)
 * );
 * ```
 *
 * No file outside `src/store` imports Kysely, and none needs to: `db` and the row's type are inferred. (Queries on
 * mail tables may as well live in `src/store/mail_*.ts`; expressions that need `sql` must, or use those of `dialect.ts`.)
 * Inside the callback `p.name` is not a value but a mark for one: use each as an operand only, never in a condition,
 * template or calculation of JavaScript. Parameters are numbers, strings, bytes or null; there are no booleans. A list is one
 * parameter: `where("uid", "in", numbersOf(p.json))` with a JSON array. Write limits as `limit(literal(500))`:
 * a limit that is a parameter makes SQLite plan the query anew each time (15 us instead of 1).
 *
 * A store function is a generator, a {@link Work}, which yields what it wants to have run:
 *
 * ```ts
 * function* uidNextOf(accountId: number, name: string): Work<number> {
 *   const row = yield* one(mailboxByName, { accountId, name });
 *   if (row === undefined) throw new Refused("noSuchMailbox", `no mailbox ${name}`);
 *   return row.uid_next;
 * }
 * ```
 *
 * so that the same body runs synchronously inside a group (SQLite, `connection.ts`) or awaits each query (another
 * database, later). It must therefore keep no state outside itself that a rollback would have to undo.
 *
 * @module
 */
import type { Compilable, Kysely } from "kysely";
import type { Bytes } from "../base/bytes.ts";
import { builder } from "./dialect.ts";
import type { Tables } from "./schema.ts";

export { bitAnd, emptyText, literal, numbersOf } from "./dialect.ts";

/** What a column or a parameter can hold. */
export type SqlValue = number | string | Bytes | null;

/** Values for a query's named parameters. */
export type Values = Readonly<Record<string, SqlValue>>;

/** Stands for a parameter while a query is compiled. */
class Slot {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** One query, compiled when it is first used. `P`: its parameters; `R`: its rows. */
export class Prepared<P, R> {
  readonly #build: (db: Kysely<Tables>, p: P) => Compilable<R>;
  readonly #besideCounts: boolean;
  #text: QueryText | null = null;

  constructor(build: (db: Kysely<Tables>, p: P) => Compilable<R>, settings: QuerySettings = {}) {
    this.#build = build;
    this.#besideCounts = settings.besideCounts === true;
  }

  /** The text, with `?` for each of {@link bind}'s values. */
  get sql(): string {
    return this.#compiled.sql;
  }

  /** Whether it changes anything. */
  get changes(): boolean {
    return this.#compiled.changes;
  }

  /** Whether it may ask for, or change, numbers that the writer holds in memory. See `counts.ts`. */
  get touchesCounts(): boolean {
    return this.#compiled.touchesCounts;
  }

  /** The values in the order in which the text wants them. @throws {TypeError} If one is missing. */
  bind(values: Values): SqlValue[] {
    const { slots, fixed } = this.#compiled;
    const bound: SqlValue[] = new Array(slots.length);
    for (let i = 0; i < slots.length; i++) {
      const name = slots[i];
      const value = name === undefined ? fixed[i] : values[name];
      if (value === undefined) throw new TypeError(`no value for the parameter ${name}`);
      bound[i] = value;
    }
    return bound;
  }

  get #compiled(): QueryText {
    return this.#text ??= this.#compile();
  }

  #compile(): QueryText {
    const marks = new Proxy({}, { get: (_, name) => new Slot(String(name)) });
    // The builder treats values as opaque; it hands our marks back among the parameters.
    const { sql, parameters } = this.#build(builder, marks as P).compile();
    return {
      sql,
      slots: parameters.map((each) => each instanceof Slot ? each.name : undefined),
      fixed: parameters.map((each) => each instanceof Slot ? undefined : each as SqlValue),
      changes: !sql.startsWith("select"),
      touchesCounts: !this.#besideCounts && /"(accounts|mailboxes)"/.test(sql),
    };
  }
}

/** A compiled query. For each `?` there is a parameter's name, or else a fixed value. */
interface QueryText {
  readonly sql: string;
  readonly slots: readonly (string | undefined)[];
  readonly fixed: readonly (SqlValue | undefined)[];
  readonly changes: boolean;
  readonly touchesCounts: boolean;
}

export interface QuerySettings {
  /** Nothing that the writer holds in memory matters to it, though it names `accounts` or `mailboxes`. */
  readonly besideCounts?: boolean;
}

/** A query with named parameters; see the module. */
export function prepared<P, R>(
  build: (db: Kysely<Tables>, p: P) => Compilable<R>,
  settings: QuerySettings = {},
): Prepared<P, R> {
  return new Prepared(build, settings);
}

/** What a {@link Work} wants to have run. */
export interface Step {
  readonly query: Prepared<never, unknown>;
  readonly values: Values;
  /** `one` row or none, all rows as objects, all rows as arrays, so many of them, or only the effect. */
  readonly want: "one" | "many" | "tuples" | "some" | "run";
  /** For `some`: see {@link someTuples}. */
  readonly maxBytes?: number;
}

/** A store function: yields queries, returns its result. Throws {@link Refused} for what it will not do. */
export type Work<T> = Generator<Step, T, unknown>;

/** What a query changed. */
export interface Effect {
  /** Rows inserted, updated or deleted. */
  readonly changes: number;
  /** The row id of the last row inserted by this connection. Meaningless unless this query inserted one. */
  readonly insertedId: number;
}

function step<P, R>(query: Prepared<P, R>, values: P, want: Step["want"]): Step {
  // `prepared` has checked the parameters' names; their values are of Values' types, else binding throws.
  return { query: query as Prepared<never, unknown>, values: values as Values, want };
}

/** The first row of a query, or undefined. */
export function* one<P, R>(query: Prepared<P, R>, values: P): Work<R | undefined> {
  return (yield step(query, values, "one")) as R | undefined; // The runner keeps to `want`.
}

/** All rows of a query. Bound them: LIMIT, or a key that few rows have. */
export function* many<P, R>(query: Prepared<P, R>, values: P): Work<R[]> {
  return (yield step(query, values, "many")) as R[];
}

/**
 * All rows as arrays in the order of the select list: a third of the time of {@link many}, for bulk columns.
 * The caller says what the arrays hold: `tuples<[uid: number, bits: number]>(query, values)`.
 */
export function* tuples<T extends readonly SqlValue[]>(
  query: Prepared<never, unknown>,
  values: Values,
): Work<T[]> {
  return (yield { query, values, want: "tuples" }) as T[];
}

/** The first rows of a query. */
export interface SomeRows<T> {
  readonly rows: T[];
  /** Whether the query may have more. */
  readonly cut: boolean;
}

/**
 * As {@link tuples}, but the first rows only: up to the one with which their columns of bytes reach `maxBytes`. For rows
 * that may be of a few octets or of millions, so that no answer is much larger than is wanted.
 */
export function* someTuples<T extends readonly SqlValue[]>(
  query: Prepared<never, unknown>,
  values: Values,
  maxBytes: number,
): Work<SomeRows<T>> {
  return (yield { query, values, want: "some", maxBytes }) as SomeRows<T>;
}

/** Runs a query for its effect. */
export function* run<P, R>(query: Prepared<P, R>, values: P): Work<Effect> {
  return (yield step(query, values, "run")) as Effect;
}
