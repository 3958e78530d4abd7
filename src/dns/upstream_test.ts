import assert from "node:assert/strict";
import { record, replyTo, soa } from "../../tests/support/dns_server.ts";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import type { ExchangeOptions, ExchangeResult } from "./exchange.ts";
import { decodeMessage, type DnsMessage, encodeMessage, rcodes } from "./message.ts";
import {
  type Carried,
  type Carrier,
  type Letter,
  maxExchangeMs,
  printServer,
  suspectMs,
  UpstreamExchange,
  type UpstreamServer,
} from "./upstream.ts";

/** What a server does with a query: parts of its answer, octets, or nothing at all. */
type Act = Partial<DnsMessage> | Uint8Array | Exclude<Carried, { kind: "message" }>;

/** Servers by address, each of which does one thing after the other, and then the last again and again. */
class FakeCarrier implements Carrier {
  readonly letters: string[] = [];
  readonly queries: DnsMessage[] = [];
  readonly #acts: Record<string, Act[]>;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock, acts: Record<string, Act[]>) {
    this.#clock = clock;
    this.#acts = acts;
  }

  async carry(letter: Letter): Promise<Carried> {
    const query = decodeMessage(letter.query);
    const { address } = letter.server;
    const how = `${letter.overTcp ? " tcp" : ""}${query.edns === null ? " plain" : ""}`;
    this.letters.push(`${address}${how} ${letter.timeoutMs}`);
    this.queries.push(query);
    const acts = this.#acts[address] ?? [];
    const act = acts.length > 1 ? acts.shift() : acts[0];
    if (act === undefined) throw new Error(`${address} has nothing to do`);
    if ("kind" in act) {
      if (act.kind === "timeout") await this.#clock.advance(letter.timeoutMs);
      return act;
    }
    const octets = act instanceof Uint8Array ? act : encodeMessage(replyTo(query, act));
    const message = letter.accept(octets);
    if (message !== null) return { kind: "message", message };
    await this.#clock.advance(letter.timeoutMs);
    return { kind: "timeout" };
  }
}

const a = record("example.org.", "A", { address: "192.0.2.1" });
const good: Act = { answers: [a] };
const silence: Act = { kind: "timeout" };
const gone: Act = { kind: "unreachable", why: "no route" };
const servFail: Act = { rcode: rcodes.servFail };
const options: ExchangeOptions = { recursionDesired: true, checkingDisabled: false, dnssecOk: false };

function setUp(acts: Record<string, Act[]>, trusted = false) {
  const clock = new FakeClock();
  const carrier = new FakeCarrier(clock, acts);
  const servers: UpstreamServer[] = Object.keys(acts).map((address) => ({ address, port: 53, trusted }));
  let id = 0;
  const exchange = new UpstreamExchange({
    servers,
    carrier,
    clock,
    newId: () => ++id,
    tryMs: 1000,
    tries: 2,
  });
  const ask = (more: Partial<ExchangeOptions> = {}) =>
    exchange.query({ name: "example.org.", type: 1 }, { ...options, ...more });
  return { ask, carrier, clock, exchange };
}

const summary = (result: ExchangeResult) => result.ok ? `ok ${result.server}` : result.kind;

const flows: [what: string, acts: Record<string, Act[]>, letters: string[], outcome: string][] = [
  ["the first server answers", { a: [good], b: [good] }, ["a 1000"], "ok a:53"],
  ["a denial is an answer", { a: [{ rcode: rcodes.nxDomain }] }, ["a 1000"], "ok a:53"],
  ["the first is silent", { a: [silence], b: [good] }, ["a 1000", "b 1000"], "ok b:53"],
  ["the first answers at the second try", { a: [silence, good], b: [silence] }, [
    "a 1000",
    "b 1000",
    "a 2000",
  ], "ok a:53"],
  ["all are silent", { a: [silence], b: [silence] }, ["a 1000", "b 1000", "a 2000", "b 2000"], "timeout"],
  ["SERVFAIL", { a: [servFail], b: [good] }, ["a 1000", "b 1000"], "ok b:53"],
  [
    "SERVFAIL of all: nobody is asked twice",
    { a: [servFail], b: [servFail] },
    ["a 1000", "b 1000"],
    "serverFailure",
  ],
  ["REFUSED", { a: [{ rcode: rcodes.refused }], b: [good] }, ["a 1000", "b 1000"], "ok b:53"],
  ["an unknown code", { a: [{ rcode: 23 }] }, ["a 1000"], "serverFailure"],
  [
    "one says SERVFAIL, one is silent",
    { a: [servFail], b: [silence] },
    ["a 1000", "b 1000", "b 2000"],
    "serverFailure",
  ],
  [
    "one is silent, one can not be reached",
    { a: [silence], b: [gone] },
    ["a 1000", "b 1000", "a 2000"],
    "serverFailure",
  ],
  ["nobody can be reached", { a: [gone] }, ["a 1000"], "serverFailure"],
  ["there is no server", {}, [], "serverFailure"],
  ["a limit of ours", { a: [{ kind: "limit", why: "full" }], b: [good] }, ["a 1000"], "limit"],
  ["given up", { a: [{ kind: "aborted" }], b: [good] }, ["a 1000"], "aborted"],
  // Truncation: RFC 7766 5
  ["cut: over TCP", { a: [{ truncated: true }, good] }, ["a 1000", "a tcp 1000"], "ok a:53"],
  [
    "cut over TCP, too",
    { a: [{ truncated: true }], b: [good] },
    ["a 1000", "a tcp 1000", "b 1000"],
    "ok b:53",
  ],
  ["cut, and nobody there over TCP", { a: [{ truncated: true }, gone], b: [good] }, [
    "a 1000",
    "a tcp 1000",
    "b 1000",
  ], "ok b:53"],
  ["somebody guesses: over TCP", { a: [{ kind: "guessed" }, good] }, ["a 1000", "a tcp 1000"], "ok a:53"],
  // EDNS: RFC 6891 6.2.2, 7
  ["FORMERR: without EDNS", { a: [{ rcode: rcodes.formErr }, good] }, ["a 1000", "a plain 1000"], "ok a:53"],
  ["NOTIMP: without EDNS", { a: [{ rcode: rcodes.notImp }, good] }, ["a 1000", "a plain 1000"], "ok a:53"],
  ["BADVERS: without EDNS", { a: [{ rcode: rcodes.badVers }, good] }, ["a 1000", "a plain 1000"], "ok a:53"],
  [
    "FORMERR again",
    { a: [{ rcode: rcodes.formErr }], b: [good] },
    ["a 1000", "a plain 1000", "b 1000"],
    "ok b:53",
  ],
  ["FORMERR without a question", { a: [{ rcode: rcodes.formErr, question: null, edns: null }, good] }, [
    "a 1000",
    "a plain 1000",
  ], "ok a:53"],
  ["cut, then FORMERR over TCP", { a: [{ truncated: true }, { rcode: rcodes.formErr }, good] }, [
    "a 1000",
    "a tcp 1000",
    "a tcp plain 1000",
  ], "ok a:53"],
  // Lame servers
  ["a referral", { a: [{ authorities: [record("org.", "NS", { host: "ns.org." })] }], b: [good] }, [
    "a 1000",
    "b 1000",
  ], "ok b:53"],
  ["nothing, of one that does not find out for us", { a: [{ recursionAvailable: false }], b: [good] }, [
    "a 1000",
    "b 1000",
  ], "ok b:53"],
  ["nothing, of one that is in charge", { a: [{ recursionAvailable: false, authoritative: true }] }, [
    "a 1000",
  ], "ok a:53"],
  [
    "a denial with NS and SOA",
    { a: [{ authorities: [record("org.", "NS", { host: "ns.org." }), soa("org.")] }] },
    ["a 1000"],
    "ok a:53",
  ],
  // Answers that do not count: they are silence. RFC 5452 9.1
  ["another id", { a: [{ id: 9 }], b: [good] }, ["a 1000", "b 1000"], "ok b:53"],
  ["a query", { a: [{ isResponse: false }], b: [good] }, ["a 1000", "b 1000"], "ok b:53"],
  ["another opcode", { a: [{ opcode: 4 }], b: [good] }, ["a 1000", "b 1000"], "ok b:53"],
  ["another name", { a: [{ question: { name: "example.com.", type: 1, class: 1 } }], b: [good] }, [
    "a 1000",
    "b 1000",
  ], "ok b:53"],
  ["another type", { a: [{ question: { name: "example.org.", type: 28, class: 1 } }], b: [good] }, [
    "a 1000",
    "b 1000",
  ], "ok b:53"],
  ["another class", { a: [{ question: { name: "example.org.", type: 1, class: 3 } }], b: [good] }, [
    "a 1000",
    "b 1000",
  ], "ok b:53"],
  ["no question", { a: [{ question: null, answers: [a] }], b: [good] }, ["a 1000", "b 1000"], "ok b:53"],
  ["a question in another case", { a: [{ question: { name: "EXAMPLE.org.", type: 1, class: 1 } }] }, [
    "a 1000",
  ], "ok a:53"],
  ["nonsense", { a: [Uint8Array.of(0, 1, 0x81)], b: [good] }, ["a 1000", "b 1000"], "ok b:53"],
  ["an octet", { a: [Uint8Array.of(0)], b: [good] }, ["a 1000", "b 1000"], "ok b:53"],
];
for (const [what, acts, letters, outcome] of flows) {
  Deno.test(`asking servers: ${what}`, async () => {
    const { ask, carrier } = setUp(acts);
    const result = await ask();
    assert.equal(summary(result), outcome);
    assert.deepEqual(carrier.letters, letters);
  });
}

Deno.test("each query has an id of its own, RD, and EDNS of 1232 octets", async () => {
  const { ask, carrier } = setUp({ a: [silence, good] });
  await ask();
  const [first, second] = carrier.queries;
  assert.notEqual(first?.id, second?.id);
  assert.equal(first?.recursionDesired, true);
  assert.deepEqual(first?.edns, { udpSize: 1232, dnssecOk: false, version: 0, extendedErrors: [] });
});

Deno.test("AD is asked for where others shall validate, and only there", async () => {
  const flags: [Partial<ExchangeOptions>, ad: boolean, cd: boolean, dnssecOk: boolean][] = [
    [{}, true, false, false],
    [{ dnssecOk: true, checkingDisabled: true }, false, true, true],
    [{ recursionDesired: false }, false, false, false],
  ];
  for (const [its, ad, cd, dnssecOk] of flags) {
    const { ask, carrier } = setUp({ a: [good] });
    await ask(its);
    const [query] = carrier.queries;
    assert.deepEqual([query?.authenticData, query?.checkingDisabled, query?.edns?.dnssecOk], [
      ad,
      cd,
      dnssecOk,
    ]);
  }
});

Deno.test("a named server is asked alone, is never trusted, and may refer to others", async () => {
  const referral = { recursionAvailable: false, authorities: [record("org.", "NS", { host: "ns.org." })] };
  const { ask, carrier } = setUp({ a: [good], b: [referral] }, true);
  const result = await ask({ server: { address: "b", port: 5353 }, recursionDesired: false });
  assert.ok(result.ok);
  assert.deepEqual([result.server, result.trusted, result.message.authorities.length], ["b:5353", false, 1]);
  assert.deepEqual(carrier.letters, ["b 1000"]);
});

Deno.test("tries and their time can be said with the question", async () => {
  const { ask, carrier } = setUp({ a: [silence] });
  assert.equal(summary(await ask({ tries: 3, tryMs: 100 })), "timeout");
  assert.deepEqual(carrier.letters, ["a 100", "a 200", "a 400"]);
});

Deno.test("all tries together end in time, the last one sooner", async () => {
  const { ask, carrier, clock } = setUp({ a: [silence], b: [silence] });
  assert.equal(summary(await ask({ tries: 9, tryMs: 5000 })), "timeout");
  assert.deepEqual(carrier.letters, ["a 5000", "b 5000", "a 10000", "b 10000"]);
  assert.equal(clock.monotonic(), maxExchangeMs);
  carrier.letters.length = 0;
  assert.equal(summary(await ask({ withinMs: 1500 })), "timeout");
  assert.deepEqual(carrier.letters, ["a 1000", "b 500"]);
  assert.equal(summary(await ask({ withinMs: 0 })), "timeout");
  assert.equal(carrier.letters.length, 2);
});

Deno.test("a silent server comes last for a while, until it answers", async () => {
  const { ask, carrier, clock } = setUp({ a: [silence, good], b: [good] });
  await ask();
  await ask();
  assert.deepEqual(carrier.letters, ["a 1000", "b 1000", "b 1000"]);
  await clock.advance(suspectMs);
  assert.equal(summary(await ask()), "ok a:53");
  assert.deepEqual(carrier.letters.at(-1), "a 1000");
});

Deno.test("where all are suspected, they are asked in their order", async () => {
  const { ask, carrier } = setUp({ a: [silence, silence, good], b: [silence] });
  assert.equal(summary(await ask()), "timeout");
  assert.equal(summary(await ask()), "ok a:53");
  assert.equal(carrier.letters.at(-1), "a 1000");
});

Deno.test("a failure tells what each server did, with its own words", async () => {
  const extendedErrors = [{ code: 22, text: "No Reachable Authority" }, { code: 23, text: "" }];
  const edns = { udpSize: 1232, dnssecOk: false, version: 0, extendedErrors };
  const { ask } = setUp({ "192.0.2.1": [{ ...servFail, edns }], "2001:db8::1": [gone] });
  assert.deepEqual(await ask(), {
    ok: false,
    kind: "serverFailure",
    why: "192.0.2.1:53: SERVFAIL, error 22, No Reachable Authority, error 23; [2001:db8::1]:53: no route",
    extendedErrors,
    unsent: false,
  });
});

Deno.test("it is told where nothing could be sent: not where a server lets nobody in over TCP", async () => {
  const noRoute: Act = { kind: "unreachable", why: "no route", unsent: true };
  const stories: [acts: Record<string, Act[]>, unsent: boolean][] = [
    [{ a: [noRoute], b: [noRoute] }, true],
    [{ a: [noRoute], b: [silence] }, false],
    [{ a: [{ truncated: true }, gone] }, false],
    [{}, false],
  ];
  for (const [acts, unsent] of stories) {
    const told = await setUp(acts).ask();
    assert.equal(!told.ok && told.unsent, unsent);
  }
});

Deno.test("a trusted server's word that validation failed is believed, another's is not", async () => {
  const codes: [code: number, trusted: boolean, kind: string][] = [
    [5, true, "serverFailure"],
    [6, true, "bogus"],
    [7, true, "bogus"],
    [12, true, "bogus"],
    [13, true, "serverFailure"],
    [6, false, "serverFailure"],
  ];
  for (const [code, trusted, kind] of codes) {
    const edns = { udpSize: 1232, dnssecOk: false, version: 0, extendedErrors: [{ code, text: "" }] };
    const { ask } = setUp({ a: [{ ...servFail, edns }], b: [gone] }, trusted);
    assert.equal(summary(await ask()), kind, `${code}`);
  }
});

Deno.test("whom to trust comes along with the answer", async () => {
  for (const trusted of [true, false]) {
    const result = await setUp({ a: [good] }, trusted).ask();
    assert.ok(result.ok && result.trusted === trusted);
  }
});

Deno.test("a name that can not be written is a mistake of the caller", async () => {
  const { exchange } = setUp({ a: [good] });
  await assert.rejects(exchange.query({ name: "example", type: 1 }, options), SyntaxError);
});

Deno.test("servers are printed as people write them", () => {
  assert.equal(printServer({ address: "192.0.2.1", port: 53 }), "192.0.2.1:53");
  assert.equal(printServer({ address: "fe80::1%eth0", port: 5353 }), "[fe80::1%eth0]:5353");
});
