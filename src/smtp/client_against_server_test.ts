/**
 * Our client's session against our server's, in memory, with whatever the server offers.
 *
 * @module
 */
import assert from "node:assert/strict";
import { latin1, utf8 } from "../base/bytes.ts";
import { deriveScram } from "../sasl/scram.ts";
import { type ClientMechanism, type ClientRules, clientRules } from "./client_rules.ts";
import type { OutgoingMessage } from "./client_state.ts";
import { ClientStage, outgoing } from "./testing/client_stage.ts";
import { MemoryServer, serverRules } from "./testing/memory_server.ts";

/** Everything that can be said is said, and content goes in pieces of `cut` octets. */
async function converse(client: ClientStage, server: MemoryServer, content = "", cut = 7): Promise<void> {
  const bytes = latin1(content);
  let at = 0;
  for (let quiet = false; !quiet;) {
    quiet = true;
    const reply = server.said();
    if (reply !== "") {
      client.hears(reply);
      quiet = false;
    }
    await client.settled();
    if (client.asksHandshake) {
      assert.ok(server.asksHandshake, "only the client wants a handshake");
      client.asksHandshake = false;
      server.secured();
      client.happens({ kind: "secured", verified: true });
      quiet = false;
    }
    if (client.asksContent) {
      const piece = bytes.slice(at, at + cut);
      at += piece.length;
      client.content(piece, at >= bytes.length);
      quiet = false;
    }
    const said = client.said();
    if (said !== "") {
      server.hears(latin1(said));
      quiet = false;
    }
  }
}

const content =
  "Subject: hello\r\n\r\n.\r\n..\r\nQUIT\r\n.\r\nDATA\r\n\xc3\xa4 \xff\r\n.x\r\nno end\r\n.y\r\n";

const words = [
  "PIPELINING",
  "SIZE",
  "8BITMIME",
  "SMTPUTF8",
  "CHUNKING",
  "ENHANCEDSTATUSCODES",
  "LIMITS",
  "STARTTLS",
];

async function tour(hidden: readonly string[], tls: ClientRules["tls"]): Promise<void> {
  const server = new MemoryServer({ ...serverRules, maxRecipients: 3 }, false, hidden);
  const client = new ClientStage(clientRules("client.example", { tls, contentBytes: 7 }));
  const offers = (word: string) => !hidden.includes(word);
  const send = async (message: OutgoingMessage, body = content) => {
    client.happens({ kind: "send", message });
    await converse(client, server, body);
    const done = client.done.at(-1);
    assert.ok(done !== undefined && done.reusable);
    return done.results.map(({ verdict, retry, cause }) => `${verdict} ${retry} ${cause}`);
  };
  await converse(client, server);
  assert.equal(client.ready, 1);
  assert.equal(client.session.tls !== null, tls !== "never" && offers("STARTTLS"));

  const eightBit = { eightBit: true, size: content.length };
  const message = outgoing(
    "a@example.org",
    ["b@one.example", "unknown@one.example", "c@bücher.example"],
    eightBit,
  );
  assert.deepEqual(await send(message), [
    "delivered never reply",
    "permanent never reply",
    "delivered never reply",
  ]);
  assert.deepEqual(server.taken, [{
    from: "a@example.org",
    to: ["b@one.example", "c@bücher.example"],
    body: content,
    smtpUtf8: false,
    chunks: offers("CHUNKING"),
  }]);

  // Nobody takes it; a transaction is left open behind it.
  assert.deepEqual(await send(outgoing("", ["unknown@one.example"])), ["permanent never reply"]);

  // Four of which three are taken at a time, told before or found out.
  const four = ["b", "c", "d", "e"].map((local) => `${local}@one.example`);
  assert.deepEqual(await send(outgoing("a@example.org", four), "x\r\n"), [
    "delivered never reply",
    "delivered never reply",
    "delivered never reply",
    `temporary transaction ${offers("LIMITS") ? "limit" : "reply"}`,
  ]);
  assert.deepEqual(await send(outgoing("a@example.org", four.slice(3)), ""), ["delivered never reply"]);
  assert.deepEqual(server.taken.slice(1).map(({ to, body }) => [to.length, body]), [[3, "x\r\n"], [1, ""]]);

  const utf8Message = await send(outgoing("ä@example.org", ["ö@one.example"], { smtpUtf8: true }));
  assert.deepEqual(utf8Message, [offers("SMTPUTF8") ? "delivered never reply" : "permanent host noSmtpUtf8"]);
  const large = await send(outgoing("a@example.org", ["b@one.example"], { size: 1_000_001 }), "x");
  assert.deepEqual(large, [offers("SIZE") ? "permanent host tooLarge" : "delivered never reply"]);

  client.happens({ kind: "quit" });
  await converse(client, server);
  assert.ok(server.closed && client.closed);
}

Deno.test("whatever is offered, messages arrive as they are, once, and results say so", async () => {
  for (let bits = 0; bits < 2 ** words.length; bits++) {
    const hidden = words.filter((_, i) => (bits >> i & 1) === 1);
    try {
      await tour(hidden, "opportunistic");
    } catch (error) {
      if (error instanceof Error) error.message = `without ${hidden.join(" ")}: ${error.message}`;
      throw error;
    }
  }
});

for (const tls of ["never", "required"] as const) {
  Deno.test(`everything offered, TLS ${tls}`, () => tour([], tls));
}

Deno.test("one write and one answer for each half of a message", async () => {
  for (const hidden of [[], ["CHUNKING"]]) {
    const server = new MemoryServer(serverRules, false, ["STARTTLS", ...hidden]);
    const client = new ClientStage(clientRules("client.example"));
    await converse(client, server);
    const before = client.writes;
    client.happens({ kind: "send", message: outgoing("a@example.org", ["b@one.example", "c@one.example"]) });
    await converse(client, server, content, Infinity);
    assert.equal(client.writes - before, 2);
  }
});

const secrets = {
  sha256: await deriveScram("SHA-256", "secret", utf8("salt and pepper!"), 4096),
  sha1: await deriveScram("SHA-1", "secret", utf8("salt and pepper!"), 4096),
};
const submission = { ...serverRules, submission: true };
const name = "user@example.org";

async function signIn(mechanism: ClientMechanism, password: string, username = name): Promise<ClientStage> {
  const server = new MemoryServer(submission, true, [], secrets);
  const rules = clientRules("client.example", { auth: { mechanisms: [mechanism], certificate: true } });
  const client = new ClientStage(rules, { verified: true }, { username, password });
  await converse(client, server);
  return client;
}

for (const mechanism of ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN", "EXTERNAL"] as const) {
  Deno.test(`${mechanism} signs in`, async () => {
    const client = await signIn(mechanism, "secret");
    assert.deepEqual([client.ready, client.failed], [1, null]);
  });
  if (mechanism === "EXTERNAL") continue;
  Deno.test(`${mechanism} with a wrong password does not`, async () => {
    const client = await signIn(mechanism, "secreT");
    assert.deepEqual([client.ready, client.failed?.cause, client.failed?.reply?.code], [
      0,
      "credentials",
      535,
    ]);
  });
}

Deno.test("PLAIN with a first response that is too long for one line", async () => {
  const client = await signIn("PLAIN", "x".repeat(400));
  assert.equal(client.failed?.cause, "credentials");
});

Deno.test("SCRAM: a server with another secret is not believed", async () => {
  const server = new MemoryServer(submission, true, [], secrets);
  const rules = clientRules("client.example", {
    auth: { mechanisms: ["SCRAM-SHA-256"], certificate: false },
  });
  const client = new ClientStage(rules, { verified: true }, { username: name, password: "secret" });
  client.hears(server.said());
  server.hears(latin1(client.said()));
  client.hears(server.said());
  server.hears(latin1(client.said()));
  client.hears(server.said());
  await client.settled();
  server.hears(latin1(client.said()));
  const final = server.said();
  assert.match(final, /^334 dj/);
  client.hears(final.replace("334 dj", "334 dk"));
  await client.settled();
  assert.equal(client.said(), "*\r\n");
});

Deno.test("the strongest mechanism that is offered is used", async () => {
  const rules = clientRules("client.example", {
    tls: "never",
    auth: {
      mechanisms: ["EXTERNAL", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN"],
      certificate: false,
    },
  });
  for (const secure of [false, true]) {
    const server = new MemoryServer(submission, secure, [], secrets);
    const client = new ClientStage(rules, secure ? { verified: true } : null, {
      username: name,
      password: "secret",
    });
    await converse(client, server);
    assert.deepEqual(
      client.did.flatMap((action) => action.kind === "authenticate" ? [action.mechanism] : []),
      [
        "SCRAM-SHA-256",
      ],
    );
    assert.equal(client.ready, 1);
  }
});
