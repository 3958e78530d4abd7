import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { silentLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { txt, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { printEntry } from "../queue/runner/sts_kept.ts";
import type { DayResults } from "../tlsrpt/results.ts";
import { KvTexts, openFrontKv } from "./front_kv.ts";
import { openFrontTls } from "./front_tls.ts";

Deno.test("a policy of before is followed, strangers' inside is not called, and notes reach the store", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mailden-front-" });
  const clock = new FakeClock();
  const policy = { mode: "enforce", mx: ["mx.example.org"], maxAgeSeconds: 86_400, extensions: [] } as const;
  const remembered = { policy, id: "1", fetchedAt: clock.now(), failed: null };
  const kv = await openFrontKv(folder, silentLog);
  await new KvTexts(kv, "mtasts").write([
    ["example.org", printEntry({ remembered, usedAt: clock.now() })],
  ]);
  kv.close();
  const noted: DayResults[] = [];
  const resolver = new ZoneResolver({
    "_mta-sts.inside.example": { records: { TXT: txt("v=STSv1; id=1") } },
    "mta-sts.inside.example": { records: { A: [{ address: "127.0.0.1" }] } },
  });
  const front = await openFrontTls({
    folder,
    queue: { noteTls: ({ results }) => Promise.resolve(void noted.push(...results)) },
    resolver,
    clock,
    log: silentLog,
    metrics: new Metrics(),
  });
  assert.deepEqual((await front.policies.policyOf("example.org")).policy, policy);
  const inside = await front.policies.policyOf("inside.example");
  assert.equal(inside.report, "sts-policy-fetch-error");
  assert.match(inside.why, /mta-sts\.inside\.example is at 127\.0\.0\.1, an address of this machine/);
  front.notes.note("example.org", {
    policy: { type: "no-policy-found", text: [], domain: "example.org", mxHosts: [] },
    failures: [],
  });
  await front.close();
  assert.deepEqual(noted.map(({ domain }) => domain), ["example.org"]);
  assert.equal(clock.pending, 0);
  await Deno.remove(folder, { recursive: true });
});
