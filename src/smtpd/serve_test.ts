import assert from "node:assert/strict";
import { maxInlineBytes } from "../accounts/mail.ts";
import { settle } from "../../tests/support/fake_clock.ts";
import { maxPiecesInFlight } from "../delivery/body_intake.ts";
import { type SmtpStage, smtpStage, type StageSettings } from "./testing/smtp_stage.ts";
import { Refused } from "../base/errors.ts";
import { retryWaitsMs } from "./hand_over.ts";
import { refuseSmtp } from "./serve.ts";
import { unknownAddressWaitMs } from "../smtp/session_state.ts";
import { defaultSpoolPlaces } from "./spool_places.ts";
import { memoryTransports } from "../../tests/support/memory_transport.ts";

/** A connection that has said DATA. */
async function inData(given: StageSettings = {}): Promise<SmtpStage> {
  const stage = smtpStage(given);
  const sign = given.kind === "submission" ? "AUTH PLAIN AHVzZXJAZXhhbXBsZS5vcmcAc2VjcmV0\r\n" : "";
  const from = given.kind === "submission" ? "user@example.org" : "a@example.net";
  await stage.client.send(
    `HELO a.example\r\n${sign}MAIL FROM:<${from}>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n`,
  );
  await settle();
  assert.match(await stage.client.receive() ?? "", /354 /);
  return stage;
}

/** Sends a body of lines of 78 octets, at least `length` of them, in packets of 64 KB. */
async function sendBody(stage: SmtpStage, length: number): Promise<string> {
  const lines = `${"x".repeat(76)}\r\n`.repeat(840);
  let body = "";
  while (body.length < length && !stage.client.isClosed) {
    await stage.client.send(lines);
    await settle();
    body += lines;
  }
  return body;
}

async function leave(stage: SmtpStage): Promise<void> {
  stage.client.destroy();
  await stage.done;
  assert.equal(stage.clock.pending, 0);
  assert.equal(stage.delivery.spools.size, 0);
}

for (const kind of ["delivery", "submission"] as const) {
  Deno.test(`${kind}: a message of megabytes goes through a spool file, byte for byte`, async () => {
    const stage = await inData({ kind, plainWithoutTls: true });
    await stage.client.send("From: user@example.org\r\n\r\n");
    const body = await sendBody(stage, 3_000_000);
    await stage.client.send(".\r\n");
    await settle();
    assert.match(await stage.client.receive() ?? "", /^250 2\.0\.0 /);
    const [copy] = stage.delivery.copies;
    assert.equal(copy?.incoming.content, null);
    assert.ok(copy?.body === `From: user@example.org\r\n\r\n${body}`);
    assert.ok(stage.delivery.busiest <= maxPiecesInFlight);
    if (kind === "submission") assert.match(copy.prefix, /Message-Id: /);
    await leave(stage);
  });
}

Deno.test("a large message that comes too slowly loses its place to others, and is refused for now", async () => {
  const stage = await inData();
  await sendBody(stage, 600_000);
  for (let waited = 0; waited < defaultSpoolPlaces.slowMs; waited += 20_000) {
    await stage.clock.advance(20_000);
    await stage.client.send("a line\r\n"); // So that it is still there.
    await settle();
  }
  const others = stage.services.places.of("127.0.0.1");
  const spools = [];
  while (spools.length < defaultSpoolPlaces.maxPlaces) spools.push(await others.spoolOpen({}));
  assert.equal(stage.delivery.spools.size, spools.length);
  await sendBody(stage, 600_000);
  await stage.client.send(".\r\n");
  await settle();
  assert.match(await stage.client.receive() ?? "", /^452 4\.7\.0 /);
  await stage.client.send("MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nsmall\r\n.\r\n");
  await settle();
  assert.match(await stage.client.receive() ?? "", /^250 .*\r\n250 .*\r\n354 .*\r\n250 /);
  for (const spool of spools) await others.spoolDrop({ spool });
  await leave(stage);
  assert.equal(stage.services.places.tracked, 0);
});

Deno.test("the largest message in one call is not spooled", async () => {
  const stage = await inData();
  await stage.client.send(`${"x".repeat(maxInlineBytes - 2)}\r\n.\r\n`);
  await settle();
  assert.match(await stage.client.receive() ?? "", /^250 /);
  assert.equal(stage.delivery.copies[0]?.incoming.spool, null);
  await leave(stage);
});

Deno.test("a disk that fills while spooling is told at the end, and the next message is taken", async () => {
  const stage = await inData();
  stage.delivery.spoolThrows.push(new Refused("diskFull", "told to"));
  await sendBody(stage, 1_000_000);
  await stage.client.send(".\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n.\r\n");
  await settle();
  await settle();
  assert.match(await stage.client.receive() ?? "", /^452 4\.3\.1 no space now \(ID\)\r\n250 /);
  assert.equal(stage.delivery.copies.length, 1);
  await leave(stage);
});

Deno.test("a peer that leaves within a spooled message leaves no file", async () => {
  const stage = await inData();
  await sendBody(stage, 1_000_000);
  assert.equal(stage.delivery.spools.size, 1);
  await leave(stage);
});

Deno.test("a message in chunks has no more time than one in one piece, however small they are", async () => {
  const stage = smtpStage({ limits: { dataTimeoutMs: 60_000 } });
  await stage.client.send("EHLO a.example\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\n");
  await settle();
  await stage.client.receive();
  for (const chunk of ["BDAT 1\r\nx", "BDAT 0\r\n", "BDAT 1\r\nx"]) {
    await stage.client.send(chunk);
    await settle();
    assert.match(await stage.client.receive() ?? "", /^250 2\.0\.0 \d octets received/);
    await stage.clock.advance(20_000);
  }
  await stage.client.send("BDAT 0\r\n");
  await settle();
  assert.match(await stage.client.receive() ?? "", /^421 4\.4\.2 /);
  await leave(stage);
});

Deno.test("a refused spooled message leaves no file, nor one that grows too large", async () => {
  const stage = await inData({ limits: { maxMessageBytes: 1_000_000 } });
  stage.delivery.refused.set("b@example.org", "overQuota");
  await sendBody(stage, 900_000);
  await stage.client.send(".\r\n");
  await settle();
  assert.match(await stage.client.receive() ?? "", /^452 4\.2\.2 /);
  assert.equal(stage.delivery.spools.size, 0);
  await stage.client.send("MAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n");
  await sendBody(stage, 1_100_000);
  assert.equal(stage.delivery.spools.size, 0, "memory and files are given back while the peer goes on");
  await leave(stage);
});

Deno.test("what the store finds malformed was made here: the message may come again", async () => {
  const stage = await inData();
  stage.delivery.throws.push(new Refused("badRequest", "the message's index is wrong: told to"));
  await stage.client.send("x\r\n.\r\n");
  await settle();
  assert.match(await stage.client.receive() ?? "", /^451 4\.3\.0 try again later/);
  await leave(stage);
});

Deno.test("a peer that leaves while the store is asked again is not waited for", async () => {
  const stage = await inData();
  stage.delivery.throws.push(new Refused("tryLater", "told to"));
  await stage.client.send("x\r\n.\r\n");
  await settle();
  assert.equal(stage.clock.untilNext, retryWaitsMs[0]);
  await leave(stage);
});

for (const taken of [true, false]) {
  const told = taken ? "250, once" : "421, and may send it again";
  Deno.test(`a submission whose answer was lost with the store is told ${told}`, async () => {
    const stage = await inData({ kind: "submission", plainWithoutTls: true });
    let asked = 0;
    stage.delivery.submit = async (incoming) => {
      if (taken && asked === 0) await stage.delivery.deliver(incoming);
      // What was asked went away with the store, and the account's session with it.
      throw asked++ === 0 ? new Refused("tryLater", "lost") : new Refused("noCapability", "it ended");
    };
    await stage.client.send("From: user@example.org\r\n\r\nx\r\n.\r\n");
    await settle();
    await stage.clock.advance(retryWaitsMs[0] ?? 0);
    await settle();
    assert.match(await stage.client.receive() ?? "", taken ? /^250 2\.0\.0 / : /^421 4\.7\.0 /);
    assert.equal(asked, 2);
    assert.equal(stage.delivery.copies.length, taken ? 1 : 0);
    await settle();
    assert.equal(stage.client.peer.isClosed, !taken);
    await leave(stage);
  });
}

Deno.test("who went away between RCPT and the message is told of by RCPT when it comes again, alone and for good", async () => {
  const first = smtpStage();
  const envelope =
    "HELO a.example\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\nRCPT TO:<c@example.org>\r\n";
  const message = "DATA\r\nMessage-Id: <1@example.net>\r\n\r\nx\r\n.\r\n";
  first.delivery.refused.set("c@example.org", "noSuchMailbox");
  await first.client.send(envelope + message);
  await settle();
  assert.match(
    await first.client.receive() ?? "",
    /\r\n451-4\.3\.0 b@example\.org: 250 .*\r\n451 4\.3\.0 c@example\.org: 550 /,
  );
  await leave(first);
  first.delivery.resolve = ({ address }) =>
    Promise.resolve({ kind: address.local === "c" ? "unknownAddress" : "local" });
  const second = first.again();
  await second.client.send(envelope + message);
  await settle();
  await second.clock.advance(unknownAddressWaitMs);
  await settle();
  assert.match(
    await second.client.receive() ?? "",
    /250 2\.1\.5 .*\r\n550 5\.1\.1 .*\r\n354 .*\r\n250 2\.0\.0 /,
  );
  assert.deepEqual(second.delivery.copies.map(({ to }) => to), ["b@example.org"]);
  await leave(second);
});

Deno.test("who was signed out is told so for now, and the connection ends", async () => {
  const stage = smtpStage({ kind: "submission", plainWithoutTls: true });
  await stage.client.send("EHLO a.example\r\nAUTH PLAIN AHVzZXJAZXhhbXBsZS5vcmcAc2VjcmV0\r\n");
  await settle();
  assert.match(await stage.client.receive() ?? "", /\r\n235 /);
  stage.delivery.maySend = () => Promise.reject(new Refused("noCapability", "it ended"));
  await stage.client.send("MAIL FROM:<user@example.org>\r\nNOOP\r\n");
  await settle();
  assert.match(await stage.client.receive() ?? "", /^421 4\.7\.0 [^\r]*\r\n$/);
  await stage.done;
  await leave(stage);
});

Deno.test("a peer that does not read its replies is waited for, but not for ever", async () => {
  const stage = smtpStage({ limits: { maxIdleCommands: 1e9 } });
  const commands = "HELP\r\n".repeat(10_000);
  const sent = stage.client.send(commands);
  await stage.clock.advance(29_999);
  assert.equal(stage.client.peer.isClosed, false);
  assert.ok(stage.client.buffered < 200_000, "replies do not pile up");
  await stage.clock.advance(1);
  await stage.done;
  stage.client.destroy();
  await sent.catch(() => {});
});

Deno.test("a connection that timed out is one plain line in the log, without our stack", async () => {
  const stage = smtpStage();
  await stage.clock.advance(30_000);
  await stage.done;
  const [line = ""] = stage.logged.filter((line) => line.includes("timed out"));
  assert.match(line, /info {2}connection timed out why="the peer sent nothing for too long"$/);
  assert.ok(!stage.logged.some((line) => line.includes("    at ")));
  stage.client.destroy();
});

Deno.test("a connection can be turned away", async () => {
  const { server, client } = memoryTransports();
  await refuseSmtp(server, { publicId: () => "ID" });
  assert.equal(await client.receive(), "421 4.7.0 too much from your address; try again later (ID)\r\n");
  assert.equal(await client.receive(), null);
});

Deno.test("a store that cannot say who is limited turns users away, with words", async () => {
  const stage = smtpStage({ kind: "submission" });
  await leave(stage);
  const broken = stage.again();
  broken.authenticator.limited = () => Promise.reject(new Refused("tryLater", "told to"));
  const next = broken.again();
  assert.match(await next.client.receive() ?? "", /^421 4\.3\.0 /);
  await leave(broken);
  await leave(next);
});
