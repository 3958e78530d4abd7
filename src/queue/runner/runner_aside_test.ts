/**
 * Hosts that are dead, or slow to greet, and take the mail of many domains, and name servers that do not answer: nobody
 * else waits for them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { settle } from "../../../tests/support/fake_clock.ts";
import type { Zone } from "../../dns/testing/zone_resolver.ts";
import { quickMs } from "./job_run.ts";
import { maxAside } from "./runner.ts";
import { usualSettings } from "./settings.ts";
import type { Queued } from "./testing/memory_queue.ts";
import { queued } from "./testing/memory_queue.ts";
import { hostAt, mxOf, onStage, until, usualZone } from "./testing/stage.ts";

/** Messages for so many domains of one host. */
function shared(count: number): Queued[] {
  return Array.from({ length: count }, (_, i) => queued([`x@d${i}.test`]));
}

function zoneOf(count: number): Zone {
  return {
    ...usualZone,
    ...Object.fromEntries(Array.from({ length: count }, (_, i) => [`d${i}.test`, mxOf(["mx.shared.test"])])),
    "mx.shared.test": hostAt(["192.0.2.66"]),
  };
}

Deno.test("a dead host of many domains delays no other, and is dialled once", async () => {
  await onStage({ zone: zoneOf(20), settings: { maxConnections: 5 } }, async (stage) => {
    const mx = await stage.mx();
    stage.silent("192.0.2.66");
    stage.queue.add(...shared(20), queued(["a@example.net"]));
    void stage.runner;
    await until(() => mx.taken.length === 1); // No time has passed.
    await stage.clock.advance(stage.dialMs);
    await stage.queue.reported(21);
    assert.deepEqual(stage.dialled.filter((address) => address === "192.0.2.66").length, 1);
    for (const { job, report } of stage.queue.reports) {
      const delivered = job.domain === "example.net";
      assert.equal(report.results[0]?.outcome, delivered ? "delivered" : "temporary");
    }
  });
});

Deno.test("a host that is slow to greet is then used by all, and never by more than may be", async () => {
  const greeted = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<void>();
  let now = 0;
  let most = 0;
  await onStage({ zone: zoneOf(20), settings: { maxConnections: 5 } }, async (stage) => {
    const mx = await stage.mx({
      answer: async (step) => {
        if (step === "CONNECT") await greeted.promise;
        if (step !== "END") return null;
        most = Math.max(most, ++now);
        await taken.promise;
        now--;
        return null;
      },
    }, "192.0.2.66");
    const good = await stage.mx();
    const sent = stage.send(...shared(20), queued(["a@example.net"]));
    await until(() => good.taken.length === 1);
    assert.equal(mx.connections, 1);
    greeted.resolve();
    await until(() => mx.count("END") === 5);
    for (let i = 0; i < 50; i++) await settle();
    taken.resolve();
    const reports = await sent;
    assert.ok(reports.every(({ report }) => report.results[0]?.outcome === "delivered"));
    assert.equal(mx.taken.length, 20);
    assert.equal(most, 5);
  });
});

Deno.test("domains whose name servers do not answer delay no other", async () => {
  for (const isHost of [false, true]) {
    await onStage({ zone: zoneOf(20), settings: { maxConnections: 5 } }, async (stage) => {
      const mx = await stage.mx();
      if (isHost) stage.unanswered.add("mx.shared.test.");
      else for (let i = 0; i < 20; i++) stage.unanswered.add(`d${i}.test.`);
      stage.queue.add(...shared(20), queued(["a@example.net"]));
      void stage.runner;
      for (let i = 0; i < 50; i++) await settle();
      for (let ms = 0; ms < 5 * quickMs && mx.taken.length === 0; ms += quickMs) {
        await stage.clock.advance(quickMs);
        for (let i = 0; i < 50; i++) await settle();
      }
      assert.equal(mx.taken.length, 1);
      await stage.clock.advance(usualSettings.lookupMs);
      await stage.queue.reported(21);
      const failed = stage.queue.reports.filter(({ job }) => job.domain !== "example.net");
      assert.ok(failed.every(({ report }) => /no name server answered/.test(report.results[0]?.text ?? "")));
    });
  }
});

Deno.test("so many lanes wait for a host, and no more", async () => {
  const count = maxAside + 10;
  await onStage({ zone: zoneOf(count), settings: { maxConnections: 2 } }, async (stage) => {
    stage.silent("192.0.2.66");
    stage.queue.add(...shared(count));
    void stage.runner;
    await until(() => stage.queue.leases.size === maxAside + 2);
    for (let i = 0; i < 50; i++) await settle();
    assert.equal(stage.queue.leases.size, maxAside + 2);
    await stage.clock.advance(stage.dialMs);
    await stage.queue.reported(count);
    assert.equal(stage.dialled.length, 1);
  });
});

Deno.test("closing, and a lost store, end who waits; what was not tried is given back", async () => {
  for (const isLost of [false, true]) {
    await onStage({ zone: zoneOf(6), settings: { maxConnections: 2 } }, async (stage) => {
      stage.silent("192.0.2.66");
      stage.queue.add(...shared(6));
      const runner = stage.runner;
      await until(() => stage.queue.leases.size === 6);
      if (isLost) {
        stage.queue.break();
        for (let i = 0; i < 20; i++) await settle();
        await runner.close(1000);
        return;
      }
      const closed = runner.close(1000);
      await stage.clock.advance(1100);
      await closed;
      assert.equal(stage.queue.leases.size, 0);
      assert.equal(stage.queue.givenBack.length, 5);
      assert.equal(stage.queue.waiting, 6);
    });
  }
});
