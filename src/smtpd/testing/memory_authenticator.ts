/**
 * An authenticator for tests: user `user@example.org`, password `secret`. LOGIN and PLAIN check it; the other
 * mechanisms are a dialogue of fixed words, since what SMTP has to do is to carry them.
 *
 * @module
 */
import type { AuthBegin, Authenticator, AuthStep } from "../../accounts/authenticator.ts";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import type { Reason } from "../../base/errors.ts";

export class MemoryAuthenticator implements Authenticator {
  /** What was asked to begin. */
  readonly begun: AuthBegin[] = [];
  readonly cancelled: string[] = [];
  readonly released: string[] = [];
  /** What `limited` answers. */
  isLimited = false;
  /** Fail all attempts for this reason, with this text. */
  failure: { reason: Reason; text: string | null } | null = null;
  readonly #open = new Map<string, AuthBegin & { login?: string }>();
  #count = 0;

  begin(request: AuthBegin): Promise<AuthStep> {
    this.begun.push(request);
    const exchange = `x${++this.#count}`;
    this.#open.set(exchange, request);
    if (request.initial !== null) return this.next({ exchange, response: request.initial });
    const challenge = { LOGIN: "Username:", "CRAM-MD5": "<1.2@example.org>" }[request.mechanism as string] ??
      "";
    return Promise.resolve({ kind: "challenge", exchange, challenge: utf8(challenge) });
  }

  next({ exchange, response }: { exchange: string; response: Uint8Array }): Promise<AuthStep> {
    const request = this.#open.get(exchange);
    if (request === undefined) return Promise.resolve(this.#over(exchange, "badRequest"));
    if (this.failure !== null) return Promise.resolve(this.#over(exchange, this.failure.reason));
    const text = fromUtf8(response);
    switch (request.mechanism) {
      case "PLAIN":
        return Promise.resolve(this.#check(exchange, text === "\0user@example.org\0secret"));
      case "LOGIN":
        if (request.login === undefined) {
          this.#open.set(exchange, { ...request, login: text });
          return Promise.resolve({ kind: "challenge", exchange, challenge: utf8("Password:") });
        }
        return Promise.resolve(
          this.#check(exchange, request.login === "user@example.org" && text === "secret"),
        );
      case "EXTERNAL":
        return Promise.resolve(this.#check(exchange, request.certificate === "fingerprint"));
      case "CRAM-MD5":
        if (request.initial !== null) return Promise.resolve(this.#over(exchange, "badRequest"));
        return Promise.resolve(this.#check(exchange, text.startsWith("user@example.org ")));
      case "SCRAM-SHA-1":
      case "SCRAM-SHA-256": {
        if (text === "client-first") {
          return Promise.resolve({ kind: "challenge", exchange, challenge: utf8("server-first") });
        }
        const answer = this.#check(exchange, text === "client-final");
        return Promise.resolve(
          answer.kind === "success" ? { ...answer, final: utf8("server-final") } : answer,
        );
      }
    }
  }

  cancel({ exchange }: { exchange: string }): Promise<void> {
    this.cancelled.push(exchange);
    this.#open.delete(exchange);
    return Promise.resolve();
  }

  release({ capability }: { capability: string }): Promise<void> {
    this.released.push(capability);
    return Promise.resolve();
  }

  limited(): Promise<boolean> {
    return Promise.resolve(this.isLimited);
  }

  /** Exchanges that nobody has ended. */
  get open(): number {
    return this.#open.size;
  }

  #check(exchange: string, right: boolean): AuthStep {
    if (!right) return this.#over(exchange, "badCredentials");
    this.#open.delete(exchange);
    return {
      kind: "success",
      account: "user",
      login: "user@example.org",
      capability: `cap${exchange}`,
      final: null,
    };
  }

  #over(exchange: string, reason: Reason): AuthStep {
    this.#open.delete(exchange);
    return { kind: "failure", reason, text: this.failure?.text ?? null };
  }
}
