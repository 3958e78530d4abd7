import assert from "node:assert/strict";
import { settle } from "../../tests/support/fake_clock.ts";
import { maxInlineBytes } from "../accounts/mail.ts";
import { type Bytes, fromUtf8, latin1, MiB, utf8 } from "../base/bytes.ts";
import { reasons, Refused } from "../base/errors.ts";
import { maxIndexBytes, maxKeptBytes } from "./append.ts";
import { maxHeaderBytes } from "./fetch.ts";
import { replies } from "./replies.ts";
import { defaultIdleTimeoutMs, maxBadCommands, maxChallenges, writeTimeoutMs } from "./settings.ts";
import { Client } from "./testing/imap_client.ts";
import { ImapStage, indexOf } from "./testing/imap_stage.ts";

const flagList = "\\Seen \\Answered \\Flagged \\Deleted \\Draft $Forwarded $Junk $NotJunk $Phishing $MDNSent";

Deno.test("two sessions: each sees what the other does, at the right moment", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  for (const name of ["plain", "mixed", "folded"]) stage.deliver("Inbox", name);
  const [a, b] = [await Client.signedIn(stage), await Client.signedIn(stage)];

  assert.equal(
    await a.command("STORE 1 +FLAGS (\\Flagged)"),
    "* 1 FETCH (FLAGS (\\Flagged \\Recent))\r\n= OK stored\r\n",
  );
  assert.equal(
    await b.command("FETCH 2 UID"),
    "* 2 FETCH (UID 2)\r\n* 1 FETCH (UID 1 FLAGS (\\Flagged))\r\n= OK done\r\n",
  );
  assert.equal(await a.command("NOOP"), "= OK done\r\n", "its own change is not news");

  await b.send("i IDLE\r\n");
  assert.equal(await b.read(), "+ idling\r\n");
  await a.send("x APPEND Inbox {3+}\r\na\r\n\r\n");
  assert.equal(await a.read(), "* 4 EXISTS\r\n* 3 RECENT\r\nx OK [APPENDUID 1 4] appended\r\n");
  assert.equal(await b.read(), "* 4 EXISTS\r\n* 1 RECENT\r\n");
  await a.command("STORE 2 +FLAGS.SILENT (\\Deleted word)");
  assert.equal(
    await b.read(),
    `* FLAGS (${flagList} word)\r\n* 2 FETCH (UID 2 FLAGS (\\Deleted word))\r\n`,
  );
  assert.equal(await a.command("EXPUNGE"), "* 2 EXPUNGE\r\n= OK expunged\r\n");
  assert.equal(await b.read(), "* 2 EXPUNGE\r\n");
  await b.send("DONE\r\n");
  assert.equal(await b.read(), "i OK done\r\n");

  assert.equal(
    await a.command("MOVE 1 Inbox"),
    "* OK [COPYUID 1 1 5] moved\r\n* 1 EXPUNGE\r\n* 3 EXISTS\r\n* 2 RECENT\r\n= OK moved\r\n",
  );
  // B counts four still: with numbers it may not be told that one is gone.
  assert.equal(await b.command("SEARCH ALL"), "* SEARCH 2 3\r\n* 4 EXISTS\r\n* 1 RECENT\r\n= OK done\r\n");
  assert.equal(await b.command("UID SEARCH ALL"), "* SEARCH 3 4 5\r\n* 1 EXPUNGE\r\n= OK done\r\n");
  for (const client of [a, b]) client.end();
  await stage.assertEnded();
});

Deno.test("a client that has said nothing for half an hour is told so", async () => {
  const stage = new ImapStage();
  const client = await Client.signedIn(stage);
  await client.send("i IDLE\r\n");
  await client.read();
  await stage.clock.advance(defaultIdleTimeoutMs - 1000);
  assert.equal(await client.read(), "");
  await stage.clock.advance(2000);
  assert.equal(await client.read(), "* BYE idle for too long\r\n");
  await stage.assertEnded();
});

Deno.test("large values are streamed, and a client that reads nothing holds up only itself, and not for ever", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  const body = latin1("Subject: large\r\n\r\n" + "0123456789abcdef\r\n".repeat(3 * MiB / 18));
  stage.mail.deliver("Inbox", body, indexOf(body));
  stage.deliver("Inbox", "short");
  const client = await Client.signedIn(stage);
  const answer = await client.command("FETCH 1:2 (UID BODY.PEEK[] RFC822.SIZE)");
  assert.ok(body.length > maxInlineBytes);
  assert.equal(
    answer,
    `* 1 FETCH (UID 1 BODY[] {${body.length}}\r\n${fromUtf8(body)} RFC822.SIZE ${body.length})\r\n` +
      "* 2 FETCH (UID 2 BODY[] {55}\r\nReturn-Path: <short@example.net>\r\nSubject: short\r\n\r\nx\r\n RFC822.SIZE 55)\r\n= OK done\r\n",
  );
  const part = await client.command(
    `FETCH 1 (BODY.PEEK[TEXT]<1000.${maxInlineBytes + 1}> BODY.PEEK[TEXT]<0.4>)`,
  );
  assert.ok(part.startsWith(`* 1 FETCH (BODY[TEXT]<1000> {${maxInlineBytes + 1}}\r\n`));
  assert.ok(part.endsWith(" BODY[TEXT]<0> {4}\r\n0123)\r\n= OK done\r\n"));

  await client.send("f FETCH 1 BODY.PEEK[]\r\n");
  await settle();
  await stage.clock.advance(writeTimeoutMs + 1000);
  assert.equal(client.closed, true);
  await stage.assertEnded();
});

Deno.test("a value that breaks off cannot be answered: the connection is dropped", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  const body = latin1("Subject: large\r\n\r\n" + "x".repeat(3 * MiB));
  stage.mail.deliver("Inbox", body, indexOf(body));
  const client = await Client.signedIn(stage);
  const read = stage.mail.read.bind(stage.mail);
  stage.mail.read = async function* (request) {
    let pieces = 0;
    for await (const piece of read(request)) {
      if (++pieces === 3) throw new Refused("damaged", "block 3");
      yield piece;
    }
  };
  await client.send("f FETCH 1 BODY.PEEK[]\r\n");
  while (!client.closed) await client.read().catch(() => "");
  await stage.assertEnded();
});

Deno.test("a large value that is damaged from its beginning is left out", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  const body = latin1("Subject: large\r\n\r\n" + "x".repeat(MiB));
  stage.mail.deliver("Inbox", body, indexOf(body));
  const client = await Client.signedIn(stage);
  stage.mail.failNext("read", new Refused("damaged", "block 0"));
  assert.equal(
    await client.command("FETCH 1 (UID BODY.PEEK[])"),
    "* 1 FETCH (UID 1)\r\n= NO [CORRUPTION] the message is damaged\r\n",
  );
  client.end();
  await stage.assertEnded();
});

Deno.test("large APPENDs go through the spool, and leave nothing behind when they fail", async () => {
  const stage = new ImapStage({ quotaBytes: 3 * MiB }, ["Inbox"]);
  const client = await Client.signedIn(stage);
  const text = `Subject: x\r\n\r\n${"y".repeat(MiB)}\r\n`;
  await client.send(`a APPEND Inbox {${text.length}+}\r\n${text}\r\n`);
  assert.equal(await client.read(), "* 1 EXISTS\r\n* 1 RECENT\r\na OK [APPENDUID 1 1] appended\r\n");
  assert.equal(fromUtf8(stage.mail.messages("Inbox")[0]?.email.body ?? latin1("")), text);

  await client.send(`b APPEND Inbox {${text.length}+}\r\n${text} {${text.length}+}\r\n${text}\r\n`);
  assert.equal(await client.read(), "b NO [OVERQUOTA] over quota\r\n");
  stage.mail.failNext("spoolWrite", new Refused("diskFull", "no space"));
  await client.send(`c APPEND Inbox {${text.length}+}\r\n${text}\r\nd NOOP\r\n`);
  assert.equal(
    await client.read(),
    "c NO [OVERQUOTA] no space left on the server, try again later\r\nd OK done\r\n",
  );
  assert.equal(stage.mail.messages("Inbox").length, 1);
  assert.equal(stage.mail.spools, 0);

  await client.send(`e APPEND Inbox {${text.length}+}\r\n${text.slice(0, MiB / 2)}`);
  await settle();
  assert.equal(stage.mail.spools, 1);
  client.end();
  await stage.assertEnded();
});

Deno.test("many small messages of one APPEND come to the store in one call, up to a limit of memory", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  const client = await Client.signedIn(stage);
  const open = stage.mail.spoolOpen.bind(stage.mail);
  let spools = 0;
  stage.mail.spoolOpen = (request) => {
    spools++;
    return open(request);
  };
  const message = `Subject: s\r\n\r\n${"x".repeat(8000)}\r\n`;
  const literal = ` {${message.length}+}\r\n${message}`;
  const fits = Math.floor(maxKeptBytes / message.length);
  assert.match(await client.command(`APPEND Inbox${literal.repeat(fits)}`), /= OK \[APPENDUID 1 1:\d+\]/);
  assert.deepEqual([stage.mail.messages("Inbox").length, spools], [fits, 0]);
  assert.match(await client.command(`APPEND Inbox${literal.repeat(fits + 2)}`), /= OK /);
  assert.deepEqual([stage.mail.messages("Inbox").length, spools], [2 * fits + 2, 2]);
  client.end();
  await stage.assertEnded();
});

async function* pieces(...texts: readonly string[]): AsyncGenerator<Bytes> {
  for (const text of texts) {
    await Promise.resolve();
    if (text === "refuse") throw new Refused("damaged", "in the middle");
    if (text === "fail") throw new TypeError("in the middle");
    yield latin1(text);
  }
}

const brokenValues: [what: string, pieces: readonly string[]][] = [
  ["nothing", []],
  ["too little", ["abc"]],
  ["too much", ["x".repeat(maxInlineBytes), "y".repeat(maxInlineBytes)]],
  ["a refusal in the middle", ["abc", "refuse"]],
  ["a bug in the middle", ["abc", "fail"]],
  ["a bug at the beginning", ["fail"]],
];
for (const [what, given] of brokenValues) {
  Deno.test(`a large value of which the store gives ${what} ends the connection, and nothing else is said`, async () => {
    const stage = new ImapStage({}, ["Inbox"]);
    const body = latin1("Subject: large\r\n\r\n" + "0123456789abcdef\r\n".repeat(maxInlineBytes / 16));
    stage.mail.deliver("Inbox", body, indexOf(body));
    const client = await Client.signedIn(stage);
    stage.mail.read = () => pieces(...given);
    const answer = await client.command("FETCH 1 (UID BODY.PEEK[])");
    assert.doesNotMatch(answer, /BYE|SERVERBUG|NO|OK|= |middle/);
    const [, literal] = answer.split("}\r\n");
    assert.ok((literal ?? "").length <= body.length, "never more than was announced");
    assert.equal(client.closed, true);
    assert.equal(stage.errors.length, 1);
    await stage.assertEnded();
  });
}

Deno.test("a structure is sent whatever its length", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  const body = latin1("Subject: s\r\n\r\nx");
  const bodyStructure = latin1(`(${"x".repeat(2 * maxInlineBytes)})`);
  stage.mail.deliver("Inbox", body, { ...indexOf(body), bodyStructure });
  stage.deliver("Inbox", "short");
  const client = await Client.signedIn(stage);
  const answer = await client.command("FETCH 1:2 (BODYSTRUCTURE BODY.PEEK[TEXT])");
  assert.ok(
    answer.startsWith(`* 1 FETCH (BODYSTRUCTURE ${fromUtf8(bodyStructure)} BODY[TEXT] {1}\r\nx)\r\n* 2`),
  );
  client.end();
  await stage.assertEnded();
});

Deno.test("times to say nothing are settings", async () => {
  const stage = new ImapStage();
  const settings = { loginTimeoutMs: 5000, idleTimeoutMs: 60_000 };
  const stranger = new Client(stage.connect(settings));
  const client = new Client(stage.connect(settings));
  await Promise.all([stranger.read(), client.read()]);
  await client.command("LOGIN mjl@example.org secret123");
  await stage.clock.advance(4000);
  assert.deepEqual([await stranger.read(), await client.read()], ["", ""]);
  await stage.clock.advance(2000);
  assert.deepEqual([await stranger.read(), await client.read()], ["* BYE idle for too long\r\n", ""]);
  await stage.clock.advance(60_000);
  assert.equal(await client.read(), "* BYE idle for too long\r\n");
  await stage.assertEnded();
});

Deno.test("a bug of ours is NO [SERVERBUG], counted, and shows nothing of the inside", async () => {
  const stage = new ImapStage();
  const client = await Client.signedIn(stage);
  stage.mail.failNext("list", new TypeError("secret detail"));
  assert.equal(await client.command('LIST "" *'), "= NO [SERVERBUG] internal error\r\n");
  assert.match(stage.metrics.text(), /mailden_panic_total\{pkg="imapserver"\} 1/);
  stage.mail.failNext("changes", new TypeError("secret detail"));
  assert.equal(await client.command("NOOP"), "= OK done\r\n");
  stage.deliver("Inbox", "plain");
  assert.equal(
    await client.command("UID FETCH 1 UID"),
    "* 1 EXISTS\r\n* 1 RECENT\r\n* 1 FETCH (UID 1)\r\n= OK done\r\n",
  );
  client.end();
  await stage.assertEnded();
});

for (const reason of reasons) {
  Deno.test(`the answer to ${reason} is its reply`, async () => {
    const stage = new ImapStage();
    const client = await Client.signedIn(stage, null);
    stage.mail.failNext("rename", new Refused(reason, "secret detail"));
    const [status, code, text] = replies[reason];
    const expected = reason === "noCapability"
      ? "* BYE [UNAVAILABLE] signed out\r\n"
      : `= ${status} [${code}] ${text}\r\n`;
    assert.equal(await client.command("RENAME a b"), expected);
    if (reason !== "noCapability") client.end();
    await stage.assertEnded();
  });
}

Deno.test("an address with too many failures is not even greeted", async () => {
  const stage = new ImapStage();
  stage.authenticator.isLimited = true;
  const client = new Client(stage.connect());
  assert.equal(
    await client.read(),
    "* BYE [UNAVAILABLE] too many failed attempts to sign in, try again later\r\n",
  );
  await stage.assertEnded();
  assert.match(stage.metrics.text(), /mailden_authentication_ratelimited_total\{kind="imap"\} 1/);
});

Deno.test("a client that leaves in the middle of signing in leaves nothing behind", async () => {
  const stage = new ImapStage();
  const client = new Client(stage.connect());
  await client.send("a AUTHENTICATE PLAIN\r\n");
  await client.read();
  client.end();
  await Promise.all(stage.running);
  assert.equal(stage.authenticator.exchanges.size, 0);
  await stage.assertEnded();
});

Deno.test("pipelined commands are answered in one write", async () => {
  const stage = new ImapStage();
  const transport = stage.connect();
  const client = new Client(transport);
  await client.read();
  await client.command("LOGIN mjl@example.org secret123");
  const before = transport.peer.writes.length;
  await client.send(
    "a NOOP\r\nb CAPABILITY\r\nc SELECT Inbox\r\nd UID SEARCH ALL\r\ne STATUS Sent (MESSAGES)\r\nf NOOP\r\n",
  );
  assert.match(await client.read(), /f OK done\r\n$/);
  assert.equal(transport.peer.writes.length - before, 1);
  client.end();
  await stage.assertEnded();
});

Deno.test("nothing but nonsense ends the connection, of signed-in clients later", async () => {
  const stage = new ImapStage();
  const client = await Client.signedIn(stage, null);
  for (let i = 1; i < maxBadCommands; i++) assert.match(await client.command("NONSENSE"), /^= BAD/);
  assert.match(await client.command("NOOP"), /^= OK/);
  for (let i = 1; i < maxBadCommands; i++) await client.command("NONSENSE");
  assert.match(await client.command("NONSENSE"), /\* BYE too many wrong commands\r\n$/);
  await stage.assertEnded();
});

Deno.test("when the store goes away, clients are told", async () => {
  const stage = new ImapStage();
  const changes: ((result: IteratorResult<never>) => void)[] = [];
  stage.mail.listen = () => ({
    [Symbol.asyncIterator]: () => {
      let first = true;
      return {
        next: () => {
          if (first) {
            first = false;
            return Promise.resolve({
              done: false,
              value: { commit: 0, mailboxes: [], list: false, annotations: [] },
            });
          }
          return new Promise((resolve) => changes.push(resolve));
        },
      };
    },
  });
  const client = await Client.signedIn(stage);
  changes[0]?.({ done: true, value: undefined });
  assert.equal(await client.read(), "* BYE [UNAVAILABLE] lost the mail store, connect again\r\n");
  await stage.assertEnded();
});

Deno.test("connections, commands and sign-ins are counted", async () => {
  const stage = new ImapStage();
  const client = await Client.signedIn(stage);
  await client.command("FETCH 9 UID");
  client.end();
  await stage.assertEnded();
  const text = stage.metrics.text();
  assert.match(text, /mailden_imap_connection_total\{service="imap"\} 1/);
  assert.match(text, /mailden_authentication_total\{kind="imap",variant="LOGIN",result="ok"\} 1/);
  assert.match(text, /mailden_imap_command_duration_seconds_count\{cmd="SELECT",result="ok"\} 1/);
  assert.match(text, /mailden_imap_command_duration_seconds_count\{cmd="FETCH",result="bad"\} 1/);
});

Deno.test("a sign-in that never ends is ended", async () => {
  const stage = new ImapStage();
  const { authenticator } = stage;
  let asked = 0;
  authenticator.next = ({ exchange }) => {
    asked++;
    return Promise.resolve({ kind: "challenge", exchange, challenge: utf8("more") });
  };
  const client = new Client(stage.connect());
  await client.send("a AUTHENTICATE PLAIN\r\n" + "eA==\r\n".repeat(maxChallenges));
  assert.match(await client.read(), /\r\na BAD authentication given up\r\n$/);
  assert.equal(asked, maxChallenges);
  client.end();
  await stage.assertEnded();
});

Deno.test("of a huge header, HEADER.FIELDS sees the beginning", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  const body = latin1(`Subject: first\r\nX: ${"x".repeat(maxHeaderBytes)}\r\nSubject: last\r\n\r\n`);
  stage.mail.deliver("Inbox", body, indexOf(body));
  const client = await Client.signedIn(stage);
  assert.equal(
    await client.command("FETCH 1 BODY.PEEK[HEADER.FIELDS (Subject)]"),
    "* 1 FETCH (BODY[HEADER.FIELDS (Subject)] {16}\r\nSubject: first\r\n)\r\n= OK done\r\n",
  );
  client.end();
  await stage.assertEnded();
});

Deno.test("messages of one APPEND have a limit on what is told of them at once", async () => {
  const stage = new ImapStage({}, ["Inbox"]);
  const client = await Client.signedIn(stage);
  const message = `Subject: ${"x".repeat(60_000)}\r\n`.concat("\r\n");
  const perMessage = indexOf(latin1(message)).envelope.length;
  assert.ok(perMessage > 50_000);
  const count = Math.ceil(maxIndexBytes / perMessage);
  const literal = `{${message.length}+}\r\n${message}`;
  await client.send(`a APPEND Inbox ${Array(count).fill(literal).join(" ")}\r\nb NOOP\r\n`);
  assert.equal(await client.read(), "a NO [LIMIT] too many messages at once\r\nb OK done\r\n");
  assert.equal(stage.mail.messages("Inbox").length, 0);
  client.end();
  await stage.assertEnded();
});
