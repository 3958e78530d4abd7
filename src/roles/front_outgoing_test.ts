import assert from "node:assert/strict";
import { silentLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { readConfig } from "../config/load.ts";
import { checkStatic, type StaticConfig, staticSchema } from "../config/static_config.ts";
import { ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { connectionIds } from "../net/connection_id.ts";
import { systemClock } from "../net/system_clock.ts";
import { type Queue, queueMethods } from "../queue/queue.ts";
import { FakeMx } from "../queue/runner/testing/fake_mx.ts";
import { MemoryQueue, queued } from "../queue/runner/testing/memory_queue.ts";
import { hostAt, mxOf, noPolicy } from "../queue/runner/testing/stage.ts";
import { directTransport } from "../queue/transport.ts";
import { offer } from "../rpc/callee.ts";
import type { Carrier } from "../rpc/carrier.ts";
import { connect, type Connection } from "../rpc/connection.ts";
import { PortCarrier } from "../rpc/port_carrier.ts";
import { sourceAddresses, startOutgoing } from "./front_outgoing.ts";
import { StoreLink } from "./store_link.ts";

/** A configuration whose listeners take mail at these addresses. */
function configured(...addresses: string[]): StaticConfig {
  const content = `
hostname = "b\u00fccher.example"
[listeners.public]
addresses = ${JSON.stringify(addresses)}
[listeners.public.smtp]
[listeners.others]
addresses = ["203.0.113.9"]
[listeners.others.http]
`;
  return readConfig(content, "mailden.toml", staticSchema, checkStatic);
}

Deno.test("mail comes from where mail is taken, if that is told by number and not of this machine alone", () => {
  const addresses = ["192.0.2.1", "2001:db8::1", "0.0.0.0", "::", "127.0.0.1", "::1"];
  assert.deepEqual(sourceAddresses(configured(...addresses)), ["192.0.2.1", "2001:db8::1"]);
  assert.deepEqual(sourceAddresses(configured("0.0.0.0")), []);
});

/** The store's side: a queue that can be reached again after it was lost. */
function storeOf(queue: MemoryQueue) {
  const connections: Connection[] = [];
  const dial = (): Promise<Carrier> => {
    const { port1, port2 } = new MessageChannel();
    connections.push(connect(new PortCarrier(port2), {
      clock: systemClock,
      log: silentLog,
      offers: { queue: offer<Queue>(queueMethods, queue) },
      onClose: () => {
        port2.close();
        queue.break();
      },
    }));
    return Promise.resolve(new PortCarrier(port1));
  };
  return { dial, connections };
}

Deno.test("the front sends what the store has, also after the store was lost", async () => {
  const mx = await FakeMx.start();
  const queue = new MemoryQueue(systemClock);
  const { dial, connections } = storeOf(queue);
  const link = new StoreLink({ dial, clock: systemClock, log: silentLog });
  await link.ready();
  const runner = startOutgoing(
    {
      boot: { config: configured("0.0.0.0") },
      store: link,
      clock: systemClock,
      log: silentLog,
      metrics: new Metrics(),
    },
    {
      resolver: new ZoneResolver({ "example.net": mxOf(["mx.test"]), "mx.test": hostAt(["127.0.0.1"]) }),
      policies: { policyOf: () => Promise.resolve(noPolicy) },
      tlsNotes: { note: () => {} },
      transportFor: () => directTransport,
      deliverLocally: () => Promise.resolve([]),
      newId: connectionIds(1),
      settings: { port: mx.port, allowPrivate: true, listenAgainMs: 10 },
    },
  );
  const body = `Subject: large\r\n\r\n${"x".repeat(70)}\r\n`.repeat(20_000);
  queue.add(queued(["a@example.net"], { body }));
  await queue.reported(1);
  connections[0]?.close();
  queue.add(queued(["b@example.net"]));
  const reports = await queue.reported(2);
  assert.deepEqual(reports.map(({ report }) => report.results[0]?.outcome), ["delivered", "delivered"]);
  assert.deepEqual(mx.taken.map(({ to }) => to), [["a@example.net"], ["b@example.net"]]);
  assert.equal(mx.taken[0]?.body, body);
  assert.equal(mx.heard[0], "EHLO xn--bcher-kva.example");
  await runner.close(1000);
  await link.close();
  await Promise.all(connections.map((connection) => connection.ended));
  await mx.close();
});
