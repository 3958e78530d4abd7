/**
 * Hostile input: whatever strangers and users send, the connection gets a clear answer or is closed, everybody
 * else is served meanwhile, and what it took is given back.
 *
 * @module
 */
import assert from "node:assert/strict";
import { failureLimits } from "../../src/accounts/auth_limits.ts";
import { KiB, latin1, MiB, utf8 } from "../../src/base/bytes.ts";
import type { HostileClient } from "../support/hostile_client.ts";
import { hardMessages } from "../support/hard_messages.ts";
import { imap, LineClient } from "../support/line_client.ts";
import { join } from "../support/paths.ts";
import { certificate, password, signedIn, user } from "../support/scenario.ts";
import { freePorts, removeFolder, startServer, type TestServer } from "../support/server.ts";
import { type Crowd, holdings, indexed, namesIn, Siege } from "../support/siege.ts";

const hello = new Uint8Array([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]); // A ClientHello that promises 512 octets.

/**
 * Listeners beside the ordinary one. Each is tight in one way alone: where a machine is slow, a client that is to be let in
 * is not sent away for what another attack is about.
 */
const tight = {
  /** Waits for no command, no login and no handshake. */
  impatient: { smtp: 0, imap: 0, imaps: 0 },
  /** Waits for commands, and neither for the end of a message nor for a handshake. */
  hurried: { smtp: 0, imap: 0 },
  /** Has places for few. */
  narrow: { smtp: 0, imap: 0 },
};

function addTightListeners(config: string): string {
  const { impatient, hurried, narrow } = tight;
  [impatient.smtp = 0, impatient.imap = 0, impatient.imaps = 0] = freePorts(3);
  [hurried.smtp = 0, hurried.imap = 0, narrow.smtp = 0, narrow.imap = 0] = freePorts(4);
  const few = "openConnections = [5, 5, 5]";
  const listener = (name: string, handshakeTimeout: string) =>
    `[listeners.${name}]
addresses = ["127.0.0.1"]
[listeners.${name}.tls]
keyCerts = [{ certFile = "localhost.crt", keyFile = "localhost.key" }]
handshakeTimeout = "${handshakeTimeout}"
`;
  // The bystander is silent during an attack, and for as long as that takes.
  const patient = '[listeners.local.smtp]\nreadTimeout = "30m"\n';
  return config.replace("[listeners.local.smtp]\n", patient).replace(
    "[localserve]",
    `${listener("impatient", "1s")}
[listeners.impatient.smtp]
port = ${impatient.smtp}
readTimeout = "1s"
[listeners.impatient.imap]
port = ${impatient.imap}
noRequireStartTls = true
loginTimeout = "500ms"
[listeners.impatient.imaps]
port = ${impatient.imaps}
${listener("hurried", "1s")}
[listeners.hurried.smtp]
port = ${hurried.smtp}
dataTimeout = "1s"
[listeners.hurried.imap]
port = ${hurried.imap}
noRequireStartTls = true
${listener("narrow", "30s")}
[listeners.narrow.smtp]
port = ${narrow.smtp}
${few}
[listeners.narrow.imap]
port = ${narrow.imap}
noRequireStartTls = true
${few}
[localserve]`,
  );
}

Deno.test("hostile input", async (t) => {
  const server = await startServer("localserve", undefined, addTightListeners);
  const siege = await Siege.begin(server);
  try {
    for (const [name, attack] of attacks) {
      await siege.attack(t, name, (crowd) => attack(crowd, server, siege));
    }
    await t.step("nothing of it was unexpected to the server", () => {
      const told = server.printed().match(/^\S+Z (warn|error) .*$/gm) ?? [];
      assert.deepEqual(told.filter((line) => !line.includes("commands were sent along with STARTTLS")), []);
    });
  } finally {
    siege.bystander.leave();
    await server.stop();
    await removeFolder(server.folder);
  }
});

type Attack = (crowd: Crowd, server: TestServer, siege: Siege) => Promise<void>;
const attacks: [name: string, attack: Attack][] = [];

function attack(name: string, run: Attack): void {
  attacks.push([name, run]);
}

/** Greeted, and past EHLO. */
async function smtpClient(crowd: Crowd, port: number): Promise<HostileClient> {
  const client = await crowd.greeted(port);
  assert.match(await client.say("EHLO [127.0.0.1]") ?? "closed", /^250 /m);
  return client;
}

/** Past RCPT. */
async function inTransaction(crowd: Crowd, port: number): Promise<HostileClient> {
  const client = await smtpClient(crowd, port);
  assert.match(await client.say("MAIL FROM:<h@example.org>") ?? "closed", /^250 /);
  assert.match(await client.say("RCPT TO:<hostile@localhost>") ?? "closed", /^250 /);
  return client;
}

async function imapUser(crowd: Crowd, port: number): Promise<HostileClient> {
  const client = await crowd.greeted(port);
  client.send(`l LOGIN ${user} ${password}\r\n`);
  assert.match(await client.until(/^l .*\r\n/m) ?? "closed", /^l OK /m);
  return client;
}

// Slowness.

attack("IMAP clients that ask for much and read nothing", async (crowd, server, siege) => {
  await imapFill(server, "Large", 8, 4 * MiB);
  const before = await holdings(server);
  for (let i = 0; i < 6; i++) {
    // Deno's own sockets read nothing unless asked.
    const client = crowd.add(i % 2 === 0 ? await signedIn(server) : await signedInTls(server));
    await imap(client, "s", "SELECT Large");
    await client.send("f FETCH 1:* BODY.PEEK[]\r\n".repeat(100));
  }
  for (let i = 0; i < 5; i++) await siege.bystander.isServed();
  const during = await holdings(server);
  assert.ok(during.memory - before.memory < 100 * MiB, `${(during.memory - before.memory) / MiB} MiB`);
});

attack("IMAP clients that send commands and read no answers", async (crowd, server, siege) => {
  const before = await holdings(server);
  for (let i = 0; i < 4; i++) {
    const client = crowd.add(await signedIn(server));
    // It never gets all of them away: the server reads no more than it can answer.
    client.send('n LIST "" *\r\n'.repeat(1_000_000)).catch(() => {});
  }
  for (let i = 0; i < 5; i++) await siege.bystander.isServed();
  const during = await holdings(server);
  assert.ok(during.memory - before.memory < 100 * MiB, `${(during.memory - before.memory) / MiB} MiB`);
});

attack("an SMTP client that takes its time for a command", async (crowd) => {
  const client = await crowd.greeted(tight.impatient.smtp);
  client.send("EHL");
  assert.match(await client.toTheEnd(), /^421 4\.4\.2 /);
});

attack("an SMTP client that trickles its message", async (crowd) => {
  const client = await inTransaction(crowd, tight.hurried.smtp);
  await client.say("DATA");
  const trickle = setInterval(() => client.send("a"), 100);
  try {
    assert.match(await client.toTheEnd(), /^421 4\.4\.2 /);
  } finally {
    clearInterval(trickle);
  }
});

attack("an IMAP client that trickles its LOGIN", async (crowd) => {
  const client = await crowd.greeted(tight.impatient.imap);
  const trickle = setInterval(() => client.send("a"), 100);
  try {
    assert.match(await client.toTheEnd(), /^\* BYE /);
  } finally {
    clearInterval(trickle);
  }
});

attack("TLS handshakes that are never finished", async (crowd, _, siege) => {
  const clients = await crowd.many(50, tight.impatient.imaps);
  for (const [i, client] of clients.entries()) client.send(hello.subarray(0, i % (hello.length + 1)));
  await siege.bystander.isServed();
  for (const client of clients) await client.toTheEnd();
});

for (
  const [name, port, command, go] of [
    ["SMTP", () => tight.hurried.smtp, "EHLO x.example\r\nSTARTTLS\r\n", /^220 2.*\r\n/m],
    ["IMAP", () => tight.hurried.imap, "a STARTTLS\r\n", /^a OK .*\r\n/m],
  ] as const
) {
  attack(`STARTTLS on ${name}, and a handshake that is never finished`, async (crowd, _, siege) => {
    const clients: HostileClient[] = [];
    for (let i = 0; i < 5; i++) {
      const client = await crowd.greeted(port());
      client.send(command);
      assert.ok(await client.until(go));
      client.send(hello.subarray(0, i * 2));
      clients.push(client);
    }
    await siege.bystander.isServed();
    for (const client of clients) assert.doesNotMatch(await client.toTheEnd(), /[2-5]\d\d |\* BYE/);
  });
}

attack("floods of connections", async (crowd, _, siege) => {
  for (
    const [port, welcome, refusal] of [
      [tight.narrow.smtp, /^220 /, /^421 4\.7\.0 /],
      [tight.narrow.imap, /^\* OK /, /^\* BYE \[UNAVAILABLE\] /],
    ] as const
  ) {
    const clients = await crowd.many(200, port);
    const greetings = await Promise.all(clients.map((client) => client.line()));
    assert.equal(greetings.filter((line) => welcome.test(line ?? "")).length, 5);
    assert.equal(greetings.filter((line) => refusal.test(line ?? "")).length, 195);
    await siege.bystander.isServed();
    const first = clients[greetings.findIndex((line) => welcome.test(line ?? ""))];
    first?.send("b LOGOUT\r\nQUIT\r\n");
    await first?.toTheEnd();
    let again = "";
    // A place is free, as soon as the server knows.
    for (let i = 0; i < 1000 && !welcome.test(again); i++) again = await (await crowd.one(port)).line() ?? "";
    assert.match(again, welcome);
  }
});

/** A thousand; less where a process may not have so many files open, and tests that run beside this one need some. */
function manyConnections(): number {
  try {
    const limits = Deno.readTextFileSync("/proc/self/limits");
    return Math.min(1000, Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Infinity) - 624);
  } catch {
    return 1000; // Not on Linux.
  }
}

attack("a thousand connections that do nothing", async (crowd, server, siege) => {
  const before = await holdings(server);
  const half = Math.floor(manyConnections() / 2);
  await Promise.all([crowd.many(half, server.ports.imaps), crowd.many(half, server.ports.smtp)]);
  await siege.bystander.isServed();
  await siege.serves(2 * half);
  const during = await holdings(server);
  assert.ok(during.memory - before.memory < 100 * MiB, `${(during.memory - before.memory) / MiB} MiB`);
});

// What is announced and what is sent.

attack("HTTP requests that are endless, or are never finished", async (crowd, server, siege) => {
  for (const port of [server.ports.http, server.ports.metrics]) {
    const endless = await crowd.one(port);
    endless.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: ");
    await endless.pour(...tenMegabytes());
    await endless.toTheEnd();
    for (const client of await crowd.many(20, port)) client.send("GET / HTTP/1.1\r\nHost:");
    const garbage = await crowd.one(port);
    garbage.send("\0\xff\r\n\r\n");
    await garbage.toTheEnd();
    const stranger = await crowd.one(port);
    stranger.send("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    assert.doesNotMatch(await stranger.toTheEnd(), /maildenmailden/);
  }
  await siege.bystander.isServed();
});

const petabyte = 2 ** 50;
const literals: [who: "stranger" | "user", command: string, answer: RegExp][] = [
  ["stranger", `a LOGIN {${petabyte}}`, /^a NO \[TOOBIG\] /],
  ["stranger", `a LOGIN {${petabyte}+}`, /^\* BYE /],
  ["stranger", `a APPEND INBOX {${petabyte}}`, /^a BAD /],
  ["stranger", `a APPEND INBOX {${petabyte}+}`, /^(a BAD .*\r\n)?\* BYE /],
  ["stranger", "a LOGIN {99999999999999999999999999999999999}", /^a NO \[TOOBIG\] /],
  ["stranger", "a LOGIN {99999999999999999999999999999999999+}", /^\* BYE /],
  ["stranger", "a LOGIN {-1}", /^a BAD /],
  ["user", `a APPEND INBOX {${petabyte}}`, /^a NO \[TOOBIG\] /],
  ["user", `a APPEND INBOX {${petabyte}+}`, /^(a NO \[TOOBIG\] .*\r\n)?\* BYE /],
  ["user", `a APPEND INBOX ~{${petabyte}+}`, /^(a NO \[TOOBIG\] .*\r\n)?\* BYE /],
  ["user", `a SEARCH TEXT {${petabyte}}`, /^a NO \[TOOBIG\] /],
  ["user", `a CREATE {${petabyte}+}`, /^\* BYE /],
];
attack("literals that are far too large", async (crowd, server) => {
  for (const [who, command, answer] of literals) {
    const { imap } = server.ports;
    const client = who === "user" ? await imapUser(crowd, imap) : await crowd.greeted(imap);
    if (who === "stranger") client.send("n NOOP\r\n");
    client.send(`${command}\r\n`);
    let got = "";
    while (!answer.test(got)) {
      const line = await client.line();
      assert.notEqual(line, null, `${who}: ${command} was answered ${JSON.stringify(got)}`);
      if (!line?.startsWith("n ")) got += `${line}\r\n`;
    }
  }
});

attack("literals that are announced and never sent", async (crowd, server, siege) => {
  for (let i = 0; i < 100; i++) {
    const client = i % 2 === 0
      ? await crowd.greeted(server.ports.imap)
      : await imapUser(crowd, server.ports.imap);
    client.send(i % 2 === 0 ? "a LOGIN {4096}\r\n" : `a APPEND INBOX {${4_000_000_000}}\r\n`);
    assert.match(await client.line() ?? "closed", /^\+ /);
    if (i % 2 === 1) client.send("x".repeat(100 * i));
  }
  await siege.bystander.isServed();
});

const tenMegabytes = (): [piece: Uint8Array, times: number] => [new Uint8Array(64 * KiB).fill(0x61), 160];

for (
  const [name, port, begin, answer] of [
    ["SMTP", "smtp", "", /^500 5\.5\.2 .*\r\n$/],
    ["SMTP, in MAIL", "smtp", "MAIL FROM:<", /^500 5\.5\.2 .*\r\n$/],
    ["submission, in AUTH", "submission", "EHLO x\r\nAUTH PLAIN ", /500 5\.5\.\d .*\r\n$/],
    ["IMAP", "imap", "n NOOP\r\na LOGIN ", /^n OK .*\r\na NO \[TOOBIG\] .*\r\n\* BYE .*\r\n$/],
  ] as const
) {
  attack(`a command line of 10 MB on ${name}`, async (crowd, server) => {
    const client = await crowd.greeted(server.ports[port]);
    client.send(begin);
    await client.pour(...tenMegabytes());
    assert.match(await client.toTheEnd(), answer);
  });
}

attack("a command line of 10 MB from an IMAP user, who is told and goes on", async (crowd, server) => {
  const client = await imapUser(crowd, server.ports.imap);
  client.send("a SEARCH TEXT ");
  await client.pour(...tenMegabytes());
  client.send("\r\nb NOOP\r\n");
  assert.match(await client.until(/^b .*\r\n/m) ?? "closed", /^a NO \[TOOBIG\] .*\r\nb OK .*\r\n$/);
});

// Octets that have no business there.

const smtpLines: [line: string, answer: RegExp][] = [
  ["\0", /^500 5\.5\.[12] /],
  ["EHLO \0x", /^500 5\.5\.2 /],
  ["EHLO x\r", /^500 5\.5\.2 /],
  ["EH\rLO x", /^500 5\.5\.2 /],
  ["EHLO x\nMAIL FROM:<a@b.example>", /^500 5\.5\.2 /],
  ["EHLO \xff\xfe", /^500 5\.5\.2 /],
  ["MAIL FROM:<a\0@b.example>", /^500 5\.5\.2 /],
  ["MAIL FROM:<a@b.example>\nRCPT TO:<c@localhost>", /^500 5\.5\.2 /],
  ["MAIL FROM:<\xff@b.example> SMTPUTF8", /^500 5\.5\.2 /],
  ["MAIL FROM:<\xc0\xaf@b.example> SMTPUTF8", /^500 5\.5\.2 /],
  ["MAIL FROM:<\xed\xa0\x80@b.example> SMTPUTF8", /^500 5\.5\.2 /],
  ["RCPT TO:<\0@localhost>", /^500 5\.5\.2 /],
  ["\xef\xbb\xbfQUIT", /^500 5\.5\.[12] /],
  ["AUTH PLAIN \0\0\0", /^500 5\.5\.2 /],
];
attack("NUL, bare CR, bare LF and invalid UTF-8 in SMTP commands", async (crowd, server) => {
  for (const [line, answer] of smtpLines) {
    const client = await smtpClient(crowd, server.ports.submission);
    const reply = await client.say(line);
    assert.match(reply ?? "closed", answer, `${JSON.stringify(line)} was answered ${reply}`);
    client.leave();
  }
});

/** Ends of a message for those who read lines otherwise: behind each a command that must stay text. RFC 5321 2.3.8 */
const smuggled = [
  "\n.\n",
  "\n.\r\n",
  "\r\n.\n",
  "\r.\r",
  "\r\n.\r",
  "\r.\r\n",
  "\n.\r",
  "\0.\r\n",
  "\r\n\0.\r\n",
  "\r\n.\0\r\n",
];
attack("commands smuggled behind an end of message that is none", async (crowd, server) => {
  for (const end of smuggled) {
    const { messages } = await holdings(server);
    const client = await inTransaction(crowd, server.ports.smtp);
    await client.say("DATA");
    client.send(
      `Subject: x\r\n\r\nx${end}MAIL FROM:<s@example.org>\r\nRCPT TO:<s@localhost>\r\nDATA\r\nSubject: s\r\n\r\ns`,
    );
    client.send("\r\n.\r\nQUIT\r\n");
    const replies = await client.toTheEnd();
    assert.match(replies, /^(250|500|550|554) .*\r\n221 .*\r\n$/, `${JSON.stringify(end)}: ${replies}`);
    const taken = replies.startsWith("250") ? 1 : 0;
    assert.equal((await holdings(server)).messages - messages, taken, JSON.stringify(end));
  }
});

const imapLines: [line: string, answer: RegExp][] = [
  ["\0", /^\* BAD /],
  ["a\0 NOOP", /^(a|\*) BAD /],
  ["a NO\0OP", /^a BAD /],
  ["a SELECT \0", /^a BAD /],
  ['a SELECT "x\0"', /^a BAD /],
  ["a SELECT {3}", /^\+ /],
  ["a NOOP\nb LOGOUT", /^\* BYE /],
  ["a SELECT x\ry", /^a BAD /],
  ['a SELECT "x\ry"', /^a BAD /],
  ["a SELECT \xff", /^a BAD /],
  ['a SELECT "\xff\xfe"', /^a (BAD|NO) /],
  ["a CREATE &", /^a (BAD|NO) /],
  ["a CREATE &AAAA-", /^a (BAD|NO) /],
  ["a SEARCH CHARSET UTF-8 SUBJECT {2+}\r\n\xff\xff", /^a (BAD|NO|OK) /],
  ["a SEARCH CHARSET UTF-16 SUBJECT x", /^a (BAD|NO) /],
  [`a SEARCH ${"(".repeat(5000)}ALL${")".repeat(5000)}`, /^a (BAD|NO) /],
  [`a SEARCH ${"NOT ".repeat(4000)}ALL`, /^a (BAD|NO|OK) /],
  [`a SEARCH ${"OR ALL ".repeat(2000)}ALL`, /^a (BAD|NO|OK) /],
  ["a FETCH 0 FLAGS", /^a BAD /],
  ["a FETCH 4294967296 FLAGS", /^a BAD /],
  ["a FETCH 99999999999999999999 FLAGS", /^a BAD /],
  [`a FETCH ${"1:*,".repeat(4000)}1 FLAGS`, /^(\* .*\r\n)*a (OK|NO|BAD) /],
  ["a FETCH 1 BODY[1.2.3.0]", /^a BAD /],
  [`a FETCH 1 BODY[${"1.".repeat(5000)}1]`, /^(\* .*\r\n)*a (OK|NO|BAD) /],
  ["a FETCH 1 BODY.PEEK[]<4294967295.4294967295>", /^\* 1 FETCH .* \{0\}\r\n\)\r\na OK /],
  [`a LIST "" ${"*%".repeat(4000)}xx`, /^a (OK|NO|BAD) /],
  [`a CREATE ${"x/".repeat(5000)}x`, /^a NO /],
  [`a STORE 1 +FLAGS (${Array.from({ length: 3000 }, (_, i) => `k${i}`).join(" ")})`, /^a NO /],
  [`a ID (${'"x" "y" '.repeat(1000)})`, /^(\* .*\r\n)*a (OK|NO|BAD) /],
  [`a ENABLE ${"X ".repeat(5000)}Y`, /^(\* .*\r\n)*a (OK|NO|BAD) /],
];
attack("octets, numbers and depths that IMAP has no place for", async (crowd, server) => {
  await imapFill(server, "Some", 3, 100);
  for (const [line, answer] of imapLines) {
    const client = await imapUser(crowd, server.ports.imap);
    client.send("s SELECT Some\r\n");
    await client.until(/^s OK .*\r\n/m);
    client.send(`${line}\r\n`);
    const got = await client.until(/^(a|\*) (OK|NO|BAD|BYE) .*\r\n|^\+ .*\r\n/m);
    assert.match(got ?? "closed", answer, `${JSON.stringify(line.slice(0, 80))} was answered ${got}`);
    client.leave();
  }
});

attack("one FETCH that asks for the same large text a thousand times", async (crowd, server, siege) => {
  const before = await holdings(server);
  const client = crowd.add(await signedIn(server));
  await imap(client, "s", "SELECT Large");
  await client.send(`f FETCH 1:* (${"BODY.PEEK[] ".repeat(1000)}UID)\r\n`);
  for (let i = 0; i < 3; i++) await siege.bystander.isServed();
  const during = await holdings(server);
  assert.ok(during.memory - before.memory < 100 * MiB, `${(during.memory - before.memory) / MiB} MiB`);
});

// Patience.

attack("unknown commands by the hundred", async (crowd, server) => {
  const mail = await smtpClient(crowd, server.ports.smtp);
  mail.send("WHATEVER\r\n".repeat(500));
  assert.match(await mail.toTheEnd(), /^(500 5\.5\.1 .*\r\n){10}421 4\.7\.0 .*\r\n$/);
  const stranger = await crowd.greeted(server.ports.imap);
  stranger.send("n NOOP\r\n" + "a WHATEVER\r\n".repeat(500));
  assert.match(await stranger.toTheEnd(), /^n OK .*\r\n(a BAD .*\r\n){10}\* BYE .*\r\n$/);
  const known = await imapUser(crowd, server.ports.imap);
  known.send("a WHATEVER\r\n".repeat(500));
  assert.match(await known.toTheEnd(), /^(a BAD .*\r\n){50}\* BYE .*\r\n$/);
});

attack("commands that are all right and lead nowhere", async (crowd, server) => {
  for (
    const commands of [
      "NOOP\r\n",
      "RSET\r\n",
      "MAIL FROM:<x@example.org>\r\nRSET\r\n",
      "RCPT TO:<x@localhost>\r\n",
    ]
  ) {
    const client = await smtpClient(crowd, server.ports.smtp);
    client.send(commands.repeat(1000));
    assert.match(await client.toTheEnd(), /(421 4|550 5)\.7\.0 .*\r\n$/, commands);
  }
});

attack("the same recipient over and over", async (crowd, server) => {
  const client = await inTransaction(crowd, server.ports.smtp);
  await client.pour(utf8("RCPT TO:<hostile@localhost>\r\n".repeat(100)), 30);
  assert.match(await client.toTheEnd(), /421 4\.7\.0 .*\r\n$/);
});

const thisMinute = () => Math.floor(Date.now() / 60_000);

/** Many guesses from one address, as fast as they can: nobody looks at more than a few. */
async function guessAtOnce(crowd: Crowd, server: TestServer, guess: string, from: string): Promise<void> {
  const guessers = await Promise.all(
    Array.from({ length: 20 }, () => crowd.greeted(server.ports.submission, from)),
  );
  const replies = await Promise.all(guessers.map(async (client) => {
    await client.say("EHLO x");
    return await client.say(guess) ?? "closed";
  }));
  const looked = replies.filter((reply) => reply.startsWith("535 5.7.8 ")).length;
  const allowed = failureLimits.windows[0]?.limits[0] ?? 0;
  assert.ok(looked <= allowed, `${looked} guesses were looked at`);
  assert.equal(
    replies.filter((reply) => reply.startsWith("454 4.7.0 ")).length,
    20 - looked,
    replies.join(""),
  );
  // After that not even the right password is heard.
  assert.match(await (await crowd.one(server.ports.submission, from)).line() ?? "closed", /^421 4\.7\.0 /);
  assert.match(
    await (await crowd.one(server.ports.imap, from)).line() ?? "closed",
    /^\* BYE \[UNAVAILABLE\] /,
  );
}

attack("guessing passwords", async (crowd, server) => {
  const guess = (name: string) => `AUTH PLAIN ${btoa(`\0${name}\0wrong`)}`;
  // Other addresses, so that only they are locked out; each in a network of its own.
  const names = [user, "nobody@localhost", "nobody@example.org", "no address"];
  const toSmtp = await Promise.all(names.map(async (name, i) => {
    const client = await crowd.greeted(server.ports.submission, `127.${i + 1}.0.1`);
    await client.say("EHLO x");
    return (await client.say(guess(name)))?.replace(/\(.*\)/, "");
  }));
  assert.deepEqual(new Set(toSmtp), new Set(["535 5.7.8 credentials are wrong \r\n"]));
  const toImap = await Promise.all(names.map(async (name, i) => {
    const client = await crowd.greeted(server.ports.imap, `127.${i + 1}.0.1`);
    client.send(`a LOGIN "${name}" wrong\r\n`);
    return await client.line();
  }));
  assert.equal(new Set(toImap).size, 1, toImap.join("\n"));
  assert.match(toImap[0] ?? "closed", /^a NO \[AUTHENTICATIONFAILED\] /);
  // Failures are counted by the minute: again, if one ended meanwhile.
  for (let i = 9, minute = -1; minute !== thisMinute(); i++) {
    minute = thisMinute();
    await guessAtOnce(crowd, server, guess(user), `127.${i}.0.1`).catch((error) => {
      if (minute === thisMinute()) throw error;
    });
  }
  // From elsewhere it does.
  (await signedIn(server)).close();
});

// STARTTLS.

attack("commands sent along with STARTTLS are not run", async (crowd, server) => {
  const { messages } = await holdings(server);
  const ca = await Deno.readTextFile(certificate(server));
  const mail = await smtpClient(crowd, server.ports.smtp);
  mail.send(
    "STARTTLS\r\nEHLO x.example\r\nMAIL FROM:<i@example.org>\r\nRCPT TO:<i@localhost>\r\nDATA\r\nx\r\n.\r\n",
  );
  assert.match(await mail.toTheEnd(), /^220 2\.0\.0 [^\r]*\r\n$/);
  const reader = await crowd.greeted(server.ports.imap);
  reader.send(`a STARTTLS\r\nb LOGIN ${user} ${password}\r\nc CREATE Injected\r\n`);
  assert.match(await reader.toTheEnd(), /^a OK [^\r]*\r\n$/);
  // In a packet of its own, before the handshake.
  const later = await crowd.greeted(server.ports.imap);
  later.send("a STARTTLS\r\n");
  await later.line();
  later.send(`b LOGIN ${user} ${password}\r\nc CREATE Injected\r\n`);
  assert.doesNotMatch(await later.toTheEnd(), /[bc] (OK|NO)/);
  assert.equal((await holdings(server)).messages, messages);
  const honest = crowd.add(await LineClient.connect(server.ports.imap));
  await honest.line();
  await imap(honest, "a", "STARTTLS");
  await honest.startTls(ca);
  await imap(honest, "b", `LOGIN ${user} ${password}`);
  assert.doesNotMatch((await imap(honest, "c", 'LIST "" *')).join("\n"), /Injected/);
});

// Leaving in the middle.

attack("clients that reset in the middle of a message", async (crowd, server, siege) => {
  const { messages } = await holdings(server);
  const body = `Subject: x\r\n\r\n${"x".repeat(998)}\r\n`.repeat(700); // Large enough for a spool file.
  for (
    const [begin, leave] of [
      ["DATA", (client: HostileClient) => client.reset()],
      ["DATA", (client: HostileClient) => client.finish()],
      [`BDAT ${2 * body.length}`, (client: HostileClient) => client.reset()],
      [`BDAT ${2 * body.length} LAST`, (client: HostileClient) => client.finish()],
    ] as const
  ) {
    const client = await inTransaction(crowd, server.ports.smtp);
    if (begin === "DATA") await client.say(begin);
    else client.send(`${begin}\r\n`);
    await client.pour(utf8(body), 1);
    leave(client);
  }
  const reader = await imapUser(crowd, server.ports.imap);
  reader.send(`a APPEND INBOX {${2 * body.length}+}\r\n`);
  await reader.pour(utf8(body), 1);
  reader.reset();
  await siege.isAsBefore(); // The server has seen that all have gone.
  assert.deepEqual(namesIn(join(server.folder, "data", "spool")), []);
  assert.equal((await holdings(server)).messages, messages);
});

attack("thousands of recipients", async (crowd, server) => {
  const client = await smtpClient(crowd, server.ports.smtp);
  await client.say("MAIL FROM:<h@example.org>");
  const recipients = Array.from({ length: 3000 }, (_, i) => `RCPT TO:<r${i}@localhost>\r\n`).join("");
  await client.pour(utf8(recipients), 1);
  const replies = await client.toTheEnd();
  assert.equal(replies.match(/^250 /gm)?.length, 1000);
  assert.match(replies, /(452 4\.5\.3 .*\r\n){1000,}421 4\.7\.0 .*\r\n$/);
});

// Messages that are hard to read.

attack("messages that are hard to read are kept, and come back byte for byte", async (crowd, server) => {
  const reader = crowd.add(await signedIn(server));
  await imap(reader, "c", "CREATE Monsters");
  for (const [what, make] of hardMessages) {
    const message = make();
    const sender = await inTransaction(crowd, server.ports.smtp);
    await sender.say("DATA");
    await sender.pour(latin1(`${message.replace(/^\./gm, "..")}.\r\n`), 1);
    const reply = await sender.until(/^\d{3} .*\r\n/m);
    assert.match(reply ?? "closed", /^250 /, `${what}: ${reply}`);
    sender.leave();
    await imap(reader, "s", "SELECT INBOX");
    await imap(reader, "m", `MOVE * Monsters`);
    await imap(reader, "s", "SELECT Monsters");
    const found = await imap(reader, "f", "FETCH * BODY.PEEK[]");
    const whole = found.find((line) => line.startsWith("* "))?.replace(/^[^\r]*\r\n/, "") ?? "";
    assert.ok(whole.slice(0, -1).endsWith(message), `${what}: came back otherwise`);
    for (
      const items of [
        "ENVELOPE",
        "BODYSTRUCTURE",
        "BODY.PEEK[HEADER]",
        "BODY.PEEK[1]",
        "BINARY.SIZE[1]",
        "PREVIEW",
      ]
    ) {
      const answer = (await imap(reader, "e", `FETCH * (${items})`)).at(-1) ?? "";
      assert.match(answer, /^e (OK|NO) /, `${what}, ${items}: ${answer}`);
    }
    for (
      const search of ["SUBJECT nothing", "TO nothing", "BODY nothing", "TEXT nothing", "HEADER X-1 nothing"]
    ) {
      assert.match(
        (await imap(reader, "e", `SEARCH * ${search}`)).at(-1) ?? "",
        /^e OK /,
        `${what}, ${search}`,
      );
    }
  }
});

/** Puts messages into a new mailbox. */
async function imapFill(server: TestServer, mailbox: string, count: number, size: number): Promise<void> {
  const client = await signedIn(server);
  await imap(client, "c", `CREATE ${mailbox}`);
  const text = `Subject: x\r\n\r\n${`${"x".repeat(98)}\r\n`.repeat(Math.ceil(size / 100))}`;
  for (let i = 0; i < count; i++) {
    const answer = await imap(client, "a", `APPEND ${mailbox} {${text.length}+}\r\n${text}`);
    assert.match(answer.at(-1) ?? "", /^a OK /);
  }
  client.close();
  await indexed(server);
}

async function signedInTls(server: TestServer): Promise<LineClient> {
  const client = await LineClient.connectTls(
    server.ports.imaps,
    await Deno.readTextFile(certificate(server)),
  );
  await client.line();
  assert.match((await imap(client, "l", `LOGIN ${user} ${password}`)).at(-1) ?? "", /^l OK /);
  return client;
}
