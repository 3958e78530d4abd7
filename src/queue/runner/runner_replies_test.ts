/**
 * What follows from each reply, from silence and from a broken connection, at each step of the dialogue.
 *
 * @module
 */
import assert from "node:assert/strict";
import { defaultTimeouts } from "../../smtp/client_rules.ts";
import type { Answer, Step } from "./testing/fake_mx.ts";
import { queued } from "./testing/memory_queue.ts";
import { hostAt, mxOf, onStage, until } from "./testing/stage.ts";

const zone = {
  "example.net": mxOf(["mx1.example.net", "mx2.example.net"]),
  "mx1.example.net": hostAt(["192.0.2.1"]),
  "mx2.example.net": hostAt(["192.0.2.2"]),
};

/** Whether the second host gets its chance, and what is reported where there is none. */
const cases: [step: Step, answer: Answer, isTriedElsewhere: boolean, outcome: string, text: RegExp][] = [
  ["CONNECT", "421 4.3.2 too busy", true, "temporary", /^421 4\.3\.2 too busy$/],
  ["CONNECT", "554 5.7.1 go away", true, "permanent", /go away/],
  ["CONNECT", "drop", true, "temporary", /closed the connection before its greeting/],
  ["CONNECT", "HTTP/1.1 400 Bad Request", true, "temporary", /no SMTP/],
  ["EHLO", "421 4.3.2 too busy", true, "temporary", /too busy/],
  ["EHLO", "550 5.7.1 who are you", true, "permanent", /who are you/],
  ["EHLO", "drop", true, "temporary", /after EHLO/],
  ["MAIL", "451 4.3.0 no disk", true, "temporary", /no disk/],
  ["MAIL", "550 5.7.1 not from you", false, "permanent", /not from you/],
  ["MAIL", "421 4.3.2 closing", true, "temporary", /closing/],
  ["MAIL", "drop", true, "temporary", /after MAIL FROM/],
  ["RCPT", "450 4.2.1 later", false, "temporary", /later/],
  ["RCPT", "451 4.3.0 my own fault", true, "temporary", /my own fault/],
  [
    "RCPT",
    "550-5.1.1 there is\r\n550 5.1.1 nobody",
    false,
    "permanent",
    /^550-5\.1\.1 there is\n550 5\.1\.1 nobody$/,
  ],
  ["RCPT", "drop", true, "temporary", /after RCPT TO/],
  ["DATA", "451 4.3.0 no disk", true, "temporary", /no disk/],
  ["DATA", "554 5.7.1 no", false, "permanent", /no/],
  ["DATA", "drop", true, "temporary", /after DATA/],
  // A small message is sent whole: whether it was read to its end nobody knows.
  ["BODY", "drop", false, "temporary", /may have taken/],
  ["END", "451 4.3.0 no disk", true, "temporary", /no disk/],
  ["END", "554 5.6.0 spam", false, "permanent", /spam/],
  // It may have taken the message: another host would make it two.
  ["END", "drop", false, "temporary", /may have taken/],
  ["END", "250", false, "delivered", /^250 $/],
];

for (const [step, answer, isTriedElsewhere, outcome, text] of cases) {
  Deno.test(`${step} answered by ${JSON.stringify(answer)}`, async () => {
    const script = { offers: [], answer: (at: Step) => at === step ? answer : null };
    await onStage({ zone }, async (stage) => {
      await stage.mx(script, "192.0.2.1");
      const second = await stage.mx({}, "192.0.2.2");
      const [one] = await stage.send(queued(["a@example.net"]));
      assert.equal(second.taken.length, isTriedElsewhere ? 1 : 0);
      const [result] = one?.report.results ?? [];
      assert.equal(result?.outcome, isTriedElsewhere ? "delivered" : outcome);
    });
    await onStage({ zone }, async (stage) => {
      await stage.mx(script, "192.0.2.1", "192.0.2.2");
      const [one] = await stage.send(queued(["a@example.net"]));
      const [result] = one?.report.results ?? [];
      assert.equal(result?.outcome, outcome);
      assert.match(result?.text ?? "", text);
      assert.equal(one?.report.results.length, 1);
    });
  });
}

const silences: [step: Step, ms: number][] = [
  ["CONNECT", defaultTimeouts.greeting],
  ["EHLO", defaultTimeouts.ehlo],
  ["MAIL", defaultTimeouts.mail],
  ["RCPT", defaultTimeouts.rcpt],
  ["DATA", defaultTimeouts.data],
  ["END", defaultTimeouts.end],
];
for (const [step, ms] of silences) {
  Deno.test(`a host that is silent at ${step} is left after its time`, async () => {
    await onStage({}, async (stage) => {
      const mx = await stage.mx({ offers: [], answer: (at) => at === step ? "hang" : null });
      const sent = stage.send(queued(["a@example.net"]));
      await until(() => mx.count(step) > 0);
      await stage.clock.advance(ms - 100);
      assert.equal(stage.queue.reports.length, 0);
      await stage.clock.advance(200);
      const [one] = await sent;
      const [result] = one?.report.results ?? [];
      assert.equal(result?.outcome, "temporary");
      assert.match(result?.text ?? "", /did not answer in time/);
    });
  });
}

Deno.test("a tarpit that answers everything late costs half an hour, and no more", async () => {
  await onStage({}, async (stage) => {
    const mx = await stage.mx({
      offers: [],
      answer: async () => {
        await new Promise<void>((resolve) => stage.clock.after(230_000, resolve));
        return null;
      },
    });
    const to = Array.from({ length: 20 }, (_, i) => `r${i}@example.net`);
    const sent = stage.send(queued(to));
    await until(() => mx.count("CONNECT") === 1);
    let minutes = 0;
    while (stage.queue.reports.length === 0 && minutes++ < 60) {
      await stage.clock.advance(60_000);
      for (let i = 0; i < 20; i++) await stage.clock.advance(0);
    }
    assert.ok(minutes <= 31, `${minutes} minutes`);
    const [one] = await sent;
    assert.equal(one?.report.results.length, 20);
    assert.match(one?.report.results[0]?.text ?? "", /longer than 30 minutes/);
    assert.ok(mx.count("RCPT") < 20);
  });
});

Deno.test("a message that was sent whole is not cut off while its end is waited for", async () => {
  const settings = { attemptMs: 60_000 };
  await onStage({ settings }, async (stage) => {
    const answered = Promise.withResolvers<void>();
    const mx = await stage.mx({
      offers: ["PIPELINING", "LIMITS RCPTMAX=1"],
      answer: async (step) => {
        if (step === "END") await answered.promise;
        return null;
      },
    });
    const sent = stage.send(queued(["a@example.net", "b@example.net"]));
    await until(() => mx.count("END") === 1);
    await stage.clock.advance(90_000);
    assert.equal(stage.queue.reports.length, 0);
    answered.resolve();
    const [one] = await sent;
    const [first, second] = one?.report.results ?? [];
    assert.equal(first?.outcome, "delivered");
    // There is no time left for the next.
    assert.match(`${second?.outcome} ${second?.text}`, /^temporary the attempt took longer than 1 minutes$/);
    assert.equal(mx.count("MAIL"), 1);
  });
  await onStage({ settings }, async (stage) => {
    const mx = await stage.mx({ answer: (step) => step === "END" ? "hang" : null });
    const sent = stage.send(queued(["a@example.net"]));
    await until(() => mx.count("END") === 1);
    await stage.clock.advance(defaultTimeouts.end + 100);
    const [one] = await sent;
    assert.match(one?.report.results[0]?.text ?? "", /did not answer in time.*may have taken/);
  });
});

Deno.test("dropped after each octet: reported once, and delivered at most once", async () => {
  const all =
    "220 mx.test ESMTP\r\n250-mx.test\r\n250 PIPELINING\r\n250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go on\r\n" +
    "250 2.0.0 taken\r\n";
  let seen = 0;
  for (let octets = 0; octets < all.length; octets += 1) {
    await onStage({}, async (stage) => {
      const mx = await stage.mx({ offers: ["PIPELINING"], dropAfterOctets: octets });
      const [one] = await stage.send(queued(["a@example.net"]));
      assert.equal(one?.report.results.length, 1, `after ${octets}`);
      const [result] = one?.report.results ?? [];
      assert.equal(result?.outcome, "temporary", `after ${octets}: ${result?.text}`);
      assert.ok(mx.taken.length <= 1);
      seen += mx.taken.length;
    });
  }
  assert.ok(seen > 0, "the last reply was lost in some");
});

Deno.test("a server without EHLO is talked to all the same", async () => {
  await onStage({}, async (stage) => {
    const mx = await stage.mx({ answer: (step) => step === "EHLO" ? "502 5.5.1 what?" : null });
    await stage.send(queued(["a@example.net"]));
    assert.equal(mx.taken.length, 1);
    assert.ok(mx.heard.includes("HELO client.example"));
  });
});

Deno.test("a reply of many long lines is kept, bounded", async () => {
  await onStage({}, async (stage) => {
    const line = "x".repeat(400);
    const reply = Array.from({ length: 50 }, (_, i) => `550${i === 49 ? " " : "-"}5.1.1 ${line}`).join(
      "\r\n",
    );
    await stage.mx({ answer: (step) => step === "RCPT" ? reply : null });
    const [one] = await stage.send(queued(["a@example.net"]));
    const [result] = one?.report.results ?? [];
    assert.equal(result?.outcome, "permanent");
    assert.equal(result?.text.length, 1000);
  });
});
