import assert from "node:assert/strict";
import { latin1 } from "../base/bytes.ts";
import { maxAuthCommand } from "./client_auth.ts";
import { noOffers } from "./client_offers.ts";
import { type ClientRules, clientRules, defaultTimeouts, type TimedWait } from "./client_rules.ts";
import { beginClient, stepClient } from "./client_session.ts";
import type { ClientAction, ClientEvent, ClientTls } from "./client_state.ts";
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

Deno.test("nothing that was offered before the handshake is known behind it. RFC 3207 4.2", () => {
  const client = stage();
  client.hears("220 mx\r\n250-mx\r\n250-DSN\r\n250 STARTTLS\r\n220 ok\r\n");
  assert.ok(client.session.offers.dsn);
  client.happens({ kind: "secured", verified: false });
  assert.deepEqual([client.session.offers, client.session.tls], [noOffers, { verified: false }]);
});

Deno.test("an envelope that cannot be written is a mistake at once, not when its turn comes", () => {
  const client = stage({ pipelining: false });
  client.hears("220 mx\r\n250-mx\r\n250 DSN\r\n");
  const { recipients } = outgoing("", ["a@b.example", "c@d.example"]);
  const wrong = recipients.map((recipient, i) => ({ ...recipient, orcpt: i === 1 ? "x" : null }));
  const message = outgoing("", [], { recipients: wrong });
  assert.throws(() => client.happens({ kind: "send", message }), TypeError);
  assert.equal(client.session.phase, "ready");
  client.happens({ kind: "send", message: { ...message, recipients } });
  assert.equal(client.said().endsWith("MAIL FROM:<>\r\n"), true);
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

Deno.test("a piece is asked for once, whatever is answered meanwhile", () => {
  const client = stage();
  client.hears("220 mx\r\n250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
  client.happens({ kind: "send", message: outgoing("", ["a@b.example"]) });
  client.hears("250 ok\r\n250 ok\r\n");
  client.content("x");
  const asked = () => client.did.filter(({ kind }) => kind === "content").length;
  assert.equal(asked(), 2);
  client.hears("250 ok\r\n");
  assert.equal(asked(), 2);
  assert.equal(client.deadline, null);
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
