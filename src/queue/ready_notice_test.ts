import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { ensureAccount } from "../accounts/accounts.ts";
import { type Bytes, concat, utf8 } from "../base/bytes.ts";
import { maxInlineBody } from "../store/bodies.ts";
import { one, prepared } from "../store/query.ts";
import { takeDue } from "../store/queue_rows.ts";
import { enqueue } from "../store/testing/queue_sample.ts";
import { tempStore } from "../store/testing/temp_store.ts";
import { conclude } from "./conclude.ts";

const told = prepared((db, p: { account: number }) =>
  db.selectFrom("emails").innerJoin("bodies", "bodies.id", "emails.body_id").select([
    "bodies.id",
    "bodies.size",
    "bodies.in_file",
  ]).where("emails.account_id", "=", p.account)
);

/** Has one message refused for good, and composes this notice about it. */
async function refuse(notice: Bytes) {
  const temp = tempStore({ clock: new FakeClock() });
  const { store } = temp;
  const account = await ensureAccount(store, { name: "a", maxBytes: null });
  await enqueue(store, ["a@x.example"]);
  const now = store.clock.now();
  const rows = await store.writer.run(() =>
    takeDue({ domain: "x.example", now, limit: 1, nextAttempt: () => now + 1 })
  );
  const parts = {
    store,
    compose: () => notice,
    keepRetiredMs: () => 0,
    postmaster: null,
    hasAccount: () => true,
  };
  const results = rows.map(({ id }) => ({
    id,
    outcome: "permanent" as const,
    code: 550,
    status: "5.1.1",
    text: "550 5.1.1 nobody here",
    remote: { host: "mx.x.example", address: "192.0.2.1" },
    relaysDsn: false,
  }));
  await conclude(parts, rows, { lease: "", startedAt: now, ms: 1, dialed: [], results });
  return { temp, row: store.read(one(told, { account })) };
}

Deno.test("a notice that is too large for the database is told all the same, from a file", async () => {
  // With the message that it returns, or with what a hundred recipients' hosts had to say.
  const header = utf8("From: postmaster@example.org\r\nSubject: x\r\n\r\n");
  const notice = concat([header, utf8("a line\r\n".repeat(maxInlineBody / 8)), utf8("the end\r\n")]);
  const { temp, row } = await refuse(notice);
  await using _ = temp;
  assert.deepEqual([row?.size, row?.in_file], [notice.length, 1]);
  const body = temp.store.read(temp.store.bodies.open(row?.id ?? 0));
  assert.deepEqual(body.slice(0, body.size), notice);
});
