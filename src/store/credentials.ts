/**
 * Rows of credentials. What is in them, `src/accounts/auth_credentials.ts` knows.
 *
 * Tested by `src/accounts/auth_store_test.ts`.
 *
 * @module
 */
import { literal, many, one, prepared, run, type Work } from "./query.ts";

const byAccount = prepared((db, p: { accountId: number }) =>
  db.selectFrom("credentials").select(["kind", "data"]).where("account_id", "=", p.accountId)
    .where("name", "=", "")
);

const byName = prepared((db, p: { kind: string; name: string }) =>
  db.selectFrom("credentials").select(["account_id", "data"]).where("kind", "=", p.kind).where(
    "name",
    "=",
    p.name,
  )
    .limit(literal(1))
);

const insert = prepared((
  db,
  p: { accountId: number; kind: string; name: string; data: string; now: number },
) =>
  db.insertInto("credentials").values({
    account_id: p.accountId,
    kind: p.kind,
    name: p.name,
    data: p.data,
    created: p.now,
  })
);

const removeKind = prepared((db, p: { accountId: number; kind: string }) =>
  db.deleteFrom("credentials").where("account_id", "=", p.accountId).where("kind", "=", p.kind)
);

const removeOne = prepared((db, p: { accountId: number; kind: string; name: string }) =>
  db.deleteFrom("credentials").where("account_id", "=", p.accountId).where("kind", "=", p.kind)
    .where("name", "=", p.name)
);

/** The credentials without a name of an account, at most one of each kind. */
export function* credentialsOf(accountId: number): Work<{ kind: string; data: string }[]> {
  return yield* many(byAccount, { accountId });
}

/** Whose credential of this kind has this name, or undefined. */
export function* credentialNamed(
  kind: string,
  name: string,
): Work<{ account_id: number; data: string } | undefined> {
  return yield* one(byName, { kind, name });
}

/** Adds a credential; an account has one of each kind and name. */
export function* insertCredential(
  row: { accountId: number; kind: string; name: string; data: string; now: number },
): Work<void> {
  yield* run(insert, row);
}

/** Removes an account's credentials of a kind. */
export function* removeCredentials(accountId: number, kind: string): Work<void> {
  yield* run(removeKind, { accountId, kind });
}

/** Removes one, and says how many there were. */
export function* removeCredential(accountId: number, kind: string, name: string): Work<number> {
  return (yield* run(removeOne, { accountId, kind, name })).changes;
}
