import assert from "node:assert/strict";
import { Refused } from "../base/errors.ts";
import {
  accountNamed,
  accountsAfter,
  accountWithId,
  createAccount,
  disableLogin,
  setQuota,
  usualMailboxes,
} from "./accounts.ts";
import { many, prepared } from "./query.ts";
import { tempStore } from "./testing/temp_store.ts";

const mailboxes = prepared((db, p: { accountId: number }) =>
  db.selectFrom("mailboxes").select(["name", "uid_validity", "object_id"]).where(
    "account_id",
    "=",
    p.accountId,
  ).orderBy("id")
);

Deno.test("a new account has its first mailboxes, each with its own UIDVALIDITY", async () => {
  await using temp = tempStore();
  const { store } = temp;
  const id = await store.writer.run((tx) => createAccount(tx, { name: "ann", maxBytes: 1000 }));
  const rows = store.read(many(mailboxes, { accountId: id }));
  assert.deepEqual(rows.map((row) => row.name), usualMailboxes.map((mailbox) => mailbox.name));
  assert.equal(new Set(rows.map((row) => row.uid_validity)).size, rows.length);
  assert.ok(rows.every((row) => row.uid_validity > 0 && row.uid_validity < 2 ** 32)); // RFC 9051 2.3.1.1
});

Deno.test("accounts are found by name and by id, in order, and changed", async () => {
  await using temp = tempStore();
  const { store } = temp;
  for (const name of ["ann", "bob"]) {
    await store.writer.run((tx) => createAccount(tx, { name, maxBytes: null }));
  }
  await assert.rejects(
    store.writer.run((tx) => createAccount(tx, { name: "ann", maxBytes: null })),
    (error) => error instanceof Refused && error.reason === "badName",
  );
  const bob = store.read(accountNamed("bob"));
  assert.equal(store.read(accountNamed("carl")), undefined);
  assert.deepEqual(store.read(accountsAfter(0, 10)).map((row) => row.name), ["ann", "bob"]);
  assert.deepEqual(store.read(accountsAfter(0, 1)).map((row) => row.name), ["ann"]);
  await store.writer.run(() => setQuota(bob?.id ?? 0, 5));
  await store.writer.run(() => disableLogin(bob?.id ?? 0, "ask the administrator"));
  const changed = store.read(accountWithId(bob?.id ?? 0));
  assert.deepEqual([changed?.max_bytes, changed?.login_disabled], [5, "ask the administrator"]);
});
