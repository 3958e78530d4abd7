/**
 * Thunderbird, without a screen, fetches an account and hears at once what others do.
 *
 * It logs what it says and is told. Skipped without Debian's package, whose libraries also encrypt the password as it wants to
 * find it (`thunderbird_password.py`).
 *
 * @module
 */
import assert from "node:assert/strict";
import { imap } from "../support/line_client.ts";
import { fromFileUrl, join } from "../support/paths.ts";
import { deliver, folderBeside, has, password, run, scenario, signedIn, user } from "../support/scenario.ts";
import type { TestServer } from "../support/server.ts";

const count = 300;

/** Where the package has its libraries. */
const libraries = "/usr/lib/thunderbird";

/** Longest wait for anything, on a busy machine. */
const patienceMs = 60_000;

function preferences(server: TestServer, profile: string): string {
  const all: Readonly<Record<string, string | number | boolean>> = {
    "mail.accountmanager.accounts": "account1",
    "mail.accountmanager.defaultaccount": "account1",
    "mail.account.account1.server": "server1",
    "mail.account.account1.identities": "id1",
    "mail.identity.id1.useremail": user,
    "mail.server.server1.type": "imap",
    "mail.server.server1.hostname": "127.0.0.1",
    "mail.server.server1.port": server.ports.imap,
    "mail.server.server1.userName": user,
    "mail.server.server1.authMethod": 3, // A password, as it is.
    "mail.server.server1.socketType": 0,
    "mail.server.server1.login_at_startup": true,
    "mail.server.server1.directory": join(profile, "ImapMail", "server"),
    "mail.server.server1.directory-rel": "[ProfD]ImapMail/server",
    // Nothing that asks the user, or somebody on the Internet.
    "mail.provider.suppress_dialog_on_startup": true,
    "mail.rights.version": 1,
    "mail.shell.checkDefaultClient": false,
    "mailnews.start_page.enabled": false,
    "app.update.enabled": false,
    "datareporting.policy.dataSubmissionEnabled": false,
  };
  return Object.entries(all).map(([name, value]) =>
    `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`
  ).join("");
}

/** A profile that knows the account and its password. */
async function profileFor(server: TestServer): Promise<string> {
  const profile = await folderBeside(server, "thunderbird");
  await Deno.writeTextFile(join(profile, "user.js"), preferences(server, profile));
  const script = fromFileUrl(new URL("./thunderbird_password.py", import.meta.url));
  const made = await run("python3", [script, libraries, profile, "imap://127.0.0.1", user, password], "", {
    LD_LIBRARY_PATH: libraries,
  });
  assert.equal(made.code, 0, made.stderr);
  return profile;
}

/** Its log, once it holds this. */
async function logged(file: string, wanted: RegExp): Promise<string> {
  for (const end = Date.now() + patienceMs;;) {
    const log = await Deno.readTextFile(file).catch(() => "");
    if (wanted.test(log)) return log;
    if (Date.now() > end) assert.fail(`not logged: ${wanted}\n${log.slice(-5000)}`);
    await new Promise<void>((resolve) => setTimeout(resolve, 100));
  }
}

scenario(
  `Thunderbird fetches ${count} messages, and hears of what arrives, changes and goes while it idles`,
  has("thunderbird", "--version") && has("test", "-e", join(libraries, "libnss3.so")),
  async (server) => {
    const text = (i: number) =>
      `From: <a@example.org>\r\nSubject: number ${i}\r\n\r\n${"text ".repeat(i)}\r\n`;
    await deliver(server, Array.from({ length: count }, (_, i) => text(i + 1)));
    const profile = await profileFor(server);
    const log = join(profile, "log");
    const child = new Deno.Command("thunderbird", {
      args: ["--headless", "--no-remote", "--profile", profile],
      env: { HOME: profile, MOZ_LOG: "sync,IMAP:4", MOZ_LOG_FILE: log },
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      const file = `${log}.moz_log`;
      await logged(file, /\+ idling/);
      await deliver(server, [text(count + 1)]);
      await logged(file, new RegExp(`\\* ${count + 1} EXISTS[^]*FETCH \\(UID ${count + 1} RFC822\\.SIZE`));
      const other = await signedIn(server);
      await imap(other, "a", "SELECT INBOX");
      await imap(other, "b", "UID STORE 2 +FLAGS.SILENT (\\Flagged)");
      await logged(file, /\* 2 FETCH \(UID 2 FLAGS \(\\Flagged/);
      assert.deepEqual(await imap(other, "c", "UID STORE 1 +FLAGS.SILENT (\\Deleted)"), ["c OK stored"]);
      assert.deepEqual(await imap(other, "d", "EXPUNGE"), ["* 1 EXPUNGE", "d OK expunged"]);
      other.close();
      const whole = await logged(file, /\* 1 EXPUNGE/);
      const fetched = new Set(
        [...whole.matchAll(/\* \d+ FETCH \(UID (\d+) RFC822\.SIZE/g)].map(([, uid]) => uid),
      );
      assert.equal(fetched.size, count + 1);
      assert.deepEqual(whole.match(/CreateNewLineFromSocket: \S+ (?:NO|BAD) .*|.*Syntax Error.*/g), null);
    } finally {
      child.kill("SIGTERM");
      await child.status;
    }
  },
);
