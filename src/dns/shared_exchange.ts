/**
 * An exchange on which the same question, asked by several at once, goes out once. Many lookups need the same keys
 * and delegations of the zones above them.
 *
 * @module
 */
import type { Exchange, ExchangeOptions, ExchangeQuestion, ExchangeResult } from "./exchange.ts";
import { canonicalName } from "./name.ts";
import { SharedWork } from "./shared_work.ts";

export class SharedExchange implements Exchange {
  readonly #inner: Exchange;
  readonly #questions = new SharedWork<ExchangeResult>();

  constructor(inner: Exchange) {
    this.#inner = inner;
  }

  query(question: ExchangeQuestion, options: ExchangeOptions): Promise<ExchangeResult> {
    return this.#questions.run(
      keyOf(question, options),
      options.signal,
      (signal) => this.#inner.query(question, { ...options, signal }),
      () => ({ ok: false, kind: "aborted", why: "the one who asked gave up", extendedErrors: [] }),
    );
  }
}

/** Without `withinMs`, which is never the same twice: who joins has the time of the one who asked first. */
function keyOf({ name, type }: ExchangeQuestion, options: ExchangeOptions): string {
  const { server, recursionDesired, checkingDisabled, dnssecOk, tryMs, tries } = options;
  const flags = [recursionDesired, checkingDisabled, dnssecOk].map(Number).join("");
  return `${canonicalName(name)} ${type} ${flags} ${tryMs} ${tries} ${server?.address} ${server?.port}`;
}
