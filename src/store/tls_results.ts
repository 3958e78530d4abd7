/**
 * Rows of `tls_results`: how TLS went, by UTC day and domain, until it is reported or too old to be. RFC 8460
 *
 * Tested by `src/queue/tls_notes_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { literal, many, one, prepared, run, type Work } from "./query.ts";

/** Domains of one day; what would be more is not kept. */
export const maxTlsDomains = 20_000;

/** For so long results are kept from the beginning of their day: whoever reports does so the next day, and may be late. */
export const tlsResultsKeptMs = 10 * 24 * 60 * 60 * 1000;

/** Rows forgotten in one unit. */
const maxForgotten = 500;

const find = prepared((db, p: { day: number; domain: string }) =>
  db.selectFrom("tls_results").select(["id", "policies"]).where("day", "=", p.day).where(
    "domain",
    "=",
    p.domain,
  )
);

const countOfDay = prepared((db, p: { day: number }) =>
  db.selectFrom("tls_results").select((eb) => eb.fn.countAll<number>().as("n")).where("day", "=", p.day)
);

const insert = prepared((db, p: { day: number; domain: string; policies: string }) =>
  db.insertInto("tls_results").values({ day: p.day, domain: p.domain, policies: p.policies })
);

const update = prepared((db, p: { id: number; policies: string }) =>
  db.updateTable("tls_results").set({ policies: p.policies }).where("id", "=", p.id)
);

const behind = prepared((db, p: { day: number; domain: string }) =>
  db.selectFrom("tls_results").select(["domain", "policies"]).where("day", "=", p.day)
    .where("domain", ">", p.domain).orderBy("domain").limit(literal(100))
);

const remove = prepared((db, p: { day: number; domain: string }) =>
  db.deleteFrom("tls_results").where("day", "=", p.day).where("domain", "=", p.domain)
);

const removeOld = prepared((db, p: { until: number }) =>
  db.deleteFrom("tls_results").where(
    "id",
    "in",
    (eb) => eb.selectFrom("tls_results").select("id").where("day", "<", p.until).limit(literal(maxForgotten)),
  )
);

/** What is known of a domain and day, as JSON; undefined for nothing. */
export function* tlsResultsOf(day: Millis, domain: string): Work<string | undefined> {
  return (yield* one(find, { day, domain }))?.policies;
}

/**
 * Keeps what is known of a domain and day. Tells whether there was room for it.
 *
 * @param counted How many domains days have; what one unit has counted once it does not count again.
 */
export function* keepTlsResults(
  day: Millis,
  domain: string,
  policies: string,
  counted: Map<Millis, number>,
): Work<boolean> {
  const row = yield* one(find, { day, domain });
  if (row !== undefined) yield* run(update, { id: row.id, policies });
  else {
    const domains = counted.get(day) ?? (yield* one(countOfDay, { day }))?.n ?? 0;
    counted.set(day, domains);
    if (domains >= maxTlsDomains) return false;
    yield* run(insert, { day, domain, policies });
    counted.set(day, domains + 1);
  }
  return true;
}

/** The next hundred domains of a day behind one, in order. For whoever reports. */
export function* tlsResultsBehind(
  day: Millis,
  domain: string,
): Work<{ readonly domain: string; readonly policies: string }[]> {
  return yield* many(behind, { day, domain });
}

/** Forgets what was reported. Tells whether it was there. */
export function* removeTlsResults(day: Millis, domain: string): Work<boolean> {
  return (yield* run(remove, { day, domain })).changes > 0;
}

/** Forgets what is too old to be reported; tells whether there may be more. */
export function* forgetTlsResults(now: Millis): Work<boolean> {
  return (yield* run(removeOld, { until: now - tlsResultsKeptMs })).changes === maxForgotten;
}
