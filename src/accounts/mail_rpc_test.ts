/**
 * The mail of an account at the other end of an RPC connection does what it does at hand, over both carriers.
 *
 * @module
 */
import assert from "node:assert/strict";
import { silentLog } from "../base/log.ts";
import { Refused } from "../base/errors.ts";
import { offerWith } from "../rpc/callee.ts";
import type { Carrier } from "../rpc/carrier.ts";
import { client } from "../rpc/client.ts";
import { connect } from "../rpc/connection.ts";
import { PortCarrier } from "../rpc/port_carrier.ts";
import { SocketCarrier } from "../rpc/socket_carrier.ts";
import { socketPair } from "../rpc/testing/socket_pair.ts";
import { type Mail, mailMethods } from "./mail.ts";
import { refuses } from "./testing/conformance_support.ts";
import { testMail } from "./testing/mail_conformance.ts";
import { storeUnderTest } from "./testing/store_under_test.ts";

/** No deadline passes in these tests. */
const clock = { now: () => 0, monotonic: () => 0, after: () => ({ cancel() {} }) };

interface Joined {
  readonly near: Carrier;
  readonly far: Carrier;
  dispose(): Promise<void>;
}

const carriers: Readonly<Record<string, () => Promise<Joined>>> = {
  port() {
    const { port1, port2 } = new MessageChannel();
    return Promise.resolve({
      near: new PortCarrier(port1),
      far: new PortCarrier(port2),
      dispose: () => Promise.resolve(),
    });
  },
  async socket() {
    const pair = await socketPair();
    return {
      near: new SocketCarrier(pair.left),
      far: new SocketCarrier(pair.right),
      dispose: () => pair.dispose(),
    };
  },
};

/** A store's mail behind an RPC connection, for who shows the capability `ours`. */
async function remoteMail(join: () => Promise<Joined>) {
  const { mail: atHand, deliver, close } = await storeUnderTest();
  const { near, far, dispose } = await join();
  const open = (capability: string): Mail => {
    if (capability !== "ours") throw new Refused("noCapability", "not ours");
    return atHand;
  };
  const server = connect(far, {
    clock,
    log: silentLog,
    offers: { mail: offerWith<Mail>(mailMethods, open) },
  });
  const connection = connect(near, { clock, log: silentLog });
  return {
    mail: client<Mail>(connection, "mail", mailMethods, "ours"),
    stranger: client<Mail>(connection, "mail", mailMethods, "theirs"),
    deliver,
    async close() {
      connection.close();
      await Promise.all([connection.ended, server.ended]);
      const left = connection.outstanding + server.outstanding;
      await dispose();
      await close();
      assert.equal(left, 0);
    },
  };
}

for (const [name, join] of Object.entries(carriers)) {
  testMail(`StoreMail over a ${name}`, () => remoteMail(join));

  Deno.test(`StoreMail over a ${name}: another capability opens nothing`, async () => {
    const { stranger, close } = await remoteMail(join);
    await refuses("noCapability", stranger.list({}));
    await refuses(
      "noCapability",
      stranger.read({ mailbox: 1, uid: 1, section: whole })[Symbol.asyncIterator]().next(),
    );
    await close();
  });
}

const whole = { part: [], what: "all", offset: 0, length: null } as const;
