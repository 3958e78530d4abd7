import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, latin1, noBytes } from "../base/bytes.ts";
import { maxAuthCommand } from "./client_auth.ts";
import {
  type ClientRules,
  clientRules,
  defaultTimeouts,
  maxChunksAhead,
  type TimedWait,
} from "./client_rules.ts";
import { beginClient, stepClient } from "./client_session.ts";
import type { ClientAction, ClientEvent, ClientSession, ClientTls } from "./client_state.ts";
import { ClientStage, outgoing } from "./testing/client_stage.ts";

const secret = "s3cr3t-and-rather-long";

function stage(own: Partial<ClientRules> = {}, tls: ClientTls | null = null): ClientStage {
  return new ClientStage(clientRules("client.example", own), tls, { username: "user", password: secret });
}

Deno.test("the waits of RFC 5321 4.5.3.2", () => {
  const minutes = (wait: TimedWait) => defaultTimeouts[wait] / 60_000;
  assert.deepEqual((["greeting", "mail", "rcpt", "data", "block", "end"] as const).map(minutes), [
    5,
    5,
    5,
    2,
    3,
    10,
  ]);
});

Deno.test("times are those of the rules", () => {
  const timeouts = { ...defaultTimeouts, greeting: 1, ehlo: 2 };
  const client = stage({ timeouts });
  assert.deepEqual(client.deadline, { kind: "expect", wait: "greeting", ms: 1 });
  client.hears("220 mx\r\n");
  assert.deepEqual(client.deadline, { kind: "expect", wait: "ehlo", ms: 2 });
});

Deno.test("a name that would be two words is a mistake", () => {
  for (const name of ["", "a b", "a\r\nb", "bücher.example"]) {
    assert.throws(() => beginClient(clientRules(name), null), TypeError);
  }
});

Deno.test("what no edge may do is a mistake", () => {
  const client = stage();
  assert.throws(() => client.happens({ kind: "send", message: outgoing("", ["a@b.example"]) }), TypeError);
  assert.throws(() => client.happens({ kind: "secured", verified: true }), TypeError);
  client.hears("220 mx\r\n250 mx\r\n");
  client.happens({ kind: "send", message: outgoing("", ["a@b.example"]) });
  assert.throws(() => client.happens({ kind: "send", message: outgoing("", ["a@b.example"]) }), TypeError);
  client.hears("250 ok\r\n250 ok\r\n354 ok\r\n");
  client.content("x", true);
  client.content("x", true); // Nobody's.
  assert.equal(client.said().endsWith("x\r\n.\r\n"), true);
});

Deno.test("a piece of content that was not asked for is a mistake", () => {
  const client = stage();
  client.hears("220 mx\r\n250-mx\r\n250 CHUNKING\r\n");
  client.happens({ kind: "send", message: outgoing("", ["a@b.example"]) });
  client.hears("250 ok\r\n250 ok\r\n");
  client.content("x");
  assert.equal(client.asksContent, false);
  assert.throws(() => client.content("y"), TypeError);
});

Deno.test("a first response that makes AUTH too long waits to be asked for. RFC 4954 4", () => {
  for (const [length, once] of [[366, true], [367, false]] as const) {
    const password = "x".repeat(length);
    const rules = clientRules("client.example", { auth: { mechanisms: ["PLAIN"], certificate: false } });
    const client = new ClientStage(rules, { verified: true }, { username: "user", password });
    client.hears("220 mx\r\n250-mx\r\n250 AUTH PLAIN\r\n");
    const said = client.said().split("\r\n")[1] ?? "";
    if (once) {
      assert.ok(
        said.length + 2 <= maxAuthCommand && said.length + 2 > maxAuthCommand - 4,
        String(said.length),
      );
      continue;
    }
    assert.equal(said, "AUTH PLAIN");
    client.hears("334 \r\n");
    assert.equal(client.said(), `${btoa(`\0user\0${password}`)}\r\n`);
    client.hears("235 ok\r\n");
    assert.equal(client.ready, 1);
  }
});

Deno.test("a first response that waits, and is challenged with something", () => {
  const rules = clientRules("client.example", { auth: { mechanisms: ["PLAIN"], certificate: false } });
  const client = new ClientStage(rules, { verified: true }, { username: "user", password: "x".repeat(400) });
  client.hears("220 mx\r\n250-mx\r\n250 AUTH PLAIN\r\n");
  client.said();
  client.hears("334 AAAA\r\n");
  assert.equal(client.said(), "*\r\n");
});

Deno.test("writes that hold a secret say so, and sessions hold none when it was told", () => {
  for (const mechanism of ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"] as const) {
    let [session] = beginClient(
      clientRules("client.example", { auth: { mechanisms: [mechanism], certificate: false } }),
      { verified: true },
    );
    const happens = (event: ClientEvent): readonly ClientAction[] => {
      const [next, actions] = stepClient(session, event);
      session = next;
      return actions;
    };
    const hears = (text: string) => happens({ kind: "received", bytes: latin1(text) });
    const open = [...hears(`220 mx\r\n250-mx\r\n250 AUTH ${mechanism}\r\n`)];
    assert.ok(open.every((action) => action.kind !== "write" || !action.secret));
    const response = mechanism === "LOGIN" || mechanism === "CRAM-MD5" ? null : latin1(secret);
    const begun = happens({ kind: "initial", response, complete: response !== null });
    assert.equal(begun.some((action) => action.kind === "write" && action.secret), response !== null);
    if (response === null) {
      hears("334 \r\n");
      const told = happens({ kind: "proof", response: latin1(secret), complete: true });
      assert.ok(told.some((action) => action.kind === "write" && action.secret));
    }
    assert.ok(!JSON.stringify(session).includes(latin1(secret).join(",")));
    hears("235 ok\r\n");
    assert.equal(session.phase, "ready");
    assert.equal(session.exchange, null);
  }
});

Deno.test("a step changes nothing of the session it was given", () => {
  const client = stage();
  client.hears("220 mx\r\n250-mx\r\n250 PIPELINING\r\n");
  client.happens({ kind: "send", message: outgoing("", ["a@b.example", "c@d.example"]) });
  const before = structuredClone(client.session);
  stepClient(client.session, { kind: "received", bytes: latin1("250 ok\r\n250 ok\r\n550 no\r\n354 go") });
  assert.deepEqual(client.session, before);
});

Deno.test("one session can go on in two ways", () => {
  const client = stage();
  client.hears("220 mx\r\n250-mx\r\n250 PIPELINING\r\n");
  client.happens({ kind: "send", message: outgoing("", ["a@b.example", "c@d.example"]) });
  client.hears("250 ok\r\n550 5.1.1 no\r\n");
  const ways = ["250 ok\r\n", "450 no\r\n"].map((reply) => {
    const [session] = stepClient(client.session, { kind: "received", bytes: latin1(reply) });
    const [, actions] = stepClient(session, { kind: "received", bytes: latin1("554 no\r\n") });
    const done = actions.find((action) => action.kind === "done");
    return done?.kind === "done" ? done.results.map(({ status }) => status) : null;
  });
  assert.deepEqual(ways, [["5.1.1", "5.0.0"], ["5.1.1", "4.0.0"]]);
});

Deno.test("a thousand recipients are one write, and each gets its result", () => {
  const to = Array.from({ length: 1000 }, (_, i) => `r${i}@b.example`);
  const client = stage();
  client.hears("220 mx\r\n250-mx\r\n250 PIPELINING\r\n");
  const before = client.writes;
  client.happens({ kind: "send", message: outgoing("", to) });
  assert.equal(client.writes, before + 1);
  const replies = to.map((_, i) => i % 3 === 0 ? `550 5.1.${i % 9} no\r\n` : "250 ok\r\n").join("");
  client.hears(`250 ok\r\n${replies}354 go\r\n`);
  client.content("x\r\n", true);
  client.hears("250 ok\r\n");
  const results = client.done[0]?.results ?? [];
  assert.deepEqual(results.map(({ to }) => `${to.local}@b.example`), to);
  for (const [i, { verdict, status }] of results.entries()) {
    assert.equal(verdict, i % 3 === 0 ? "permanent" : "delivered");
    if (i % 3 === 0) assert.equal(status, `5.1.${i % 9}`);
  }
});

const replyLines = fc.constantFrom(
  "220 mx",
  "250 ok",
  "250-mx\r\n250-PIPELINING\r\n250 SIZE 1000",
  "250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 LIMITS RCPTMAX=1 MAILMAX=2",
  "250-mx\r\n250-CHUNKING\r\n250-AUTH PLAIN CRAM-MD5\r\n250 STARTTLS",
  "354 go on",
  "334 AAAA",
  "334 ",
  "235 ok",
  "421 4.3.2 bye",
  "450 4.2.1 wait",
  "452 4.5.3 too many",
  "500 what",
  "535 no",
  "550 5.1.1 no",
  "554 5.7.1 no",
  "nonsense",
  "25",
  "250-a\r\n550 b",
);
const anyText = fc.array(replyLines, { minLength: 1, maxLength: 4 }).map((lines) =>
  `${lines.join("\r\n")}\r\n`
);
type Happening = ClientEvent | "good" | "send";
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 150, arbitrary: fc.constant("good" as const) },
  { weight: 12, arbitrary: fc.constant("send" as const) },
  { weight: 3, arbitrary: anyText.map((text): ClientEvent => ({ kind: "received", bytes: latin1(text) })) },
  {
    weight: 3,
    arbitrary: fc.boolean().map((last): ClientEvent => ({ kind: "content", bytes: latin1("x\r\n.y"), last })),
  },
  fc.constantFrom<ClientEvent>(
    { kind: "disconnected" },
    { kind: "timedOut" },
    { kind: "notSecured" },
    { kind: "contentFailed" },
    { kind: "quit" },
    { kind: "proof", response: null, complete: false },
    { kind: "content", bytes: noBytes, last: false },
  ),
);

const good: Partial<Record<ClientSession["phase"], string>> = {
  greeting: "220 mx\r\n",
  ehlo: "250-mx\r\n250-PIPELINING\r\n250-STARTTLS\r\n250-AUTH PLAIN\r\n250 CHUNKING\r\n",
  helo: "250 mx\r\n",
  startTls: "220 ok\r\n",
  signingIn: "235 ok\r\n",
  content: "250 ok\r\n",
  ended: "250 ok\r\n",
};

/** What would keep the session going. */
function goodEvent({ session, asksContent }: ClientStage): ClientEvent | null {
  if (asksContent) return { kind: "content", bytes: latin1("x\r\n.y"), last: session.mails % 2 === 1 };
  if (session.phase === "securing") return { kind: "secured", verified: true };
  if (session.phase === "envelope") {
    const stages = { reset: "250", mail: "250", rcpt: "250", data: "354" };
    const code = stages[session.transaction?.stage ?? "mail"];
    return { kind: "received", bytes: latin1(`${code} ok\r\n`) };
  }
  const text = good[session.phase];
  return text === undefined ? null : { kind: "received", bytes: latin1(text) };
}

const rulesOf = fc.record({
  tls: fc.constantFrom("never" as const, "opportunistic" as const, "required" as const),
  pipelining: fc.boolean(),
  chunking: fc.boolean(),
  auth: fc.constantFrom(null, { mechanisms: ["PLAIN", "CRAM-MD5"] as const, certificate: false }),
  maxRecipients: fc.constantFrom(1, 1000),
});

Deno.test("whatever happens: one `done` for each message, one result for each recipient, one end", () => {
  let delivered = 0;
  fc.assert(
    fc.property(rulesOf, fc.array(happening, { minLength: 20, maxLength: 80 }), (own, happenings) => {
      const client = stage(own, own.auth === null ? null : { verified: true });
      let sent = 0;
      for (const what of happenings) {
        if (what === "send") {
          if (client.session.phase !== "ready" && client.session.over === null) continue;
          const message = outgoing(
            "a@b.example",
            ["b@c.example", "ä@c.example", "d@c.example"].slice(sent % 3),
          );
          sent++;
          client.happens({ kind: "send", message });
        } else {
          const event = what === "good" ? goodEvent(client) : what;
          if (event === null) continue;
          if (event.kind === "content" && !client.asksContent) continue;
          if (event.kind === "content") client.content(event.bytes, event.last);
          else if (event.kind !== "notSecured" || client.session.phase === "securing") client.happens(event);
        }
        assertSound(client, sent);
      }
      client.happens({ kind: "disconnected" });
      assertSound(client, sent);
      assert.equal(client.done.length, sent, "messages that came to nothing");
      assert.ok(client.closed);
      for (const { results } of client.done) {
        for (const { verdict } of results) if (verdict === "delivered") delivered++;
      }
    }),
    { numRuns: 500 },
  );
  assert.ok(delivered > 20, `only ${delivered} were delivered: the test tests little`);
});

function assertSound(client: ClientStage, sent: number): void {
  const { session } = client;
  assert.equal(client.done.length + (session.transaction === null ? 0 : 1), sent);
  assert.equal(session.transaction !== null, ["envelope", "content", "ended"].includes(session.phase));
  assert.equal(client.closed, session.phase === "closed");
  assert.ok((session.transaction?.content?.ahead ?? 0) <= maxChunksAhead + 1);
  assert.ok(client.did.filter(({ kind }) => kind === "close").length <= 1);
  if (session.phase === "closed" || session.phase === "ready") assert.equal(client.deadline, null);
  for (const { results } of client.done) {
    for (const { verdict, retry, reply, status, cause } of results) {
      assert.equal(status[0], { delivered: "2", temporary: "4", permanent: "5" }[verdict] ?? "", cause);
      if (verdict === "delivered") assert.ok(reply !== null && reply.code < 300 && retry === "never");
      if (verdict === "temporary") assert.notEqual(retry, "never");
      if (verdict === "permanent") assert.ok(retry === "never" || retry === "host");
    }
  }
}

Deno.test("octets cut anywhere lead to the same actions", () => {
  fc.assert(
    fc.property(
      fc.array(anyText, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 30 }),
      fc.boolean(),
      (texts, cut, required) => {
        const run = (size: number) => {
          const client = stage({ tls: required ? "required" : "opportunistic" });
          const whole: Bytes = latin1(`220 mx\r\n${texts.join("")}`);
          for (let at = 0; at < whole.length; at += size) {
            client.hears(whole.slice(at, Math.min(at + size, whole.length)));
          }
          return { said: client.said(), did: client.did, phase: client.session.phase };
        };
        assert.deepEqual(run(cut), run(Infinity));
      },
    ),
    { numRuns: 200 },
  );
});
