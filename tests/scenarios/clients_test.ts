/**
 * Real clients against a whole server. Those that are not installed are skipped by name.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "../support/paths.ts";
import { removeFolder, startServer, type TestServer } from "../support/server.ts";

/** Whether a program is there (and a small call of it works). */
function has(program: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(program, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

async function run(program: string, args: string[], input = "", env: Record<string, string> = {}) {
  const child = new Deno.Command(program, { args, env, stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** Ensures that a message is there, sent with curl's peer-independent SMTP dialogue of `program`. */
function scenario(name: string, ready: boolean, test: (server: TestServer) => Promise<void>): void {
  Deno.test({
    name: ready ? name : `${name} (skipped: not installed here)`,
    ignore: !ready,
    async fn() {
      const server = await startServer("localserve");
      try {
        await test(server);
      } finally {
        await server.stop();
        await removeFolder(server.folder);
      }
    },
  });
}

const user = "mailden@localhost";
const password = "maildenmailden";
const mail = "From: <me@example.org>\r\nTo: <you@localhost>\r\nSubject: from a client\r\n\r\nIt works.\r\n";

scenario(
  "curl sends over SMTP with STARTTLS and reads over IMAPS",
  has("curl", "--version"),
  async (server) => {
    const cert = join(server.folder, "localhost.crt");
    const sent = await run("curl", [
      "--silent",
      "--show-error",
      "--ssl-reqd",
      "--cacert",
      cert,
      `smtp://localhost:${server.ports.submission}`,
      "--user",
      `${user}:${password}`,
      "--mail-from",
      user,
      "--mail-rcpt",
      "you@localhost",
      "--upload-file",
      "-",
    ], mail.replace("<me@example.org>", `<${user}>`));
    assert.equal(sent.code, 0, sent.stderr);
    const read = await run("curl", [
      "--silent",
      "--show-error",
      "--cacert",
      cert,
      "--user",
      `${user}:${password}`,
      `imaps://localhost:${server.ports.imaps}/INBOX;MAILINDEX=1`,
    ]);
    assert.equal(read.code, 0, read.stderr);
    assert.match(read.stdout, /Subject: from a client\r\n[\s\S]*\r\n\r\nIt works\.\r\n$/);
  },
);

scenario(
  "swaks sends an attachment with every SASL mechanism it knows",
  has("swaks", "--version"),
  async (server) => {
    for (const mechanism of ["PLAIN", "LOGIN", "CRAM-MD5"]) {
      const sent = await run("swaks", [
        "--server",
        "127.0.0.1",
        "--port",
        String(server.ports.submission),
        "--tls",
        "--auth",
        mechanism,
        "--auth-user",
        user,
        "--auth-password",
        password,
        "--from",
        user,
        "--to",
        "you@localhost",
        "--attach",
        "/etc/hostname",
      ]);
      // swaks needs a Perl module for CRAM-MD5, and says so.
      if (mechanism === "CRAM-MD5" && /Digest::MD5|not available/.test(sent.stderr)) continue;
      assert.equal(sent.code, 0, `${mechanism}: ${sent.stdout}${sent.stderr}`);
    }
  },
);

scenario("mbsync brings mail and flags both ways", has("mbsync", "--version"), async (server) => {
  for (let i = 0; i < 20; i++) {
    const sent = await run("curl", [
      "--silent",
      `smtp://127.0.0.1:${server.ports.smtp}`,
      "--mail-from",
      "me@example.org",
      "--mail-rcpt",
      "you@localhost",
      "--upload-file",
      "-",
    ], mail);
    assert.equal(sent.code, 0);
  }
  const maildir = join(server.folder, "..", "maildir");
  const config = join(server.folder, "..", "mbsyncrc");
  await Deno.mkdir(maildir);
  await Deno.writeTextFile(
    config,
    `IMAPAccount a
Host localhost
Port ${server.ports.imaps}
User ${user}
Pass ${password}
SSLType IMAPS
CertificateFile ${server.folder}/localhost.crt

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
`,
  );
  const sync = async () => {
    const done = await run("mbsync", ["-c", config, "-a"]);
    assert.equal(done.code, 0, done.stderr);
  };
  await sync();
  const fresh = [...Deno.readDirSync(`${maildir}/INBOX/new`)].map((entry) => entry.name);
  assert.equal(fresh.length, 20);
  // One is read, one is deleted on this side.
  const [first, second] = fresh;
  await Deno.rename(
    `${maildir}/INBOX/new/${first}`,
    `${maildir}/INBOX/cur/${first?.replace(/:2,.*$/, "")}:2,S`,
  );
  await Deno.remove(`${maildir}/INBOX/new/${second}`);
  await sync();
  const status = await run("curl", [
    "--silent",
    "--user",
    `${user}:${password}`,
    `imap://127.0.0.1:${server.ports.imap}/`,
    "--request",
    "STATUS INBOX (MESSAGES UNSEEN)",
  ]);
  assert.match(status.stdout, /MESSAGES 19 UNSEEN 18/);
});

const python = `
import imaplib, smtplib, ssl, sys
smtp_port, imap_port, cert = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
context = ssl.create_default_context(cafile=cert)
with smtplib.SMTP("localhost", smtp_port) as s:
    s.starttls(context=context)
    s.login("${user}", "${password}")
    refused = s.sendmail("${user}", ["a@localhost", "b@localhost"], "From: ${user}\\r\\nSubject: from python\\r\\n\\r\\n.dot\\r\\n")
    assert refused == {}, refused
with imaplib.IMAP4("localhost", imap_port) as m:
    m.starttls(context)
    m.login("${user}", "${password}")
    assert m.select("INBOX")[0] == "OK"
    typ, data = m.search(None, "SUBJECT", '"from python"')
    assert typ == "OK" and data[0], data
    typ, data = m.fetch(data[0].split()[0], "(FLAGS BODY[TEXT])")
    assert data[0][1] == b".dot\\r\\n", data
    typ, data = m.append("Sent", "\\\\Seen", None, b"Subject: sent\\r\\n\\r\\ncopy\\r\\n")
    assert typ == "OK" and b"APPENDUID" in data[0], data
    typ, data = m.copy("1", "Archive")
    assert typ == "OK", data
    print("good")
`;

scenario("Python's smtplib and imaplib", has("python3", "-c", "import ssl"), async (server) => {
  const { submission, imap } = server.ports;
  const done = await run("python3", [
    "-c",
    python,
    String(submission),
    String(imap),
    join(server.folder, "localhost.crt"),
  ]);
  assert.equal(done.stdout, "good\n", done.stderr);
});

scenario("mutt reads the newest message", has("mutt", "-v"), async (server) => {
  const sent = await run("curl", [
    "--silent",
    `smtp://127.0.0.1:${server.ports.smtp}`,
    "--mail-from",
    "me@example.org",
    "--mail-rcpt",
    "you@localhost",
    "--upload-file",
    "-",
  ], mail);
  assert.equal(sent.code, 0);
  const home = join(server.folder, "..", "mutt");
  await Deno.mkdir(home);
  const rc = join(home, "muttrc");
  const copied = join(home, "copy");
  await Deno.writeTextFile(
    rc,
    `set folder="imap://localhost:${server.ports.imap}/"
set spoolfile="+INBOX"
set imap_user="${user}"
set imap_pass="${password}"
set ssl_starttls=no
set ssl_force_tls=no
set copy=no
set confirmcreate=no
set mbox_type=mbox
set header_cache=
`,
  );
  const done = await run(
    "mutt",
    [
      "-F",
      rc,
      "-e",
      `push "<first-entry><copy-message>${copied}<enter><exit><quit>"`,
    ],
    "",
    { TERM: "dumb", HOME: home },
  );
  const read = await Deno.readTextFile(copied).catch(() => "");
  assert.match(read, /It works\./, done.stdout + done.stderr);
});
