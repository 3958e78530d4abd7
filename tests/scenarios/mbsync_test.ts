/**
 * mbsync keeps a mailbox of 200 messages the same on both sides, whoever changes it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { imap } from "../support/line_client.ts";
import {
  certificate,
  deliver,
  folderBeside,
  has,
  password,
  run,
  scenario,
  signedIn,
  user,
} from "../support/scenario.ts";
import type { TestServer } from "../support/server.ts";

const count = 200;

const config = (server: TestServer, maildir: string) =>
  `IMAPAccount a
Host localhost
Port ${server.ports.imaps}
User ${user}
Pass ${password}
SSLType IMAPS
CertificateFile ${certificate(server)}

IMAPStore remote
Account a

MaildirStore local
Path ${maildir}/
Inbox ${maildir}/INBOX
SubFolders Verbatim

Channel c
Far :remote:
Near :local:
Patterns *
Create Both
Expunge Both
SyncState *
`;

/** The local side: file name of each message by its UID. */
function messages(inbox: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const folder of ["new", "cur"]) {
    for (const { name } of Deno.readDirSync(`${inbox}/${folder}`)) {
      const uid = /,U=(\d+)/.exec(name)?.[1];
      assert.ok(uid !== undefined, name);
      found.set(Number(uid), `${folder}/${name}`);
    }
  }
  return found;
}

/** What every message has, as one line each: its UID and flags, sorted. */
async function far(server: TestServer): Promise<string[]> {
  const client = await signedIn(server);
  await imap(client, "e", "EXAMINE INBOX");
  const lines = await imap(client, "f", "UID FETCH 1:* (FLAGS)");
  client.close();
  return lines.flatMap((line) => {
    const [, uid, flags] =
      /UID (\d+).*FLAGS \(([^)]*)\)/.exec(line.replace(/(FLAGS \([^)]*\)) (UID \d+)/, "$2 $1")) ??
        [];
    if (uid === undefined || flags === undefined) return [];
    return [`${uid} ${flags.split(" ").filter((flag) => flag !== "\\Recent").sort().join(" ")}`.trim()];
  });
}

/** Of all that changes when anything at all changes. */
async function stateOf(server: TestServer): Promise<string> {
  const client = await signedIn(server);
  const lines = await imap(client, "s", "STATUS INBOX (MESSAGES UIDNEXT HIGHESTMODSEQ)");
  client.close();
  return lines[0] ?? "";
}

scenario(
  "mbsync: 200 messages, changes on both sides, then nothing to do",
  has("mbsync", "--version"),
  async (server) => {
    const text = (i: number) =>
      `From: <a@example.org>\r\nSubject: number ${i}\r\n\r\n${"text ".repeat(i)}\r\n.\r\n`;
    await deliver(server, Array.from({ length: count }, (_, i) => text(i + 1)));
    const maildir = await folderBeside(server, "maildir");
    const inbox = `${maildir}/INBOX`;
    const file = `${maildir}.rc`;
    await Deno.writeTextFile(file, config(server, maildir));
    const sync = async () => {
      const done = await run("mbsync", ["-c", file, "-a"]);
      assert.equal(done.code, 0, done.stderr);
      assert.equal(done.stderr, "");
    };

    await sync();
    const first = messages(inbox);
    assert.equal(first.size, count);
    for (const uid of [1, 77, count]) {
      const stored = await Deno.readTextFile(`${inbox}/${first.get(uid)}`);
      // On disk lines end in LF; mbsync adds a header line of its own while it copies.
      const wanted = text(uid).replaceAll("\r\n", "\n");
      assert.ok(stored.replace(/^X-TUID: .*\n/m, "").endsWith(wanted), stored.slice(-100));
    }
    const before = await stateOf(server);
    await sync();
    assert.equal(await stateOf(server), before);
    assert.deepEqual(messages(inbox), first);

    // Far: ten are flagged, five deleted, three arrive. Near: ten are read, five deleted, one is put there.
    const client = await signedIn(server);
    await imap(client, "a", "SELECT INBOX");
    await imap(client, "b", "UID STORE 1:10 +FLAGS.SILENT (\\Flagged)");
    await imap(client, "c", "UID STORE 11:15 +FLAGS.SILENT (\\Deleted)");
    await imap(client, "d", "EXPUNGE");
    client.close();
    await deliver(server, ["Subject: a\r\n\r\n", "Subject: b\r\n\r\n", "Subject: c\r\n\r\n"]);
    for (let uid = 6; uid <= 40; uid++) {
      const name = first.get(uid);
      assert.ok(name !== undefined);
      if (uid >= 36) await Deno.remove(`${inbox}/${name}`);
      else if (uid <= 10 || uid >= 31) {
        await Deno.rename(
          `${inbox}/${name}`,
          `${inbox}/cur/${name.replace(/^new\//, "").replace(/:2,.*$/, "")}:2,S`,
        );
      }
    }
    await Deno.writeTextFile(`${inbox}/cur/1.own:2,RS`, "Subject: written here\n\nand brought there\n");

    await sync();
    const after = await far(server);
    assert.equal(after.length, count - 5 + 3 - 5 + 1);
    const flagsOf = (uid: number) => after.find((line) => line.split(" ")[0] === String(uid));
    assert.equal(flagsOf(1), "1 \\Flagged");
    assert.equal(flagsOf(6), "6 \\Flagged \\Seen");
    assert.equal(flagsOf(11), undefined);
    assert.equal(flagsOf(31), "31 \\Seen");
    assert.equal(flagsOf(36), undefined);
    assert.equal(flagsOf(41), "41");
    assert.equal(flagsOf(204), "204 \\Answered \\Seen");
    const near = messages(inbox);
    assert.equal(near.size, after.length);
    assert.match(near.get(6) ?? "", /:2,FS$/);
    assert.match(near.get(1) ?? "", /:2,F$/);

    const settled = await stateOf(server);
    await sync();
    assert.equal(await stateOf(server), settled);
    assert.deepEqual(messages(inbox), near);
  },
);
