/**
 * Hosts that refuse, defer or hang up: what is tried at once, what is remembered, and who waits for it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { settle } from "../../../tests/support/fake_clock.ts";
import type { Zone } from "../../dns/testing/zone_resolver.ts";
import { defaultTimeouts } from "../../smtp/client_rules.ts";
import type { Step } from "./testing/fake_mx.ts";
import { queued } from "./testing/memory_queue.ts";
import { hostAt, mxOf, onStage, until, usualZone } from "./testing/stage.ts";

const many = (count: number) => Array.from({ length: count }, (_, i) => queued([`r${i}@example.net`]));

Deno.test("a host that hangs up on one message after the other is left in peace", async () => {
  const cases: [Step, string, connections: number][] = [
    // With or behind its reply to EHLO, before it hears of a message.
    ["EHLO", "250 mx.test\r\n421 4.3.2 busy", 1],
    ["EHLO", "250 mx.test\r\n250 and again", 1],
    ["MAIL", "421 4.3.2 busy", 1],
    ["MAIL", "354 go on", 1],
    ["DATA", "250 ok", 2],
    ["RCPT", "421 4.7.28 too much mail", 2],
    ["RCPT", "drop", 2],
    ["DATA", "drop", 2],
    ["END", "421 4.7.28 too much mail", 2],
    ["END", "drop", 2],
  ];
  for (const [step, answer, connections] of cases) {
    await onStage({}, async (stage) => {
      const mx = await stage.mx({ offers: [], answer: (at) => at === step ? answer : null });
      const reports = await stage.send(...many(10));
      assert.equal(mx.connections, connections, `${step} ${answer}`);
      const { outcome, text = "" } = reports[9]?.report.results[0] ?? {};
      assert.equal(outcome, "temporary");
      assert.match(text, /\(found out [^()]*\)$/);
      assert.ok(
        text.includes(answer.split("\r\n").at(-1)?.replace("drop", "closed the connection") ?? "?"),
        text,
      );
      assert.doesNotMatch(text, /may have taken/);
    });
  }
});

Deno.test("a host that offers CHUNKING and does not know it is sent DATA, and from then on nothing else", async () => {
  for (const code of [500, 502]) {
    await onStage({}, async (stage) => {
      const mx = await stage.mx({
        offers: ["PIPELINING", "CHUNKING"],
        answer: (step, _line, times) => step === "END" && times === 1 ? `${code} 5.5.1 what?` : null,
      });
      const reports = await stage.send(...many(2));
      assert.deepEqual(reports.map(({ report }) => report.results[0]?.outcome), ["delivered", "delivered"]);
      assert.equal(mx.connections, 2);
      assert.deepEqual([mx.heard.filter((line) => line.startsWith("BDAT")).length, mx.count("DATA")], [1, 2]);
    });
  }
  // Who refuses the message itself so is heard by the end of DATA.
  await onStage({}, async (stage) => {
    const mx = await stage.mx({
      offers: ["PIPELINING", "CHUNKING"],
      answer: (step) => step === "END" ? "500 5.7.1 no such words here" : null,
    });
    const [one] = await stage.send(...many(1));
    assert.equal(one?.report.results[0]?.outcome, "permanent");
    assert.equal(mx.connections, 2);
  });
});

Deno.test("a message that makes a host hang up delays no other", async () => {
  await onStage({}, async (stage) => {
    const mx = await stage.mx({
      offers: [],
      answer: (step, line) => step === "RCPT" && /r[024]@/.test(line) ? "drop" : null,
    });
    const reports = await stage.send(...many(6));
    assert.deepEqual(reports.map(({ report }) => report.results[0]?.outcome), [
      "temporary",
      "delivered",
      "temporary",
      "delivered",
      "temporary",
      "delivered",
    ]);
    assert.equal(mx.taken.length, 3);
  });
});

Deno.test("a host that refuses everybody is asked once, and nothing comes back unheard at its first attempt", async () => {
  for (const step of ["CONNECT", "EHLO"] as const) {
    await onStage({}, async (stage) => {
      const mx = await stage.mx({ answer: (at) => at === step ? "554 5.7.1 not you" : null });
      const reports = await stage.send(...many(20));
      assert.equal(mx.connections, 1);
      const outcomes = reports.map(({ report }) => report.results[0]?.outcome);
      assert.deepEqual(outcomes, ["permanent", ...Array.from({ length: 19 }, () => "temporary")]);
      assert.match(reports[19]?.report.results[0]?.text ?? "", /^554 5\.7\.1 not you \(found out [^()]*\)$/);
      // At the second attempt what it says to one is said to all.
      await stage.clock.advance(1000);
      await stage.send(queued(["a@example.net"], { attempts: 1 }));
      await stage.clock.advance(60_000);
      const again = await stage.send(...[1, 2, 3].map((i) => queued([`b${i}@example.net`], { attempts: 1 })));
      assert.deepEqual(again.map(({ report }) => report.results[0]?.outcome), [
        "permanent",
        "permanent",
        "permanent",
      ]);
      assert.equal(mx.connections, 2);
    });
  }
});

Deno.test("what was found out a moment ago is said so once, and not remembered anew", async () => {
  await onStage({ settings: { failureMs: 30_000 } }, async (stage) => {
    const mx = await stage.mx({ answer: (step) => step === "MAIL" ? "421 4.3.2 busy" : null });
    const reports = await stage.send(...many(5));
    for (const { report } of reports.slice(1)) {
      assert.match(report.results[0]?.text ?? "", /^421 4\.3\.2 busy \(found out [^()]*\)$/);
    }
    await stage.clock.advance(20_000);
    await stage.send(...many(1));
    await stage.clock.advance(11_000);
    mx.script = {};
    const [later] = await stage.send(...many(1));
    assert.equal(later?.report.results[0]?.outcome, "delivered");
  });
});

Deno.test("who schedules by hand has mended what failed: it is tried, not remembered", async () => {
  await onStage({}, async (stage) => {
    await stage.send(...many(1));
    await stage.mx();
    const [still] = await stage.send(...many(1));
    assert.match(still?.report.results[0]?.text ?? "", /not tried again/);
    assert.equal(stage.resolver.forgotten, 0);
    stage.queue.tell(true);
    await settle();
    assert.equal(stage.resolver.forgotten, 1);
    const [now] = await stage.send(...many(1));
    assert.equal(now?.report.results[0]?.outcome, "delivered");
  });
});

Deno.test("a host that hangs up after a refused recipient is dialled again for the next message", async () => {
  for (const [step, times] of [["RSET", 1], ["MAIL", 2]] as const) {
    for (const answer of ["421 4.7.0 too many errors", "drop"] as const) {
      await onStage({}, async (stage) => {
        const mx = await stage.mx({
          answer: (at, line, count) =>
            at === "RCPT" && line.includes("r0@") ? "550 no" : at === step && count === times ? answer : null,
        });
        await stage.send(...many(3));
        assert.deepEqual(mx.taken.map(({ to }) => to), [["r1@example.net"], ["r2@example.net"]]);
        assert.equal(mx.connections, 2);
      });
    }
  }
});

Deno.test("who is deferred over a connection that waited is not named to the same host again, but to the next", async () => {
  const zone: Zone = {
    "example.net": mxOf(["mx1.example.net", "mx2.example.net"]),
    "mx1.example.net": hostAt(["192.0.2.1"]),
    "mx2.example.net": hostAt(["192.0.2.2"]),
  };
  for (const isAlone of [true, false]) {
    await onStage({ zone: isAlone ? usualZone : zone }, async (stage) => {
      const mx = await stage.mx({
        answer: (step, _line, times) => step === "MAIL" && times > 1 ? "451 4.3.0 no disk" : null,
      });
      const second = await stage.mx({}, "192.0.2.2");
      const reports = await stage.send(...many(3));
      assert.equal(mx.count("MAIL"), isAlone ? 3 : 2);
      assert.equal(second.taken.length, isAlone ? 0 : 2);
      const [, one] = reports;
      assert.equal(one?.report.results[0]?.outcome, isAlone ? "temporary" : "delivered");
      if (isAlone) assert.equal(one?.report.results[0]?.text, "451 4.3.0 no disk");
    });
  }
});

Deno.test("a host that falls silent at one recipient after the other is left in peace", async () => {
  await onStage({}, async (stage) => {
    const mx = await stage.mx({ offers: [], answer: (step) => step === "RCPT" ? "hang" : null });
    const sent = stage.send(...many(3));
    for (const times of [1, 2]) {
      await until(() => mx.count("RCPT") === times);
      await stage.clock.advance(defaultTimeouts.rcpt + 100);
    }
    const reports = await sent;
    assert.match(
      reports[2]?.report.results[0]?.text ?? "",
      /did not answer in time after RCPT TO \(found out/,
    );
    assert.equal(mx.connections, 2);
  });
});
