import assert from "node:assert/strict";
import { Client } from "./testing/imap_client.ts";
import { ImapStage } from "./testing/imap_stage.ts";

/** Something happens behind the store's answer to SELECT, and before the session has it. */
async function selectedWhile(happens: (stage: ImapStage) => Promise<unknown>): Promise<[ImapStage, Client]> {
  const stage = new ImapStage({}, ["Inbox", "Other"]);
  for (const name of ["short", "short"]) stage.deliver("Inbox", name);
  const client = await Client.signedIn(stage, "Other");
  const open = stage.mail.open.bind(stage.mail);
  stage.mail.open = async (request) => {
    stage.mail.open = open;
    const opened = await open(request);
    await happens(stage);
    for (let i = 0; i < 10; i++) await Promise.resolve(); // Until the feed has been heard.
    return opened;
  };
  return [stage, client];
}

Deno.test("a message that arrives while a mailbox is being opened is told at once", async () => {
  const [stage, client] = await selectedWhile((stage) => stage.other(["deliver", "Inbox", "short"]));
  assert.match(
    await client.command("SELECT Inbox"),
    /\* 2 EXISTS\r\n[^]*\* 3 EXISTS\r\n\* 3 RECENT\r\n= OK \[READ-WRITE\]/,
  );
  assert.equal(
    await client.command("FETCH 1:* UID"),
    "* 1 FETCH (UID 1)\r\n* 2 FETCH (UID 2)\r\n* 3 FETCH (UID 3)\r\n= OK done\r\n",
  );
  client.end();
  await stage.assertEnded();
});

Deno.test("a message that goes while a mailbox is being opened is told when numbers may change", async () => {
  const [stage, client] = await selectedWhile((stage) => stage.other(["expunge", "Inbox", "1"]));
  assert.doesNotMatch(await client.command("SELECT Inbox"), /EXPUNGE/);
  await client.send("i IDLE\r\n");
  assert.equal(await client.read(), "* 1 EXPUNGE\r\n+ idling\r\n");
  client.end();
  await stage.assertEnded();
});

Deno.test("what changes in another mailbox while one is being opened makes no work", async () => {
  const [stage, client] = await selectedWhile((stage) => stage.other(["deliver", "Other", "short"]));
  stage.mail.failNext("changes", new TypeError("nobody should ask"));
  assert.match(await client.command("SELECT Inbox"), /= OK \[READ-WRITE\]/);
  assert.deepEqual(stage.errors, []);
  client.end();
  await stage.assertEnded();
});

Deno.test("what arrives while a client catches up is no message that vanished", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  for (const name of ["short", "short", "short"]) stage.deliver("Inbox", name);
  await stage.other(["expunge", "Inbox", "2"]);
  await stage.other(["forget", "Inbox"]);
  const client = await Client.signedIn(stage, null);
  await client.command("ENABLE QRESYNC");
  const changes = stage.mail.changes.bind(stage.mail);
  stage.mail.changes = (request) => {
    stage.mail.changes = changes;
    stage.deliver("Inbox", "short");
    return changes(request);
  };
  const answer = await client.command("SELECT Inbox (QRESYNC (1 2 1:100))");
  assert.match(answer, /\* 2 EXISTS\r\n[^]*\* VANISHED \(EARLIER\) 2\r\n(\* . FETCH .*\r\n)*\* 3 EXISTS\r\n/);
  client.end();
  await stage.assertEnded();
});
