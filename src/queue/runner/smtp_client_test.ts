import assert from "node:assert/strict";
import { FakeClock, settle } from "../../../tests/support/fake_clock.ts";
import { type MemoryTransport, memoryTransports } from "../../../tests/support/memory_transport.ts";
import { createLog } from "../../base/log.ts";
import { type Bytes, latin1 } from "../../base/bytes.ts";
import { queueHighBytes } from "../../net/transport.ts";
import { type ClientRules, clientRules } from "../../smtp/client_rules.ts";
import { outgoing } from "../../smtp/testing/client_stage.ts";
import { ContentSource } from "./content.ts";
import { SmtpClient, type SmtpClientParts } from "./smtp_client.ts";

interface World {
  readonly client: SmtpClient;
  readonly server: MemoryTransport;
  readonly clock: FakeClock;
  readonly logged: string[];
}

async function withClient(
  test: (world: World) => Promise<void>,
  rules: Partial<ClientRules> = {},
  parts: Partial<SmtpClientParts> = {},
): Promise<void> {
  const clock = new FakeClock();
  const { client: transport, server } = memoryTransports({ clock });
  const logged: string[] = [];
  const log = createLog(
    { level: "trace", format: "json" },
    () => 0,
    (_level, line) => void logged.push(line),
  );
  const client = new SmtpClient({
    transport,
    rules: clientRules("client.example", rules),
    tls: null,
    secure: () => Promise.resolve(null),
    credentials: { username: "me", password: "hunter2" },
    nonce: () => "nonce",
    clock,
    log,
    ...parts,
  });
  try {
    await test({ client, server, clock, logged });
  } finally {
    client.destroy();
    server.destroy();
  }
}

async function greeted({ client, server }: World, offers = "250 PIPELINING"): Promise<void> {
  await server.send("220 mx\r\n");
  assert.equal(await server.receive(), "EHLO client.example\r\n");
  await server.send(`250-mx\r\n${offers}\r\n`);
  assert.equal(await client.opened, null);
}

const content = (text: string) => new ContentSource([latin1(text)], text.length, null);

Deno.test("a message goes out while replies come in, and the connection is ready for the next", async () => {
  await withClient(async (world) => {
    const { client, server } = world;
    await greeted(world);
    for (let i = 0; i < 2; i++) {
      const sent = client.send(outgoing("a@test", ["b@test"]), content("hello\r\n"));
      assert.equal(client.isReady, false);
      assert.equal(await server.receive(), "MAIL FROM:<a@test>\r\nRCPT TO:<b@test>\r\nDATA\r\n");
      await server.send("250 ok\r\n250 ok\r\n354 go on\r\n");
      assert.equal(await server.receive(), "hello\r\n.\r\n");
      await server.send("250 taken\r\n");
      assert.equal((await sent).results[0]?.verdict, "delivered");
      assert.equal(client.isReady, true);
    }
    const left = client.quit();
    assert.equal(await server.receive(), "QUIT\r\n");
    await server.send("221 bye\r\n");
    await left;
  });
});

Deno.test("content is fetched only as fast as the peer takes it", async () => {
  await withClient(async (world) => {
    const { client, server } = world;
    await greeted(world);
    let fetched = 0;
    const pieces = (function* (): Generator<Bytes, void> {
      for (let i = 0; i < 100; i++) {
        fetched++;
        yield new Uint8Array(32 * 1024).fill(65);
      }
    })();
    const source = new ContentSource(pieces, 100 * 32 * 1024, null);
    const sent = client.send(outgoing("a@test", ["b@test"]), source);
    await server.receive();
    await server.send("250 ok\r\n250 ok\r\n354 go on\r\n");
    for (let i = 0; i < 20; i++) await settle();
    assert.ok(fetched * 32 * 1024 <= queueHighBytes + 3 * 32 * 1024, `${fetched}`);
    let got = "";
    while (!got.endsWith("\r\n.\r\n")) got = (got + (await server.receive() ?? "")).slice(-10);
    await server.send("250 taken\r\n");
    await sent;
    assert.equal(fetched, 100);
  });
});

Deno.test("a peer that takes nothing for too long is left, and its message told so", async () => {
  await withClient(async (world) => {
    const { client, server, clock } = world;
    await greeted(world);
    const size = 4 * queueHighBytes;
    const sent = client.send(outgoing("a@test", ["b@test"]), content("A".repeat(size)));
    await server.receive();
    await server.send("250 ok\r\n250 ok\r\n354 go on\r\n");
    for (let i = 0; i < 5; i++) await settle();
    await clock.advance(1000);
    const done = await sent;
    assert.equal(done.results[0]?.cause, "timeout");
    assert.equal(done.reusable, false);
    await client.ended;
  }, { timeouts: { ...clientRules("x").timeouts, block: 1000 } });
});

Deno.test("no password is logged, nor anybody's mail", async () => {
  await withClient(
    async (world) => {
      const { client, server, logged } = world;
      await server.send("220 mx\r\n");
      await server.receive();
      await server.send("250-mx\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n");
      assert.match(await server.receive() ?? "", /^AUTH PLAIN /);
      await server.send("235 welcome\r\n");
      await client.opened;
      const sent = client.send(outgoing("a@test", ["b@test"]), content("Subject: private\r\n"));
      await server.receive();
      await server.send("250 ok\r\n250 ok\r\n354 go on\r\n");
      await server.receive();
      await server.send("250 taken\r\n");
      await sent;
      const all = logged.join("\n");
      assert.match(all, /MAIL FROM/);
      assert.match(all, /welcome/);
      assert.doesNotMatch(all, /private|hunter2|AG1lAGh1bnRlcjI/);
    },
    { auth: { mechanisms: ["PLAIN"], certificate: false } },
    { tls: { verified: true } },
  );
});

Deno.test("an envelope that cannot be written throws, and spoils nothing", async () => {
  await withClient(async (world) => {
    const { client } = world;
    await greeted(world, "250 DSN");
    const wrong = { ...outgoing("a@test", ["b@test"]), envid: "a b" };
    assert.throws(() => client.send(wrong, content("")), TypeError);
    assert.equal(client.isReady, true);
    void client.send(outgoing("a@test", ["b@test"]), content(""));
    assert.throws(() => client.send(outgoing("a@test", ["b@test"]), content("")), /one message at a time/);
  });
});

Deno.test("a connection that ends while nothing is sent is no longer ready", async () => {
  await withClient(async (world) => {
    await greeted(world);
    await world.server.send("421 closing\r\n");
    await world.client.ended;
    assert.equal(world.client.isReady, false);
  });
});

Deno.test("time runs for each step, and stands still between messages", async () => {
  await withClient(async (world) => {
    await greeted(world);
    await world.clock.advance(86_400_000);
    assert.equal(world.client.isReady, true);
  });
  await withClient(async ({ client, clock }) => {
    await clock.advance(300_050);
    assert.equal((await client.opened)?.cause, "timeout");
  });
});
