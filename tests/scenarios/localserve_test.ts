/**
 * What a new user does first: starts localserve, sends, reads, stops, starts again.
 *
 * @module
 */
import assert from "node:assert/strict";
import { imap, LineClient, smtp } from "../support/line_client.ts";
import { join } from "../support/paths.ts";
import {
  mailden,
  makeFolder,
  type Mode,
  removeFolder,
  startServer,
  type TestServer,
} from "../support/server.ts";

const login = "LOGIN mailden@localhost maildenmailden";

async function submit(port: number, text: string, to = "someone@anything.example"): Promise<string> {
  const client = await LineClient.connect(port);
  assert.match(await smtp(client, null), /^220 localhost ESMTP mailden/);
  await smtp(client, "EHLO [127.0.0.1]");
  await smtp(client, "MAIL FROM:<me@example.org>");
  const recipient = await smtp(client, `RCPT TO:<${to}>`);
  if (!recipient.startsWith("250")) {
    client.close();
    return recipient;
  }
  assert.match(await smtp(client, "DATA"), /^354/);
  const reply = await smtp(client, `${text}\r\n.`);
  await smtp(client, "QUIT");
  client.close();
  return reply;
}

async function signedIn(port: number): Promise<LineClient> {
  const client = await LineClient.connect(port);
  assert.match(await client.line() ?? "", /^\* OK /);
  assert.match((await imap(client, "l", login)).at(-1) ?? "", /^l OK/);
  return client;
}

const attachment = [
  "From: Me <me@example.org>",
  "To: someone@anything.example",
  "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=",
  "MIME-Version: 1.0",
  'Content-Type: multipart/mixed; boundary="b"',
  "",
  "--b",
  "Content-Type: text/plain; charset=utf-8",
  "",
  "..dots are unstuffed once",
  "--b",
  "Content-Type: application/octet-stream; name=data.bin",
  "Content-Transfer-Encoding: base64",
  "",
  "AAECAwQFBgcICQ==",
  "--b--",
].join("\r\n");

for (const mode of ["localserve", "serve"] satisfies Mode[]) {
  Deno.test(`${mode}: a message with an attachment is read as it was sent, at once, and after a restart`, async () => {
    const made = await makeFolder();
    let server = await startServer(mode, made);
    try {
      const watching = await signedIn(made.ports.imap);
      await imap(watching, "s", "SELECT INBOX");
      await watching.send("i IDLE\r\n");
      assert.equal((await watching.line())?.[0], "+");
      assert.match(await submit(made.ports.smtp, attachment), /^250 2\.0\.0 /);
      assert.equal(await watching.line(), "* 1 EXISTS");
      await watching.send("DONE\r\n");
      watching.close();
      await checkStored(made.ports.imap);
      assert.ok(await server.stop() < 3000);
      server = await startServer(mode, made);
      await checkStored(made.ports.imap);
    } finally {
      await server.stop();
      await removeFolder(made.folder);
    }
  });
}

async function checkStored(port: number): Promise<void> {
  const client = await signedIn(port);
  await imap(client, "s", "EXAMINE INBOX");
  const [fetched] = await imap(client, "f", "FETCH 1 (BODY.PEEK[TEXT] BODYSTRUCTURE BINARY.PEEK[2])");
  const text = attachment.slice(attachment.indexOf("\r\n\r\n") + 4).replace("\r\n..", "\r\n.");
  assert.ok(fetched?.includes(`{${text.length + 2}}\r\n${text}\r\n`), fetched);
  assert.match(fetched ?? "", /"octet-stream" \("name" "data\.bin"\) NIL NIL "base64"/i);
  assert.ok(fetched?.includes("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09"));
  client.close();
}

async function withServer(mode: Mode, run: (server: TestServer) => Promise<void>): Promise<void> {
  const server = await startServer(mode);
  try {
    await run(server);
  } finally {
    await server.stop();
    await removeFolder(server.folder);
  }
}

Deno.test("localserve: its page, and nothing of it for other host names", async () => {
  await withServer("localserve", async ({ ports }) => {
    const url = `http://127.0.0.1:${ports.http}/`;
    const page = await (await fetch(url)).text();
    assert.match(page, /maildenmailden/);
    assert.match(page, new RegExp(`<td>${ports.imap}</td>`));
    assert.doesNotMatch(page, /<script>|onclick=|style="/);
    const other = await rawGet(ports.http, "rebound.example");
    assert.match(other, /^HTTP\/1\.1 421 /);
    assert.doesNotMatch(other, /maildenmailden/);
    // A host that makes no address is its client's mistake, not ours.
    for (const port of [ports.http, ports.metrics]) {
      assert.match(await rawGet(port, "localhost:99999"), /^HTTP\/1\.1 400 /);
    }
    await submit(ports.smtp, "Subject: one\r\n\r\nhello");
    const counts = await (await fetch(`${url}status.json`)).json();
    assert.equal(counts.messages, 1);
    const metrics = await (await fetch(`http://127.0.0.1:${ports.metrics}/metrics`)).text();
    assert.match(metrics, /^mailden_smtpserver_delivery_total\{[^}]*\} 1$/m);
    assert.match(metrics, /^mailden_store_commits_total\{result="ok"\} [1-9]/m);
    const named = [...metrics.matchAll(/^# TYPE (\S+)/gm)].map((each) => each[1]);
    assert.deepEqual(named.length, new Set(named).size, "a metric is there twice");
  });
});

async function rawGet(port: number, host: string): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(
    new TextEncoder().encode(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
  );
  let text = "";
  for await (const piece of connection.readable.pipeThrough(new TextDecoderStream())) text += piece;
  return text;
}

const faults: [to: string, reply: RegExp][] = [
  ["temperror@x.example", /^451 /],
  ["my-permerror@x.example", /^550 /],
  ["any-452@x.example", /^452 /],
  ["rcpttopermerror@x.example", /^550 /],
];

Deno.test("localserve: failures on request, TLS on every port that has it, and a second server refused", async () => {
  await withServer("localserve", async (server) => {
    for (const [to, reply] of faults) {
      assert.match(await submit(server.ports.smtp, "Subject: x\r\n\r\nx", to), reply, to);
    }
    const cert = await Deno.readTextFile(join(server.folder, "localhost.crt"));
    const imaps = await LineClient.connectTls(server.ports.imaps, cert);
    assert.match(await imaps.line() ?? "", /^\* OK /);
    assert.match((await imap(imaps, "l", login)).at(-1) ?? "", /^l OK/);
    imaps.close();
    const submission = await LineClient.connect(server.ports.submission);
    await smtp(submission, null);
    await smtp(submission, "EHLO x.example");
    assert.match(await smtp(submission, "STARTTLS"), /^220 /);
    await submission.startTls(cert);
    assert.match(await smtp(submission, "EHLO x.example"), /AUTH [A-Z0-9 -]*PLAIN/);
    const credentials = btoa("\0mailden@localhost\0maildenmailden");
    assert.match(await smtp(submission, `AUTH PLAIN ${credentials}`), /^235 /);
    assert.match(await smtp(submission, "MAIL FROM:<mailden@localhost>"), /^250 /);
    submission.close();
    const second = await mailden("localserve", "--dir", server.folder);
    assert.equal(second.code, 1);
    assert.match(second.stderr, /running in .* already: stop it first/);
  });
});
