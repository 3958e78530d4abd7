/**
 * Anything at all from an SMTP server: replies are read or are a fault, the same however they come in pieces, and
 * nothing of them could disturb a log; EHLO is read; and a client's session goes on or ends, never in between, with
 * one result for each recipient, and no message sent to a server that did not ask for it.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, latin1 } from "../../src/base/bytes.ts";
import { maxMechanisms, parseOffers } from "../../src/smtp/client_offers.ts";
import {
  addInput,
  keptReply,
  nextReply,
  noInput,
  type ReplyFault,
  type ServerReply,
} from "../../src/smtp/client_reply.ts";
import { clientMechanisms, clientRules } from "../../src/smtp/client_rules.ts";
import { ClientStage, outgoing } from "../../src/smtp/testing/client_stage.ts";

const seconds = Number(Deno.env.get("MAILDEN_FUZZ_SECONDS") ?? "0.5") / 3;
const seed = Deno.env.has("MAILDEN_FUZZ_SECONDS") ? crypto.getRandomValues(new Int32Array(1))[0] ?? 1 : 1;
const run = {
  seed,
  numRuns: 1e9,
  interruptAfterTimeLimit: seconds * 1000,
  markInterruptAsFailure: false,
};

const piece = fc.oneof(
  fc.constantFrom(
    ..."220 250 250- 354 334 235 421 450 452 550 550- 552 99 2500 -".split(" "),
    ...[
      "\r\n",
      "\r\n",
      "\n",
      "\r",
      " ",
      " 5.1.1 ",
      " 2.0.0 ",
      "4.99999.1",
      "\0",
      "\x1b[2J",
      "\xff",
      "\xe2\x80\xae",
      "ok",
    ],
    ...["PIPELINING", "SIZE 1000", "SIZE", "AUTH PLAIN LOGIN", "AUTH=CRAM-MD5", "LIMITS RCPTMAX=1 MAILMAX=3"],
    ...["CHUNKING", "STARTTLS", "SMTPUTF8", "8BITMIME", "DSN", "REQUIRETLS", "AAAA", "x".repeat(600)],
  ),
  fc.string({ maxLength: 10, unit: "binary" }).map((text) => text.replace(/[^\0-\xff]/g, "?")),
);
const octets = fc.array(piece, { maxLength: 30 }).map((parts) => latin1(parts.join("")));

function read(bytes: Bytes, cut: number): (ServerReply | ReplyFault)[] {
  const found: (ServerReply | ReplyFault)[] = [];
  let input = noInput;
  for (let at = 0; at < bytes.length; at += cut) {
    input = addInput(input, bytes.slice(at, at + cut));
    for (;;) {
      const [rest, reply] = nextReply(input);
      input = rest;
      if (reply === null) break;
      found.push(reply);
      if (typeof reply === "string") return found;
    }
  }
  return found;
}

Deno.test("fuzz: SMTP replies are read or refused, the same wherever they are cut", () => {
  fc.assert(
    fc.property(octets, fc.integer({ min: 1, max: 50 }), (bytes, cut) => {
      const found = read(bytes, Math.max(1, bytes.length));
      assert.deepEqual(read(bytes, cut), found);
      for (const reply of found) {
        if (typeof reply === "string") continue;
        assert.ok(reply.code >= 200 && reply.code < 600 && reply.lines.length > 0);
        assert.doesNotMatch(reply.lines.join(""), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        assert.ok(reply.lines.every((line) => line.isWellFormed()));
        assert.ok(reply.enhanced === null || reply.enhanced[0] === String(reply.code)[0]);
        assert.ok(keptReply(reply).lines.join("").length <= 2000);
        const offers = parseOffers(reply);
        assert.ok(offers.mechanisms.length <= maxMechanisms);
        assert.ok(offers.size === null || offers.size > 0);
      }
    }),
    run,
  );
});

Deno.test("fuzz: EHLO replies are read", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 60, unit: "binary" }), { minLength: 1, maxLength: 30 }),
      (lines) => {
        const offers = parseOffers({ code: 250, enhanced: null, lines });
        for (const mechanism of offers.mechanisms) assert.match(mechanism, /^[A-Z0-9_-]{1,20}$/);
      },
    ),
    run,
  );
});

const good = [
  "220 mx\r\n",
  "250-mx\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n",
  "250-mx\r\n250 CHUNKING\r\n",
  "250 ok\r\n",
];
const said = fc.oneof(
  octets,
  { weight: 4, arbitrary: fc.constantFrom(...good, "354 go\r\n", "235 ok\r\n", "550 no\r\n").map(latin1) },
);

Deno.test("fuzz: a whole SMTP client survives anything", () => {
  fc.assert(
    fc.property(fc.array(said, { maxLength: 20 }), fc.boolean(), fc.boolean(), (packets, auth, tls) => {
      const client = new ClientStage(
        clientRules("client.example", {
          auth: auth ? { mechanisms: clientMechanisms, certificate: false } : null,
        }),
        tls ? { verified: true } : null,
      );
      let sent = 0;
      let asked = "";
      for (const packet of packets) {
        client.hears(packet);
        if (client.asksHandshake) {
          client.asksHandshake = false;
          client.happens({ kind: "secured", verified: false });
        }
        asked += client.said();
        if (client.asksContent) client.content("THE MESSAGE\r\n", true);
        if (client.session.phase === "ready") {
          sent++;
          client.happens({ kind: "send", message: outgoing("a@b.example", ["c@d.example", "e@d.example"]) });
        }
      }
      asked += client.said();
      client.happens({ kind: "disconnected" });
      assert.equal(client.done.length, sent);
      assert.ok(client.done.every(({ results }) => results.length === 2));
      assert.ok(client.closed && client.deadline === null);
      const before = asked.split("THE MESSAGE")[0] ?? "";
      assert.ok(before === asked || /(?:DATA|BDAT 13 LAST)\r\n$/.test(before), JSON.stringify(before));
    }),
    run,
  );
});
