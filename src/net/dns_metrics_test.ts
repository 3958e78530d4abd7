import assert from "node:assert/strict";
import { record, soa, startDnsServer } from "../../tests/support/dns_server.ts";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { Metrics } from "../base/metrics.ts";
import { silentLog } from "../base/log.ts";
import { rcodes } from "../dns/message.ts";
import { slotMs } from "./deadlines.ts";
import { DnsMetrics } from "./dns_metrics.ts";
import { makeResolver } from "./resolver.ts";
import { systemClock } from "./system_clock.ts";

/** The series that are not 0. */
const counted = (metrics: Metrics) =>
  metrics.text().split("\n").filter((line) => /^mailden_dns.* [^0]/.test(line)).toSorted();

Deno.test("questions, lookups and kept answers are counted, by what came of them", async () => {
  const clock = new FakeClock();
  const silent = Promise.withResolvers<void>();
  const server = await startDnsServer(({ name }, { over }) => {
    if (name === "silent.example.") {
      silent.resolve();
      return "drop";
    }
    if (name === "long.example." && over === "udp") return "truncate";
    if (name === "none.example.") return { rcode: rcodes.nxDomain, authorities: [soa("example.")] };
    return {
      answers: [record(name, "A", { address: "192.0.2.1" })],
      authenticData: name === "signed.example.",
    };
  });
  const metrics = new Metrics();
  const resolver = makeResolver({
    servers: [{ address: server.address, port: server.port, trusted: true }],
    mode: "trust-ad",
    clock,
    log: silentLog,
    tryMs: 50,
    tries: 1,
    metrics: new DnsMetrics(metrics),
  });
  assert.deepEqual(counted(metrics), []);
  for (const name of ["a", "a", "A", "signed", "none", "long", "silent"]) {
    const lookup = resolver.lookup(`${name}.example.`, "A");
    if (name === "silent") {
      await silent.promise;
      await clock.advance(50 + slotMs);
    }
    await lookup;
  }
  const given = new AbortController();
  const asked = resolver.lookup("silent.example.", "MX", { signal: given.signal });
  given.abort();
  await asked;
  await resolver.close();
  await server.close();
  assert.deepEqual(counted(metrics), [
    'mailden_dns_cache_total{result="hit"} 2',
    'mailden_dns_cache_total{result="miss"} 6',
    'mailden_dns_lookups_total{status="failed",dnssec="indeterminate"} 2',
    'mailden_dns_lookups_total{status="found",dnssec="insecure"} 2',
    'mailden_dns_lookups_total{status="found",dnssec="secure"} 1',
    'mailden_dns_lookups_total{status="noSuchDomain",dnssec="insecure"} 1',
    'mailden_dns_questions_total{over="tcp",result="answer"} 1',
    'mailden_dns_questions_total{over="udp",result="aborted"} 1',
    'mailden_dns_questions_total{over="udp",result="answer"} 4',
    'mailden_dns_questions_total{over="udp",result="timeout"} 1',
  ]);
});

Deno.test("names make no series of their own", async () => {
  const metrics = new Metrics();
  const server = await startDnsServer(() => ({ rcode: rcodes.refused }));
  const resolver = makeResolver({
    servers: [{ address: server.address, port: server.port, trusted: false }],
    mode: "off",
    clock: systemClock,
    log: silentLog,
    metrics: new DnsMetrics(metrics),
  });
  const series = metrics.text().split("\n").length;
  for (let i = 0; i < 50; i++) await resolver.lookup(`n${i}.example.`, "A");
  await resolver.close();
  await server.close();
  assert.equal(metrics.text().split("\n").length, series);
});
