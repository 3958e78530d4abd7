/**
 * Many messages: connections that are used again, domains that wait for nobody, hosts that are left in peace; and how it
 * all ends.
 *
 * @module
 */
import assert from "node:assert/strict";
import { settle } from "../../../tests/support/fake_clock.ts";
import { Refused } from "../../base/errors.ts";
import type { Zone } from "../../dns/testing/zone_resolver.ts";
import { lastWordMs } from "./job_run.ts";
import { queued } from "./testing/memory_queue.ts";
import { approvalMs } from "./reuse.ts";
import { hostAt, mxOf, onStage, until, usualZone } from "./testing/stage.ts";

const many = (count: number, domain = "example.net") =>
  Array.from({ length: count }, (_, i) => queued([`r${i}@${domain}`]));

Deno.test("messages for one domain share a connection", async () => {
  await onStage({}, async (stage) => {
    const mx = await stage.mx();
    await stage.send(...many(20));
    assert.equal(mx.connections, 1);
    assert.equal(mx.taken.length, 20);
    // What was looked up for the first holds for the others.
    assert.equal(stage.resolver.asked.filter((one) => one.endsWith(" MX")).length, 1);
  });
});

Deno.test("a connection waits a moment for the next message, then says good-bye", async () => {
  await onStage({ settings: { idleMs: 3000 } }, async (stage) => {
    const mx = await stage.mx();
    await stage.send(...many(1));
    await stage.clock.advance(2000);
    await stage.send(...many(1));
    assert.equal(mx.connections, 1);
    await stage.clock.advance(3100);
    await until(() => mx.count("QUIT") === 1);
    await stage.send(...many(1));
    assert.equal(mx.connections, 2);
  });
});

Deno.test("domains with the same host share its connection, where their policies allow it", async () => {
  const zone: Zone = {
    "a.test": mxOf(["mx.example.net"]),
    "b.test": mxOf(["mx.example.net"]),
    "mx.example.net": hostAt(["192.0.2.1"]),
  };
  await onStage({ zone }, async (stage) => {
    const mx = await stage.mx();
    await stage.send(queued(["x@a.test"]));
    const [second] = await stage.send(queued(["x@b.test"]));
    assert.equal(mx.connections, 1);
    assert.deepEqual(mx.taken.map(({ connection }) => connection), [1, 1]);
    assert.deepEqual(second?.report.dialed, ["192.0.2.1"]);
  });
});

Deno.test("after so many messages a connection is left", async () => {
  await onStage({ settings: { maxPerConnection: 3 } }, async (stage) => {
    const mx = await stage.mx();
    await stage.send(...many(7));
    assert.equal(mx.taken.length, 7);
    assert.deepEqual(mx.taken.map(({ connection }) => connection), [1, 1, 1, 2, 2, 2, 3]);
  });
});

Deno.test("a store that takes its time does not make a lane's end go unnoticed", async () => {
  for (let turns = 1; turns <= 6; turns++) {
    await onStage({ settings: { maxPerConnection: 2 } }, async (stage) => {
      const mx = await stage.mx();
      stage.queue.turns = turns;
      const later = { ...queued(["later@example.net"]), due: stage.clock.now() + 86_400_000 };
      stage.queue.add(later);
      await stage.send(...many(9));
      assert.equal(mx.taken.length, 9);
    });
  }
});

Deno.test("a connection that the host ended is replaced, and nothing is lost", async () => {
  await onStage({}, async (stage) => {
    const mx = await stage.mx();
    await stage.send(...many(1));
    mx.hangUp();
    await settle();
    const [again] = await stage.send(...many(1));
    assert.equal(again?.report.results[0]?.outcome, "delivered");
    assert.equal(mx.connections, 2);
  });
  // It hangs up when it hears of the second message.
  await onStage({}, async (stage) => {
    const mx = await stage.mx({
      answer: (step, _line, times) => step === "MAIL" && times === 2 ? "421 enough" : null,
    });
    const [, second] = await stage.send(...many(2));
    assert.equal(second?.report.results[0]?.outcome, "delivered");
    assert.equal(mx.connections, 2);
  });
});

Deno.test("a refused message does not spoil the connection for the next", async () => {
  await onStage({}, async (stage) => {
    const mx = await stage.mx({
      answer: (step, line) => step === "RCPT" && line.includes("r0@") ? "550 no" : null,
    });
    await stage.send(...many(3));
    assert.equal(mx.connections, 1);
    assert.equal(mx.taken.length, 2);
    assert.ok(mx.count("RSET") >= 1);
  });
});

Deno.test("policies are asked for again after a minute, however busy the connection is", async () => {
  await onStage({}, async (stage) => {
    const mx = await stage.mx();
    const lookups = () => stage.resolver.asked.filter((one) => one.endsWith(" MX")).length;
    for (let ms = 0; ms <= approvalMs; ms += 2000) {
      assert.equal(lookups(), ms === 0 ? 0 : 1);
      await stage.send(...many(1));
      await stage.clock.advance(2000);
    }
    await stage.send(...many(1));
    assert.equal(lookups(), 2);
    assert.equal(mx.connections, 1);
  });
});

Deno.test("one domain has so many connections, and all together so many", async () => {
  let now = 0;
  let most = 0;
  const gate = Promise.withResolvers<void>();
  await onStage({ settings: { maxPerDomain: 3, maxConnections: 4 } }, async (stage) => {
    const mx = await stage.mx({
      answer: async (step) => {
        if (step !== "END") return null;
        most = Math.max(most, ++now);
        await gate.promise;
        now--;
        return null;
      },
    });
    const sent = stage.send(...many(12));
    await until(() => mx.count("END") >= 1);
    for (let i = 0; i < 50; i++) await settle();
    gate.resolve();
    await sent;
    assert.ok(mx.connections <= 3, `${mx.connections}`);
    assert.ok(most <= 3, `${most}`);
  });
  const zone: Zone = Object.fromEntries([
    ...Array.from({ length: 10 }, (_, i) => [`d${i}.test`, mxOf(["mx.example.net"])] as const),
    ["mx.example.net", hostAt(["192.0.2.1"])] as const,
  ]);
  const second = Promise.withResolvers<void>();
  await onStage({ zone, settings: { maxConnections: 4 } }, async (stage) => {
    const mx = await stage.mx({
      answer: async (step) => {
        if (step === "END") await second.promise;
        return null;
      },
    });
    const sent = stage.send(...Array.from({ length: 10 }, (_, i) => queued([`x@d${i}.test`])));
    await until(() => mx.count("END") === 4);
    for (let i = 0; i < 50; i++) await settle();
    assert.equal(mx.count("END"), 4);
    second.resolve();
    await sent;
    assert.equal(mx.taken.length, 10);
  });
});

Deno.test("however long the store takes to hand out work, no more lanes begin than may", async () => {
  const zone: Zone = {
    ...usualZone,
    ...Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`d${i}.test`, mxOf(["mx.example.net"])])),
  };
  for (const turns of [0, 3, 8]) {
    const of = new Map<string, number>();
    const most = { all: 0, domain: 0 };
    const settings = { maxPerDomain: 3, maxConnections: 5, maxPerConnection: 3 };
    await onStage({ zone, settings }, async (stage) => {
      const mx = await stage.mx({
        answer: async (step, line) => {
          const domain = /@(.*)>/.exec(line)?.[1] ?? "";
          if (step !== "RCPT") return null;
          of.set(domain, (of.get(domain) ?? 0) + 1);
          most.all = Math.max(most.all, [...of.values()].reduce((sum, count) => sum + count, 0));
          most.domain = Math.max(most.domain, ...of.values());
          for (let i = 0; i < 7; i++) await settle();
          of.set(domain, (of.get(domain) ?? 0) - 1);
          return null;
        },
      });
      stage.queue.turns = turns;
      await stage.send(...Array.from({ length: 6 }, (_, i) => many(8, `d${i}.test`)).flat());
      await stage.send(...many(12));
      assert.equal(mx.taken.length, 60);
      assert.ok(most.all === 5 && most.domain > 1 && most.domain <= 3, JSON.stringify(most));
    });
  }
});

Deno.test("a dead destination with many messages delays no other, and is dialled once", async () => {
  const zone: Zone = {
    ...usualZone,
    "dead.test": mxOf(["mx.dead.test"]),
    "mx.dead.test": hostAt(["192.0.2.66"]),
  };
  await onStage({ zone, settings: { maxConnections: 3, dialMs: 10_000 } }, async (stage) => {
    const mx = await stage.mx();
    stage.silent("192.0.2.66");
    stage.queue.add(...many(500, "dead.test"));
    const good = many(20);
    stage.queue.add(...good);
    void stage.runner;
    await until(() => mx.taken.length === 20); // While the dead one is still being dialled.
    await stage.clock.advance(10_000);
    await stage.queue.reported(520);
    assert.equal(stage.dialled.filter((address) => address === "192.0.2.66").length, 1);
    const dead = stage.queue.reports.filter(({ job }) => job.domain === "dead.test");
    assert.equal(dead.length, 500);
    assert.ok(dead.every(({ report }) => report.results[0]?.outcome === "temporary"));
    assert.match(dead[499]?.report.results[0]?.text ?? "", /did not answer in time.*not tried again/);
    // After a while it gets its chance again.
    await stage.clock.advance(60_000);
    const before = stage.dialled.length;
    const sent = stage.send(queued(["new@dead.test"]));
    await until(() => stage.dialled.length > before);
    await stage.clock.advance(10_000);
    await sent;
  });
});

Deno.test("a dead host of many domains is not dialled for each of them", async () => {
  const domains = Array.from({ length: 10 }, (_, i) => `d${i}.test`);
  const zone: Zone = Object.fromEntries([
    ...domains.map((domain) => [domain, mxOf(["mx.dead.test"])] as const),
    ["mx.dead.test", hostAt(["192.0.2.66"])] as const,
  ]);
  await onStage({ zone, settings: { maxConnections: 1 } }, async (stage) => {
    await stage.send(...domains.map((domain) => queued([`x@${domain}`])));
    assert.deepEqual(stage.dialled, ["192.0.2.66"]);
  });
});

Deno.test("closing lets a message that is under way end, and gives the others back", async () => {
  const gate = Promise.withResolvers<void>();
  await onStage({}, async (stage) => {
    const mx = await stage.mx({
      answer: async (step) => {
        if (step === "END") await gate.promise;
        return null;
      },
    });
    stage.queue.add(...many(3));
    const runner = stage.runner;
    await until(() => mx.count("END") === 1);
    const closed = runner.close(1000);
    gate.resolve();
    await closed;
    assert.equal(stage.queue.reports.length, 1);
    assert.equal(stage.queue.reports[0]?.report.results[0]?.outcome, "delivered");
    assert.equal(stage.queue.leases.size, 0);
    assert.equal(stage.queue.waiting, 2);
    await until(() => mx.count("QUIT") === 1);
  });
});

Deno.test("closing drops what does not end in time; of that nothing is said, and it is not lost", async () => {
  await onStage({}, async (stage) => {
    const mx = await stage.mx({ answer: (step) => step === "END" ? "hang" : null });
    stage.queue.add(...many(2));
    const runner = stage.runner;
    await until(() => mx.count("END") === 1);
    const closed = runner.close(1000);
    await stage.clock.advance(1100);
    await closed;
    assert.deepEqual(stage.queue.reports.map(({ report }) => report.results), [[]]);
    assert.equal(stage.queue.leases.size, 0);
    assert.equal(stage.queue.waiting, 2);
  });
});

Deno.test("closing while nothing is under way, or a dial hangs, takes no time", async () => {
  await onStage({}, async (stage) => {
    await stage.runner.close(1000);
  });
  await onStage({}, async (stage) => {
    stage.silent("192.0.2.1");
    stage.queue.add(...many(1));
    const runner = stage.runner;
    await until(() => stage.dialled.length === 1);
    const closed = runner.close(1000);
    await stage.clock.advance(1000);
    await closed;
    assert.equal(stage.queue.leases.size, 0);
  });
});

Deno.test("a store that is lost ends everything, and is heard again when it is back", async () => {
  let hanging = true;
  await onStage({ settings: { listenAgainMs: 1000 } }, async (stage) => {
    const mx = await stage.mx({ answer: (step) => step === "END" && hanging ? "hang" : null });
    const [message] = many(1);
    assert.ok(message !== undefined);
    stage.queue.add(message);
    void stage.runner;
    await until(() => mx.count("END") === 1);
    stage.queue.isDown = true;
    stage.queue.break();
    await stage.clock.advance(lastWordMs + 2500); // It is asked again and again.
    assert.equal(stage.queue.reports.length, 0);
    stage.queue.isDown = false;
    hanging = false;
    stage.queue.add(message);
    await stage.clock.advance(1000);
    await stage.queue.reported(1);
    assert.equal(stage.queue.reports[0]?.report.results[0]?.outcome, "delivered");
    assert.equal(mx.connections, 2);
  });
});

Deno.test("what a host says of a message while the store is lost is told when it is back", async () => {
  await onStage({ settings: { listenAgainMs: 1000 } }, async (stage) => {
    const word = Promise.withResolvers<null>();
    const mx = await stage.mx({ answer: (step) => step === "END" ? word.promise : null });
    stage.queue.add(queued(["a@example.net", "b@example.net"]));
    void stage.runner;
    await until(() => mx.count("END") === 1);
    stage.queue.break();
    for (let i = 0; i < 20; i++) await settle();
    word.resolve(null);
    await until(() => mx.taken.length === 1);
    for (; stage.queue.late.length === 0; await settle()) await stage.clock.advance(100);
    const [late] = stage.queue.late;
    assert.deepEqual([late?.attempts, late?.ids], [1, late?.report.results.map(({ id }) => id)]);
    assert.deepEqual(late?.report.results.map(({ outcome }) => outcome), ["delivered", "delivered"]);
  });
});

Deno.test("what was delivered and could not be reported is told when the store is back", async () => {
  await onStage({ settings: { listenAgainMs: 1000 } }, async (stage) => {
    const gate = Promise.withResolvers<void>();
    stage.queue.holdReports = gate.promise.then(() => {
      throw new Refused("tryLater", "the peer is gone");
    });
    stage.queue.holdReports.catch(() => {});
    await stage.mx();
    stage.queue.add(queued(["a@example.net"]));
    void stage.runner;
    await until(() => stage.queue.reporting === 1);
    stage.queue.break();
    gate.resolve();
    await until(() => stage.queue.leases.size === 0);
    for (let i = 0; i < 20; i++) await settle();
    for (; stage.queue.late.length === 0; await settle()) await stage.clock.advance(100);
    assert.equal(stage.queue.late[0]?.report.results[0]?.outcome, "delivered");
  });
});

Deno.test("work that comes over a new connection to a lane of the old one is given back", async () => {
  await onStage({ settings: { listenAgainMs: 1000 } }, async (stage) => {
    const mx = await stage.mx({
      answer: (step, _line, times) => step === "END" && times === 1 ? "hang" : null,
    });
    const gate = Promise.withResolvers<void>();
    stage.queue.holdTakes = gate.promise;
    const [first, second] = many(2);
    assert.ok(first !== undefined && second !== undefined);
    stage.queue.add(first, second);
    void stage.runner;
    await until(() => mx.count("END") === 1);
    stage.queue.break();
    stage.queue.holdTakes = null;
    gate.resolve();
    // The first one's last word is waited for.
    for (; stage.queue.givenBack.length === 0; await settle()) await stage.clock.advance(lastWordMs);
    for (; stage.queue.reports.length === 0; await settle()) await stage.clock.advance(1000);
    assert.equal(stage.queue.reports[0]?.report.results[0]?.outcome, "delivered");
  });
});

Deno.test("closing while the store is away takes no time", async () => {
  await onStage({}, async (stage) => {
    stage.queue.isDown = true;
    const runner = stage.runner;
    await stage.clock.advance(1500);
    await runner.close(1000);
  });
  await onStage({}, async (stage) => {
    const mx = await stage.mx();
    stage.queue.holdReports = new Promise(() => {}); // A store that never answers.
    stage.queue.add(...many(1));
    const runner = stage.runner;
    await until(() => mx.taken.length === 1);
    const closed = runner.close(1000);
    await stage.clock.advance(1600);
    await closed;
  });
});

Deno.test("what was delivered is on record before the next message goes over the connection", async () => {
  await onStage({}, async (stage) => {
    const mx = await stage.mx();
    const gate = Promise.withResolvers<void>();
    stage.queue.holdReports = gate.promise;
    const sent = stage.send(...many(4));
    await until(() => mx.taken.length === 1);
    for (let i = 0; i < 20; i++) await settle();
    assert.equal(mx.taken.length, 1);
    assert.equal(stage.queue.leases.size, 2); // The next one waits here.
    gate.resolve();
    await sent;
    assert.equal(mx.taken.length, 4);
  });
});

Deno.test("work that becomes due later is done then", async () => {
  await onStage({}, async (stage) => {
    const mx = await stage.mx();
    const later = { ...queued(["a@example.net"]), due: stage.clock.now() + 3_600_000 };
    stage.queue.add(later);
    void stage.runner;
    await stage.clock.advance(3_599_000);
    assert.equal(mx.taken.length, 0);
    await stage.clock.advance(1000);
    await stage.queue.reported(1);
    assert.equal(mx.taken.length, 1);
  });
});
