/**
 * The two mail clients that most Node programs use: nodemailer sends, imapflow reads. Run by
 * `tests/scenarios/npm_clients_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { ImapFlow } from "imapflow";
import nodemailer from "nodemailer";
import { certificate, password, scenario, user } from "../support/scenario.ts";
import type { TestServer } from "../support/server.ts";

/** Longest wait for what has to come at once, on a busy machine. */
const promptMs = 5000;

/** Size of the attachment: more than a TLS record, a write buffer and a body that the database keeps inline. */
const attachmentBytes = 600_000;

/** Bytes that look like chance, the same each time; every octet value is among them. */
const picture = Buffer.from(
  Uint8Array.from({ length: attachmentBytes }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 23),
);

type Service = "submission" | "submissions";

async function connection(server: TestServer, service: Service) {
  return {
    host: "localhost",
    port: server.ports[service],
    secure: service === "submissions",
    requireTLS: true,
    // On close() it drops the connection at once, instead of a goodbye with a timer that outlives the test.
    socketCloseTimeout: 0,
    auth: { user, pass: password },
    tls: { ca: await Deno.readTextFile(certificate(server)) },
  };
}

/** Signed in on the port with TLS; compressed, as the client wants it. */
async function reader(
  server: TestServer,
  changes: { port?: number; disableCompression?: boolean } = {},
): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: "localhost",
    port: server.ports.imaps,
    secure: true,
    auth: { user, pass: password },
    tls: { ca: await Deno.readTextFile(certificate(server)) },
    logger: false,
    ...changes,
  });
  await client.connect();
  return client;
}

/** Looks at the INBOX, then signs out. */
async function withInbox(server: TestServer, look: (client: ImapFlow) => Promise<void>): Promise<void> {
  const client = await reader(server);
  try {
    await client.mailboxOpen("INBOX");
    await look(client);
  } finally {
    await client.logout();
  }
}

async function bytesOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) {
    assert.ok(piece instanceof Uint8Array);
    pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces);
}

/** The event's value, or a failure when it takes longer than {@link promptMs}. */
function soon<T>(what: string, listen: (resolve: (value: T) => void) => void): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const timer = setTimeout(() => reject(new Error(`no ${what} within ${promptMs} ms`)), promptMs);
  listen(resolve);
  return promise.finally(() => clearTimeout(timer));
}

for (const service of ["submission", "submissions"] satisfies Service[]) {
  scenario(`nodemailer sends an attachment over ${service}; imapflow downloads it`, true, async (server) => {
    const sender = nodemailer.createTransport(await connection(server, service));
    const sent = await sender.sendMail({
      from: `"Jörg Müller" <${user}>`,
      to: "you@anything.example, other@localhost",
      subject: "Bild: größer als gedacht 🖼",
      text: "Siehe Anhang.\n.\n..",
      html: "<p>Siehe <b>Anhang</b>.",
      attachments: [{ filename: "Übersicht.png", content: picture }],
    });
    sender.close();
    assert.deepEqual(sent.accepted, ["you@anything.example", "other@localhost"]);
    assert.match(sent.response, /^250 2\.0\.0 /);

    await withInbox(server, async (client) => {
      const message = await client.fetchOne("*", { envelope: true, bodyStructure: true, size: true });
      assert.ok(message);
      assert.equal(message.envelope?.subject, "Bild: größer als gedacht 🖼");
      assert.deepEqual(message.envelope?.from, [{ name: "Jörg Müller", address: user }]);
      assert.equal(message.envelope?.messageId, sent.messageId);
      const [alternative, attached] = message.bodyStructure?.childNodes ?? [];
      assert.deepEqual(alternative?.childNodes?.map((node) => node.type), ["text/plain", "text/html"]);
      assert.equal(attached?.dispositionParameters?.["filename"], "Übersicht.png");
      assert.equal(attached?.part, "2");

      const got = await client.download("*", "2");
      assert.ok(got.content);
      assert.equal((await bytesOf(got.content)).compare(picture), 0);
      const text = await client.download("*", "1.1");
      assert.ok(text.content);
      assert.equal((await bytesOf(text.content)).toString(), "Siehe Anhang.\r\n.\r\n..");
      const whole = await client.fetchOne("*", { source: true });
      assert.ok(whole);
      assert.equal(whole.source?.length, message.size);
    });
  });
}

scenario(
  "nodemailer sends 8-bit text and to a UTF-8 address; both arrive as they were",
  true,
  async (server) => {
    const sender = nodemailer.createTransport(await connection(server, "submission"));
    const raw = [
      `From: <${user}>`,
      "To: <grüße@müller.example>",
      "Subject: Straße",
      "MIME-Version: 1.0",
      "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: 8bit",
      "",
      "Zwölf Boxkämpfer",
      "",
    ].join("\r\n");
    const sent = await sender.sendMail({
      envelope: { from: user, to: ["grüße@müller.example"], use8BitMime: true },
      raw,
    });
    sender.close();
    assert.match(sent.response, /^250 2\.0\.0 /);
    await withInbox(server, async (client) => {
      const message = await client.fetchOne("*", { envelope: true, source: true });
      assert.ok(message);
      assert.ok(message.source?.toString("utf8").endsWith(raw), message.source?.toString("utf8"));
      assert.equal(message.envelope?.to?.[0]?.address, "grüße@müller.example");
      assert.equal(message.envelope?.subject, "Straße");
    });
  },
);

scenario("nodemailer's pool sends many messages over few connections", true, async (server) => {
  const sender = nodemailer.createTransport({
    ...await connection(server, "submission"),
    pool: true,
    maxConnections: 3,
  });
  const numbers = Array.from({ length: 60 }, (_, i) => i);
  const replies = await Promise.all(numbers.map(async (i) => {
    const sent = await sender.sendMail({
      from: user,
      to: "pool@localhost",
      subject: `number ${i}`,
      text: ".",
    });
    return sent.response;
  }));
  sender.close();
  for (const reply of replies) assert.match(reply, /^250 2\.0\.0 /);
  await withInbox(server, async (client) => {
    const messages = await client.fetchAll("1:*", { envelope: true });
    const subjects = new Set(messages.map((message) => message.envelope?.subject));
    assert.equal(messages.length, numbers.length);
    assert.deepEqual(subjects, new Set(numbers.map((i) => `number ${i}`)));
  });
});

scenario("nodemailer is told why: a wrong password, and a recipient who is refused", true, async (server) => {
  const settings = await connection(server, "submission");
  const stranger = nodemailer.createTransport({ ...settings, auth: { user, pass: "guess" } });
  await assert.rejects(stranger.verify(), { code: "EAUTH", responseCode: 535 });
  stranger.close();
  const sender = nodemailer.createTransport(settings);
  const refused = sender.sendMail({ from: user, to: "rcpttopermerror@localhost", text: "." });
  await assert.rejects(refused, { code: "EENVELOPE", responseCode: 550 });
  sender.close();
});

const note = (subject: string, text = "text") =>
  `From: <a@example.org>\r\nTo: <b@example.org>\r\nSubject: ${subject}\r\n\r\n${text}\r\n`;

scenario("imapflow appends, flags, searches, copies, moves and deletes", true, async (server) => {
  const client = await reader(server);
  try {
    const before = await client.list({ statusQuery: { messages: true, unseen: true } });
    const uses = new Map(before.map((mailbox) => [mailbox.specialUse, mailbox.path]));
    for (const use of ["\\Inbox", "\\Sent", "\\Drafts", "\\Trash", "\\Junk", "\\Archive"]) {
      assert.ok(uses.has(use), `${use} in ${before.map((mailbox) => mailbox.path)}`);
    }
    assert.equal(before.find((mailbox) => mailbox.path === "INBOX")?.status?.messages, 0);

    const made = await client.mailboxCreate(["Projekte", "Größe & Maß"]);
    assert.equal(made.created, true);
    const written = new Date("2025-11-30T23:59:58Z");
    for (const [subject, flags] of [["one", ["\\Seen"]], ["two", []], ["three", ["$later"]]] as const) {
      const added = await client.append("INBOX", note(subject), [...flags], written);
      assert.ok(added !== false && added.uid !== undefined && added.uid > 0);
    }

    const inbox = await client.mailboxOpen("INBOX");
    assert.equal(inbox.exists, 3);
    assert.deepEqual(await client.search({ seen: false }), [2, 3]);
    assert.deepEqual(await client.search({ keyword: "$later" }), [3]);
    assert.deepEqual(await client.search({ or: [{ subject: "ONE" }, { body: "nowhere" }] }), [1]);
    assert.deepEqual(await client.search({ since: new Date("2025-12-01T00:00:00Z") }), []);
    const dated = await client.fetchOne("1", { internalDate: true, flags: true });
    assert.ok(dated);
    assert.equal(new Date(dated.internalDate ?? 0).getTime(), written.getTime());
    assert.ok(dated.flags?.has("\\Seen"));

    assert.equal(await client.messageFlagsAdd("2", ["\\Flagged", "$work"]), true);
    assert.equal(await client.messageFlagsRemove("1", ["\\Seen"]), true);
    assert.equal(await client.messageFlagsSet("3", ["\\Answered"]), true);
    const flags = (await client.fetchAll("1:*", { flags: true })).map((each) => [...each.flags ?? []].sort());
    assert.deepEqual(flags.map((each) => each.filter((flag) => flag !== "\\Recent")), [
      [],
      ["$work", "\\Flagged"],
      ["\\Answered"],
    ]);

    const copied = await client.messageCopy("1", made.path);
    assert.ok(copied !== false);
    assert.deepEqual([...copied.uidMap?.keys() ?? []], [1]);
    const moved = await client.messageMove("2", made.path);
    assert.ok(moved !== false);
    assert.deepEqual([...moved.uidMap?.keys() ?? []], [2]);
    assert.equal(await client.messageDelete("1"), true);
    assert.deepEqual((await client.fetchAll("1:*", { uid: true })).map((each) => each.uid), [3]);

    const there = await client.mailboxOpen(made.path);
    assert.equal(there.exists, 2);
    const subjects = await client.fetchAll("1:*", { envelope: true, flags: true });
    assert.deepEqual(subjects.map((each) => each.envelope?.subject), ["one", "two"]);
    assert.ok(subjects[1]?.flags?.has("$work"), "a move keeps flags");

    await client.mailboxOpen("INBOX");
    const renamed = await client.mailboxRename(made.path, "Ablage");
    assert.equal(renamed.newPath, "Ablage");
    const status = await client.status("Ablage", { messages: true, unseen: true, uidNext: true });
    assert.ok(status);
    assert.deepEqual([status.messages, status.unseen, status.uidNext], [2, 2, 3]);
    await client.mailboxDelete("Ablage");
    assert.ok(!(await client.list()).some((mailbox) => mailbox.path === "Ablage"));
  } finally {
    await client.logout();
  }
});

/** A port that leads to another one, and counts the octets that come from there. */
async function relay(port: number): Promise<{ port: number; received: number; close(): Promise<void> }> {
  const connections = new Set<Socket>();
  const listener = createServer((client) => {
    const server = connect({ host: "localhost", port });
    server.on("data", (piece) => counted.received += piece.length);
    client.pipe(server).pipe(client);
    for (const socket of [client, server]) {
      connections.add(socket);
      socket.on("error", () => {}).on("close", () => connections.delete(socket));
    }
  });
  await new Promise<void>((resolve) => listener.listen(0, "localhost", resolve));
  const address = listener.address();
  assert.ok(address !== null && typeof address === "object");
  const counted = {
    port: address.port,
    received: 0,
    close: () => {
      for (const socket of connections) socket.destroy();
      return new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
  return counted;
}

/** Makes the mailbox that both ways to read it are compared over. */
async function fill(client: ImapFlow, messages: number): Promise<void> {
  for (let i = 0; i < messages; i++) {
    await client.append("INBOX", note(`the ${i}th of many`, "The quick brown fox.\r\n".repeat(20)), []);
  }
}

scenario("imapflow compresses, and a sync takes a fraction of the octets", true, async (server) => {
  const received: number[] = [];
  const seen: string[] = [];
  const wire = await relay(server.ports.imaps);
  for (const disableCompression of [false, true]) {
    const client = await reader(server, { port: wire.port, disableCompression });
    try {
      if (!disableCompression) await fill(client, 100);
      await client.mailboxOpen("INBOX");
      wire.received = 0;
      const messages = await client.fetchAll("1:*", { uid: true, flags: true, envelope: true, source: true });
      seen.push(
        JSON.stringify(messages.map(({ uid, envelope, source }) => [uid, envelope, source?.toString()])),
      );
      received.push(wire.received);
    } finally {
      await client.logout();
    }
  }
  await wire.close();
  assert.equal(seen[0], seen[1]);
  const [compressed = Infinity, plain = 0] = received;
  assert.ok(compressed * 5 < plain, `${compressed} octets of ${plain}`);
});

scenario("imapflow in IDLE hears of a new message, a flag and a deletion at once", true, async (server) => {
  const [watcher, other] = [await reader(server), await reader(server)];
  try {
    await watcher.mailboxOpen("INBOX");
    await other.mailboxOpen("INBOX");
    watcher.idle().catch(() => {});
    const sender = nodemailer.createTransport(await connection(server, "submissions"));
    const came = soon<{ path: string; count: number }>(
      "new message",
      (heard) => watcher.once("exists", heard),
    );
    await sender.sendMail({ from: user, to: "you@localhost", subject: "now", text: "." });
    sender.close();
    const { path, count } = await came;
    assert.deepEqual([path, count], ["INBOX", 1]);

    const flagged = soon<{ seq: number; flags: Set<string> }>(
      "flag",
      (heard) => watcher.once("flags", heard),
    );
    await other.noop();
    await other.messageFlagsAdd("1", ["\\Flagged"]);
    assert.ok((await flagged).flags.has("\\Flagged"));

    const gone = soon<unknown>("deletion", (heard) => watcher.once("expunge", heard));
    await other.messageDelete("1");
    await gone;
  } finally {
    await Promise.all([watcher.logout(), other.logout()]);
  }
});
