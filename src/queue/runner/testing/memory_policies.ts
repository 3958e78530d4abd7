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
  /** Every domain that was written, in order; and how many at a time. */
  readonly writes: string[] = [];
  readonly sizes: number[] = [];
  /** Characters of what was written at a time. */
  readonly lengths: number[] = [];
  broken = false;

  async *load(): AsyncIterable<readonly [domain: string, text: string]> {
    if (this.broken) throw new Error("the disk is broken");
    yield* [...this.texts];
  }

  // deno-lint-ignore require-await
  async write(changes: readonly (readonly [domain: string, text: string | null])[]): Promise<void> {
    if (this.broken) throw new Error("the disk is broken");
    this.sizes.push(changes.length);
    this.lengths.push(changes.reduce((sum, [, text]) => sum + (text?.length ?? 0), 0));
    for (const [domain, text] of changes) {
      this.writes.push(domain);
      if (text === null) this.texts.delete(domain);
      else this.texts.set(domain, text);
    }
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
