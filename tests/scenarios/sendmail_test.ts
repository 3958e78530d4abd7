/**
 * `mailden sendmail`, called as programs call /usr/sbin/sendmail: what it is given arrives, or is kept.
 *
 * @module
 */
import assert from "node:assert/strict";
import { imap } from "../support/line_client.ts";
import { join } from "../support/paths.ts";
import { password, run, scenario, signedIn, user } from "../support/scenario.ts";
import { homeFor, sendmail } from "../support/sendmail.ts";
import { launch } from "../support/server.ts";

/** What was kept of failures. */
async function kept(home: string): Promise<string[]> {
  const folder = join(home, "mailden-submit.failures");
  const names = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  for (const { name } of names) {
    assert.equal(((await Deno.stat(join(folder, name))).mode ?? 0) & 0o777, 0o600);
  }
  return await Promise.all(names.map(({ name }) => Deno.readTextFile(join(folder, name))));
}

scenario("sendmail hands messages in over verified TLS, and they arrive", true, async (server) => {
  const home = await homeFor(server);
  const sent = await sendmail(
    home,
    ["-t", "-oi", "-FCronDaemon", "-odb"],
    `To: ${user}\nSubject: job\n\nhäll\n.\nö\n`,
  );
  assert.deepEqual([sent.code, sent.stdout, sent.stderr], [0, "", ""]);
  const client = await signedIn(server);
  await imap(client, "s", "EXAMINE INBOX");
  const answer = (await imap(client, "f", "FETCH 1 BODY.PEEK[]")).join("\r\n");
  client.close();
  assert.match(answer, /From: CronDaemon <mailden@localhost>\r\n/);
  assert.ok(
    answer.includes("Subject: job\r\n\r\nh\xc3\xa4ll\r\n.\r\n\xc3\xb6\r\n") ||
      answer.includes("häll\r\n.\r\nö\r\n"),
  );
  assert.deepEqual(await kept(home), []);
});

scenario("sendmail keeps what it cannot hand in, and says how it failed", true, async (server) => {
  const message = `To: ${user}\n\nhello\n`;
  const wrongPassword = await homeFor(server, (config) => config.replace(password, "wrong"));
  const refused = await sendmail(wrongPassword, ["-t"], message);
  assert.equal(refused.code, 77, refused.stderr);
  assert.match(
    refused.stderr,
    /^sendmail: localhost does not take this username and password[^]*is kept in /,
  );
  const [first = ""] = await kept(wrongPassword);
  assert.match(
    first,
    /^X-Not-Submitted: 20[^\r\n]*localhost does not take[^\r\n]*\r\nTo: mailden@localhost\n\nhello\n$/,
  );

  const untrusted = await homeFor(server, (config) => config.replace(/^trustedCertFile.*$/m, ""));
  assert.equal((await sendmail(untrusted, [user, "évé@localhost"], message)).code, 75);
  const [second = ""] = await kept(untrusted); // Who shall get it stands nowhere else.
  assert.match(second, /^X-Not-Submitted: 20[^ ]* \(to mailden@localhost, évé@localhost\): [^\r\n]*\r\nTo: /);

  // No configuration: the message is there all the same.
  const home = await homeFor(server);
  await Deno.remove(join(home, ".config"), { recursive: true });
  const without = await sendmail(home, [user], message);
  assert.equal(without.code, 78);
  assert.match(
    without.stderr,
    /there is no configuration, looked for in [^]*'mailden config example mailden-submit\.toml'/,
  );
  assert.match(
    (await kept(home)).join(""),
    /^X-Not-Submitted: 20[^ ]* \(to mailden@localhost\): there is no conf/,
  );
  await Deno.remove(join(home, "mailden-submit.failures"), { recursive: true });
  await Deno.writeTextFile(join(home, "mailden-submit.failures"), "a file");
  const nowhere = await sendmail(home, [user], message);
  assert.equal(nowhere.code, 78);
  assert.match(
    nowhere.stderr,
    /^sendmail: the message could not be kept in [^]*\nsendmail: there is no configuration/,
  );
  assert.equal((await sendmail(home, ["-bp"], "")).code, 64);
  assert.equal((await sendmail(home, ["-bs"], "")).code, 78);
});

scenario(
  "sendmail of a service without HOME hands in all the same, and says that it keeps nothing",
  true,
  async (server) => {
    const file = async (change?: (config: string) => string) =>
      join(await homeFor(server, change), ".config", "mailden-submit.toml");
    const message = `To: ${user}\n\nhello\n`;
    const sent = await sendmail("", ["-C", await file(), "-t"], message);
    assert.deepEqual([sent.code, sent.stderr], [0, ""]);
    const refused = await sendmail("", [
      "-C",
      await file((config) => config.replace(password, "wrong")),
      "-t",
    ], message);
    assert.equal(refused.code, 73);
    assert.match(
      refused.stderr,
      /does not take this username[^]*the message is not kept: there is no HOME, and no failureDir in /,
    );
  },
);

scenario("sendmail -bs takes messages over SMTP, as frameworks call it", true, async (server) => {
  const say = (...lines: string[]) => lines.map((line) => `${line}\r\n`).join("");
  const message = (subject: string) => say(`Subject: ${subject}`, `To: ${user}`, "", "one", "..", ".");
  const dialogue = say("EHLO [127.0.0.1]", "MAIL FROM:<www@machine.example>", `RCPT TO:<${user}>`, "DATA") +
    message("first") + say("RSET", "MAIL FROM:<>", `RCPT TO:<${user}>`, "DATA") + message("second") +
    say("QUIT");
  const home = await homeFor(server);
  const sent = await sendmail(home, ["-bs", "-i"], dialogue);
  assert.deepEqual([sent.code, sent.stderr], [0, ""]);
  const codes = (text: string) =>
    text.trim().split("\r\n").filter((line) => line[3] === " ").map((line) => line.slice(0, 3));
  const once = ["250", "250", "354", "250"];
  assert.deepEqual(codes(sent.stdout), ["220", "250", ...once, "250", ...once, "221"]);
  const client = await signedIn(server);
  await imap(client, "s", "EXAMINE INBOX");
  const answer = (await imap(client, "f", "FETCH 1:* BODY.PEEK[]")).join("\r\n");
  client.close();
  assert.match(answer, /Subject: first\r\n[^]*\r\n\r\none\r\n\.\r\n[^]*Subject: second\r\n/);

  const wrongPassword = await homeFor(server, (config) => config.replace(password, "wrong"));
  const refused = await sendmail(wrongPassword, ["-bs"], dialogue);
  assert.deepEqual(codes(refused.stdout).filter((code) => code >= "400"), ["554", "554"]);
  assert.match(refused.stdout, /\r\n554 5\.3\.0 localhost does not take this username/);
  assert.equal((await kept(wrongPassword)).length, 2);
});

Deno.test("sendmail --help teaches", async () => {
  const help = await run(Deno.execPath(), [...launch, "sendmail", "--help"]);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /^mailden sendmail \[-t\|-bs\] [^]*sysexits\.h/);
});
