/**
 * Passwords that were right a moment ago, so that a client that signs in every minute does not cost an Argon2 each time.
 *
 * Kept is a keyed digest, with a key that exists only in this process: of no use to whoever reads the memory of
 * another, or the disk. An entry belongs to one stored hash, so that a changed password is not found.
 *
 * @module
 */
import { createHmac, randomBytes } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { equalSecrets } from "../sasl/secrets.ts";
import { type Argon2Hash, printPhc } from "./auth_argon2.ts";

/** How long a password is remembered, and how many are; the oldest are forgotten first. */
export const rememberMs = 15 * 60 * 1000;
export const maxRemembered = 10_000;

interface Remembered {
  readonly digest: Uint8Array;
  readonly until: number;
}

export class PasswordCache {
  readonly #clock: Clock;
  readonly #key = randomBytes(32);
  /** By account, the oldest first. */
  readonly #entries = new Map<string, Remembered>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether this password was right for this hash lately. */
  knows(account: string, password: string, stored: Argon2Hash): boolean {
    const entry = this.#entries.get(account);
    const digest = this.#digest(account, password, stored);
    if (entry === undefined) return false;
    if (entry.until <= this.#clock.monotonic()) {
      this.#entries.delete(account);
      return false;
    }
    return equalSecrets(entry.digest, digest);
  }

  /** It was right just now. */
  remember(account: string, password: string, stored: Argon2Hash): void {
    this.#entries.delete(account);
    if (this.#entries.size >= maxRemembered) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    const until = this.#clock.monotonic() + rememberMs;
    this.#entries.set(account, { digest: this.#digest(account, password, stored), until });
  }

  forget(account: string): void {
    this.#entries.delete(account);
  }

  #digest(account: string, password: string, stored: Argon2Hash): Uint8Array {
    return createHmac("sha256", this.#key).update(JSON.stringify([account, password, printPhc(stored)]))
      .digest();
  }
}
