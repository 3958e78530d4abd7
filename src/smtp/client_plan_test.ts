import assert from "node:assert/strict";
import { noOffers, type Offers } from "./client_offers.ts";
import { mailsLeft, planOf } from "./client_plan.ts";
import { type ClientRules, clientRules } from "./client_rules.ts";
import { beginClient } from "./client_session.ts";
import type { ClientSession, OutgoingMessage } from "./client_state.ts";
import { outgoing } from "./testing/client_stage.ts";

function session(
  offers: Partial<Offers>,
  rules: Partial<ClientRules> = {},
  own: Partial<ClientSession> = {},
): ClientSession {
  const [begun] = beginClient(clientRules("client.example", rules), null);
  return { ...begun, offers: { ...noOffers, ...offers }, ...own };
}

const limits = { mailMax: null, rcptMax: null, rcptDomainMax: null };
const two = ["a@one.example", "ä@two.example"];
const plain = ["a@one.example", "b@one.example", "c@two.example"];

const table: [what: string, session: ClientSession, message: OutgoingMessage, causes: (string | null)[]][] = [
  ["nothing special", session({}), outgoing("", plain), [null, null, null]],
  ["a localpart without SMTPUTF8", session({}), outgoing("", two), [null, "noSmtpUtf8"]],
  ["a localpart with it", session({ smtpUtf8: true }), outgoing("", two), [null, null]],
  ["a sender without it", session({}), outgoing("ä@x.example", two), ["noSmtpUtf8", "noSmtpUtf8"]],
  ["a domain without it", session({}), outgoing("", ["a@bücher.example"]), [null]],
  ["RCPTMAX", session({ limits: { ...limits, rcptMax: 2 } }), outgoing("", plain), [null, null, "limit"]],
  ["our own limit", session({}, { maxRecipients: 1 }), outgoing("", plain), [null, "limit", "limit"]],
  [
    "the less of both",
    session({ limits: { ...limits, rcptMax: 2 } }, { maxRecipients: 1 }),
    outgoing("", plain),
    [
      null,
      "limit",
      "limit",
    ],
  ],
  ["RCPTDOMAINMAX", session({ limits: { ...limits, rcptDomainMax: 1 } }), outgoing("", plain), [
    null,
    null,
    "limit",
  ]],
  [
    "RCPTDOMAINMAX, with another domain before",
    session({ limits: { ...limits, rcptDomainMax: 1 } }, {}, { domains: new Set(["two.example"]) }),
    outgoing("", plain),
    ["limit", "limit", null],
  ],
  [
    "MAILMAX",
    session({ limits: { ...limits, mailMax: 2 } }, {}, { mails: 2 }),
    outgoing("", ["a@b.example"]),
    [
      "limit",
    ],
  ],
  ["the size that fits", session({ size: 100 }), outgoing("", ["a@b.example"], { size: 100 }), [null]],
  ["one octet more", session({ size: 100 }), outgoing("", ["a@b.example"], { size: 101 }), ["tooLarge"]],
  ["8-bit, lenient", session({}), outgoing("", ["a@b.example"], { eightBit: true }), [null]],
  [
    "8-bit, strict",
    session({}, { strictEightBit: true }),
    outgoing("", ["a@b.example"], { eightBit: true }),
    [
      "noEightBit",
    ],
  ],
  [
    "8-bit, strict and offered",
    session({ eightBit: true }, { strictEightBit: true }),
    outgoing("", ["a@b.example"], { eightBit: true }),
    [null],
  ],
  [
    "REQUIRETLS",
    session({ requireTls: true }, {}, { tls: { verified: true } }),
    outgoing("", ["a@b.example"], { requireTls: true }),
    [null],
  ],
  [
    "REQUIRETLS with nobody knows whom",
    session({ requireTls: true }, {}, { tls: { verified: false } }),
    outgoing("", ["a@b.example"], { requireTls: true }),
    ["notSecure"],
  ],
  [
    "REQUIRETLS, not offered",
    session({}, {}, { tls: { verified: true } }),
    outgoing("", ["a@b.example"], { requireTls: true }),
    ["noRequireTls"],
  ],
];
for (const [what, given, message, causes] of table) {
  Deno.test(`plan: ${what}`, () => {
    const { decided, named } = planOf(given, message);
    assert.deepEqual(decided.map((outcome) => outcome?.cause ?? null), causes);
    assert.deepEqual(named, [...causes.entries()].flatMap(([i, cause]) => cause === null ? [i] : []));
  });
}

Deno.test("SMTPUTF8 is used where something needs it, of those who are named", () => {
  const able = session({ smtpUtf8: true, limits: { ...limits, rcptMax: 1 } });
  assert.equal(planOf(able, outgoing("", two)).utf8, false);
  assert.equal(planOf(able, outgoing("", two.toReversed())).utf8, true);
  assert.equal(planOf(able, outgoing("ä@b.example", two)).utf8, true);
  assert.equal(planOf(able, outgoing("", two, { smtpUtf8: true })).utf8, true);
});

Deno.test("a message for nobody is a mistake", () => {
  assert.throws(() => planOf(session({}), outgoing("", [])), TypeError);
});

Deno.test("MAILMAX is counted down", () => {
  const one = { limits: { ...limits, mailMax: 1 } };
  assert.deepEqual([
    mailsLeft(session({})),
    mailsLeft(session(one)),
    mailsLeft(session(one, {}, { mails: 1 })),
  ], [
    true,
    true,
    false,
  ]);
});
