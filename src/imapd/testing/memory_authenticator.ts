/**
 * An authenticator in memory: PLAIN and EXTERNAL as they are, and `SCRAM-SHA-256` as a stand-in for every mechanism
 * with challenges (its messages are words, not SCRAM).
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { AuthBegin, Authenticator, AuthStep } from "../../accounts/authenticator.ts";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import type { Reason } from "../../base/errors.ts";

/** One account, and what it has been asked. */
export class MemoryAuthenticator implements Authenticator {
  readonly user: string;
  readonly password: string;
  /** Capabilities given out and not released. */
  readonly open = new Set<string>();
  /** Exchanges begun and not ended. */
  readonly exchanges = new Set<string>();
  /** What `limited` answers. */
  isLimited = false;
  /** The next attempt fails so, whatever was sent. */
  nextFailure: { reason: Reason; text: string | null } | null = null;
  readonly begun: AuthBegin[] = [];
  /** What the account hides. */
  hiddenCapabilities: readonly string[] = [];
  #last = 0;

  constructor(user = "mjl@example.org", password = "secret123") {
    this.user = user;
    this.password = password;
  }

  begin(request: AuthBegin): Promise<AuthStep> {
    this.begun.push(request);
    const failure = this.nextFailure;
    this.nextFailure = null;
    if (failure !== null) return Promise.resolve({ kind: "failure", ...failure });
    if (request.mechanism === "EXTERNAL") {
      return Promise.resolve(this.#decide(request.certificate === "known", null));
    }
    if (request.initial !== null) {
      return Promise.resolve(this.#check(request.mechanism, fromUtf8(request.initial)));
    }
    const exchange = `${request.mechanism} ${++this.#last}`;
    this.exchanges.add(exchange);
    return Promise.resolve({ kind: "challenge", exchange, challenge: utf8("") });
  }

  next(request: { exchange: string; response: Uint8Array }): Promise<AuthStep> {
    this.exchanges.delete(request.exchange);
    return Promise.resolve(this.#check(request.exchange.split(" ")[0] ?? "", fromUtf8(request.response)));
  }

  cancel(request: { exchange: string }): Promise<void> {
    this.exchanges.delete(request.exchange);
    return Promise.resolve();
  }

  release(request: { capability: string }): Promise<void> {
    this.open.delete(request.capability);
    return Promise.resolve();
  }

  limited(): Promise<boolean> {
    return Promise.resolve(this.isLimited);
  }

  #check(mechanism: string, response: string): AuthStep {
    const right = response === `\0${this.user}\0${this.password}`;
    return this.#decide(right, mechanism === "SCRAM-SHA-256" ? "last word" : null);
  }

  #decide(right: boolean, final: string | null): AuthStep {
    if (!right) return { kind: "failure", reason: "badCredentials", text: null };
    const capability = `capability ${++this.#last}`;
    this.open.add(capability);
    return {
      kind: "success",
      account: "mjl",
      login: this.user,
      capability,
      hiddenCapabilities: this.hiddenCapabilities,
      final: final === null ? null : utf8(final),
    };
  }
}
