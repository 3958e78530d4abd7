import assert from "node:assert/strict";
import { staged } from "./testing/sharing_stage.ts";

const inbox = '"Other Users/ann/Inbox"';

staged("who is told of a shared mailbox still is when rights to it changed: RFC 5465 5", async (stage) => {
  const ann = await stage.client("ann");
  await ann.command("SETACL Inbox bob lr");
  const bob = await stage.client("bob");
  await bob.command(`NOTIFY SET (MAILBOXES ${inbox} (MessageNew MessageExpunge))`);
  await ann.command("SETACL Inbox cat lr"); // Nothing to bob.
  assert.equal(await bob.pending(), "");
  await stage.put("ann", "Inbox", "plain");
  assert.equal(await bob.pending(), `* STATUS ${inbox} (UIDNEXT 2 MESSAGES 1)`);
  // Taken away, and given again.
  await ann.command("DELETEACL Inbox bob");
  await stage.put("ann", "Inbox", "plain");
  assert.equal(await bob.pending(), "");
  await ann.command("SETACL Inbox bob lr");
  await bob.pending();
  await stage.put("ann", "Inbox", "plain");
  assert.equal(await bob.pending(), `* STATUS ${inbox} (UIDNEXT 4 MESSAGES 3)`);
});

staged(
  "who is told of annotations still is when rights to the mailbox changed: RFC 5464 4.4.2",
  async (stage) => {
    const ann = await stage.client("ann");
    await ann.command("SETACL Inbox bob lr");
    const bob = await stage.client("bob");
    await bob.command("ENABLE METADATA");
    await ann.command("SETACL Inbox cat lr");
    await bob.command("NOOP");
    await ann.command('SETMETADATA Inbox (/shared/comment "x")');
    assert.equal(await bob.command("NOOP"), `* METADATA ${inbox} /shared/comment\n= OK done`);
  },
);
