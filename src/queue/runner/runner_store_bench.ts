/**
 * As `runner_bench.ts`, but out of a real store, over RPC, in the same process: what taking, reading, reporting and keeping
 * cost. Run by hand: `deno run -A src/queue/runner/runner_store_bench.ts [messages] [domains] [connections]`.
 *
 * @module
 */
import { argv, cpuUsage, memoryUsage } from "node:process";
import { silentLog } from "../../base/log.ts";
import { Metrics } from "../../base/metrics.ts";
import { type Zone, ZoneResolver } from "../../dns/testing/zone_resolver.ts";
import { dial } from "../../net/client.ts";
import { connectionIds } from "../../net/connection_id.ts";
import { systemClock } from "../../net/system_clock.ts";
import { offer } from "../../rpc/callee.ts";
import { client } from "../../rpc/client.ts";
import { connect } from "../../rpc/connection.ts";
import { PortCarrier } from "../../rpc/port_carrier.ts";
import { enqueue } from "../../store/testing/queue_sample.ts";
import { tempStore } from "../../store/testing/temp_store.ts";
import { conclude, type ConcludeParts, giveUp } from "../conclude.ts";
import { QueueDesk } from "../queue_desk.ts";
import { type Queue, queueMethods } from "../queue.ts";
import { directTransport } from "../transport.ts";
import { startRunner } from "./runner.ts";
import { usualSettings } from "./settings.ts";
import { startSink } from "./testing/sink.ts";
import { hostAt, mxOf, noPolicy } from "./testing/stage.ts";

const [messages = 20_000, domains = 200, connections = 50] = argv.slice(2).map(Number);

/** Messages that are put into the queue at a time. */
const batch = 500;

const temp = tempStore();
const { store } = temp;
for (let at = 0; at < messages; at += batch) {
  const some = Array.from({ length: Math.min(batch, messages - at) }, (_, i) => at + i);
  await Promise.all(
    some.map((i) => enqueue(store, [`r${i}@d${i % domains}.test`], { message_id: `${i}@example.org` })),
  );
}

const parts: ConcludeParts = {
  store,
  compose: () => null,
  keepRetiredMs: () => 3600_000,
  postmaster: null,
  hasAccount: () => true,
};
const desk = new QueueDesk({
  store,
  conclude: (rows, report) => conclude(parts, rows, report),
  giveUp: (endings) => giveUp(parts, endings),
  random: Math.random,
  freshPrefix: ({ prefix }) => prefix,
  leaseKey: new Uint8Array(32),
});
const { port1, port2 } = new MessageChannel();
const back = connect(new PortCarrier(port2), {
  clock: systemClock,
  log: silentLog,
  offers: { queue: offer<Queue>(queueMethods, desk.forConnection()) },
  onClose: () => port2.close(),
});
const front = connect(new PortCarrier(port1), { clock: systemClock, log: silentLog });

const zone: Zone = Object.fromEntries(
  Array.from({ length: domains }, (_, i) => [
    [`d${i}.test`, mxOf([`mx.d${i}.test`])] as const,
    [`mx.d${i}.test`, hostAt(["127.0.0.1"])] as const,
  ]).flat(),
);
const all = Promise.withResolvers<void>();
const sink = await startSink((taken) => {
  if (taken === messages) all.resolve();
});
const cpu = cpuUsage();
const began = performance.now();
const runner = startRunner({
  queue: client<Queue>(front, "queue", queueMethods),
  resolver: new ZoneResolver(zone),
  policies: { policyOf: () => Promise.resolve(noPolicy) },
  tlsNotes: { note: () => {} },
  transportFor: () => directTransport,
  deliverLocally: () => Promise.resolve([]),
  clock: systemClock,
  log: silentLog,
  metrics: new Metrics(),
  random: Math.random,
  newId: connectionIds(1),
  dial,
  settings: {
    ...usualSettings,
    hostname: "client.example",
    port: sink.port,
    allowPrivate: true,
    maxConnections: connections,
  },
});
await all.promise;
const wall = performance.now() - began;
const { user, system } = cpuUsage(cpu);
Deno.stdout.writeSync(
  new TextEncoder().encode(
    `${messages} messages, ${domains} domains, ${connections} connections: ` +
      `${Math.round(messages / wall * 1000)} messages/s, ${
        Math.round((user + system) / messages)
      } us of CPU each, ` +
      `${sink.connections()} connections made, ${Math.round(memoryUsage().rss / 2 ** 20)} MB\n`,
  ),
);
await runner.close(1000);
front.close();
await back.ended;
desk.close();
await temp.close();
sink.close();
