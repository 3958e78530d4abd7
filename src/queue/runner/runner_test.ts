/**
 * The runner against mail exchangers of this machine: what is delivered, and how hosts, addresses and connections are
 * chosen.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fromLatin1 } from "../../base/bytes.ts";
import type { Zone } from "../../dns/testing/zone_resolver.ts";
import type { Transport } from "../transport.ts";
import type { RunnerParts } from "./settings.ts";
import type { Step } from "./testing/fake_mx.ts";
import { queued } from "./testing/memory_queue.ts";
import { hostAt, mxOf, onStage, until, usualZone } from "./testing/stage.ts";

Deno.test("a message is delivered, as it is", async () => {
  await onStage({}, async (stage) => {
    const mx = await stage.mx();
    const body = "Subject: dots\r\n\r\n.\r\n..x\r\nend\r\n";
    const [one] = await stage.send(queued(["a@example.net"], { body }));
    assert.deepEqual(mx.taken, [
      { from: "sender@example.org", to: ["a@example.net"], body, tls: false, connection: 1 },
    ]);
    assert.equal(one?.report.results.length, 1);
    assert.deepEqual(one?.report.dialed, ["192.0.2.1"]);
    const [result] = one?.report.results ?? [];
    assert.equal(result?.outcome, "delivered");
    assert.equal(result?.code, 250);
    assert.deepEqual(result?.remote, { host: "mx.example.net", address: "192.0.2.1" });
    assert.equal(mx.heard[0], "EHLO client.example");
  });
});

const twoHosts: Zone = {
  "example.net": mxOf(["mx1.example.net", "mx2.example.net"]),
  "mx1.example.net": hostAt(["192.0.2.1"]),
  "mx2.example.net": hostAt(["192.0.2.2"]),
};

Deno.test("a domain that does not exist comes back at once, without a connection", async () => {
  await onStage({}, async (stage) => {
    const [one] = await stage.send(queued(["a@nowhere.test"]));
    const [result] = one?.report.results ?? [];
    assert.deepEqual([result?.outcome, result?.status, result?.remote], ["permanent", "5.1.2", null]);
    assert.deepEqual(one?.report.dialed, []);
  });
});

Deno.test("mail to an address literal goes to the address", async () => {
  await onStage({}, async (stage) => {
    const mx = await stage.mx({}, "2001:db8::7");
    await stage.send(queued(["a@[IPv6:2001:db8::7]"]));
    assert.deepEqual(mx.taken.map(({ to }) => to), [["a@[IPv6:2001:db8::7]"]]);
    assert.deepEqual(stage.resolver.asked, []);
  });
});

Deno.test("the next host is tried where the first cannot be reached", async () => {
  await onStage({ zone: twoHosts }, async (stage) => {
    const second = await stage.mx({}, "192.0.2.2");
    const [one] = await stage.send(queued(["a@example.net"]));
    assert.equal(second.taken.length, 1);
    assert.deepEqual(one?.report.dialed, ["192.0.2.1", "192.0.2.2"]);
  });
});

Deno.test("where no host can be reached it is told of each why", async () => {
  await onStage({ zone: twoHosts }, async (stage) => {
    stage.silent("192.0.2.2");
    const sent = stage.send(queued(["a@example.net"]));
    await until(() => stage.dialled.length === 2);
    await stage.clock.advance(stage.dialMs);
    const [one] = await sent;
    const [result] = one?.report.results ?? [];
    assert.equal(result?.outcome, "temporary");
    assert.equal(result?.status, "4.4.1");
    assert.match(result?.text ?? "", /mx1\.example\.net \(192\.0\.2\.1\) could not be reached/);
    assert.match(result?.text ?? "", /mx2\.example\.net \(192\.0\.2\.2\) did not answer in time/);
  });
});

Deno.test("the time to connect is split over the addresses of a host", async () => {
  const zone = { ...twoHosts, "mx1.example.net": hostAt(["192.0.2.1", "192.0.2.11", "192.0.2.12"]) };
  await onStage({ zone }, async (stage) => {
    for (const address of ["192.0.2.1", "192.0.2.11", "192.0.2.12"]) stage.silent(address);
    await stage.mx({}, "192.0.2.2");
    const sent = stage.send(queued(["a@example.net"]));
    for (let tried = 1; tried <= 3; tried++) {
      await until(() => stage.dialled.length === tried);
      await stage.clock.advance(stage.dialMs / 3);
    }
    const [one] = await sent;
    assert.equal(one?.report.results[0]?.outcome, "delivered");
    assert.equal(one?.report.dialed.length, 4);
  });
});

Deno.test("a host that greylists sees the same address again, seven minutes later", async () => {
  const zone = { ...usualZone, "mx.example.net": hostAt(["192.0.2.1", "192.0.2.2", "192.0.2.3"]) };
  await onStage({ zone }, async (stage) => {
    const mx = await stage.mx(
      {
        answer: (step, _line, times) => step === "RCPT" && times === 1 ? "451 4.7.1 come back later" : null,
      },
      "192.0.2.1",
      "192.0.2.2",
      "192.0.2.3",
    );
    const [first] = await stage.send(queued(["a@example.net"]));
    assert.deepEqual(
      first?.report.results.map(({ outcome, code, text }) => [outcome, code, text]),
      [["temporary", 451, "451 4.7.1 come back later"]],
    );
    await stage.clock.advance(7 * 60_000);
    assert.equal(mx.count("RCPT"), 1);
    await stage.clock.advance(30_000); // Seven and a half.
    const [, second] = await stage.queue.reported(2);
    assert.equal(second?.job.attempts, 2);
    assert.equal(second?.report.results[0]?.outcome, "delivered");
    assert.deepEqual(second?.report.dialed, first?.report.dialed);
  });
});

Deno.test("a refusal for who we are is tried again by the other family", async () => {
  const zone = { ...usualZone, "mx.example.net": hostAt(["192.0.2.1", "2001:db8::1"]) };
  await onStage({ zone }, async (stage) => {
    const refusing = { answer: (step: Step) => step === "RCPT" ? "550 5.7.1 your network is listed" : null };
    await stage.mx(refusing, "2001:db8::1");
    const other = await stage.mx({}, "192.0.2.1");
    const [first] = await stage.send(queued(["a@example.net"]));
    const [result] = first?.report.results ?? [];
    assert.deepEqual([result?.outcome, result?.code, result?.status], ["temporary", 550, "4.7.1"]);
    await stage.clock.advance(450_000);
    const [, second] = await stage.queue.reported(2);
    assert.equal(second?.report.results[0]?.outcome, "delivered");
    assert.equal(other.taken.length, 1);
  });
});

Deno.test("with one family, or later on, a refusal for who we are is final", async () => {
  const refusing = { answer: (step: Step) => step === "RCPT" ? "550 5.7.1 your network is listed" : null };
  await onStage({}, async (stage) => {
    await stage.mx(refusing);
    const [one] = await stage.send(queued(["a@example.net"]));
    assert.equal(one?.report.results[0]?.outcome, "permanent");
  });
  const zone = { ...usualZone, "mx.example.net": hostAt(["192.0.2.1", "2001:db8::1"]) };
  await onStage({ zone }, async (stage) => {
    await stage.mx(refusing, "192.0.2.1", "2001:db8::1");
    const [one] = await stage.send(queued(["a@example.net"], { attempts: 1 }));
    assert.equal(one?.report.results[0]?.outcome, "permanent");
  });
});

Deno.test("recipients have results of their own, and one transaction", async () => {
  await onStage({}, async (stage) => {
    const mx = await stage.mx({
      answer: (step, line) =>
        step !== "RCPT"
          ? null
          : line.includes("gone@")
          ? "550 5.1.1 nobody"
          : line.includes("full@")
          ? "452 4.2.2 full"
          : null,
    });
    const to = ["a@example.net", "gone@example.net", "full@example.net", "b@example.net"];
    const [one] = await stage.send(queued(to));
    assert.deepEqual(one?.report.results.map(({ outcome }) => outcome), [
      ...["delivered", "permanent", "temporary", "delivered"],
    ]);
    assert.deepEqual(mx.taken.map((taken) => taken.to), [["a@example.net", "b@example.net"]]);
    assert.equal(stage.queue.waiting, 1);
  });
});

Deno.test("a host that takes few recipients at a time gets several transactions", async () => {
  await onStage({}, async (stage) => {
    const mx = await stage.mx({ offers: ["PIPELINING", "LIMITS RCPTMAX=2"] });
    const to = Array.from({ length: 5 }, (_, i) => `r${i}@example.net`);
    const [one] = await stage.send(queued(to));
    assert.deepEqual(mx.taken.map((taken) => taken.to.length), [2, 2, 1]);
    assert.equal(mx.connections, 1);
    assert.ok(one?.report.results.every(({ outcome }) => outcome === "delivered"));
  });
  await onStage({}, async (stage) => {
    let inTransaction = 0;
    const mx = await stage.mx({
      answer: (step) => {
        if (step === "MAIL") inTransaction = 0;
        return step === "RCPT" && ++inTransaction > 2 ? "452 4.5.3 too many" : null;
      },
    });
    await stage.send(queued(Array.from({ length: 5 }, (_, i) => `r${i}@example.net`)));
    assert.deepEqual(mx.taken.map((taken) => taken.to.length), [2, 2, 1]);
  });
});

Deno.test("a host that takes one message a connection gets several connections", async () => {
  await onStage({}, async (stage) => {
    const mx = await stage.mx({ offers: ["LIMITS MAILMAX=1 RCPTMAX=1"] });
    const [one] = await stage.send(queued(["a@example.net", "b@example.net", "c@example.net"]));
    assert.equal(mx.connections, 3);
    assert.equal(mx.taken.length, 3);
    assert.ok(one?.report.results.every(({ outcome }) => outcome === "delivered"));
  });
});

Deno.test("what a host cannot take is sent to the next, and comes back if none can", async () => {
  const small = { offers: ["SIZE 10"] };
  await onStage({ zone: twoHosts }, async (stage) => {
    const first = await stage.mx(small, "192.0.2.1");
    const second = await stage.mx({}, "192.0.2.2");
    await stage.send(queued(["a@example.net"]));
    assert.deepEqual([first.taken.length, second.taken.length], [0, 1]);
  });
  await onStage({ zone: twoHosts }, async (stage) => {
    await stage.mx(small, "192.0.2.1", "192.0.2.2");
    const [one] = await stage.send(queued(["a@example.net"]));
    assert.deepEqual(one?.report.results.map(({ outcome, status }) => [outcome, status]), [[
      "permanent",
      "5.3.4",
    ]]);
  });
});

Deno.test("a host that lies about its size is believed when it refuses", async () => {
  await onStage({}, async (stage) => {
    const mx = await stage.mx({
      offers: ["SIZE 1000000"],
      answer: (step) => step === "END" ? "552 5.3.4 too large after all" : null,
    });
    const [one] = await stage.send(queued(["a@example.net"]));
    const [result] = one?.report.results ?? [];
    assert.deepEqual([result?.outcome, result?.code, result?.status], ["permanent", 552, "5.3.4"]);
    assert.equal(mx.taken.length, 0);
  });
});

Deno.test("8-bit text and international addresses need a host that takes them", async () => {
  await onStage({ settings: { strictEightBit: true } }, async (stage) => {
    await stage.mx({ offers: ["PIPELINING"] });
    const [eight, utf8] = await stage.send(
      queued(["a@example.net"], { has8Bit: true }),
      queued(["ä@example.net"], { utf8: true }),
    );
    assert.equal(eight?.report.results[0]?.status, "5.6.3");
    assert.equal(utf8?.report.results[0]?.status, "5.6.7");
  });
  await onStage({}, async (stage) => {
    const mx = await stage.mx({ offers: ["PIPELINING"] });
    const [eight] = await stage.send(
      queued(["a@example.net"], { has8Bit: true, body: "Subject: \xe4\r\n\r\n" }),
    );
    assert.equal(eight?.report.results[0]?.outcome, "delivered");
    assert.equal(mx.taken[0]?.body, "Subject: \xe4\r\n\r\n");
  });
});

Deno.test("what the sender wants to hear is passed on to who can tell it", async () => {
  const message = () => {
    const one = queued(["a@example.net"], { ret: "HDRS", envid: "QQ314159" });
    const [recipient] = one.job.recipients;
    assert.ok(recipient !== undefined);
    const wish = { ...recipient, notify: "success,FAILURE", orcpt: "rfc822;b@example.net" };
    return { ...one, job: { ...one.job, recipients: [wish] } };
  };
  await onStage({}, async (stage) => {
    const mx = await stage.mx({ offers: ["DSN"] });
    const [one] = await stage.send(message());
    assert.ok(
      mx.heard.includes("MAIL FROM:<sender@example.org> RET=HDRS ENVID=QQ314159"),
      mx.heard.join("\n"),
    );
    assert.ok(mx.heard.includes("RCPT TO:<a@example.net> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b@example.net"));
    assert.equal(one?.report.results[0]?.relaysDsn, true);
  });
  await onStage({}, async (stage) => {
    await stage.mx();
    const [one] = await stage.send(message());
    assert.equal(one?.report.results[0]?.relaysDsn, false);
  });
});

Deno.test("a large message goes in pieces, as chunks where they are known", async () => {
  const body = `${"A".repeat(70)}\r\n`.repeat(20_000);
  for (const offers of [["PIPELINING"], ["PIPELINING", "CHUNKING"]]) {
    await onStage({}, async (stage) => {
      const mx = await stage.mx({ offers });
      await stage.send(queued(["a@example.net"], { body }));
      assert.equal(mx.taken[0]?.body.length, body.length);
      assert.equal(mx.taken[0]?.body, body);
    });
  }
});

for (const fault of ["broken", "short"] as const) {
  Deno.test(`half a message is never delivered: content is ${fault}`, async () => {
    await onStage({}, async (stage) => {
      const mx = await stage.mx();
      stage.queue.contentFault = fault;
      const [one] = await stage.send(queued(["a@example.net"], { body: "x\r\n".repeat(100_000) }));
      assert.deepEqual(mx.taken, []);
      const [result] = one?.report.results ?? [];
      assert.deepEqual([result?.outcome, result?.status], ["temporary", "4.3.0"]);
    });
  });
}

Deno.test("a transport that fails does so, and one that is gone is named", async () => {
  const transports: Record<string, Transport> = {
    later: { kind: "fail", code: 451, text: "not today" },
    never: { kind: "fail", code: 550, text: "not ever" },
  };
  await onStage({ transports }, async (stage) => {
    const reports = await stage.send(
      queued(["a@a.test"], { transport: "later" }),
      queued(["a@b.test"], { transport: "never" }),
      queued(["a@c.test"], { transport: "gone" }),
    );
    const results = new Map(reports.map(({ job, report }) => [job.domain, report.results[0]]));
    assert.deepEqual([results.get("a.test")?.outcome, results.get("a.test")?.code], ["temporary", 451]);
    assert.deepEqual([results.get("b.test")?.outcome, results.get("b.test")?.code], ["permanent", 550]);
    assert.equal(results.get("c.test")?.outcome, "temporary");
    assert.match(results.get("c.test")?.text ?? "", /"gone" is not in the configuration/);
  });
});

Deno.test("what is for ourselves is handed to our own delivery, content and all", async () => {
  const seen: string[] = [];
  const deliverLocally: RunnerParts["deliverLocally"] = async (job, content) => {
    let text = "";
    for await (const piece of content) text += fromLatin1(piece);
    seen.push(text);
    const own = { code: 250, status: "2.0.0", text: "here", remote: null, relaysDsn: false };
    return job.recipients.map(({ id }) => ({ id, outcome: "delivered", ...own }));
  };
  await onStage({ deliverLocally, transports: { local: { kind: "local" } } }, async (stage) => {
    const [one] = await stage.send(
      queued(["a@here.test"], { transport: "local", body: "Subject: x\r\n\r\n" }),
    );
    assert.deepEqual(seen, ["Subject: x\r\n\r\n"]);
    assert.equal(one?.report.results[0]?.text, "here");
    assert.deepEqual(stage.dialled, []);
  });
});

Deno.test("we dial from the address of the family, where one is set", async () => {
  const zone = { ...usualZone, "mx.example.net": hostAt(["192.0.2.1", "2001:db8::1"]) };
  const sourceAddresses = ["198.51.100.1", "2001:db8:1::1"];
  await onStage({ zone, settings: { sourceAddresses } }, async (stage) => {
    await stage.mx({}, "192.0.2.1");
    await stage.send(queued(["a@example.net"]));
    assert.deepEqual(stage.dialled, ["2001:db8::1", "192.0.2.1"]);
    assert.deepEqual(stage.sources, ["2001:db8:1::1", "198.51.100.1"]);
  });
});

Deno.test("addresses that are nobody's are never dialled, private ones only where they may be", async () => {
  const zone: Zone = { "a.test": hostAt(["0.0.0.0"]), "b.test": hostAt(["127.0.0.1"]) };
  await onStage({ zone, settings: { allowPrivate: false } }, async (stage) => {
    const reports = await stage.send(queued(["a@a.test"]), queued(["a@b.test"]));
    assert.ok(reports.every(({ report }) => report.results[0]?.status === "4.4.4"));
    assert.deepEqual(stage.dialled, []);
  });
});

Deno.test("what was done is counted", async () => {
  await onStage({}, async (stage) => {
    await stage.mx();
    await stage.send(queued(["a@example.net"]));
    const text = stage.metrics.text();
    assert.match(
      text,
      /mailden_queue_delivery_duration_seconds_count\{attempt="1",transport="direct",tlsmode="opportunistic",result="ok"\} 1/,
    );
    assert.match(text, /mailden_queue_connection_total\{result="ok"\} 1/);
  });
});
