/**
 * 20,000 messages to 200 domains, out of a queue in memory, to a sink on this machine that answers at once. Run by hand:
 * `deno run -A src/queue/runner/runner_bench.ts [messages] [domains] [connections]`. The sink works in the same process,
 * so its time is measured apart: a bare client that knows every answer sends the same to it, over as many connections.
 *
 * @module
 */
import { connect } from "node:net";
import { argv, cpuUsage, memoryUsage } from "node:process";
import { latin1 } from "../../base/bytes.ts";
import { silentLog } from "../../base/log.ts";
import { Metrics } from "../../base/metrics.ts";
import type { Zone } from "../../dns/testing/zone_resolver.ts";
import { ZoneResolver } from "../../dns/testing/zone_resolver.ts";
import { dial } from "../../net/client.ts";
import { connectionIds } from "../../net/connection_id.ts";
import { systemClock } from "../../net/system_clock.ts";
import { directTransport } from "../transport.ts";
import { startRunner } from "./runner.ts";
import { usualSettings } from "./settings.ts";
import { MemoryQueue, queued } from "./testing/memory_queue.ts";
import { startSink } from "./testing/sink.ts";
import { hostAt, mxOf, noPolicy } from "./testing/stage.ts";

const [messages = 20_000, domains = 200, connections = 50] = argv.slice(2).map(Number);
const body = `Subject: hello\r\n\r\n${`${"A".repeat(76)}\r\n`.repeat(52)}`; // 4 KB

const sink = await startSink();
const { port } = sink;

/** Milliseconds of the wall and of the processor. */
async function timed(run: () => Promise<void>): Promise<{ wall: number; cpu: number }> {
  const before = cpuUsage();
  const began = performance.now();
  await run();
  const { user, system } = cpuUsage(before);
  return { wall: performance.now() - began, cpu: (user + system) / 1000 };
}

/** Everything is written at once and nothing is read but its length. */
async function bare(): Promise<void> {
  const group = latin1("MAIL FROM:<sender@example.org>\r\nRCPT TO:<r@d0.test>\r\nDATA\r\n");
  const content = latin1(`${body}.\r\n`);
  let left = messages;
  await Promise.all(Array.from({ length: connections }, () =>
    new Promise<void>((resolve) => {
      const socket = connect({ host: "127.0.0.1", port, noDelay: true });
      let step = 0;
      socket.on("data", () => {
        if (step === 0) {
          step = 1;
          return void socket.write("EHLO x\r\n");
        }
        if (step === 1) {
          if (left-- <= 0) {
            step = 3;
            return void socket.write("QUIT\r\n");
          }
          step = 2;
          return void socket.write(group);
        }
        if (step === 3) {
          socket.end();
          return resolve();
        }
        step = 1;
        socket.write(content);
      });
    })));
}

const zone: Zone = Object.fromEntries(
  Array.from({ length: domains }, (_, i) => [
    [`d${i}.test`, mxOf([`mx.d${i}.test`])] as const,
    [`mx.d${i}.test`, hostAt(["127.0.0.1"])] as const,
  ]).flat(),
);

async function ours(): Promise<void> {
  const queue = new MemoryQueue(systemClock);
  const all = Array.from({ length: messages }, (_, i) => queued([`r${i}@d${i % domains}.test`], { body }));
  queue.add(...all);
  const runner = startRunner({
    queue,
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
      port,
      allowPrivate: true,
      maxConnections: connections,
    },
  });
  await queue.reported(messages);
  await runner.close(1000);
}

const before = await timed(bare);
const run = await timed(ours);
const rss = Math.round(memoryUsage().rss / 2 ** 20);
const line = (what: string, { wall, cpu }: { wall: number; cpu: number }) =>
  `${what}: ${Math.round(messages / wall * 1000)} messages/s, ${
    Math.round(cpu * 1000 / messages)
  } us of CPU each\n`;
Deno.stdout.writeSync(
  new TextEncoder().encode(
    `${messages} messages, ${domains} domains, ${connections} connections, ${rss} MB\n` +
      line("sink with a bare client", before) + line("sink with the runner", run) +
      `ratio ${(run.wall / before.wall).toFixed(2)}\n`,
  ),
);
sink.close();
