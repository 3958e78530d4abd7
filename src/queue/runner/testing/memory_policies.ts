/**
 * MTA-STS policies for tests: a store in memory, and a fetcher of a table.
 *
 * @module
 */
import type { Fetched, FetchFailure, PolicyFetcher } from "../../../mtasts/life.ts";
import type { Mode, Policy } from "../../../mtasts/policy.ts";
import type { PolicyStore } from "../sts_kept.ts";

/** A policy store that a test can look into, and break. */
export class MemoryPolicyStore implements PolicyStore {
  readonly texts = new Map<string, string>();
  /** Every write, in order. */
  readonly writes: string[] = [];
  broken = false;

  async *load(): AsyncIterable<readonly [domain: string, text: string]> {
    if (this.broken) throw new Error("the disk is broken");
    yield* [...this.texts];
  }

  // deno-lint-ignore require-await
  async set(domain: string, text: string): Promise<void> {
    if (this.broken) throw new Error("the disk is broken");
    this.writes.push(domain);
    this.texts.set(domain, text);
  }

  // deno-lint-ignore require-await
  async delete(domain: string): Promise<void> {
    if (this.broken) throw new Error("the disk is broken");
    this.texts.delete(domain);
  }
}

export function testPolicy(
  mode: Mode = "enforce",
  maxAgeSeconds = 7 * 86_400,
  mx: readonly string[] = ["mx.example.org"],
): Policy {
  return { mode, mx, maxAgeSeconds, extensions: [] };
}

/** Answers from a table that the test may change; keeps whom it was asked for. */
export class TableFetcher implements PolicyFetcher {
  readonly asked: string[] = [];
  readonly #table: Record<string, Policy | FetchFailure | Promise<Fetched>>;

  constructor(table: Record<string, Policy | FetchFailure | Promise<Fetched>>) {
    this.#table = table;
  }

  fetchPolicy(domain: string, signal?: AbortSignal): Promise<Fetched> {
    this.asked.push(domain);
    const found = this.#table[domain] ?? "unreachable";
    if (found instanceof Promise) {
      const { promise, resolve } = Promise.withResolvers<Fetched>();
      signal?.addEventListener(
        "abort",
        () => resolve({ ok: false, failure: "unreachable", why: "given up" }),
      );
      return Promise.race([found, promise]);
    }
    if (typeof found === "string") {
      return Promise.resolve({ ok: false, failure: found, why: `it is ${found}` });
    }
    return Promise.resolve({ ok: true, policy: found });
  }
}
