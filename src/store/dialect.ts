/**
 * What is SQLite's own: how Kysely writes its SQL, and the few expressions that other databases spell
 * otherwise. Moving to PostgreSQL means another file like this one.
 *
 * Tested by `src/store/query_test.ts`.
 *
 * @module
 */
import { DummyDriver, Kysely, type RawBuilder, sql, SqliteAdapter, SqliteQueryCompiler } from "kysely";
import { SqliteIntrospector } from "kysely";
import type { Tables } from "./schema.ts";

/** Builds and compiles queries; it has no connection and can run none. */
export const builder: Kysely<Tables> = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

/** The numbers of a JSON array, as a subquery for `in`: a list whose length is not known when compiling. */
export function numbersOf(json: string): RawBuilder<number> {
  return sql<number>`(select value from json_each(${json}))`;
}

/** Those of `bits` that are set in `mask`. */
export function bitAnd(bits: string, mask: number): RawBuilder<number> {
  return sql<number>`(${sql.ref(bits)} & ${mask})`;
}

/**
 * A number written into the query. For LIMIT above all: SQLite plans a query with `LIMIT ?` anew for every run, which
 * costs ten times what a small query does.
 */
export function literal(value: number): RawBuilder<number> {
  return sql.lit(value);
}

/** The empty text, written into the query: SQLite uses a partial index only if it can see its condition. */
export const emptyText: RawBuilder<string> = sql.lit("");
