import assert from "node:assert/strict";
import { record, soa } from "../../tests/support/dns_server.ts";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { AnswerCache } from "./cache.ts";
import type { Exchange, ExchangeOptions, ExchangeQuestion, ExchangeResult } from "./exchange.ts";
import { classIn, type DnsMessage, rcodes } from "./message.ts";
import { typeNumbers } from "./record.ts";
import { maxActiveLookups, maxLookupMs } from "./lookup_desk.ts";
import type { FailureKind } from "./resolver.ts";
import { type StubMode, StubResolver } from "./stub.ts";

type Reply = (Partial<DnsMessage> & { trusted?: boolean }) | FailureKind | Promise<FailureKind>;

/** Answers by `name type`; whatever is not in the table does not exist. */
class TableExchange implements Exchange {
  readonly asked: string[] = [];
  readonly options: ExchangeOptions[] = [];
  readonly #table: Record<string, Reply>;

  constructor(table: Record<string, Reply>) {
    this.#table = table;
  }

  async query(question: ExchangeQuestion, options: ExchangeOptions): Promise<ExchangeResult> {
    const key = `${question.name} ${question.type}`;
    this.asked.push(key);
    this.options.push(options);
    const reply = await (this.#table[key] ?? { rcode: rcodes.nxDomain, authorities: [soa("example.")] });
    if (typeof reply === "string") {
      return { ok: false, kind: reply, why: `because of ${reply}`, extendedErrors: [] };
    }
    const { trusted = true, ...parts } = reply;
    const message = {
      id: 1,
      isResponse: true,
      opcode: 0,
      authoritative: false,
      truncated: false,
      recursionDesired: true,
      recursionAvailable: true,
      authenticData: false,
      checkingDisabled: false,
      rcode: 0,
      question: { ...question, class: classIn },
      answers: [],
      authorities: [],
      additionals: [],
      edns: null,
      ...parts,
    };
    return { ok: true, message, server: "[::1]:53", trusted };
  }
}

const a = (name: string, ttl?: number) => record(name, "A", { address: "192.0.2.1" }, ttl);
const cname = (name: string, target: string) => record(name, "CNAME", { target });

function setUp(table: Record<string, Reply>, mode: StubMode = "trust-ad") {
  const clock = new FakeClock();
  const exchange = new TableExchange(table);
  return { clock, exchange, resolver: new StubResolver({ exchange, clock, mode }) };
}

Deno.test("a lookup asks with RD, and neither validates nor wants signatures", async () => {
  const { exchange, resolver } = setUp({ "mail.example. 1": { answers: [a("mail.example.")] } });
  const answer = await resolver.lookup("mail.example.", "A");
  assert.deepEqual(answer, {
    name: "mail.example.",
    type: "A",
    status: "found",
    canonicalName: "mail.example.",
    records: [{ address: "192.0.2.1" }],
    ttl: 300,
    security: "insecure",
    why: "[::1]:53 has not: unsigned, or a server that does not validate",
    failure: null,
  });
  const [options] = exchange.options;
  assert.deepEqual(
    [options?.recursionDesired, options?.checkingDisabled, options?.dnssecOk],
    [true, false, false],
  );
});

Deno.test("U-labels are asked for as A-labels", async () => {
  const { exchange, resolver } = setUp({});
  const answer = await resolver.lookup("bücher.example.", "MX");
  assert.deepEqual(exchange.asked, ["xn--bcher-kva.example. 15"]);
  assert.deepEqual([answer.name, answer.status], ["xn--bcher-kva.example.", "noSuchDomain"]);
});

Deno.test("what is no absolute name is refused, and nobody is asked", async () => {
  const { exchange, resolver } = setUp({});
  for (const name of ["", "example.org", "a..b.", "a b."]) {
    await assert.rejects(resolver.lookup(name, "A"), SyntaxError);
  }
  assert.equal(exchange.asked.length, 0);
});

const beliefs: [what: string, mode: StubMode, reply: Reply, security: string][] = [
  ["AD of a trusted server", "trust-ad", { authenticData: true }, "secure"],
  ["no AD of a trusted server", "trust-ad", {}, "insecure"],
  ["AD of another server", "trust-ad", { authenticData: true, trusted: false }, "indeterminate"],
  ["AD where nobody looks", "off", { authenticData: true }, "indeterminate"],
  ["a validation that failed", "trust-ad", "bogus", "bogus"],
  ["silence", "trust-ad", "timeout", "indeterminate"],
];
for (const [what, mode, reply, security] of beliefs) {
  Deno.test(`security of an answer: ${what}`, async () => {
    const { resolver } = setUp({ "x.example. 1": reply }, mode);
    assert.equal((await resolver.lookup("x.example.", "A")).security, security);
  });
}

Deno.test("a denial may be secure, too", async () => {
  const reply = { rcode: rcodes.nxDomain, authenticData: true, authorities: [soa("example.")] };
  const { resolver } = setUp({ "x.example. 52": reply });
  const { status, security, ttl } = await resolver.lookup("x.example.", "TLSA");
  assert.deepEqual([status, security, ttl], ["noSuchDomain", "secure", 60]);
});

Deno.test("an answer over several questions is as secure as the weakest, and says why", async () => {
  const alias = { answers: [cname("x.example.", "y.example.")] };
  const last = { answers: [a("y.example.")] };
  for (const [first, second] of [[true, false], [false, true]]) {
    const { exchange, resolver } = setUp({
      "x.example. 1": { ...alias, authenticData: first ?? false },
      "y.example. 1": { ...last, authenticData: second ?? false },
    });
    const answer = await resolver.lookup("x.example.", "A");
    assert.deepEqual([answer.status, answer.canonicalName, answer.security], [
      "found",
      "y.example.",
      "insecure",
    ]);
    assert.match(answer.why, /has not/);
    assert.deepEqual(exchange.asked, ["x.example. 1", "y.example. 1"]);
  }
});

Deno.test("a failure on the way is the answer, at the name where it happened", async () => {
  const { resolver } = setUp({
    "x.example. 1": { answers: [cname("x.example.", "y.example.")] },
    "y.example. 1": "serverFailure",
  });
  const answer = await resolver.lookup("x.example.", "A");
  assert.deepEqual(
    [answer.status, answer.failure, answer.canonicalName, answer.ttl, answer.why],
    ["failed", "serverFailure", "y.example.", 0, "because of serverFailure"],
  );
});

Deno.test("a circle over several questions ends", async () => {
  const { exchange, resolver } = setUp({
    "x.example. 1": { answers: [cname("x.example.", "y.example.")] },
    "y.example. 1": { answers: [cname("y.example.", "x.example.")] },
  });
  assert.equal((await resolver.lookup("x.example.", "A")).failure, "aliases");
  assert.equal(exchange.asked.length, 2);
});

Deno.test("answers, denials and failures are kept", async () => {
  const { clock, exchange, resolver } = setUp({
    "a.example. 1": { answers: [a("a.example.", 60)] },
    "c.example. 1": "timeout",
  });
  for (let i = 0; i < 3; i++) {
    for (const name of ["a.example.", "A.EXAMPLE.", "b.example.", "c.example."]) {
      await resolver.lookup(name, "A");
    }
  }
  assert.equal(exchange.asked.length, 3);
  await clock.advance(60_000);
  await resolver.lookup("a.example.", "A");
  assert.equal(exchange.asked.length, 4);
});

Deno.test("a cache can be shared", async () => {
  const clock = new FakeClock();
  const cache = new AnswerCache({ clock });
  const exchanges = [1, 2].map(() => new TableExchange({}));
  for (const exchange of exchanges) {
    await new StubResolver({ exchange, clock, mode: "off", cache }).lookup("x.example.", "A");
  }
  assert.deepEqual(exchanges.map(({ asked }) => asked.length), [1, 0]);
});

Deno.test("equal lookups at the same time are one question, answered to each in its own spelling", async () => {
  const { exchange, resolver } = setUp({ "x.example. 1": { answers: [a("x.example.")] } });
  const names = ["x.example.", "X.example.", "x.EXAMPLE."];
  const answers = await Promise.all(names.map((name) => resolver.lookup(name, "A")));
  assert.deepEqual(exchange.asked, ["x.example. 1"]);
  assert.deepEqual(answers.map(({ name }) => name), names);
});

Deno.test("who gives up is told so, before and while waiting", async () => {
  const { exchange, resolver } = setUp({ "x.example. 1": new Promise<FailureKind>(() => {}) });
  const before = await resolver.lookup("x.example.", "A", { signal: AbortSignal.abort() });
  assert.equal(before.failure, "aborted");
  assert.equal(exchange.asked.length, 0);
  const given = new AbortController();
  const answer = resolver.lookup("x.example.", "A", { signal: given.signal });
  await Promise.resolve();
  given.abort();
  assert.deepEqual([(await answer).failure, (await answer).security], ["aborted", "indeterminate"]);
});

Deno.test("who gives up an answer leaves nothing in the cache", async () => {
  const end = Promise.withResolvers<FailureKind>();
  const { clock, exchange, resolver } = setUp({ "x.example. 1": end.promise });
  const given = new AbortController();
  const answer = resolver.lookup("x.example.", "A", { signal: given.signal });
  await clock.advance(0);
  given.abort();
  await answer;
  end.resolve("aborted");
  await clock.advance(0);
  await resolver.lookup("x.example.", "A");
  assert.equal(exchange.asked.length, 2);
});

Deno.test("the time for all questions of a lookup runs down with each", async () => {
  const clock = new FakeClock();
  const table: Record<string, Reply> = { "x.example. 1": { answers: [cname("x.example.", "y.example.")] } };
  const exchange = new TableExchange(table);
  const slow: Exchange = {
    query: async (question, options) => {
      const result = await exchange.query(question, options);
      await clock.advance(10_000);
      return result;
    },
  };
  await new StubResolver({ exchange: slow, clock, mode: "off" }).lookup("x.example.", "A");
  assert.deepEqual(exchange.options.map(({ withinMs }) => withinMs), [maxLookupMs, maxLookupMs - 10_000]);
});

Deno.test("only so many lookups are under way; the others wait, and not for ever", async () => {
  const end = Promise.withResolvers<FailureKind>();
  const count = maxActiveLookups + 3;
  const table = Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`${i}.example. ${typeNumbers.A}`, end.promise]),
  );
  const { clock, exchange, resolver } = setUp(table);
  const given = new AbortController();
  const answers = Array.from({ length: count }, (_, i) => {
    return resolver.lookup(`${i}.example.`, "A", i === count - 1 ? { signal: given.signal } : {});
  });
  await clock.advance(0);
  assert.equal(exchange.asked.length, maxActiveLookups);
  given.abort();
  assert.equal((await answers.at(-1))?.failure, "aborted");
  await clock.advance(maxLookupMs);
  for (const late of answers.slice(maxActiveLookups, -1)) assert.equal((await late).failure, "timeout");
  end.resolve("serverFailure");
  assert.equal((await answers[0])?.failure, "serverFailure");
  assert.equal((await resolver.lookup("new.example.", "A")).status, "noSuchDomain");
});

Deno.test("when too many wait, a lookup fails at once, and what is kept is still given out", async () => {
  const end = Promise.withResolvers<FailureKind>();
  const exchange = new TableExchange({ "a.example. 1": end.promise });
  const clock = new FakeClock();
  const resolver = new StubResolver({ exchange, clock, mode: "off", maxActive: 1, maxWaiting: 1 });
  await resolver.lookup("kept.example.", "A");
  const [first, second] = ["a.example.", "b.example."].map((name) => resolver.lookup(name, "A"));
  assert.equal((await resolver.lookup("c.example.", "A")).failure, "limit");
  assert.equal((await resolver.lookup("kept.example.", "A")).status, "noSuchDomain");
  end.resolve("timeout");
  assert.deepEqual([(await first)?.failure, (await second)?.status], ["timeout", "noSuchDomain"]);
});
