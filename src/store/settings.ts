/**
 * Settings of the whole server that the store keeps for itself.
 *
 * @module
 */
import { one, prepared, run, type Work } from "./query.ts";

/** Settings of the server are those of account 0. */
const server = 0;

const settingNamed = prepared((db, p: { accountId: number; name: string }) =>
  db.selectFrom("settings").select("value").where("account_id", "=", p.accountId).where("name", "=", p.name)
);

const insertSetting = prepared((db, p: { accountId: number; name: string; value: string }) =>
  db.insertInto("settings").values({ account_id: p.accountId, name: p.name, value: p.value })
);

/** The setting of that name; where there is none yet, `first` becomes it. */
export function* settingOr(name: string, first: string): Work<string> {
  const row = yield* one(settingNamed, { accountId: server, name });
  if (row !== undefined) return row.value;
  yield* run(insertSetting, { accountId: server, name, value: first });
  return first;
}
