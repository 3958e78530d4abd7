import assert from "node:assert/strict";
import type { MailboxInfo, MailboxList } from "../accounts/mail.ts";
import type { NotifySet } from "../imap/notify_set.ts";
import { allRights } from "../imap/rights.ts";
import { Notifications } from "./notifications.ts";

const info = (id: number, name: string, changes: Partial<MailboxInfo> = {}): MailboxInfo => ({
  id,
  objectId: `F${id}`,
  name,
  specialUse: [],
  subscribed: true,
  owner: null,
  rights: allRights,
  uidValidity: id,
  uidNext: 1,
  highestModSeq: 1,
  messages: 0,
  unseen: 0,
  deleted: 0,
  recent: 0,
  bytes: 0,
  deletedBytes: 0,
  ...changes,
});
const list = (...mailboxes: readonly MailboxInfo[]): MailboxList => ({ mailboxes, lostSubscriptions: [] });
const everything: NotifySet = {
  server: false,
  status: false,
  selected: null,
  groups: [{
    of: "PERSONAL",
    names: [],
    events: { messages: true, flags: true, names: true, subscriptions: false, annotations: false },
  }],
};

/** What is told where there was one list and then is another. */
function told(before: MailboxList, after: MailboxList, own: (n: Notifications) => void = () => {}) {
  const notifications = new Notifications(everything);
  notifications.take(before);
  own(notifications);
  const { names, status } = notifications.news(after, null);
  return { names: [...names], status: status.map(({ mailbox, what }) => `${mailbox.name} ${what}`) };
}

Deno.test("of several changes at once, what came of them is told", () => {
  const before = list(info(1, "a"), info(2, "a/b"), info(3, "a/b/c"), info(4, "d"), info(5, "Inbox"));
  // Renamed with its children, one of which then moved elsewhere.
  assert.deepEqual(
    told(before, list(info(1, "x"), info(2, "x/b"), info(3, "c"), info(4, "d"), info(5, "Inbox"))).names,
    [["x", "a"], ["c", "a/b/c"]],
  );
  // Two exchange their names: with the old ones a client, which reads one line after the other, would lose one of them.
  assert.deepEqual(told(list(info(1, "a"), info(4, "d")), list(info(1, "d"), info(4, "a"))), {
    names: [["d", null], ["a", null]],
    status: ["d all", "a all"],
  });
  // One takes the name that another has left, whose child is then told by itself.
  const chain = list(info(1, "a"), info(2, "a/b"), info(3, "c"));
  assert.deepEqual(told(chain, list(info(1, "d"), info(2, "d/b"), info(3, "a"))), {
    names: [["d", null], ["d/b", "a/b"], ["a", "c"]],
    status: ["a all"],
  });
  // Deleted and made anew.
  assert.deepEqual(told(list(info(1, "a")), list(info(9, "a"))), {
    names: [["a", null]],
    status: ["a all"],
  });
  // Deleted, and another one has its name.
  assert.deepEqual(told(list(info(1, "a"), info(2, "b")), list(info(2, "a"))), {
    names: [["a", "b"]],
    status: ["a all"],
  });
});

Deno.test("what the session did itself is known; what others did at the same time is told", () => {
  const inbox = info(1, "Inbox", { uidNext: 5, messages: 4 });
  const own = (n: Notifications) => n.ownAdded(1, Uint32Array.of(5, 6));
  assert.deepEqual(told(list(inbox), list({ ...inbox, uidNext: 7, messages: 6 }), own).status, []);
  assert.deepEqual(told(list(inbox), list({ ...inbox, uidNext: 8, messages: 7 }), own).status, [
    "Inbox messages",
  ]);
  assert.deepEqual(told(list(inbox), list({ ...inbox, uidNext: 7, messages: 5 }), own).status, [
    "Inbox messages",
  ]);
  // Another message came first.
  const later = (n: Notifications) => n.ownAdded(1, Uint32Array.of(6));
  assert.deepEqual(told(list(inbox), list({ ...inbox, uidNext: 7, messages: 6 }), later).status, [
    "Inbox messages",
  ]);
  // It was selected: what of it the client knows is what it was told then.
  const left = (messages: number) => (n: Notifications) => n.left(1, messages, 5, false);
  assert.deepEqual(told(list(inbox), list({ ...inbox, messages: 0 }), left(0)).status, []);
  assert.deepEqual(told(list(inbox), list({ ...inbox, messages: 3 }), left(4)).status, ["Inbox messages"]);
  assert.deepEqual(told(list(inbox), list(inbox), left(5)).status, ["Inbox messages"]);
  // Made, and taken away by another.
  assert.deepEqual(told(list(inbox), list(inbox), (n) => n.ownCreated("x")).names, [["x", null]]);
  assert.deepEqual(told(list(inbox), list(inbox, info(2, "x")), (n) => n.ownCreated("x")).names, []);
});
