import assert from "node:assert/strict";
import { Refused } from "../base/errors.ts";
import { tempStore } from "../store/testing/temp_store.ts";
import { accountOf, ensureAccount, listAccounts, maxAccountName } from "./accounts.ts";
import { StoreMail } from "./mail_store.ts";

Deno.test("ensureAccount() makes an account with its mailboxes once", async () => {
  await using temp = tempStore();
  const id = await ensureAccount(temp.store, { name: "ann", maxBytes: null });
  assert.equal(await ensureAccount(temp.store, { name: "ann", maxBytes: null }), id);
  const { mailboxes, lostSubscriptions } = await new StoreMail(temp.store, id).list({});
  assert.deepEqual(mailboxes.map((mailbox) => [mailbox.name, mailbox.specialUse[0] ?? ""]), [
    ["Archive", "\\Archive"],
    ["Drafts", "\\Drafts"],
    ["Inbox", ""],
    ["Junk", "\\Junk"],
    ["Sent", "\\Sent"],
    ["Trash", "\\Trash"],
  ]);
  assert.ok(mailboxes.every((mailbox) => mailbox.subscribed));
  assert.deepEqual(lostSubscriptions, []);
  assert.equal(new Set(mailboxes.map((mailbox) => mailbox.uidValidity)).size, 6);
});

Deno.test("ensureAccount() changes the quota to what is asked for", async () => {
  await using temp = tempStore();
  await ensureAccount(temp.store, { name: "ann", maxBytes: null });
  assert.equal(accountOf(temp.store, "ann")?.maxBytes, null);
  await ensureAccount(temp.store, { name: "ann", maxBytes: 1000 });
  assert.equal(accountOf(temp.store, "ann")?.maxBytes, 1000);
  assert.equal(accountOf(temp.store, "bob"), null);
});

Deno.test("listAccounts() has all, and names that cannot be are refused", async () => {
  await using temp = tempStore();
  for (const name of ["ann", "bob", "carl"]) {
    await ensureAccount(temp.store, { name, maxBytes: null, mailboxes: [{ name: "Inbox", specialUse: "" }] });
  }
  assert.deepEqual(listAccounts(temp.store).map((account) => account.name), ["ann", "bob", "carl"]);
  for (const name of ["", "x".repeat(maxAccountName + 1), "u\u0308"]) {
    await assert.rejects(ensureAccount(temp.store, { name, maxBytes: null }), Refused);
  }
});
