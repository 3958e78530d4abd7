/**
 * The store's side of outgoing mail, as its peers see it: what an account submits for others waits in the queue, whoever
 * has a connection is given what is due and nothing else, and what cannot be delivered comes back into the inbox.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Authenticator, authenticatorMethods } from "../../src/accounts/authenticator.ts";
import { concat, fromUtf8, utf8 } from "../../src/base/bytes.ts";
import { type Reason, Refused } from "../../src/base/errors.ts";
import { silentLog } from "../../src/base/log.ts";
import { Metrics } from "../../src/base/metrics.ts";
import { checkDynamic, dynamicSchema } from "../../src/config/dynamic_config.ts";
import { readConfig } from "../../src/config/load.ts";
import { checkStatic, staticSchema } from "../../src/config/static_config.ts";
import { type Submit, submitMethods } from "../../src/delivery/deliver.ts";
import { Indexer } from "../../src/message/indexer.ts";
import { systemClock } from "../../src/net/system_clock.ts";
import { type Queue, type QueueJob, queueMethods, type QueueResult } from "../../src/queue/queue.ts";
import { everyMessage, type QueueAdmin, queueAdminMethods } from "../../src/queue/queue_admin.ts";
import { startStore, type StoreServer, type StoreServerBoot } from "../../src/roles/store_server.ts";
import { client } from "../../src/rpc/client.ts";
import { connect, type Connection } from "../../src/rpc/connection.ts";
import { PortCarrier } from "../../src/rpc/port_carrier.ts";
import { accountNamed } from "../../src/store/accounts.ts";
import { many, prepared } from "../../src/store/query.ts";
import { openStore } from "../../src/store/store.ts";
import { verifyData } from "../../src/store/verify.ts";

const localserve = `
[localserve]
account = "ann"
password = "a password"
adminPassword = "another"
`;
const domains = `
[domains."example.org"]
[accounts.ann]
domain = "example.org"
maxOutgoingMessagesPerDay = 5
fromIdLoginAddresses = ["list@example.org"]
[accounts.ann.destinations]
"ann@example.org" = {}
"list@example.org" = {}
`;

const adminCapability = crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: "base64url" });

function bootOf(folder: string, more = ""): StoreServerBoot {
  const text = `hostname = "mail.example.org"\n[listeners.a]\naddresses = ["127.0.0.1"]\n` +
    `[listeners.a.smtp]\n${more}`;
  return {
    config: readConfig(text, "mailden.toml", staticSchema, checkStatic),
    domains: readConfig(domains, "domains.toml", dynamicSchema, checkDynamic),
    places: { data: folder },
    adminCapability,
  };
}

const start = (boot: StoreServerBoot) =>
  startStore({ boot, clock: systemClock, log: silentLog, metrics: new Metrics(), parser: null });

function dial(server: StoreServer): Connection {
  const { port1, port2 } = new MessageChannel();
  server.accept(new PortCarrier(port1));
  return connect(new PortCarrier(port2), { clock: systemClock, log: silentLog });
}

const queueOf = (connection: Connection) => client<Queue>(connection, "queue", queueMethods);
const refuses = (reason: Reason) => (error: unknown) => error instanceof Refused && error.reason === reason;
const anything = { domain: null, busy: [], max: 10 };

/** Sends from ann's account. */
async function submit(
  connection: Connection,
  to: readonly string[],
  login = "ann@example.org",
): Promise<readonly string[]> {
  const step = await client<Authenticator>(connection, "authenticator", authenticatorMethods).begin({
    protocol: "submission",
    mechanism: "PLAIN",
    initial: utf8(`\0${login}\0a password`),
    remoteAddress: "127.0.0.1",
    tls: true,
    certificate: null,
    cid: "1",
  });
  assert.equal(step.kind, "success");
  const { capability } = step;
  const content = utf8(
    "From: <ann@example.org>\r\nMessage-ID: <1@example.org>\r\nSubject: s\r\n\r\ntext\r\n",
  );
  const indexer = new Indexer();
  indexer.write(content);
  const results = await client<Submit>(connection, "submit", submitMethods, capability).submit({
    deliveryId: crypto.randomUUID().replaceAll("-", ""),
    from: { local: "ann", domain: "example.org" },
    recipients: to.map((address) => {
      const [local = "", domain = ""] = address.split("@");
      return { address: { local, domain }, prefix: utf8("Received: here\r\n") };
    }),
    remoteAddress: "127.0.0.1",
    helo: "x",
    index: indexer.end(),
    evidence: null,
    content,
    spool: null,
    cid: "1",
  });
  return results.map(({ kind }) => kind);
}

const refusalOf = ({ recipients }: QueueJob): QueueResult[] =>
  recipients.map(({ id }) => ({
    id,
    outcome: "permanent",
    code: 550,
    status: "5.1.1",
    text: "550 5.1.1 nobody here",
    remote: { host: "mx.x.example", address: "192.0.2.1" },
    relaysDsn: false,
  }));

const bodies = prepared((db, p: { accountId: number }) =>
  db.selectFrom("messages").innerJoin("emails", "emails.id", "messages.email_id")
    .select(["emails.body_id", "emails.prefix"]).where("messages.account_id", "=", p.accountId)
    .orderBy("messages.uid")
);

/** Runs with a store of which ann has her password. */
async function withServer(
  test: (server: StoreServer, boot: StoreServerBoot) => Promise<void>,
  change: Partial<StoreServerBoot> = {},
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mailden_queue_" });
  try {
    await (await start(bootOf(folder, localserve))).close();
    const boot = { ...bootOf(folder), ...change };
    const server = await start(boot);
    try {
      await test(server, boot);
    } finally {
      await server.close();
    }
    assert.deepEqual(verifyData(folder), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("what is submitted for others is queued, handed out, and comes back as a notice", async () => {
  await withServer(async (server, boot) => {
    const connection = dial(server);
    const queue = queueOf(connection);
    const due = queue.listen({})[Symbol.asyncIterator]();
    assert.deepEqual((await due.next()).value, { due: null, afresh: false });
    assert.deepEqual(await submit(connection, ["a@x.example", "ann@example.org"]), [
      "delivered",
      "delivered",
    ]);
    assert.ok((await due.next()).value?.due <= Date.now());
    const [job] = await queue.take(anything);
    assert.ok(job !== undefined);
    assert.deepEqual([job.sender, job.account, job.domain], ["ann@example.org", "ann", "x.example"]);
    const content = fromUtf8(concat(await Array.fromAsync(queue.content({ lease: job.lease }))));
    assert.match(content, /^Received: here\r\nFrom: <ann@example\.org>\r\n/);
    await queue.report({
      lease: job.lease,
      startedAt: Date.now(),
      ms: 1,
      dialed: [],
      results: refusalOf(job),
    });
    await server.close();
    const store = openStore({
      folder: boot.places.data,
      clock: systemClock,
      log: silentLog,
      metrics: new Metrics(),
    });
    try {
      const accountId = store.read(accountNamed("ann"))?.id ?? 0;
      const [copy, notice, ...others] = store.read(many(bodies, { accountId }));
      assert.ok(copy !== undefined && notice !== undefined && others.length === 0);
      assert.equal(fromUtf8(notice.prefix), "Return-Path: <>\r\n");
      const body = store.read(store.bodies.open(notice.body_id));
      const text = fromUtf8(body.slice(0, body.size));
      assert.match(text, /^From: .*<postmaster@mail\.example\.org>/m);
      assert.match(text, /a@x\.example/);
    } finally {
      await store.close();
    }
  });
});

Deno.test("a front that was taken over is given what is due, one lease for one message, and no more", async () => {
  await withServer(async (server) => {
    const one = dial(server);
    const two = dial(server);
    await submit(one, ["a@x.example"]);
    const [job] = await queueOf(one).take(anything);
    assert.ok(job !== undefined);
    const { lease } = job;
    // It was handed out: nobody gets it twice, by domain or by any other way.
    assert.deepEqual(await queueOf(two).take(anything), []);
    assert.deepEqual(await queueOf(two).take({ ...anything, domain: "x.example" }), []);
    for (const [connection, guess] of [[two, lease], [one, "0".repeat(32)], [one, "1"]] as const) {
      const queue = queueOf(connection);
      await assert.rejects(Array.fromAsync(queue.content({ lease: guess })), refuses("noCapability"));
      await assert.rejects(queue.giveBack({ lease: guess }), refuses("noCapability"));
      const report = { lease: guess, startedAt: 0, ms: 0, dialed: [], results: [] };
      await assert.rejects(queue.report(report), refuses("noCapability"));
    }
    for (const method of ["list", "dump", "retired", "close", "constructor"]) {
      const target = { service: "queue", method, capability: null };
      const other = dial(server);
      await assert.rejects(other.call(target, {}), refuses("badRequest"));
      other.close();
    }
    // A result for somebody else's message is none.
    const [result] = refusalOf(job);
    assert.ok(result !== undefined);
    const stranger = { ...result, id: result.id + 1 };
    await assert.rejects(
      queueOf(one).report({ lease, startedAt: 0, ms: 0, dialed: [], results: [stranger] }),
      refuses("badRequest"),
    );
    // With its connection the lease ends, and the attempt has been counted.
    one.close();
    await one.ended;
    assert.deepEqual(await queueOf(two).take(anything), []);
    two.close();
    await two.ended;
  });
});

Deno.test("who signs in with an address of fromIdLoginAddresses gets senders of its own; and nobody sends too much", async () => {
  await withServer(async (server) => {
    const connection = dial(server);
    const queue = queueOf(connection);
    await submit(connection, ["a@x.example"]);
    await submit(connection, ["b@y.example", "c@y.example"], "LIST@example.org");
    const jobs = await queue.take(anything);
    const more = await queue.take({ ...anything, domain: "y.example" });
    const senders = [...jobs, ...more].map(({ sender }) => sender);
    assert.equal(new Set(senders).size, 3);
    assert.equal(senders.filter((each) => /^ann\+[a-z2-7]{26}@example\.org$/.test(each)).length, 2);
    assert.ok(senders.includes("ann@example.org"));
    const over = await submit(connection, ["d@x.example", "e@x.example", "f@x.example"]);
    assert.deepEqual(over, ["refused", "refused", "refused"]);
    assert.deepEqual(await submit(connection, ["d@x.example", "e@x.example"]), ["delivered", "delivered"]);
    connection.close();
    await connection.ended;
  });
});

Deno.test("the queue is administered with the capability of this start alone", async () => {
  await withServer(async (server) => {
    const connection = dial(server);
    await submit(connection, ["a@x.example"]);
    const admin = (capability: string | null) =>
      client<QueueAdmin>(connection, "queueAdmin", queueAdminMethods, capability);
    for (const guess of [null, "", "0".repeat(32), adminCapability.slice(1), `${adminCapability}A`]) {
      await assert.rejects(admin(guess).drop({ filter: everyMessage }), refuses("noCapability"));
      await assert.rejects(
        Array.fromAsync(admin(guess).list({ filter: everyMessage })),
        refuses("noCapability"),
      );
    }
    const queue = admin(adminCapability);
    const [listed] = (await Array.fromAsync(queue.list({ filter: everyMessage }))).flat();
    assert.deepEqual([listed?.recipient, listed?.account, listed?.leased], ["a@x.example", "ann", false]);
    const [job] = await queueOf(connection).take(anything);
    assert.equal((await Array.fromAsync(queue.list({ filter: everyMessage }))).flat()[0]?.leased, true);
    assert.deepEqual(await queue.drop({ filter: everyMessage }), { ended: 0, underWay: 1 });
    assert.ok(job !== undefined);
    // The front says that it did not arrive.
    const { lease } = job;
    await queueOf(connection).report({ lease, startedAt: 0, ms: 0, dialed: [], results: refusalOf(job) });
    const retired = (await Array.fromAsync(queue.retired({ filter: everyMessage }))).flat();
    assert.deepEqual(retired.map(({ outcome }) => outcome), ["dropped"]);
    connection.close();
    await connection.ended;
  });
});

Deno.test("a store that was given no capability, or a short one, has no administrator", async () => {
  for (const capability of ["", "short"]) {
    await withServer(async (server) => {
      const connection = dial(server);
      const admin = client<QueueAdmin>(connection, "queueAdmin", queueAdminMethods, capability);
      await assert.rejects(admin.drop({ filter: everyMessage }), refuses("noCapability"));
      connection.close();
      await connection.ended;
    }, { adminCapability: capability });
  }
});
