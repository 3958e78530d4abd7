/**
 * Hosts that hang up on new connections, or fall silent. Before they heard of a message that says enough. In the middle of
 * one it may be the message's fault; when the next one fares no better it is not, and whoever else waits is spared.
 *
 * Tested by `src/queue/runner/runner_refusals_test.ts`.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { KnownFailures } from "./known_failures.ts";
import type { Verdict } from "./verdict.ts";

/** A host hung up. */
export interface HungUp {
  /** What it said, for others. */
  readonly verdict: Verdict;
  /** Before it heard of the message. */
  readonly isEarly: boolean;
}

/** How long it counts that a host hung up in the middle: longer than it takes to notice that it is silent. */
export const suspectMs = 15 * 60_000;

export class HangUps {
  readonly #failures: KnownFailures<Verdict>;
  readonly #suspects: KnownFailures<true>;

  /** @param failures What is not dialled for a while. */
  constructor(clock: Clock, failures: KnownFailures<Verdict>) {
    this.#failures = failures;
    this.#suspects = new KnownFailures(clock, suspectMs);
  }

  /** A message went over a connection. @param hungUp Null if the host answered to the end. */
  note(key: string, hungUp: HungUp | null): void {
    if (hungUp === null) this.#suspects.forget(key);
    else if (hungUp.isEarly || this.#suspects.of(key) !== null) this.#failures.remember(key, hungUp.verdict);
    else this.#suspects.remember(key, true);
  }

  /** All of it may have been mended. */
  clear(): void {
    this.#suspects.clear();
  }
}
