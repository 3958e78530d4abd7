import assert from "node:assert/strict";
import { settle } from "../../tests/support/fake_clock.ts";
import { Refused } from "../base/errors.ts";
import { maxNotified } from "./notifications.ts";
import { writeTimeoutMs } from "./settings.ts";
import { Client } from "./testing/imap_client.ts";
import { ImapStage } from "./testing/imap_stage.ts";

const all = "NOTIFY SET (SELECTED (MessageNew (UID) MessageExpunge FlagChange)) " +
  "(PERSONAL (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange))";

async function watching(stage: ImapStage, mailbox: string | null = null): Promise<Client> {
  const client = await Client.signedIn(stage, mailbox);
  assert.match(await client.command(all), /OK done/);
  return client;
}

Deno.test("more than a client can be told at once ends its notifications", async () => {
  const stage = new ImapStage({ maxMailboxes: 2 * maxNotified + 10 }, ["Inbox"]);
  const client = await watching(stage);
  for (let i = 0; i < maxNotified; i++) void stage.mail.create({ name: `m${i}`, specialUse: [] });
  assert.equal((await client.read()).split("\r\n").length - 1, maxNotified);
  for (let i = 0; i <= maxNotified; i++) void stage.mail.create({ name: `n${i}`, specialUse: [] });
  assert.equal(await client.read(), "* OK [NOTIFICATIONOVERFLOW] too much happens, no more events\r\n");
  stage.deliver("m1", "plain");
  assert.equal(await client.read(), "");
  assert.match(await client.command(all), /OK done/);
  stage.deliver("m1", "plain");
  assert.equal(await client.read(), "* STATUS m1 (UIDNEXT 3 MESSAGES 2)\r\n");
  client.end();
  await stage.assertEnded();
});

Deno.test("a client that does not read is held up, costs no more than what it was told first, and is closed", async () => {
  const stage = new ImapStage({}, ["Inbox", "Other"]);
  const plain = stage.connect();
  await plain.send(
    `a LOGIN mjl@example.org secret123\r\nb SELECT Inbox\r\nc NOTIFY SET ` +
      `(SELECTED (MessageNew (UID BODY.PEEK[]) MessageExpunge)) (PERSONAL (MessageNew MessageExpunge))\r\n`,
  );
  await settle();
  for (let i = 0; i < 3000; i++) stage.deliver("Inbox", "mixed");
  for (let i = 0; i < 100; i++) await settle();
  const held = plain.buffered;
  assert.ok(held > 64 * 1024 && held < 1024 * 1024, `${held}`);
  for (let i = 0; i < 3000; i++) stage.deliver("Other", "mixed");
  await settle();
  assert.equal(plain.buffered, held);
  await stage.clock.advance(writeTimeoutMs + 1000);
  assert.ok(plain.peer.isClosed);
  await stage.assertEnded();
});

Deno.test("nothing is pushed into the middle of a command, and nothing is forgotten", async () => {
  const stage = new ImapStage({}, ["Inbox", "Other"]);
  const client = await watching(stage, "Inbox");
  await client.send("a NO");
  stage.deliver("Other", "plain");
  stage.deliver("Inbox", "plain");
  assert.equal(await client.read(), "");
  await client.send("OP\r\n");
  assert.equal(
    await client.read(),
    "* 1 EXISTS\r\n* 1 RECENT\r\n* 1 FETCH (UID 1)\r\n* STATUS Other (UIDNEXT 2 MESSAGES 1)\r\na OK done\r\n",
  );
  await client.send("b X");
  stage.deliver("Other", "plain");
  await client.send("\r\n");
  assert.equal(await client.read(), "b BAD unknown command\r\n* STATUS Other (UIDNEXT 3 MESSAGES 2)\r\n");
  client.end();
  await stage.assertEnded();
});

Deno.test("flags that were pushed while a silent STORE was on its way are told again, as it left them", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  for (let i = 0; i < 2; i++) stage.deliver("Inbox", "plain");
  const client = await watching(stage, "Inbox");
  await stage.other(["flag", "Inbox", "1", "\\Deleted"]);
  await settle(); // Written, and not read: the client cannot know that its command comes behind it.
  const store = "STORE 1:2 +FLAGS.SILENT (\\Seen)";
  const pushed = "* 1 FETCH (UID 1 FLAGS (\\Deleted \\Recent))\r\n";
  const left = "* 1 FETCH (UID 1 FLAGS (\\Seen \\Deleted \\Recent))\r\n";
  assert.equal(await client.command(store), `${pushed}${left}= OK stored\r\n`);
  // What was told before the last answer is what the client's own command changed.
  assert.equal(await client.command("STORE 1:2 -FLAGS.SILENT (\\Seen)"), "= OK stored\r\n");
  client.end();
  await stage.assertEnded();
});

Deno.test("a store that cannot answer loses no notification", async () => {
  const stage = new ImapStage({}, ["Inbox", "Other"]);
  const client = await watching(stage);
  stage.mail.failNext("list", new Refused("tryLater", "busy"));
  stage.deliver("Other", "plain");
  assert.equal(await client.read(), "");
  assert.equal(await client.command("NOOP"), "* STATUS Other (UIDNEXT 2 MESSAGES 1)\r\n= OK done\r\n");
  stage.mail.failNext("list", new Refused("tryLater", "busy"));
  assert.match(await client.command("NOTIFY SET (PERSONAL (MailboxName))"), /NO \[UNAVAILABLE\]/);
  stage.deliver("Other", "plain"); // What was wanted before is in force.
  assert.equal(await client.read(), "* STATUS Other (UIDNEXT 3 MESSAGES 2)\r\n");
  client.end();
  await stage.assertEnded();
});

Deno.test("a store that cannot answer leaves what was wanted, and what the client may count on", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  for (let i = 0; i < 2; i++) stage.deliver("Inbox", "plain");
  const client = await Client.signedIn(stage, null);
  await client.command("ENABLE QRESYNC");
  await client.command("SELECT Inbox"); // HIGHESTMODSEQ is 3.
  await client.command("NOTIFY SET (SELECTED (MessageNew (UID) MessageExpunge))");
  const busy = new Refused("tryLater", "busy");
  stage.mail.failNext("changes", busy);
  assert.match(await client.command("NOTIFY NONE"), /OK no more/); // Asks for nothing.
  assert.match(await client.command(all), /NO \[UNAVAILABLE\]/);
  stage.deliver("Inbox", "plain");
  assert.equal(await client.command("NOOP"), "= OK done\r\n"); // Nothing is what was wanted before.
  await client.command(all);
  await stage.other(["flag", "Inbox", "1", "\\Seen"]);
  await client.read();
  stage.mail.failNext("changes", busy);
  await stage.other(["flag", "Inbox", "1"]);
  stage.mail.failNext("changes", busy);
  assert.equal(
    await client.command("STORE 2 +FLAGS.SILENT (\\Seen)"),
    "* 2 FETCH (UID 2 MODSEQ (7))\r\n* OK [HIGHESTMODSEQ 5] not all is told\r\n= OK stored\r\n" +
      "* 1 FETCH (UID 1 FLAGS (\\Recent) MODSEQ (6))\r\n* OK [HIGHESTMODSEQ 7] all is told\r\n",
  );
  stage.mail.failNext("fetch", busy);
  stage.deliver("Inbox", "plain");
  assert.equal(await client.read(), "* 4 EXISTS\r\n* 4 RECENT\r\n");
  assert.equal(await client.command("NOOP"), "* 4 FETCH (UID 4)\r\n= OK done\r\n");
  client.end();
  await stage.assertEnded();
});

Deno.test("what happens while the list is under way is told", async () => {
  const stage = new ImapStage({}, ["Inbox", "Other"]);
  const client = await Client.signedIn(stage, null);
  const list = stage.mail.list;
  stage.mail.list = async (request) => {
    const answer = await list.call(stage.mail, request);
    stage.mail.list = list;
    stage.deliver("Other", "plain");
    for (let i = 0; i < 10; i++) await Promise.resolve();
    return answer;
  };
  // As old as it was asked for, and told at once.
  assert.equal(
    await client.command("NOTIFY SET STATUS (MAILBOXES Other (MessageNew MessageExpunge))"),
    "* STATUS Other (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 2)\r\n* STATUS Other (UIDNEXT 2 MESSAGES 1)\r\n= OK done\r\n",
  );
  client.end();
  await stage.assertEnded();
});

Deno.test("NOTIFY that asks for too much of each message is refused", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  const client = await Client.signedIn(stage);
  const items = Array.from({ length: 65 }, (_, i) => `BODY.PEEK[${i + 1}]`).join(" ");
  assert.match(
    await client.command(`NOTIFY SET (SELECTED (MessageNew (${items}) MessageExpunge))`),
    /NO \[LIMIT\]/,
  );
  client.end();
  await stage.assertEnded();
});

Deno.test("without a mailbox of others, only the selected one is heard of", async () => {
  const stage = new ImapStage({}, ["Inbox", "Other"]);
  const client = await Client.signedIn(stage);
  await client.command("NOTIFY SET (SELECTED (MessageNew MessageExpunge))");
  stage.deliver("Other", "plain");
  await stage.mail.create({ name: "x", specialUse: [] });
  assert.equal(await client.read(), "");
  stage.deliver("Inbox", "plain");
  assert.equal(await client.read(), "* 1 EXISTS\r\n* 1 RECENT\r\n");
  client.end();
  await stage.assertEnded();
});
