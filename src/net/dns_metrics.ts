/**
 * What the resolver counts. No label is of a stranger's choice: names and servers are in the log.
 *
 * @module
 */
import type { Counter, Labels, Metrics } from "../base/metrics.ts";
import type { LookupObserver } from "../dns/lookup_desk.ts";
import type { Answer } from "../dns/resolver.ts";
import type { Carried } from "../dns/upstream.ts";

const securities: readonly Answer["security"][] = ["secure", "insecure", "bogus", "indeterminate"];
const statuses: readonly Answer["status"][] = ["found", "noData", "noSuchDomain", "failed"];
const results: readonly (Carried["kind"] | "answer")[] = [
  "answer",
  "timeout",
  "guessed",
  "unreachable",
  "limit",
  "aborted",
];

/** The metrics of a process' resolver. */
export class DnsMetrics implements LookupObserver {
  readonly #lookups: Counter;
  readonly #cache: Counter;
  readonly #questions: Counter;

  /** Registers them; twice is once. */
  constructor(metrics: Metrics) {
    this.#lookups = metrics.counter(
      "mailden_dns_lookups_total",
      "Lookups that were done, kept answers left out, by what came of them and what DNSSEC says of it.",
      statuses.flatMap((status) => securities.map((dnssec): Labels => ({ status, dnssec }))).filter(
        // Records of what is bogus are never given out.
        ({ status, dnssec }) => (status === "failed") === (dnssec === "bogus") || dnssec === "indeterminate",
      ),
    );
    this.#cache = metrics.counter(
      "mailden_dns_cache_total",
      "Lookups by whether their answer was kept from before.",
      [{ result: "hit" }, { result: "miss" }],
    );
    this.#questions = metrics.counter(
      "mailden_dns_questions_total",
      "Questions to servers, by how they were asked and what came of it.",
      ["udp", "tcp"].flatMap((over) => results.map((result) => ({ over, result }))),
    );
  }

  kept(): void {
    this.#cache.add({ result: "hit" });
  }

  asked(): void {
    this.#cache.add({ result: "miss" });
  }

  answered({ status, security }: Answer): void {
    this.#lookups.add({ status, dnssec: security });
  }

  /** One question has come to its end. */
  question(overTcp: boolean, { kind }: Carried): void {
    this.#questions.add({
      over: overTcp ? "tcp" : "udp",
      result: kind === "message" ? "answer" : kind,
    });
  }
}
