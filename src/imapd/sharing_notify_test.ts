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

staged(
  "what was not told of the selected mailbox is told when it is left: RFC 5465 5.3, 6",
  async (stage) => {
    const ann = await stage.client("ann");
    for (const name of ["Work", "Play"]) await ann.command(`CREATE ${name}`);
    for (let i = 0; i < 3; i++) await stage.put("ann", "Work", "plain");
    const here = await stage.client("ann", "Work");
    const events = "(MessageNew MessageExpunge)";
    assert.equal(
      await here.command(`NOTIFY SET (SELECTED-DELAYED ${events}) (PERSONAL ${events})`),
      "= OK done",
    );
    await ann.command("SELECT Work");
    await ann.command("STORE 1 +FLAGS (\\Deleted)");
    await ann.command("EXPUNGE");
    assert.equal(await here.pending(), ""); // Delayed, and SELECT is no command that may tell it.
    await stage.put("ann", "Play", "plain");
    assert.equal(await here.line(), "* STATUS Play (UIDNEXT 2 MESSAGES 1)");
    assert.match(await here.command("SELECT INBOX"), /^\* STATUS Work \(UIDNEXT 4 MESSAGES 2\)$/m);
    // What it knows is not told again.
    await here.command("SELECT Work");
    assert.equal(await here.command("UNSELECT"), "= OK closed");
    await stage.put("ann", "Work", "plain", 8);
    assert.equal(await here.line(), "* STATUS Work (UIDNEXT 5 MESSAGES 3)");
    await here.command("SELECT Work");
    assert.equal(await here.command("CLOSE"), "= OK closed");
    assert.equal(await here.command("NOOP"), "= OK done");
  },
);
