import assert from "node:assert/strict";
import { tempStore } from "../store/testing/temp_store.ts";
import { ensureAccount } from "./accounts.ts";
import { StatusService } from "./status_service.ts";

Deno.test("counts are zero in a new store, and there is an account once it is made", async () => {
  await using temp = tempStore();
  const status = new StatusService(temp.store);
  const { commit: _, walBytes: __, ...none } = await status.counts();
  assert.deepEqual(none, { accounts: 0, messages: 0, unseen: 0, bytes: 0 });
  await ensureAccount(temp.store, { name: "you", maxBytes: null });
  assert.equal((await status.counts()).accounts, 1);
});

Deno.test("a watcher hears of commits, and ends when nobody listens any more", async () => {
  await using temp = tempStore();
  const abort = new AbortController();
  const seen: number[] = [];
  for await (const counts of new StatusService(temp.store).watch({}, { signal: abort.signal })) {
    seen.push(counts.accounts);
    if (seen.length === 1) await ensureAccount(temp.store, { name: "you", maxBytes: null });
    if (seen.length === 2) abort.abort();
  }
  assert.deepEqual(seen, [0, 1]);
});
