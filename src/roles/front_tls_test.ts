import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { utf8 } from "../base/bytes.ts";
import { silentLog } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { txt, ZoneResolver } from "../dns/testing/zone_resolver.ts";
import { systemClock } from "../net/system_clock.ts";
import { listenLocally, readUntil, testCertificate } from "../net/testing/loopback.ts";
import { printEntry } from "../queue/runner/sts_kept.ts";
import type { DayResults } from "../tlsrpt/results.ts";
import { Certificates } from "../tls/certificates.ts";
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

Deno.test("a policy that was fetched outlives the front, its host and its record", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mailden-front-" });
  const certificate = testCertificate("mta-sts.example.org");
  const text = "version: STSv1\nmode: enforce\nmx: *.example.org\nmax_age: 86400\n";
  let asked = 0;
  const host = await listenLocally({
    implicitTls: true,
    tls: { certificates: new Certificates([certificate]) },
    handler: async (transport) => {
      asked++;
      await readUntil(transport, "\r\n\r\n");
      const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}`;
      await transport.write(utf8(`${head}\r\n\r\n${text}`));
    },
  });
  const queue = { noteTls: () => Promise.resolve() };
  const loopback = { policyPort: host.port, trusted: [certificate.chainPem] };
  const shared = { folder, queue, clock: systemClock, log: silentLog, loopback };
  const resolver = new ZoneResolver({
    "_mta-sts.example.org": { records: { TXT: txt("v=STSv1; id=1") } },
    "mta-sts.example.org": { records: { A: [{ address: "127.0.0.1" }] } },
  });
  const first = await openFrontTls({ ...shared, resolver, metrics: new Metrics() });
  assert.deepEqual((await first.policies.policyOf("example.org")).policy?.mx, ["*.example.org"]);
  await first.close();
  await host.close(1000);
  const next = await openFrontTls({ ...shared, resolver: new ZoneResolver({}), metrics: new Metrics() });
  const found = await next.policies.policyOf("example.org");
  assert.deepEqual([found.policy?.mode, found.isConfirmed], ["enforce", true]);
  await next.close();
  assert.equal(asked, 1);
  await Deno.remove(folder, { recursive: true });
});
