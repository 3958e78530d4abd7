/**
 * A client's session, whatever happens to it.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, latin1, noBytes } from "../base/bytes.ts";
import { type ClientRules, clientRules, maxChunksAhead } from "./client_rules.ts";
import type { ClientEvent, ClientSession, ClientTls } from "./client_state.ts";
import { ClientStage, outgoing } from "./testing/client_stage.ts";

function stage(own: Partial<ClientRules>, tls: ClientTls | null = null): ClientStage {
  return new ClientStage(clientRules("client.example", own), tls);
}

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
