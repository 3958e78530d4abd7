import assert from "node:assert/strict";
import type { Exchange, ExchangeOptions, ExchangeQuestion, ExchangeResult } from "./exchange.ts";
import { SharedExchange } from "./shared_exchange.ts";

const options: ExchangeOptions = { recursionDesired: true, checkingDisabled: true, dnssecOk: true };
const failure: ExchangeResult = { ok: false, kind: "timeout", why: "", extendedErrors: [] };

/** Never answers before it is told to. */
class SlowExchange implements Exchange {
  readonly asked: [ExchangeQuestion, ExchangeOptions][] = [];
  readonly answer = Promise.withResolvers<ExchangeResult>();

  query(question: ExchangeQuestion, its: ExchangeOptions): Promise<ExchangeResult> {
    this.asked.push([question, its]);
    return this.answer.promise;
  }
}

Deno.test("the same question, in any case, goes out once", async () => {
  const inner = new SlowExchange();
  const exchange = new SharedExchange(inner);
  const results = ["example.org.", "Example.ORG."].map((name) => exchange.query({ name, type: 48 }, options));
  assert.equal(inner.asked.length, 1);
  inner.answer.resolve(failure);
  assert.deepEqual(await Promise.all(results), [failure, failure]);
});

const different: [what: string, question: Partial<ExchangeQuestion>, its: Partial<ExchangeOptions>][] = [
  ["name", { name: "example.com." }, {}],
  ["type", { type: 43 }, {}],
  ["server", {}, { server: { address: "192.0.2.1", port: 53 } }],
  ["RD", {}, { recursionDesired: false }],
  ["CD", {}, { checkingDisabled: false }],
  ["DO", {}, { dnssecOk: false }],
  ["time", {}, { tryMs: 1 }],
  ["number of tries", {}, { tries: 1 }],
];
for (const [what, question, its] of different) {
  Deno.test(`another ${what} is another question`, () => {
    const inner = new SlowExchange();
    const exchange = new SharedExchange(inner);
    exchange.query({ name: "example.org.", type: 48 }, options);
    exchange.query({ name: "example.org.", type: 48, ...question }, { ...options, ...its });
    assert.equal(inner.asked.length, 2);
  });
}

Deno.test("who gives up is told so, and the question with the last one", async () => {
  const inner = new SlowExchange();
  const exchange = new SharedExchange(inner);
  const given = new AbortController();
  const result = exchange.query({ name: "example.org.", type: 48 }, { ...options, signal: given.signal });
  given.abort();
  const { ok, kind } = await result as { ok: false; kind: string };
  assert.deepEqual([ok, kind], [false, "aborted"]);
  assert.equal(inner.asked[0]?.[1].signal?.aborted, true);
});
