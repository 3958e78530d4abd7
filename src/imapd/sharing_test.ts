/**
 * Two accounts that share mailboxes, through IMAP and the store itself: the examples of RFC 4314, RFC 8440 and
 * RFC 2342, what each sees of the other, and what ends when a right does.
 *
 * @module
 */
import assert from "node:assert/strict";
import { staged } from "./testing/sharing_stage.ts";

staged("GETACL, SETACL, DELETEACL: the examples of RFC 4314 2.1.1 and 3", async (stage) => {
  const ann = await stage.client("ann");
  assert.match(await ann.command("CREATE Inbox/Drafts"), /^= OK/);
  assert.equal(
    await ann.command("GETACL INBOX/Drafts"),
    "* ACL INBOX/Drafts ann lrswipkxtecda\n= OK done",
  );
  assert.equal(await ann.command("SetAcl INBOX/Drafts bob lrswida"), "= OK done");
  assert.equal(
    await ann.command("getacl INBOX/Drafts"),
    "* ACL INBOX/Drafts ann lrswipkxtecda bob lrswiteda\n= OK done",
  );
  assert.equal(await ann.command("Setacl INBOX/Drafts cat lrswikda"), "= OK done");
  assert.equal(await ann.command("SETACL INBOX/Drafts bob lrswi"), "= OK done");
  assert.equal(await ann.command("SETACL INBOX/Drafts bob +cda"), "= OK done");
  assert.equal(
    await ann.command("getAcl INBOX/Drafts"),
    "* ACL INBOX/Drafts ann lrswipkxtecda bob lrswikxtecda cat lrswiktecda\n= OK done",
  );
  assert.equal(await ann.command("SETACL INBOX/Drafts bob -da"), "= OK done");
  assert.equal(await ann.command("SETACL INBOX/Drafts -bob w"), "= OK done");
  assert.equal(await ann.command("SETACL INBOX/Drafts anyone l"), "= OK done");
  assert.equal(await ann.command("DELETEACL INBOX/Drafts cat"), "= OK done");
  assert.equal(
    await ann.command("GETACL INBOX/Drafts"),
    "* ACL INBOX/Drafts ann lrswipkxtecda anyone l bob lrswikxc -bob w\n= OK done",
  );
  assert.match(
    await ann.command("SETACL INBOX/Drafts bob lrQswicda"),
    /^= BAD uppercase rights are not allowed/,
  );
  assert.match(await ann.command("SETACL INBOX/Drafts bob lrqswicda"), /^= BAD there is no such right/);
  assert.match(await ann.command("SETACL INBOX/Drafts nobody l"), /^= NO \[CANNOT\]/);
  assert.match(await ann.command("GETACL nowhere"), /^= NO \[NONEXISTENT\]/);
});

staged("the owner keeps lookup, read and administer, whatever is set", async (stage) => {
  const ann = await stage.client("ann");
  for (const command of ["SETACL Inbox ann l", 'SETACL Inbox ann ""', "DELETEACL Inbox ann"]) {
    assert.equal(await ann.command(command), "= OK done");
    assert.equal(await ann.command("GETACL INBOX"), "* ACL INBOX ann lra\n= OK done");
  }
  await ann.command("SETACL Inbox -ann lrswipkxtea");
  await ann.command("SETACL Inbox -anyone lrswipkxtea");
  assert.equal(await ann.command("MYRIGHTS INBOX"), "* MYRIGHTS INBOX lra\n= OK done");
  assert.match(await ann.command("SELECT Inbox"), /PERMANENTFLAGS \(\)[^]*= OK \[READ-ONLY\]/);
  for (const identifier of ["anyone", "-ann", "-anyone"]) await ann.command(`DELETEACL Inbox ${identifier}`);
  // The session that has it selected learns what it may change again. RFC 4314 5.1.1
  assert.match(
    await ann.command("SETACL Inbox ann lrswipkxtea"),
    /PERMANENTFLAGS \(\\Seen .*\\\*\)[^]*= OK done/,
  );
  assert.match(await ann.command("SELECT Inbox"), /= OK \[READ-WRITE\]/);
});

staged("LISTRIGHTS repeats the identifier as it was sent; a login address is one", async (stage) => {
  const ann = await stage.client("ann");
  assert.equal(
    await ann.command("LISTRIGHTS Inbox bob@example.org"),
    '* LISTRIGHTS INBOX bob@example.org "" l r s w i p k x t e c d a\n= OK done',
  );
  assert.equal(
    await ann.command("LISTRIGHTS Inbox ann"),
    "* LISTRIGHTS INBOX ann lra s w i p k x t e c d\n= OK done",
  );
  assert.equal(
    await ann.command("LISTRIGHTS Inbox -ann"),
    '* LISTRIGHTS INBOX -ann "" l r s w i p k x t e c d a\n= OK done',
  );
  await ann.command("SETACL Inbox bob@example.org lr");
  assert.equal(await ann.command("GETACL INBOX"), "* ACL INBOX ann lrswipkxtecda bob lr\n= OK done");
});

staged("what is shared stands under Other Users, as RFC 2342 5 has it", async (stage) => {
  const ann = await stage.client("ann");
  const bob = await stage.client("bob");
  await ann.command("CREATE Work/Plans/Secret");
  await ann.command("SETACL Work/Plans bob lr");
  await ann.command("SETACL Work/Plans/Secret bob lrs");
  assert.match(await bob.command("NAMESPACE"), /^\* NAMESPACE \(\(""/);
  assert.equal(
    await bob.command('LIST "" "Other Users/%"'),
    '* LIST (\\Noselect \\HasChildren) "/" "Other Users/ann"\n= OK done',
  );
  assert.match(
    await bob.command('LIST "" %'),
    /\* LIST \(\\Noselect \\HasChildren\) "\/" "Other Users"\n/,
  );
  // Work is not his to look up: as if it did not exist. RFC 4314 4 (LIST)
  assert.equal(
    await bob.command('LIST "" "Other Users/*"'),
    '* LIST (\\HasChildren) "/" "Other Users/ann/Work/Plans"\n' +
      '* LIST (\\HasNoChildren) "/" "Other Users/ann/Work/Plans/Secret"\n= OK done',
  );
  assert.match(await bob.command('LIST "" *'), /"Other Users\/ann\/Work\/Plans\/Secret"/);
  assert.equal(
    await bob.command('LIST "Other Users/ann/" W%'),
    '* LIST (\\Noselect \\HasChildren) "/" "Other Users/ann/Work"\n= OK done',
  );
  assert.equal(await bob.command('LIST "" W%'), "= OK done");
  assert.equal(
    await bob.command('LIST () "" "Other Users/*" RETURN (MYRIGHTS STATUS (MESSAGES))'),
    '* LIST (\\HasChildren) "/" "Other Users/ann/Work/Plans"\n' +
      '* STATUS "Other Users/ann/Work/Plans" (MESSAGES 0)\n' +
      '* MYRIGHTS "Other Users/ann/Work/Plans" lr\n' +
      '* LIST (\\HasNoChildren) "/" "Other Users/ann/Work/Plans/Secret"\n' +
      '* STATUS "Other Users/ann/Work/Plans/Secret" (MESSAGES 0)\n' +
      '* MYRIGHTS "Other Users/ann/Work/Plans/Secret" lrs\n= OK done',
  );
  // Not under one's own name, nor with one's own mailboxes in it.
  assert.equal(await ann.command('LIST "" "Other Users/*"'), "= OK done");
  assert.match(await ann.command('SELECT "Other Users/ann/Work"'), /^= NO \[NONEXISTENT\]/);
  assert.match(await ann.command('CREATE "Other Users"'), /^= NO \[CANNOT\]/);
  assert.match(await bob.command('CREATE "Other Users/cat/x"'), /^= NO \[NOPERM\]/);
  assert.match(await bob.command('CREATE "Other Users/nobody/x"'), /^= NO \[NOPERM\]/);
});

staged("subscriptions are to names, others' as well, and outlast the right", async (stage) => {
  const ann = await stage.client("ann");
  const bob = await stage.client("bob");
  await ann.command("SETACL Inbox bob lr");
  assert.equal(await bob.command('SUBSCRIBE "Other Users/ann/INBOX"'), "= OK subscribed");
  const listed = 'LIST (SUBSCRIBED) "" "Other Users/*"';
  assert.equal(
    await bob.command(listed),
    '* LIST (\\Subscribed \\HasNoChildren) "/" "Other Users/ann/Inbox"\n= OK done',
  );
  await ann.command("DELETEACL Inbox bob");
  assert.equal(
    await bob.command(listed),
    '* LIST (\\Subscribed \\NonExistent \\HasNoChildren) "/" "Other Users/ann/Inbox"\n= OK done',
  );
  assert.equal(await bob.command('LIST "" "Other Users/*"'), "= OK done");
  assert.equal(await bob.command('UNSUBSCRIBE "Other Users/ann/Inbox"'), "= OK unsubscribed");
  assert.equal(await bob.command(listed), "= OK done");
});

staged(
  "IDLE in a shared mailbox hears what the owner does, and the owner what is done there",
  async (stage) => {
    const ann = await stage.client("ann", "Inbox");
    await ann.command("SETACL Inbox bob lrswite");
    const bob = await stage.client("bob", "Other Users/ann/Inbox");
    await bob.send("i IDLE\r\n");
    await bob.until(/^\+/);
    await stage.put("ann", "Inbox", "plain");
    assert.equal(await bob.until(/EXISTS/), "* 1 EXISTS");
    assert.match(await ann.command("NOOP"), /1 EXISTS/);
    assert.match(await ann.command("STORE 1 +FLAGS (\\Flagged)"), /= OK/);
    assert.match(await bob.until(/FETCH/), /\* 1 FETCH \(UID 1 FLAGS \(\\Flagged \\Recent\)\)$/);
    await bob.send("DONE\r\n");
    await bob.until(/^i OK/);
    await ann.send("i IDLE\r\n");
    await ann.until(/^\+/);
    assert.match(await bob.command("STORE 1 +FLAGS.SILENT (\\Seen \\Deleted)"), /= OK/);
    assert.match(await ann.until(/FETCH/), /\\Seen \\Flagged \\Deleted/); // \Seen is shared.
    assert.match(await bob.command("EXPUNGE"), /\* 1 EXPUNGE\n= OK/);
    assert.equal(await ann.until(/EXPUNGE/), "* 1 EXPUNGE");
  },
);

staged("a right that is taken away ends at once, in the middle of a session too", async (stage) => {
  const ann = await stage.client("ann", "Inbox");
  await stage.put("ann", "Inbox", "plain");
  await ann.command("SETACL Inbox bob lrswite");
  const bob = await stage.client("bob", "Other Users/ann/Inbox");
  await bob.send("i IDLE\r\n");
  await bob.until(/^\+/);
  await ann.command("SETACL Inbox bob lrs");
  assert.equal(
    await bob.until(/PERMANENTFLAGS/),
    "* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $Forwarded $Junk $NotJunk $Phishing $MDNSent)\n" +
      "* OK [PERMANENTFLAGS (\\Seen)] no others",
  );
  await bob.send("DONE\r\n");
  await bob.until(/^i OK/);
  assert.match(await bob.command("STORE 1 +FLAGS (\\Flagged)"), /^= NO \[NOPERM\]/m);
  assert.match(await bob.command("EXPUNGE"), /^= NO \[NOPERM\]/m);
  assert.match(await bob.command("UID MOVE 1 Inbox"), /^= NO \[NOPERM\]/m);
  assert.match(await bob.command("UID COPY 1 Inbox"), /^= OK \[COPYUID/m);
  await bob.send("i IDLE\r\n");
  await bob.until(/^\+/);
  await ann.command("DELETEACL Inbox bob");
  assert.equal(await bob.until(/nothing comes/), "* BYE the selected mailbox was deleted\n(closed)");
});

staged("a command that comes before the revocation is heard of is refused all the same", async (stage) => {
  await stage.put("ann", "Inbox", "plain");
  const ann = stage.mail("ann");
  const inbox = (await ann.find({ name: "Inbox" }))?.id ?? 0;
  const grantee = { name: "bob", negative: false };
  await ann.setAcl({ mailbox: inbox, grantee, mode: "replace", rights: 0x7ff });
  const bob = await stage.client("bob", "Other Users/ann/Inbox");
  const revoked = ann.setAcl({ mailbox: inbox, grantee, mode: "replace", rights: 0 });
  // Both reach the writer in one turn; the revocation first.
  const answer = bob.command("UID STORE 1 +FLAGS (\\Deleted)");
  await revoked;
  assert.match(await answer, /NO \[NONEXISTENT\]|BYE/);
  assert.equal((await ann.find({ name: "Inbox" }))?.deleted, 0);
});

staged("SELECT without rights to change is read-only, and tells what can be changed", async (stage) => {
  const ann = await stage.client("ann");
  const cases: [rights: string, permanent: RegExp, mode: string][] = [
    ["lr", /PERMANENTFLAGS \(\)/, "READ-ONLY"],
    ["lrp", /PERMANENTFLAGS \(\)/, "READ-ONLY"],
    ["lrs", /PERMANENTFLAGS \(\\Seen\)/, "READ-WRITE"],
    ["lrt", /PERMANENTFLAGS \(\\Deleted\)/, "READ-WRITE"],
    ["lri", /PERMANENTFLAGS \(\)/, "READ-WRITE"],
    ["lre", /PERMANENTFLAGS \(\)/, "READ-WRITE"],
    [
      "lrw",
      /PERMANENTFLAGS \(\\Answered \\Flagged \\Draft \$Forwarded \$Junk \$NotJunk \$Phishing \$MDNSent \\\*\)/,
      "READ-WRITE",
    ],
  ];
  for (const [rights, permanent, mode] of cases) {
    await ann.command(`SETACL Inbox bob ${rights}`);
    const bob = await stage.client("bob");
    const answer = await bob.command('SELECT "Other Users/ann/Inbox"');
    assert.match(answer, permanent);
    assert.ok(answer.endsWith(`= OK [${mode}] selected`), `${rights}: ${answer}`);
  }
});

staged(
  "flags that may not be set are left out of COPY and APPEND: the example of RFC 4314 4",
  async (stage) => {
    const ann = await stage.client("ann");
    await ann.command("CREATE Target");
    const bob = await stage.client("bob");
    for (const flags of ["\\Draft \\Deleted", "\\Answered", "$Forwarded \\Seen word"]) {
      await bob.command(`APPEND Inbox (${flags}) {8+}\r\nA: b\r\n\r\n`);
    }
    await bob.command("SELECT Inbox");
    const flagsIn = async (name: string) => {
      const reader = await stage.client("ann", name);
      return (await reader.command("FETCH 1:* (FLAGS)")).replaceAll(" \\Recent", "").replaceAll(
        "\\Recent",
        "",
      );
    };
    await ann.command("SETACL Target bob lrwis");
    assert.match(await bob.command('COPY 1:3 "Other Users/ann/Target"'), /^= OK \[COPYUID/);
    assert.equal(
      await flagsIn("Target"),
      "* 1 FETCH (FLAGS (\\Draft))\n* 2 FETCH (FLAGS (\\Answered))\n" +
        "* 3 FETCH (FLAGS (\\Seen $Forwarded word))\n= OK done",
    );
    await ann.command("CREATE Other");
    await ann.command("SETACL Other bob lrsti");
    assert.match(await bob.command('COPY 1:3 "Other Users/ann/Other"'), /^= OK \[COPYUID/);
    assert.equal(
      await flagsIn("Other"),
      "* 1 FETCH (FLAGS (\\Deleted))\n* 2 FETCH (FLAGS ())\n* 3 FETCH (FLAGS (\\Seen))\n= OK done",
    );
    // Without `r` nothing is told of the mailbox. RFC 4315 3
    await ann.command("SETACL Other bob i");
    assert.equal(await bob.command('COPY 1 "Other Users/ann/Other"'), "= OK copied");
    assert.equal(
      await bob.command('APPEND "Other Users/ann/Other" (\\Seen) {8+}\r\nA: b\r\n\r\n'),
      "= OK appended",
    );
    assert.match(await bob.command('STATUS "Other Users/ann/Other" (MESSAGES)'), /NONEXISTENT/);
    assert.equal(await bob.command('LIST "" "Other Users/ann/O*"'), "= OK done");
    await ann.command("SETACL Other bob l");
    // RFC 5819 2
    assert.equal(
      await bob.command('LIST "" "Other Users/ann/O*" RETURN (STATUS (MESSAGES))'),
      '* LIST (\\Noselect \\HasNoChildren) "/" "Other Users/ann/Other"\n= OK done',
    );
    // RFC 5465 3.1; the answer is the same without STATUS.
    for (const set of ["SET", "SET STATUS"]) {
      assert.equal(
        await bob.command(
          `NOTIFY ${set} (MAILBOXES ("Other Users/ann/Other" nowhere) (MessageNew MessageExpunge))`,
        ),
        '* LIST (\\NoAccess \\HasNoChildren) "/" "Other Users/ann/Other"\n= OK done',
      );
    }
    assert.equal(await bob.command('NOTIFY SET (MAILBOXES "Other Users/ann/Other" NONE)'), "= OK done");
    assert.equal(await bob.command("NOTIFY NONE"), "= OK no more events");
    assert.match(await bob.command('STATUS "Other Users/ann/Other" (MESSAGES)'), /NOPERM/);
    assert.match(await bob.command('APPEND "Other Users/ann/Other" {8+}\r\nA: b\r\n\r\n'), /NOPERM/);
  },
);

staged("STORE changes what may be changed, and says so even where it is to be silent", async (stage) => {
  await stage.put("ann", "Inbox", "plain", 4);
  const ann = await stage.client("ann", "Inbox");
  await ann.command("SETACL Inbox bob lrs");
  const bob = await stage.client("bob", "Other Users/ann/Inbox");
  assert.equal(
    await bob.command("STORE 1 +FLAGS.SILENT (\\Seen \\Deleted word)"),
    "* 1 FETCH (FLAGS (\\Seen \\Flagged))\n= OK stored",
  );
  assert.equal(await bob.command("STORE 1 FLAGS (\\Draft)"), "* 1 FETCH (FLAGS (\\Flagged))\n= OK stored");
  assert.match(await bob.command("STORE 1 -FLAGS (\\Flagged)"), /^= NO \[NOPERM\]/);
  await ann.command("SETACL Inbox bob lr");
  await bob.command("NOOP");
  assert.match(await bob.command("FETCH 1 BODY[HEADER]"), /^\* 1 FETCH \(BODY\[HEADER\] \{[^]*= OK/);
  assert.match(await bob.command("FETCH 1 FLAGS"), /FLAGS \(\\Flagged\)/); // Not \Seen. RFC 4314 4
});

staged("CLOSE without the right to expunge closes, and keeps the messages", async (stage) => {
  await stage.put("ann", "Inbox", "plain", 8);
  const ann = await stage.client("ann");
  await ann.command("SETACL Inbox bob lrt");
  const bob = await stage.client("bob", "Other Users/ann/Inbox");
  assert.equal(await bob.command("CLOSE"), "= OK closed");
  assert.match(await ann.command("STATUS Inbox (MESSAGES)"), /MESSAGES 1/);
});

staged("CREATE below inherits, RENAME keeps, DELETE takes the list along: RFC 4314 4", async (stage) => {
  const ann = await stage.client("ann");
  const bob = await stage.client("bob");
  await ann.command("CREATE Work");
  await ann.command("SETACL Work bob lrk");
  assert.match(await bob.command('CREATE "Other Users/ann/Work/a/b"'), /^= OK \[MAILBOXID/);
  assert.equal(await ann.command("GETACL Work/a/b"), "* ACL Work/a/b ann lrswipkxtecda bob lrkc\n= OK done");
  assert.match(await bob.command('CREATE "Other Users/ann/Else"'), /NOPERM/);
  assert.match(await bob.command('CREATE "Other Users/ann/Work/c" (USE (\\Sent))'), /^= NO \[CANNOT\]/);
  assert.match(await bob.command('DELETE "Other Users/ann/Work/a/b"'), /NOPERM/);
  assert.match(await bob.command('RENAME "Other Users/ann/Work/a" "Other Users/ann/Work/d"'), /NOPERM/);
  await ann.command("SETACL Work/a bob lrkx");
  // What is below is moved as well, and takes the same right.
  assert.match(await bob.command('RENAME "Other Users/ann/Work/a" "Other Users/ann/Work/d"'), /NOPERM/);
  await ann.command("SETACL Work/a/b bob lrx");
  assert.match(await bob.command('RENAME "Other Users/ann/Work/a" "Other Users/ann/d"'), /NOPERM/);
  assert.match(await bob.command('RENAME "Other Users/ann/Work/a" mine'), /^= NO \[CANNOT\]/);
  assert.equal(
    await bob.command('RENAME "Other Users/ann/Work/a" "Other Users/ann/Work/d"'),
    "= OK renamed",
  );
  assert.equal(await ann.command("GETACL Work/d/b"), "* ACL Work/d/b ann lrswipkxtecda bob lrxc\n= OK done");
  assert.equal(await bob.command('DELETE "Other Users/ann/Work/d/b"'), "= OK deleted");
  await ann.command("DELETE Work/d");
  await ann.command("CREATE Other");
  await ann.command("CREATE Other/d");
  await ann.command("RENAME Other/d Work/d");
  assert.equal(await ann.command("GETACL Work/d"), "* ACL Work/d ann lrswipkxtecda\n= OK done");
});

staged("deleting and renaming by the owner: sessions of others end, and go on", async (stage) => {
  const ann = await stage.client("ann");
  for (const name of ["a", "b"]) {
    await ann.command(`CREATE ${name}`);
    await ann.command(`SETACL ${name} bob lr`);
  }
  const inA = await stage.client("bob", "Other Users/ann/a");
  const inB = await stage.client("bob", "Other Users/ann/b");
  await inA.send("i IDLE\r\n");
  await inA.until(/^\+/);
  await ann.command("DELETE a");
  assert.match(await inA.until(/nothing/), /^\* BYE .*\n\(closed\)$/);
  await ann.command("RENAME b c");
  await stage.put("ann", "c", "plain");
  assert.match(await inB.command("NOOP"), /\* 1 EXISTS/);
  assert.match(await inB.command('STATUS "Other Users/ann/c" (MESSAGES)'), /MESSAGES 1/);
  assert.match(await inB.command('STATUS "Other Users/ann/b" (MESSAGES)'), /NONEXISTENT/);
});

staged("CONDSTORE and QRESYNC in a shared mailbox, with the owner's MODSEQs", async (stage) => {
  for (const name of ["plain", "mixed", "short"]) await stage.put("ann", "Inbox", name);
  const ann = await stage.client("ann", "Inbox");
  await ann.command("SETACL Inbox bob lrste");
  const bob = await stage.client("bob");
  await bob.command("ENABLE QRESYNC");
  const selected = await bob.command('SELECT "Other Users/ann/Inbox"');
  const modseq = /HIGHESTMODSEQ (\d+)/.exec(selected)?.[1];
  const validity = /UIDVALIDITY (\d+)/.exec(selected)?.[1];
  await bob.command("UNSELECT");
  await ann.command("STORE 2 +FLAGS (\\Deleted)");
  await ann.command("EXPUNGE");
  await ann.command("STORE 1 +FLAGS (\\Seen)");
  const again = await bob.command(`SELECT "Other Users/ann/Inbox" (QRESYNC (${validity} ${modseq}))`);
  assert.match(again, /\* VANISHED \(EARLIER\) 2\n\* 1 FETCH \(UID 1 FLAGS \(\\Seen\) MODSEQ \(\d+\)\)/);
  const stored = await bob.command("UID STORE 1 (UNCHANGEDSINCE 1) +FLAGS (\\Deleted)");
  assert.match(stored, /\[MODIFIED 1\]/);
  assert.match(await bob.command(`UID FETCH 1:* (FLAGS) (CHANGEDSINCE ${modseq} VANISHED)`), /VANISHED/);
});

staged("a message that goes to another account has another EMAILID, and the body once", async (stage) => {
  await stage.put("ann", "Inbox", "plain");
  const ann = await stage.client("ann", "Inbox");
  await ann.command("SETACL Inbox bob lrte");
  const bob = await stage.client("bob", "Other Users/ann/Inbox");
  const idOf = (text: string) => /EMAILID \(([^)]+)\)/.exec(text)?.[1];
  const hers = idOf(await ann.command("FETCH 1 (EMAILID)"));
  assert.equal(idOf(await bob.command("FETCH 1 (EMAILID)")), hers);
  assert.match(await bob.command("COPY 1 Inbox"), /COPYUID \d+ 1 1/);
  assert.match(await bob.command("MOVE 1 Inbox"), /COPYUID \d+ 1 2[^]*\* 1 EXPUNGE/);
  const his = await stage.client("bob", "Inbox");
  const fetched = await his.command("FETCH 1:2 (EMAILID THREADID BODY.PEEK[TEXT])");
  const ids = [...fetched.matchAll(/EMAILID \(([^)]+)\)/g)].map((match) => match[1]);
  assert.equal(new Set([hers, ...ids]).size, 3);
  assert.equal(new Set([...fetched.matchAll(/THREADID \(([^)]+)\)/g)].map((match) => match[1])).size, 1);
  assert.equal([...fetched.matchAll(/Hello Bob\./g)].length, 2);
  assert.match(await ann.command("NOOP"), /\* 1 EXPUNGE/);
});

staged(
  "SORT, THREAD and a search of several mailboxes in what is shared, and nowhere else",
  async (stage) => {
    for (const text of ["Subject: b\r\n\r\nx", "Subject: a\r\n\r\nx"]) await stage.put("ann", "Inbox", text);
    const ann = await stage.client("ann");
    await ann.command("SETACL Inbox bob lr");
    await ann.command("CREATE Hidden");
    await stage.put("ann", "Hidden", "Subject: a\r\n\r\nx");
    await ann.command("SETACL Hidden bob l");
    const bob = await stage.client("bob", "Other Users/ann/Inbox");
    assert.equal(await bob.command("SORT (SUBJECT) UTF-8 ALL"), "* SORT 2 1\n= OK done");
    assert.match(await bob.command("THREAD REFERENCES UTF-8 ALL"), /^\* THREAD \(1\)\(2\)\n= OK/);
    const found = await bob.command('ESEARCH IN (subtree "Other Users") RETURN (COUNT) BODY x');
    assert.match(found, /MAILBOX "Other Users\/ann\/Inbox" .*COUNT 2/);
    assert.doesNotMatch(found, /Hidden/);
    assert.match(found, /= OK/);
    assert.doesNotMatch(await bob.command("ESEARCH IN (personal) RETURN (COUNT) BODY x"), /ann/);
    await bob.command("COPY 1:2 Inbox");
    const his = await stage.client("bob", "Inbox");
    assert.equal(await his.command("SORT (SUBJECT) UTF-8 ALL"), "* SORT 2 1\n= OK done");
    assert.equal(await his.command("SEARCH SUBJECT a"), "* SEARCH 2\n= OK done");
  },
);
