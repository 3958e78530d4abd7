/**
 * Quotas and annotations where two accounts share mailboxes. RFC 9208, RFC 5464
 *
 * @module
 */
import assert from "node:assert/strict";
import { staged } from "./testing/sharing_stage.ts";

staged("quotas are the owner's: RFC 9208 4.1, and who reads may know them", async (stage) => {
  const ann = await stage.client("ann");
  const bob = await stage.client("bob");
  await stage.put("ann", "Inbox", "plain");
  assert.equal(
    await ann.command("GETQUOTAROOT INBOX"),
    '* QUOTAROOT INBOX "#user/ann"\n* QUOTA "#user/ann" (STORAGE 1 2 MESSAGE 1 3)\n= OK done',
  );
  assert.equal(
    await ann.command("GETQUOTAROOT not/yet/made"),
    '* QUOTAROOT not/yet/made "#user/ann"\n* QUOTA "#user/ann" (STORAGE 1 2 MESSAGE 1 3)\n= OK done',
  );
  assert.equal(
    await ann.command('GETQUOTA "#user/ann"'),
    '* QUOTA "#user/ann" (STORAGE 1 2 MESSAGE 1 3)\n= OK done',
  );
  assert.equal(
    await ann.command('SETQUOTA "#user/ann" (STORAGE 510)'),
    "= NO [NOPERM] quotas are set in the configuration",
  );
  for (const root of ['"#user/bob"', '"#user/nobody"', '""', "ann"]) {
    assert.equal(await ann.command(`GETQUOTA ${root}`), "= NO [NONEXISTENT] no such quota root");
  }
  assert.match(await bob.command('GETQUOTAROOT "Other Users/ann/Inbox"'), /NONEXISTENT/);
  await ann.command("SETACL Inbox bob li");
  assert.match(await bob.command('GETQUOTAROOT "Other Users/ann/Inbox"'), /NOPERM/);
  assert.match(await bob.command('GETQUOTA "#user/ann"'), /NONEXISTENT/);
  await ann.command("SETACL Inbox bob lri");
  assert.match(await bob.command('GETQUOTA "#user/ann"'), /STORAGE 1 2/);
  assert.match(
    await bob.command('GETQUOTAROOT "Other Users/ann/Inbox"'),
    /QUOTAROOT "Other Users\/ann\/Inbox" "#user\/ann"\n/,
  );
  // It is her quota that he fills.
  for (let i = 0; i < 2; i++) await bob.command('APPEND "Other Users/ann/Inbox" {8+}\r\nA: b\r\n\r\n');
  assert.equal(
    await bob.command('APPEND "Other Users/ann/Inbox" {8+}\r\nA: b\r\n\r\n'),
    "= NO [OVERQUOTA] over quota",
  );
  await bob.command("APPEND Inbox {8+}\r\nA: b\r\n\r\n");
  await bob.command("SELECT Inbox");
  assert.match(await bob.command('COPY 1 "Other Users/ann/Inbox"'), /OVERQUOTA/);
  assert.match(await bob.command('MOVE 1 "Other Users/ann/Inbox"'), /OVERQUOTA/);
  assert.match(await bob.command("COPY 1 Trash"), /= OK/);
  const large = `A: b\r\n\r\n${"x".repeat(2048)}`;
  assert.match(await bob.command(`APPEND Inbox {${large.length}+}\r\n${large}`), /OVERQUOTA/);
  assert.equal(
    await ann.command("STATUS Inbox (MESSAGES DELETED DELETED-STORAGE)"),
    "* STATUS INBOX (MESSAGES 3 DELETED 0 DELETED-STORAGE 0)\n= OK done",
  );
  await ann.command("SELECT Inbox");
  await ann.command("STORE 1:3 +FLAGS (\\Deleted)");
  assert.match(await ann.command("STATUS Inbox (DELETED-STORAGE)"), /DELETED-STORAGE 1\)/);
}, { maxBytes: 2048, maxMessages: 3 });

staged(
  "private annotations are the reader's, also of a shared mailbox; shared ones are told",
  async (stage) => {
    const ann = await stage.client("ann");
    const bob = await stage.client("bob");
    await ann.command("SETACL Inbox bob lr");
    await ann.command('SETMETADATA Inbox (/private/comment "hers" /shared/comment "ours")');
    const shared = '"Other Users/ann/Inbox"';
    assert.equal(
      await bob.command(`GETMETADATA ${shared} (/private/comment /shared/comment)`),
      `* METADATA ${shared} (/private/comment NIL /shared/comment "ours")\n= OK done`,
    );
    assert.equal(await bob.command(`SETMETADATA ${shared} (/private/comment "his")`), "= OK done");
    assert.match(await bob.command(`SETMETADATA ${shared} (/shared/comment "his")`), /^= NO \[NOPERM\]/);
    assert.match(await ann.command("GETMETADATA Inbox /private/comment"), /"hers"/);
    assert.match(await bob.command(`GETMETADATA ${shared} /private/comment`), /"his"/);
    await ann.command("SETACL Inbox bob lrw");
    assert.equal(await bob.command(`SETMETADATA ${shared} (/shared/comment "theirs")`), "= OK done");
    assert.match(await ann.command("GETMETADATA Inbox /shared/comment"), /"theirs"/);
    assert.equal(
      await bob.command('LIST "" "Other Users/*" RETURN (METADATA (/shared/comment /shared/none))'),
      `* LIST (\\HasNoChildren) "/" ${shared}\n` +
        `* METADATA ${shared} (/shared/comment "theirs" /shared/none NIL)\n= OK done`,
    );
    await ann.command("SETACL Inbox bob l");
    assert.match(await bob.command(`GETMETADATA ${shared} /shared/comment`), /NOPERM/);
    assert.equal(
      await bob.command('LIST "" "Other Users/*" RETURN (METADATA (/shared/comment))'),
      `* LIST (\\Noselect \\HasNoChildren) "/" ${shared}\n= OK done`,
    );
    await ann.command("SETACL Inbox bob r");
    assert.match(await bob.command(`GETMETADATA ${shared} /shared/comment`), /NONEXISTENT/);
    assert.match(
      await bob.command('GETMETADATA "" /shared/admin'),
      /\* METADATA "" \(\/shared\/admin "mailto:postmaster@example\.org"\)/,
    );
    assert.match(await bob.command('SETMETADATA "" (/shared/admin "x")'), /NOPERM/);
  },
);

staged(
  "ENABLE METADATA tells of what others change, not of one's own doing: RFC 5464 4.4.2",
  async (stage) => {
    const ann = await stage.client("ann");
    await ann.command("CREATE Work");
    const here = await stage.client("ann");
    assert.equal(await here.command("ENABLE METADATA"), "* ENABLED METADATA\n= OK done");
    await ann.command('SETMETADATA Work (/private/comment "x" /shared/comment "y")');
    assert.equal(
      await here.command("NOOP"),
      "* METADATA Work /private/comment /shared/comment\n= OK done",
    );
    assert.equal(await here.command("NOOP"), "= OK done");
    assert.equal(await here.command("SETMETADATA Work (/shared/comment NIL)"), "= OK done");
    assert.equal(await here.command("NOOP"), "= OK done");
    // Another account hears of what is shared with it, also where that began later.
    const bob = await stage.client("bob");
    await bob.command("ENABLE METADATA");
    await ann.command("SETACL Work bob lr");
    await bob.command("NOOP");
    await bob.send("i IDLE\r\n");
    await bob.until(/^\+/);
    await ann.command('SETMETADATA Work (/private/comment "z" /shared/comment "z")');
    assert.equal(await bob.until(/METADATA/), '* METADATA "Other Users/ann/Work" /shared/comment');
    await ann.command("DELETEACL Work bob");
    await ann.command('SETMETADATA Work (/shared/comment "no more")');
    await bob.send("DONE\r\n");
    assert.equal(await bob.until(/^i /), "i OK done");
    assert.equal(await bob.command("NOOP"), "= OK done");
    await ann.command('SETMETADATA "" (/private/vendor/x/y "z")');
    assert.match(await here.command("NOOP"), /\* METADATA "" \/private\/vendor\/x\/y/);
  },
);

staged(
  "NOTIFY tells of annotations at once, of those mailboxes that are asked for: RFC 5465 5.6, 5.7",
  async (stage) => {
    const ann = await stage.client("ann");
    for (const name of ["Work", "Work/deep", "Play"]) await ann.command(`CREATE ${name}`);
    const here = await stage.client("ann");
    assert.equal(
      await here.command("NOTIFY SET (SUBTREE Work (MailboxMetadataChange)) (PERSONAL (MailboxName))"),
      "= OK done",
    );
    await ann.command('SETMETADATA Work (/private/comment "x" /shared/comment "y")');
    assert.equal(await here.line(), "* METADATA Work /private/comment /shared/comment");
    await ann.command('SETMETADATA Play (/private/comment "x")');
    await ann.command('SETMETADATA "" (/private/comment "x")');
    await ann.command("SETMETADATA Work/deep (/private/comment NIL)"); // There was none: nothing changes.
    await ann.command('SETMETADATA Work/deep (/private/comment "x")');
    await ann.command("SETMETADATA Work/deep (/private/comment NIL)");
    assert.equal(await here.line(), "* METADATA Work/deep /private/comment");
    await here.pending();
    assert.equal(await here.command('SETMETADATA Work (/private/comment "mine")'), "= OK done");
    assert.equal(await here.command("NOOP"), "= OK done");

    assert.equal(await here.command("NOTIFY SET (INBOXES (ServerMetadataChange))"), "= OK done");
    await ann.command('SETMETADATA Work (/private/comment "z")');
    await ann.command('SETMETADATA "" (/private/comment "y")');
    assert.equal(await here.line(), '* METADATA "" /private/comment');

    // Mailboxes of others, shared now or later.
    const bob = await stage.client("bob");
    await ann.command("SETACL Work bob lr");
    const shared = '"Other Users/ann/Work" "Other Users/ann/Play"';
    assert.equal(
      await bob.command(`NOTIFY SET (MAILBOXES (${shared}) (MailboxMetadataChange))`),
      "= OK done",
    );
    await ann.command('SETMETADATA Work (/private/comment "a" /shared/comment "b")');
    assert.equal(await bob.line(), '* METADATA "Other Users/ann/Work" /shared/comment');
    await ann.command("SETACL Play bob lr");
    await bob.pending();
    await ann.command('SETMETADATA Play (/shared/comment "b")');
    assert.equal(await bob.line(), '* METADATA "Other Users/ann/Play" /shared/comment');

    // What ENABLE METADATA asked for outlasts NOTIFY; what NOTIFY did, does not.
    await bob.command("NOTIFY NONE");
    await ann.command('SETMETADATA Play (/shared/comment "c")');
    assert.equal(await bob.command("NOOP"), "= OK done");
    await here.command("ENABLE METADATA");
    await here.command("NOTIFY NONE");
    await ann.command('SETMETADATA Play (/shared/comment "d")');
    assert.equal(await here.command("NOOP"), "* METADATA Play /shared/comment\n= OK done");
  },
);

staged("special uses move with their annotation, and who loses one is told: RFC 6154 5.4", async (stage) => {
  const ann = await stage.client("ann");
  await ann.command("CREATE Spam");
  await ann.command("ENABLE METADATA");
  assert.equal(
    await ann.command('SETMETADATA Spam (/private/specialuse "\\\\Junk")'),
    "* METADATA Junk /private/specialuse\n= OK done",
  );
  assert.equal(
    await ann.command('LIST (SPECIAL-USE) "" *k RETURN (SPECIAL-USE)') +
      await ann.command('LIST (SPECIAL-USE) "" Spam'),
    '= OK done* LIST (\\HasNoChildren \\Junk) "/" Spam\n= OK done',
  );
  assert.match(await ann.command('SETMETADATA Spam (/private/specialuse "\\\\All")'), /^= NO \[USEATTR\]/m);
  assert.match(
    await ann.command('SETMETADATA INBOX (/private/specialuse "\\\\Junk")'),
    /^= NO \[USEATTR\]/m,
  );
  await ann.command("SETACL Spam bob lrswite");
  const bob = await stage.client("bob");
  assert.match(
    await bob.command('SETMETADATA "Other Users/ann/Spam" (/private/specialuse "\\\\Junk")'),
    /^= NO \[USEATTR\]/m,
  );
  assert.equal(
    await ann.command("GETMETADATA (DEPTH 1) Spam (/private)"),
    '* METADATA Spam (/private/specialuse "\\\\Junk")\n= OK done',
  );
  assert.equal(await ann.command("SETMETADATA Spam (/private/specialuse NIL)"), "= OK done");
  assert.equal(await ann.command('LIST (SPECIAL-USE) "" Spam'), "= OK done");
});
