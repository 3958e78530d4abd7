/**
 * A front that was taken over: somebody holds the store's socket and speaks its protocol. What cannot be done
 * from there: reading mail without signing in, using another connection's capability or files, reaching
 * anything that is not offered, or hurting the store with bytes.
 *
 * @module
 */
import assert from "node:assert/strict";
import net from "node:net";
import { type Authenticator, authenticatorMethods, type AuthStep } from "../../src/accounts/authenticator.ts";
import { type Mail, mailMethods } from "../../src/accounts/mail.ts";
import { utf8 } from "../../src/base/bytes.ts";
import { type Reason, Refused } from "../../src/base/errors.ts";
import { silentLog } from "../../src/base/log.ts";
import {
  type Deliver,
  deliverMethods,
  type Incoming,
  type Submit,
  submitMethods,
} from "../../src/delivery/deliver.ts";
import { typeNumbers } from "../../src/dns/record.ts";
import { SignedZone } from "../../src/dns/testing/signed_zone.ts";
import { rootAnchors } from "../../src/dns/trust_anchors.ts";
import { type RootKeys, rootKeysMethods } from "../../src/evidence/root_keys.ts";
import { Indexer } from "../../src/message/indexer.ts";
import { systemClock } from "../../src/net/system_clock.ts";
import { type Queue, queueMethods } from "../../src/queue/queue.ts";
import { type QueueAdmin, queueAdminMethods } from "../../src/queue/queue_admin.ts";
import { dialUnix } from "../../src/roles/unix_socket.ts";
import { client } from "../../src/rpc/client.ts";
import { connect, type Connection } from "../../src/rpc/connection.ts";
import { join } from "../support/paths.ts";
import { removeFolder, startServer } from "../support/server.ts";

type Peer = Connection & { signIn(): Promise<string> };

async function dial(socket: string): Promise<Peer> {
  const connection = connect(await dialUnix(socket), { clock: systemClock, log: silentLog });
  return Object.assign(connection, {
    async signIn() {
      const step: AuthStep = await client<Authenticator>(connection, "authenticator", authenticatorMethods)
        .begin({
          protocol: "imap",
          mechanism: "PLAIN",
          initial: utf8("\0mailden@localhost\0maildenmailden"),
          remoteAddress: "127.0.0.1",
          tls: true,
          certificate: null,
          cid: "1",
        });
      if (step.kind !== "success") throw new Error("could not sign in");
      return step.capability;
    },
  });
}

function refuses(reason: Reason): (error: unknown) => boolean {
  return (error) => error instanceof Refused && error.reason === reason;
}

const mail = (peer: Connection, capability: string | null) =>
  client<Mail>(peer, "mail", mailMethods, capability);

function incoming(change: Partial<Incoming> = {}): Incoming {
  const content = utf8("From: <mailden@localhost>\r\nSubject: forged\r\n\r\nx\r\n");
  const indexer = new Indexer();
  indexer.write(content);
  return {
    deliveryId: "00112233445566778899aabbccddeeff",
    from: null,
    recipients: [{ address: { local: "you", domain: "localhost" }, prefix: utf8("") }],
    remoteAddress: "192.0.2.1",
    helo: "x",
    index: indexer.end(),
    evidence: null,
    content,
    spool: null,
    cid: "1",
    ...change,
  };
}

Deno.test("who holds the store's socket can do no more than anybody who connects to the server", async (t) => {
  const server = await startServer("serve");
  // Where the folder's path is too long for sockets, this is a link.
  const socket = join(await Deno.realPath(join(server.folder, "run")), "store.sock");
  const one = await dial(socket);
  const two = await dial(socket);
  try {
    await t.step("no mail without a capability, or with one that was guessed", async () => {
      await assert.rejects(mail(one, null).list({}), refuses("noCapability"));
      await assert.rejects(mail(one, "0".repeat(32)).list({}), refuses("noCapability"));
      await assert.rejects(
        client<Submit>(one, "submit", submitMethods, null).submit(incoming()),
        refuses("noCapability"),
      );
    });
    await t.step(
      "a capability is good on its own connection alone, and only until it is released",
      async () => {
        const capability = await one.signIn();
        assert.ok((await mail(one, capability).list({})).mailboxes.length > 0);
        await assert.rejects(mail(two, capability).list({}), refuses("noCapability"));
        await client<Authenticator>(one, "authenticator", authenticatorMethods).release({ capability });
        await assert.rejects(mail(one, capability).list({}), refuses("noCapability"));
      },
    );
    await t.step("nothing but the listed methods of the listed services", async () => {
      for (
        const [service, method] of [["admin", "x"], ["deliver", "close"], ["deliver", "constructor"], [
          "status",
          "__proto__",
        ]]
      ) {
        const other = await dial(socket);
        const call = other.call({ service: service ?? "", method: method ?? "", capability: null }, {});
        await assert.rejects(call, Refused);
        other.close();
      }
    });
    await t.step("an index that does not fit its message is refused", async () => {
      const good = incoming();
      const { root } = good.index;
      const deliver = client<Deliver>(one, "deliver", deliverMethods);
      for (
        const index of [
          { ...good.index, root: { ...root, bodyEnd: 1e9 } },
          { ...good.index, root: { ...root, headerStart: -1 } },
          { ...good.index, size: good.index.size + 1 },
          { ...good.index, subject: "x".repeat(50_000_000) },
        ]
      ) {
        await assert.rejects(deliver.deliver(incoming({ index })), Refused);
      }
    });
    await t.step("another connection's spool file cannot be used", async () => {
      const spool = await client<Deliver>(one, "deliver", deliverMethods).spoolOpen({});
      const other = client<Deliver>(two, "deliver", deliverMethods);
      await assert.rejects(other.spoolWrite({ spool, bytes: utf8("x") }), Refused);
      await assert.rejects(other.deliver(incoming({ content: null, spool })), Refused);
      await assert.rejects(other.spoolWrite({ spool: "../../mail.sqlite", bytes: utf8("x") }), Refused);
    });
    await t.step("no key of its own becomes one that DNSSEC begins with", async () => {
      const rootKeys = client<RootKeys>(one, "rootKeys", rootKeysMethods);
      const own = new SignedZone(".", { now: Date.now() }).withSignatures(".", typeNumbers.DNSKEY);
      const rdatas = (type: number) => own.filter((each) => each.type === type).map(({ rdata }) => rdata);
      const set = { keys: rdatas(typeNumbers.DNSKEY), signatures: rdatas(typeNumbers.RRSIG) };
      const told = await rootKeys.saw(set);
      assert.deepEqual(told.anchors, rootAnchors);
      assert.ok(told.dueMs > 0, "and the next set is not looked at for a while");
      assert.deepEqual((await rootKeys.current({})).anchors, rootAnchors);
    });
    await t.step("of outgoing mail, nothing but what a lease of its own is for", async () => {
      const queue = client<Queue>(one, "queue", queueMethods);
      for (const lease of ["", "1", "0".repeat(32)]) {
        await assert.rejects(Array.fromAsync(queue.content({ lease })), refuses("noCapability"));
        await assert.rejects(queue.giveBack({ lease }), refuses("noCapability"));
      }
    });
    await t.step("and no administration, with an account's capability neither", async () => {
      for (const capability of [null, "", "A".repeat(43), await one.signIn()]) {
        const admin = client<QueueAdmin>(one, "queueAdmin", queueAdminMethods, capability);
        await assert.rejects(admin.holdRules({}), refuses("noCapability"));
      }
    });
    await t.step("bytes that are no message end the connection, and the store serves on", async () => {
      for (
        const bytes of [
          utf8("GET / HTTP/1.1\r\n\r\n"),
          new Uint8Array(64).fill(255),
          crypto.getRandomValues(new Uint8Array(4096)),
        ]
      ) {
        await new Promise<void>((resolve) => {
          const raw = net.connect(socket, () => raw.end(bytes));
          raw.on("error", () => {});
          raw.on("close", () => resolve());
          raw.resume();
        });
      }
      assert.deepEqual(
        await client<Deliver>(one, "deliver", deliverMethods).resolve({
          address: { local: "you", domain: "localhost" },
        }),
        { kind: "local" },
      );
    });
  } finally {
    one.close();
    two.close();
    await Promise.all([one.ended, two.ended]);
    await server.stop();
    await removeFolder(server.folder);
  }
});
