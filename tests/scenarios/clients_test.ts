/**
 * Real clients against a whole server. Those that are not installed are skipped by name.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fromFileUrl, join } from "../support/paths.ts";
import {
  certificate,
  deliver,
  folderBeside,
  has,
  password,
  run,
  scenario,
  user,
} from "../support/scenario.ts";

/** Size of a large attachment; base64 makes 13.5 MB of it. */
const largeBytes = 10_000_000;

const mail = "From: <me@example.org>\r\nTo: <you@localhost>\r\nSubject: from a client\r\n\r\nIt works.\r\n";

scenario(
  "curl sends over SMTP with STARTTLS and reads over IMAPS",
  has("curl", "--version"),
  async (server) => {
    const cert = certificate(server);
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
    assert.match(read.stdout, /Subject: from a client\r\n\r\nIt works\.\r\n$/);
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
        "@/etc/hostname",
      ]);
      // swaks needs a Perl module for CRAM-MD5, and says so.
      if (mechanism === "CRAM-MD5" && /Digest::MD5|not available/.test(sent.stderr)) continue;
      assert.equal(sent.code, 0, `${mechanism}: ${sent.stdout}${sent.stderr}`);
    }
  },
);

scenario(
  "swaks sends 10 MB, and curl reads them as they were",
  has("swaks", "--version") && has("curl", "--version"),
  async (server) => {
    const folder = await folderBeside(server, "large");
    const file = join(folder, "large.bin");
    const words = Uint32Array.from({ length: largeBytes / 4 }, (_, i) => Math.imul(i + 1, 0x9e3779b1));
    await Deno.writeFile(file, new Uint8Array(words.buffer));
    const sent = await run("swaks", [
      "--server",
      "127.0.0.1",
      "--port",
      String(server.ports.smtp),
      "--from",
      "me@example.org",
      "--to",
      "you@localhost",
      "--attach",
      `@${file}`,
      "--suppress-data",
    ]);
    assert.equal(sent.code, 0, sent.stdout.slice(-2000) + sent.stderr);
    const read = await run("curl", [
      "--silent",
      "--show-error",
      "--user",
      `${user}:${password}`,
      `imap://127.0.0.1:${server.ports.imap}/INBOX;MAILINDEX=1;SECTION=2`,
    ]);
    assert.equal(read.code, 0, read.stderr);
    assert.equal(Buffer.from(read.stdout, "base64").compare(new Uint8Array(words.buffer)), 0);
  },
);

scenario(
  "Python's smtplib and imaplib, the whole tour",
  has("python3", "-c", "import ssl"),
  async (server) => {
    const { submission, imap, imaps } = server.ports;
    const tour = fromFileUrl(new URL("./python_tour.py", import.meta.url));
    const done = await run("python3", [tour, `${submission}`, `${imap}`, `${imaps}`, certificate(server)]);
    assert.equal(done.stdout, "good\n", done.stderr);
  },
);

scenario("mutt reads the newest message", has("mutt", "-v"), async (server) => {
  await deliver(server, [mail]);
  const home = await folderBeside(server, "mutt");
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
  // It wants a terminal, which `script` makes.
  const keys = `push "<first-entry><copy-message>${copied}<enter><exit><quit>"`;
  const done = await run("script", ["-qec", `mutt -F ${rc} -e '${keys}'`, "/dev/null"], "", {
    TERM: "xterm",
    HOME: home,
  });
  const read = await Deno.readTextFile(copied).catch(() => "");
  assert.match(read, /It works\./, done.stdout + done.stderr);
});
