/**
 * offlineimap keeps several mailboxes of some hundred messages the same on both sides, whoever changes them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { imap, type LineClient } from "../support/line_client.ts";
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

const count = 300;

const config = (server: TestServer, folder: string) =>
  `[general]
accounts = a
metadata = ${folder}/state
ui = quiet

[Account a]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = ${folder}/mail
sync_deletes = yes

[Repository far]
type = IMAP
remotehost = localhost
remoteport = ${server.ports.imaps}
ssl = yes
sslcacertfile = ${certificate(server)}
remoteuser = ${user}
remotepass = ${password}
auth_mechanisms = PLAIN
expunge = yes
sync_deletes = yes
`;

/** The local side of a mailbox: file name of each message by its UID. */
function near(mailbox: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const folder of ["new", "cur"]) {
    for (const { name } of Deno.readDirSync(`${mailbox}/${folder}`)) {
      const uid = /,U=(\d+)/.exec(name)?.[1];
      if (uid !== undefined) found.set(Number(uid), `${folder}/${name}`);
    }
  }
  return found;
}

/** What every message of a mailbox has: its UID and flags as a Maildir writes them. */
function nearFlags(mailbox: string): Record<number, string> {
  return Object.fromEntries(
    [...near(mailbox)].map(([uid, name]) => [uid, [...(/:2,(.*)$/.exec(name)?.[1] ?? "")].sort().join("")]),
  );
}

const letters: Readonly<Record<string, string>> = {
  "\\Draft": "D",
  "\\Flagged": "F",
  "\\Answered": "R",
  "\\Seen": "S",
  "\\Deleted": "T",
};

async function farFlags(client: LineClient, mailbox: string): Promise<Record<number, string>> {
  await imap(client, "e", `EXAMINE ${mailbox}`);
  const found: Record<number, string> = {};
  for (const line of await imap(client, "f", "UID FETCH 1:* (FLAGS)")) {
    const uid = /UID (\d+)/.exec(line)?.[1];
    const flags = /FLAGS \(([^)]*)\)/.exec(line)?.[1];
    if (uid === undefined || flags === undefined) continue;
    found[Number(uid)] = flags.split(" ").map((flag) => letters[flag] ?? "").sort().join("");
  }
  return found;
}

scenario(
  "offlineimap: 400 messages in two mailboxes, changes on both sides, then nothing to do",
  has("offlineimap", "--version"),
  async (server) => {
    const text = (i: number) =>
      `From: <a@example.org>\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <${i}@example.org>\r\n` +
      `Subject: number ${i}\r\n\r\n${"text ".repeat(i)}\r\n.\r\n`;
    await deliver(server, Array.from({ length: count }, (_, i) => text(i + 1)));
    const folder = await folderBeside(server, "offlineimap");
    const file = `${folder}/rc`;
    await Deno.writeTextFile(file, config(server, folder));
    const client = await signedIn(server);
    await imap(client, "a1", "CREATE Work");
    await imap(client, "a2", "SELECT INBOX");
    await imap(client, "a3", "COPY 1:100 Work");
    await imap(client, "a4", "UID STORE 5:9 +FLAGS.SILENT (\\Seen \\Answered)");
    const same = async () => {
      for (const name of ["INBOX", "Work"]) {
        assert.deepEqual(nearFlags(`${folder}/mail/${name}`), await farFlags(client, name), name);
      }
    };
    const modseqs = async () =>
      (await imap(client, "s", 'LIST "" * RETURN (STATUS (HIGHESTMODSEQ MESSAGES UIDNEXT))')).filter((line) =>
        line.startsWith("* STATUS")
      );
    const sync = async () => {
      const done = await run("offlineimap", ["-c", file, "-1", "-o"], "", { HOME: folder });
      assert.equal(done.code, 0, done.stderr + done.stdout);
      assert.doesNotMatch(done.stderr, /ERROR|Traceback/);
    };

    await sync();
    await same();
    const inbox = near(`${folder}/mail/INBOX`);
    assert.equal(inbox.size, count);
    for (const uid of [1, 77, count]) {
      const stored = await Deno.readTextFile(`${folder}/mail/INBOX/${inbox.get(uid)}`);
      assert.ok(
        stored.replaceAll("\r\n", "\n").endsWith(text(uid).replaceAll("\r\n", "\n")),
        stored.slice(-200),
      );
    }
    const before = await modseqs();
    await sync();
    assert.deepEqual(await modseqs(), before);

    // Far: flags, deletions, a move, new mail. Near: flags, deletions, a new message, a new mailbox.
    await imap(client, "b1", "SELECT INBOX");
    await imap(client, "b2", "UID STORE 10:40 +FLAGS.SILENT (\\Flagged)");
    await imap(client, "b3", "UID STORE 41:50 +FLAGS.SILENT (\\Deleted)");
    await imap(client, "b4", "EXPUNGE");
    await imap(client, "b5", "UID MOVE 51:60 Work");
    await deliver(server, [text(1001), text(1002), text(1003)]);
    const local = near(`${folder}/mail/INBOX`);
    for (let uid = 30; uid <= 90; uid++) {
      const name = local.get(uid);
      if (name === undefined || uid > 40 && uid < 61) continue;
      if (uid >= 80) await Deno.remove(`${folder}/mail/INBOX/${name}`);
      else {
        const target = `cur/${name.replace(/^(new|cur)\//, "").replace(/:2,.*$/, "")}:2,S`;
        await Deno.rename(`${folder}/mail/INBOX/${name}`, `${folder}/mail/INBOX/${target}`);
      }
    }
    await Deno.writeTextFile(`${folder}/mail/Work/cur/1.own:2,FS`, text(2000).replaceAll("\r\n", "\n"));
    for (const part of ["", "/cur", "/new", "/tmp"]) await Deno.mkdir(`${folder}/mail/Made here${part}`);
    await Deno.writeTextFile(`${folder}/mail/Made here/cur/2.own:2,S`, text(2001).replaceAll("\r\n", "\n"));

    await sync();
    await sync(); // What one run uploads, the next finds by its UID.
    await same();
    const flags = await farFlags(client, "INBOX");
    assert.equal(Object.keys(flags).length, count - 10 - 10 - 11 + 3);
    assert.equal(flags[10], "F");
    assert.equal(flags[35], "FS");
    assert.equal(flags[41], undefined);
    assert.equal(flags[55], undefined);
    assert.equal(flags[70], "S");
    assert.equal(flags[85], undefined);
    assert.equal(Object.keys(await farFlags(client, "Work")).length, 100 + 10 + 1);
    assert.deepEqual(Object.values(await farFlags(client, '"Made here"')), ["S"]);
    const settled = await modseqs();
    await sync();
    assert.deepEqual(await modseqs(), settled);
    client.close();
  },
);
