import assert from "node:assert/strict";
import { FakeClock, settle } from "../../../tests/support/fake_clock.ts";
import { createLog } from "../../base/log.ts";
import { Metrics } from "../../base/metrics.ts";
import { txt, type Zone, ZoneResolver } from "../../dns/testing/zone_resolver.ts";
import type { Fetched, FetchFailure } from "../../mtasts/life.ts";
import { refreshRetryMs, retryMs, unusedMs } from "../../mtasts/life.ts";
import type { Policy } from "../../mtasts/policy.ts";
import type { Resolver } from "../../dns/resolver.ts";
import {
  askMs,
  KeptStsPolicies,
  maxAsked,
  maxLineMs,
  maxRefreshed,
  maxTickMs,
  maxWaiting,
} from "./sts_policies.ts";
import { MemoryPolicyStore, TableFetcher, testPolicy } from "./testing/memory_policies.ts";

const hour = 3600_000;
const day = 24 * hour;

/** Policies over a table of records and a table of policy files. */
async function open(
  zone: Zone,
  files: Record<string, Policy | FetchFailure | Promise<Fetched>>,
  { store = new MemoryPolicyStore(), clock = new FakeClock(), resolver }: {
    store?: MemoryPolicyStore;
    clock?: FakeClock;
    resolver?: Resolver;
  } = {},
) {
  const table = new ZoneResolver(zone);
  const fetcher = new TableFetcher(files);
  const told: string[] = [];
  const log = createLog({ level: "info", format: "json" }, () => 0, (level, line) => {
    const { message, domain, why } = JSON.parse(line);
    told.push(`${level} ${message}: ${domain}: ${why}`);
  });
  const metrics = new Metrics();
  const policies = await KeptStsPolicies.open({
    resolver: resolver ?? table,
    fetcher,
    store,
    clock,
    log,
    metrics,
  });
  return { policies, store, clock, fetcher, told, metrics, resolver: table, files };
}

const record = (domain: string, id: string): Zone => ({
  [`_mta-sts.${domain}`]: { records: { TXT: txt(`v=STSv1; id=${id}`) } },
});
const silent = (domain: string): Zone => ({ [`_mta-sts.${domain}`]: { failures: { "*": "timeout" } } });

Deno.test("a domain without a record has no policy, and that is sure", async () => {
  const { policies, fetcher, store, metrics } = await open({}, {});
  const found = await policies.policyOf("example.org");
  assert.deepEqual([found.policy, found.isConfirmed, found.isUncertain], [null, true, false]);
  assert.deepEqual([fetcher.asked, store.writes], [[], []]);
  assert.match(metrics.text(), /mailden_mtasts_lookups_total\{result="none"\} 1\n/);
  await policies.close();
});

Deno.test("a policy is fetched once, kept, and survives a restart without its record", async () => {
  const first = await open(record("example.org", "1"), { "example.org": testPolicy() });
  const found = await first.policies.policyOf("example.org");
  assert.deepEqual([found.policy, found.isConfirmed, found.report], [testPolicy(), true, null]);
  await first.policies.policyOf("example.org");
  assert.deepEqual(first.fetcher.asked, ["example.org"]);
  assert.match(first.metrics.text(), /mailden_mtasts_policies 1\n/);
  await first.policies.close();
  const clock = new FakeClock(first.clock.now() + hour);
  const next = await open(silent("example.org"), {}, { store: first.store, clock });
  const again = await next.policies.policyOf("example.org");
  assert.deepEqual([again.policy, again.isConfirmed, again.isUncertain], [testPolicy(), false, false]);
  assert.deepEqual(next.fetcher.asked, []);
  await next.policies.close();
});

Deno.test("another id brings another policy, and the store has it", async () => {
  const files = { "example.org": testPolicy() };
  const first = await open(record("example.org", "1"), files);
  await first.policies.policyOf("example.org");
  await first.policies.close();
  files["example.org"] = testPolicy("testing");
  const next = await open(record("example.org", "2"), files, { store: first.store });
  assert.equal((await next.policies.policyOf("example.org")).policy?.mode, "testing");
  await next.policies.close();
  assert.match(first.store.texts.get("example.org") ?? "", /"mode":"testing".*"id":"2"/);
});

Deno.test("a fetch that fails is reported, remembered for some minutes, and then tried again", async () => {
  const { policies, fetcher, clock, told, store } = await open(record("example.org", "1"), {
    "example.org": "certificate",
  });
  const found = await policies.policyOf("example.org");
  assert.deepEqual([found.policy, found.isConfirmed, found.report], [null, true, "sts-webpki-invalid"]);
  await policies.policyOf("example.org");
  assert.equal(fetcher.asked.length, 1);
  await clock.advance(retryMs);
  await policies.policyOf("example.org");
  assert.equal(fetcher.asked.length, 2);
  assert.equal(told.length, 2);
  assert.match(told[0] ?? "", /^info no mta-sts policy could be fetched: example\.org: .*it is certificate/);
  assert.deepEqual(store.writes, []);
  await policies.close();
});

Deno.test("a DNS that does not answer leaves it open where nothing is kept", async () => {
  const { policies, metrics } = await open(silent("example.org"), {});
  const found = await policies.policyOf("example.org");
  assert.deepEqual([found.policy, found.isConfirmed, found.isUncertain], [null, false, true]);
  assert.match(metrics.text(), /mailden_mtasts_lookups_total\{result="uncertain"\} 1\n/);
  await policies.close();
});

Deno.test("equal questions are asked once; who gives up leaves the others alone", async () => {
  const { promise, resolve } = Promise.withResolvers<Fetched>();
  const { policies, fetcher, resolver } = await open(record("example.org", "1"), { "example.org": promise });
  const abort = new AbortController();
  const all = Array.from({ length: 5 }, () => policies.policyOf("example.org"));
  const gone = assert.rejects(policies.policyOf("example.org", abort.signal), { name: "AbortError" });
  await settle();
  abort.abort();
  await gone;
  resolve({ ok: true, policy: testPolicy() });
  for (const found of await Promise.all(all)) assert.equal(found.policy?.mode, "enforce");
  assert.deepEqual([fetcher.asked.length, resolver.asked.length], [1, 1]);
  await assert.rejects(policies.policyOf("example.org", AbortSignal.abort()), { name: "AbortError" });
  await policies.close();
});

Deno.test("a host that does not answer is waited for a minute, and then there is no policy", async () => {
  const never = new Promise<Fetched>(() => {});
  const { policies, clock } = await open(record("example.org", "1"), { "example.org": never });
  const asking = policies.policyOf("example.org");
  await clock.advance(askMs);
  const found = await asking;
  assert.deepEqual([found.policy, found.isConfirmed, found.report], [null, true, "sts-policy-fetch-error"]);
  assert.match(found.why, /no answer within 60 s/);
  assert.equal((await policies.policyOf("example.org")).isConfirmed, true); // And not asked again at once.
  await policies.close();
});

Deno.test("only so many domains are asked for at once, and so many wait", async () => {
  const never = new Promise<Fetched>(() => {});
  const domains = Array.from({ length: maxAsked + maxWaiting + 1 }, (_, i) => `d${i}.example`);
  const zone = Object.assign({}, ...domains.map((domain) => record(domain, "1")));
  const { policies, fetcher, clock } = await open(
    zone,
    Object.fromEntries(domains.map((one) => [one, never])),
  );
  const all = domains.map((domain) => policies.policyOf(domain));
  const last = await all.at(-1); // There is no room for it, and it is told so at once.
  assert.deepEqual([last?.isUncertain, last?.isConfirmed], [true, false]);
  await settle();
  assert.equal(fetcher.asked.length, maxAsked);
  await clock.advance(maxLineMs);
  assert.ok((await Promise.all(all.slice(maxAsked))).every((one) => one.isUncertain));
  await clock.advance(askMs);
  assert.ok((await Promise.all(all.slice(0, maxAsked))).every((one) => one.isConfirmed));
  await policies.close();
});

Deno.test("policies are refreshed before they are over, without mail and without their record", async () => {
  const files: Record<string, Policy | FetchFailure> = { "example.org": testPolicy() };
  const first = await open(record("example.org", "1"), files);
  await first.policies.policyOf("example.org");
  await first.policies.close();
  const clock = new FakeClock(first.clock.now());
  const next = await open({}, files, { store: first.store, clock });
  await clock.advance(day - 1);
  assert.deepEqual(next.fetcher.asked, []);
  files["example.org"] = testPolicy("testing");
  await clock.advance(maxTickMs + 1);
  assert.deepEqual(next.fetcher.asked, ["example.org"]);
  const { policy } = await next.policies.policyOf("example.org");
  assert.equal(policy?.mode, "testing");
  assert.deepEqual(next.told, []);
  await next.policies.close();
  assert.equal(clock.pending, 0);
});

Deno.test("a refresh that fails is told in the log, every hour, while the policy goes on", async () => {
  const files: Record<string, Policy | FetchFailure> = { "example.org": testPolicy() };
  const { policies, clock, told } = await open(record("example.org", "1"), files);
  await policies.policyOf("example.org");
  files["example.org"] = "status";
  await clock.advance(day + 3 * (refreshRetryMs + maxTickMs));
  assert.ok(told.length >= 3 && told.length <= 7, `${told.length}`);
  for (const line of told) {
    assert.match(line, /^warn an mta-sts policy could not be refreshed: example\.org: .* ends in /);
  }
  assert.equal((await policies.policyOf("example.org")).policy?.mode, "enforce");
  await policies.close();
});

Deno.test("a policy of a domain that gets no mail is let go; one that holds for minutes is not refreshed", async () => {
  const files = {
    "unused.example": testPolicy("enforce", 31_557_600),
    "brief.example": testPolicy("enforce", 600),
  };
  const { policies, clock, fetcher, metrics } = await open(
    { ...record("unused.example", "1"), ...record("brief.example", "1") },
    files,
  );
  await policies.policyOf("brief.example");
  await policies.policyOf("unused.example");
  fetcher.asked.length = 0;
  await clock.advance(2 * hour);
  assert.deepEqual(fetcher.asked, []);
  assert.match(metrics.text(), /mailden_mtasts_policies 1\n/);
  clock.jump(unusedMs);
  await clock.advance(3 * day);
  assert.deepEqual(fetcher.asked, []);
  await policies.close();
});

Deno.test("few policies are refreshed at once", async () => {
  const never = new Promise<Fetched>(() => {});
  const domains = Array.from({ length: 10 }, (_, i) => `d${i}.example`);
  const zone = Object.assign({}, ...domains.map((domain) => record(domain, "1")));
  const files: Record<string, Policy | Promise<Fetched>> = {};
  for (const domain of domains) files[domain] = testPolicy();
  const { policies, clock, fetcher } = await open(zone, files);
  for (const domain of domains) await policies.policyOf(domain);
  fetcher.asked.length = 0;
  for (const domain of domains) files[domain] = never;
  await clock.advance(day + 1);
  assert.equal(fetcher.asked.length, maxRefreshed);
  await policies.close();
});

Deno.test("closing ends what is under way, and takes nothing of it for the domain's fault", async () => {
  const never = new Promise<Fetched>(() => {});
  const files: Record<string, Policy | Promise<Fetched>> = { "example.org": testPolicy() };
  const { policies, clock, store, told } = await open(record("example.org", "1"), files);
  await policies.policyOf("example.org");
  files["example.org"] = never;
  await clock.advance(day + 1); // A refresh is under way.
  const asking = policies.policyOf("example.org");
  await policies.close();
  assert.equal((await asking).policy?.mode, "enforce");
  assert.equal((await policies.policyOf("example.org")).policy?.mode, "enforce");
  assert.doesNotMatch(store.texts.get("example.org") ?? "", /given up/);
  assert.deepEqual(told, []);
  assert.equal(clock.pending, 0);
});

Deno.test("our own faults are told, and taken for uncertainty", async () => {
  const resolver: Resolver = { lookup: () => Promise.reject(new Error("a bug")) };
  const { policies, told } = await open({}, {}, { resolver });
  const found = await policies.policyOf("example.org");
  assert.deepEqual([found.policy, found.isUncertain], [null, true]);
  assert.match(told[0] ?? "", /^error mta-sts failed/);
  await policies.close();
});
