import assert from "node:assert/strict";
import { ChangeFeed, type Touched } from "./change_feed.ts";

function touched(account: number, mailboxes: number[], list = false): Touched {
  return new Map([[account, { mailboxes: new Set(mailboxes), list }]]);
}

Deno.test("the first item says that listening has begun, later ones what changed", async () => {
  const feed = new ChangeFeed(41);
  const listener = feed.listen(1);
  const first = listener.next(), second = listener.next();
  feed.publish(42, touched(1, [7]));
  assert.deepEqual((await first).value, { commit: 41, mailboxes: [], list: false });
  assert.deepEqual((await second).value, { commit: 42, mailboxes: [7], list: false });
  feed.close();
});

Deno.test("other accounts' changes are not told", async () => {
  const feed = new ChangeFeed(0);
  const listener = feed.listen(1);
  await listener.next();
  feed.publish(1, touched(2, [7]));
  feed.publish(2, touched(1, [8]));
  assert.equal((await listener.next()).value?.commit, 2);
  feed.close();
});

Deno.test("a slow listener gets one merged change", async () => {
  const feed = new ChangeFeed(0);
  const listener = feed.listen(1);
  for (let i = 1; i <= 10_000; i++) feed.publish(i, touched(1, [i % 3], i === 5));
  const { value } = await listener.next();
  assert.deepEqual({ ...value, mailboxes: [...value?.mailboxes ?? []].sort() }, {
    commit: 10_000,
    mailboxes: [0, 1, 2],
    list: true,
  });
  let more = false;
  const next = listener.next().then(() => more = true);
  await Promise.resolve();
  assert.equal(more, false);
  feed.close();
  await next;
});

Deno.test("leaving the loop ends listening", async () => {
  const feed = new ChangeFeed(0);
  const listener = feed.listen(1);
  for await (const _ of listener) break;
  feed.publish(1, touched(1, [1]));
  assert.deepEqual(await listener.next(), { done: true, value: undefined });
});

Deno.test("close() ends all, after what was not yet taken", async () => {
  const feed = new ChangeFeed(0);
  const listener = feed.listen(1);
  feed.publish(3, touched(1, [1]));
  feed.close();
  assert.equal((await listener.next()).value?.commit, 3);
  assert.equal((await listener.next()).done, true);
});
