import assert from "node:assert/strict";
import { utf8 } from "../base/bytes.ts";
import { createAccount } from "./accounts.ts";
import { addMessages, prepareEmail } from "./add_message.ts";
import { maxInlineBody } from "./bodies.ts";
import { checkIndex } from "./check_index.ts";
import { Connection } from "./connection.ts";
import { FolderLocked } from "./store_lock.ts";
import { sampleMessage } from "./testing/sample_message.ts";
import { type TempStore, tempStore } from "./testing/temp_store.ts";
import { verifyData } from "./verify.ts";

/** Two messages, the second with a file. */
async function filled(): Promise<TempStore> {
  const temp = tempStore();
  const { store } = temp;
  const account = await store.writer.run((tx) => createAccount(tx, { name: "ann", maxBytes: null }));
  for (const textBytes of [100, maxInlineBody]) {
    const { content, index } = sampleMessage({ textBytes, subject: `of ${textBytes}` });
    const spools = store.spools.forOwner();
    const spool = textBytes > 100 ? await spools.open() : null;
    if (spool !== null) await spools.write(spool, content);
    const body = await store.bodies.ready({ content: spool === null ? content : null, spool }, spools);
    const email = prepareEmail(body, checkIndex(index, content.length));
    await store.writer.run((tx) =>
      addMessages(tx, account, 1, [{
        email,
        prefix: utf8("X: y\r\n"),
        bits: 0,
        keywords: ["a"],
        internalDate: 0,
      }])
    );
    body.release();
  }
  return temp;
}

const file = (folder: string): string => {
  for (const sub of Deno.readDirSync(`${folder}/bodies`)) {
    for (const entry of Deno.readDirSync(`${folder}/bodies/${sub.name}`)) {
      return `${folder}/bodies/${sub.name}/${entry.name}`;
    }
  }
  throw new Error("no file");
};

Deno.test("a good folder has no problems", async () => {
  const temp = await filled();
  await temp.close();
});

const damages: [what: string, damage: string | ((folder: string) => void), expected: RegExp][] = [
  ["a count of messages", "update mailboxes set messages = 3 where id = 1", /mailbox 1 .* says 3 messages/],
  ["a count of unseen messages", "update mailboxes set unseen = 0 where id = 1", /mailbox 1/],
  ["octets of a mailbox", "update mailboxes set bytes = bytes + 1 where id = 1", /mailbox 1/],
  ["octets of an account", "update accounts set bytes = 0", /account 1 .* says 0 octets/],
  ["messages of an account", "update accounts set messages = 7", /account 1 .* in 7 messages, .* in 2/],
  ["the next UID", "update mailboxes set uid_next = 2 where id = 1", /next UID 2/],
  ["a MODSEQ above the account's", "update mailboxes set highest_modseq = 99 where id = 1", /MODSEQ 99/],
  ["a message's MODSEQ above the mailbox's", "update messages set modseq = 99 where uid = 1", /MODSEQ 99/],
  ["a mailbox that is gone", "delete from mailboxes where id = 1", /no Inbox|does not exist/],
  ["an account that is gone", "delete from accounts", /belong to account 1, which does not exist/],
  [
    "an email that is gone",
    "delete from emails where id = 1",
    /message 1 .* has no email|belongs to no email|has no email/,
  ],
  ["fields that are gone", "delete from email_fields where email_id = 1", /email 1 is not found by SEARCH/],
  [
    "fields of no email",
    "insert into email_fields select account_id, 77, sent, base_subject_hash, is_reply, subject, from_text, to_text, cc_text, bcc_text, " +
    "sort_subject, sort_from, sort_to, sort_cc, display_from, display_to, message_id, refs from email_fields where email_id = 1",
    /fields are kept of email 77/,
  ],
  ["a number of copies", "update emails set copies = 2 where id = 1", /email 1 says 2 copies, there are 1/],
  [
    "an email in a thread that has another id",
    "update emails set thread_id = 1 where id = 2",
    /email 2 is in a thread that is not that of its first email 1/,
  ],
  [
    "a body that is shared unknowingly",
    "update emails set body_id = 1, body_shared = 1 where id = 2",
    /body 1 is shared by 2 emails/,
  ],
  [
    "a message that came before one with a lower UID",
    "update messages set createseq = 1, modseq = 1 where uid = 2",
    /message 2 of mailbox 1 came before/,
  ],
  [
    "a Message-ID of an email that has another",
    "insert into message_ids values (1, 5, 1)",
    /a Message-ID names email 1, which/,
  ],
  [
    "a Message-ID that is missing",
    "update meta set value = 2 where name = 'message_ids'",
    /email [12] is not found by its Message-ID/,
  ],
  ["damage of no body", "insert into damaged values (77, 0, 'x')", /body 77 is on record as damaged/],
  ["a body that is gone", "delete from bodies where id = 1", /email 1 has a body that does not exist/],
  [
    "a body too many",
    "insert into bodies(size, sha256, in_file, blocks, bytes) select size, sha256, 0, blocks, bytes from bodies where id = 1",
    /body \d+ belongs to no email/,
  ],
  ["a body's bytes", "update bodies set bytes = zeroblob(size) where id = 1", /body 1: its content is not/],
  ["a body's length", "update bodies set bytes = x'00' where id = 1", /body 1: it has 1 octets/],
  ["a size", "update emails set size = size + 1 where id = 1", /email 1: size|of another size/],
  ["a part table", "update emails set parts = x'0101' where id = 1", /email 1: its parts cannot be read/],
  [
    "an expunged message that keeps its email",
    "update messages set expunged = 1 where uid = 1",
    /message 1 of mailbox 1|mailbox 1|email 1 says/,
  ],
  [
    "rights to no mailbox",
    "insert into mailbox_rights values (1, 77, 0, 0, 3)",
    /rights of account 0 to mailbox 77/,
  ],
  [
    "rights to another's mailbox",
    "insert into mailbox_rights values (9, 1, 0, 0, 3)",
    /rights of account 0 to mailbox 1 .*|1 rows of mailbox_rights belong to account 9/,
  ],
  ["rights of nobody", "insert into mailbox_rights values (1, 1, 9, 0, 3)", /rights of account 9/],
  ["rights that are none", "insert into mailbox_rights values (1, 1, 0, 1, 4096)", /rights of account 0/],
  [
    "an annotation of no mailbox",
    "insert into annotations values (1, 77, 0, '/shared/x', x'00')",
    /annotation \/shared\/x is of mailbox 77/,
  ],
  [
    "a shared annotation that is not the owner's",
    "insert into accounts select 9, 'o', 'bob', 1, 1, 0, null, null, 0, 0, null; " +
    "insert into annotations values (9, 1, 0, '/shared/x', x'00')",
    /annotation \/shared\/x is of mailbox 1/,
  ],
  [
    "annotations of nobody",
    "insert into annotations values (9, 0, 1, '/private/vendor/x/y', x'00')",
    /1 rows of annotations belong to account 9/,
  ],
  ["a keyword of no mailbox", "insert into mailbox_keywords values (1, 77, 'x')", /keyword x/],
  [
    "a special use twice",
    "update mailboxes set special_use = '\\Sent' where id = 2",
    /2 mailboxes for \\Sent/,
  ],
  ["a schema from another time", "update meta set value = 0 where name = 'schema'", /schema 0/],
  ["no database of ours", "drop table meta", /cannot be read/],
  ["a missing file", (folder) => Deno.removeSync(file(folder)), /its file [0-9a-f]+ is missing/],
  ["a short file", (folder) => Deno.truncateSync(file(folder), 10), /it has 10 octets/],
  [
    "a file of no message",
    (folder) =>
      Deno.copyFileSync(
        file(folder),
        `${file(folder).slice(0, -64)}${file(folder).slice(-64, -62)}${"0".repeat(62)}`,
      ),
    /belongs to no message/,
  ],
  [
    "a stray file",
    (folder) => Deno.writeTextFileSync(`${file(folder).slice(0, -64)}notes`, "x"),
    /no body's file/,
  ],
  ["no database", (folder) => Deno.removeSync(`${folder}/mail.sqlite`), /not a data folder/],
  ["a damaged page", (folder) => {
    const database = Deno.openSync(`${folder}/mail.sqlite`, { write: true });
    database.seekSync(8192 * 3, Deno.SeekMode.Start);
    database.writeSync(new Uint8Array(8192).fill(0x55));
    database.close();
  }, /damaged|cannot be read/],
];

for (const [what, damage, expected] of damages) {
  Deno.test(`verifyData() finds ${what}`, async () => {
    const temp = await filled();
    await temp.store.close();
    if (typeof damage === "function") damage(temp.folder);
    else {
      const connection = new Connection(`${temp.folder}/mail.sqlite`);
      connection.script(damage);
      connection.close();
    }
    const problems = verifyData(temp.folder);
    assert.ok(problems.length > 0 && problems.some((problem) => expected.test(problem)), problems.join("\n"));
    await temp.close(/./);
  });
}

Deno.test("a test that leaves the data wrong fails", async () => {
  const temp = await filled();
  await temp.store.close();
  const connection = new Connection(`${temp.folder}/mail.sqlite`);
  connection.script("update accounts set bytes = 0");
  connection.close();
  await assert.rejects(temp.close(), /the store is inconsistent/);
});

Deno.test("a folder that is served is not verified", async () => {
  const temp = await filled();
  assert.throws(() => verifyData(temp.folder), FolderLocked);
  await temp.close();
});
