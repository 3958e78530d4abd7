import assert from "node:assert/strict";
import {
  ChangeFeed,
  type ChangeListener,
  maxToldAnnotations,
  maxWatched,
  touchAnnotation,
  type Touched,
  untouched,
} from "./change_feed.ts";

function touched(account: number, mailboxes: number[], list = false): Touched {
  return new Map([[account, { ...untouched(), mailboxes: new Set(mailboxes), list }]]);
}

Deno.test("the first item says that listening has begun, later ones what changed", async () => {
  const feed = new ChangeFeed(41);
  const listener = feed.listen(1);
  const first = listener.next(), second = listener.next();
  feed.publish(42, touched(1, [7]));
  assert.deepEqual((await first).value, { commit: 41, mailboxes: [], list: false, annotations: [] });
  assert.deepEqual((await second).value, { commit: 42, mailboxes: [7], list: false, annotations: [] });
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

Deno.test("a mailbox of another account is heard of while it is watched, and nothing else of the account", async () => {
  const feed = new ChangeFeed(0);
  const listener = feed.listen(1);
  await listener.next();
  feed.watch(7, listener);
  feed.publish(1, touched(2, [8], true));
  feed.publish(2, touched(2, [7, 8], true));
  assert.deepEqual((await listener.next()).value, {
    commit: 2,
    mailboxes: [7],
    list: false,
    annotations: [],
  });
  // Rights to it changed: told once more, then no longer, until it is watched again.
  feed.publish(3, new Map([[2, { ...untouched(), access: new Set([7]) }]]));
  assert.deepEqual((await listener.next()).value?.mailboxes, [7]);
  feed.publish(4, touched(2, [7]));
  feed.watch(7, listener);
  feed.publish(5, touched(2, [7]));
  assert.equal((await listener.next()).value?.commit, 5);
  await listener.return();
  feed.watch(7, listener);
  assert.equal(listener.watched.size, 0);
});

Deno.test("who watches too many mailboxes hears of the last", async () => {
  const feed = new ChangeFeed(0);
  const listener = feed.listen(1);
  await listener.next();
  for (let i = 0; i <= maxWatched; i++) feed.watch(i, listener);
  feed.publish(1, touched(2, [0]));
  feed.publish(2, touched(2, [maxWatched]));
  assert.deepEqual((await listener.next()).value?.mailboxes, [maxWatched]);
  feed.close();
});

Deno.test("annotations: not one's own doing, not others' private ones, and so many at most", async () => {
  const feed = new ChangeFeed(0);
  const annotated = (entries: [mailbox: number, entry: string, origin: number][]) => {
    const change = untouched();
    for (const [mailbox, entry, origin] of entries) touchAnnotation(change, mailbox, entry, origin);
    return new Map([[1, change]]);
  };
  const own = feed.listen(1, 5);
  const other = feed.listen(2, 6);
  await Promise.all([own.next(), other.next()]);
  feed.watch(7, other);
  feed.publish(
    1,
    annotated([[7, "/shared/a", 5], [7, "/shared/b", 6], [7, "/private/c", 6], [8, "/shared/d", 6]]),
  );
  const told = async (listener: ChangeListener) =>
    (await listener.next()).value?.annotations.map(({ mailbox, entry }) => `${mailbox} ${entry}`);
  assert.deepEqual(await told(own), ["7 /shared/b", "7 /private/c", "8 /shared/d"]);
  assert.deepEqual(await told(other), ["7 /shared/a"]);
  // Changed by both before it is told: told.
  feed.publish(2, annotated([[7, "/shared/a", 5]]));
  feed.publish(3, annotated([[7, "/shared/a", 6]]));
  assert.deepEqual(await told(own), ["7 /shared/a"]);
  for (let i = 0; i < 2 * maxToldAnnotations; i++) feed.publish(4 + i, annotated([[7, `/shared/${i}`, 6]]));
  assert.equal((await told(own))?.length, maxToldAnnotations);
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
    annotations: [],
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
