/**
 * The store's side of signing in: one `Authenticator` for each RPC connection, over what all of them share.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { type Reason, Refused } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Counter, Metrics } from "../base/metrics.ts";
import { type AuthBegin, type Authenticator, type AuthStep, mechanisms } from "./authenticator.ts";
import { type Argon2, argon2id, Gate, type GateLimits, printPhc, usualGateLimits } from "./auth_argon2.ts";
import { PasswordCache } from "./auth_cache.ts";
import { Capabilities, type ConnectionCapabilities } from "./auth_capabilities.ts";
import type { CredentialStore, RegisteredCertificate, StoredAccount } from "./auth_credentials.ts";
import { Decoys } from "./auth_decoys.ts";
import { Exchanges } from "./auth_exchanges.ts";
import { FailureLimits } from "./auth_limits.ts";
import { beginMechanism, type MechanismParts, type Outcome } from "./auth_mechanisms.ts";
import { deriveSecrets, generatePassword } from "./auth_password.ts";

export interface AuthenticationSettings {
  readonly credentials: CredentialStore;
  /** The account that signs in with this address or name, or null. */
  readonly resolveLogin: (name: string) => string | null;
  /** Extensions of IMAP that an account hides; none unless given. */
  readonly hiddenCapabilities?: (account: string) => readonly string[];
  /** 32 secret octets, kept over restarts. See {@link Decoys}. */
  readonly decoyKey: Bytes;
  /** Whether unknown names look like those of a domain with weak mechanisms; false unless given. */
  readonly weakDecoys?: boolean;
  readonly hostname: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** For tests: one that counts. */
  readonly argon2?: Argon2;
  readonly gateLimits?: GateLimits;
}

/** Signing in, for a whole process. */
export class Authentication {
  readonly capabilities = new Capabilities();
  readonly limits: FailureLimits;
  readonly #parts: MechanismParts;
  readonly #log: Log;
  readonly #results: Counter;

  constructor(settings: AuthenticationSettings) {
    const { clock, metrics } = settings;
    this.limits = new FailureLimits(clock);
    this.#log = settings.log;
    this.#results = metrics.counter(
      "mailden_auth_total",
      "Attempts to sign in, by protocol, mechanism and result.",
    );
    this.#parts = {
      ...settings,
      decoys: new Decoys(settings.decoyKey, settings.weakDecoys),
      cache: new PasswordCache(clock),
      limits: this.limits,
      gate: new Gate(settings.gateLimits ?? usualGateLimits),
      argon2: settings.argon2 ?? argon2id,
    };
  }

  /**
   * The authenticator of a new RPC connection.
   *
   * @param onEnd Told each capability that ends; for `Connection.endCapability`.
   */
  forConnection(onEnd: (capability: string) => void): ConnectionAuthenticator {
    const capabilities = this.capabilities.forConnection(onEnd);
    const count = (request: AuthBegin, result: Reason | "ok") => {
      const protocol = request.protocol;
      this.#results.add({ protocol, mechanism: request.mechanism, result });
    };
    return new ConnectionAuthenticator(this.#parts, capabilities, this.#log, count);
  }

  /**
   * Sets an account's password and ends all its sessions.
   *
   * @param weak Whether to derive secrets for CRAM-MD5 and SCRAM-SHA-1 (the domain's `weakMechanisms`).
   * @throws {Refused} `badRequest` for a password that will not do; `noSuchMailbox`.
   */
  async setPassword(account: string, password: string, weak: boolean): Promise<void> {
    const { credentials, gate, argon2, clock, cache } = this.#parts;
    const secrets = await gate.run(() => deriveSecrets(password, { argon2, weak }));
    await credentials.setSecrets(account, secrets, clock.now());
    cache.forget(account);
    this.capabilities.endAccount(account);
    this.#log.info("password was set", { account, weak });
  }

  /** Sets a password that is made up, good for every mechanism, and returns it. */
  async generatePassword(account: string): Promise<string> {
    const password = generatePassword();
    await this.setPassword(account, password, true);
    return password;
  }

  /** Registers a client certificate. @throws {Refused} `noSuchMailbox`, `mailboxExists`. */
  addCertificate(certificate: RegisteredCertificate): Promise<void> {
    return this.#parts.credentials.addCertificate(certificate, this.#parts.clock.now());
  }

  /** Removes one and ends the account's sessions: which of them it had opened is not kept. */
  async removeCertificate(account: string, fingerprint: string): Promise<boolean> {
    const removed = await this.#parts.credentials.removeCertificate(account, fingerprint);
    this.capabilities.endAccount(account);
    return removed;
  }

  /** The account was disabled or removed, in the store: its sessions end. */
  accountEnded(account: string): void {
    this.#parts.cache.forget(account);
    this.capabilities.endAccount(account);
  }
}

interface Exchange {
  readonly request: AuthBegin;
  readonly next: (response: Bytes) => Promise<Outcome>;
}

/** The `Authenticator` of one RPC connection, and the capabilities that it gave. */
export class ConnectionAuthenticator implements Authenticator {
  readonly capabilities: ConnectionCapabilities;
  readonly #parts: MechanismParts;
  readonly #log: Log;
  readonly #count: (request: AuthBegin, result: Reason | "ok") => void;
  readonly #exchanges: Exchanges<Exchange>;

  /** Use {@link Authentication.forConnection}. */
  constructor(
    parts: MechanismParts,
    capabilities: ConnectionCapabilities,
    log: Log,
    count: (request: AuthBegin, result: Reason | "ok") => void,
  ) {
    this.#parts = parts;
    this.capabilities = capabilities;
    this.#log = log;
    this.#count = count;
    this.#exchanges = new Exchanges(parts.clock);
  }

  begin(request: AuthBegin): Promise<AuthStep> {
    if (!isBegin(request)) return Promise.resolve({ kind: "failure", reason: "badRequest", text: null });
    return this.#step(request, () => beginMechanism(this.#parts, request));
  }

  next(request: { exchange: string; response: Bytes }): Promise<AuthStep> {
    const exchange = this.#exchanges.take(String(request.exchange));
    if (exchange === null || !(request.response instanceof Uint8Array)) {
      return Promise.resolve({ kind: "failure", reason: "badRequest", text: null });
    }
    return this.#step(exchange.request, () => exchange.next(request.response));
  }

  cancel(request: { exchange: string }): Promise<void> {
    this.#exchanges.take(String(request.exchange));
    return Promise.resolve();
  }

  release(request: { capability: string }): Promise<void> {
    this.capabilities.release(String(request.capability));
    return Promise.resolve();
  }

  limited(request: { remoteAddress: string }): Promise<boolean> {
    return Promise.resolve(this.#parts.limits.limited(String(request.remoteAddress)));
  }

  /** The RPC connection ended. */
  close(): void {
    this.#exchanges.clear();
    this.capabilities.close();
  }

  async #step(request: AuthBegin, work: () => Promise<Outcome>): Promise<AuthStep> {
    try {
      if (this.#parts.limits.limited(request.remoteAddress)) return this.#fail(request, "rateLimited");
      return await this.#answer(request, await work());
    } catch (error) {
      if (error instanceof Refused) return this.#fail(request, error.reason);
      throw error;
    }
  }

  async #answer(request: AuthBegin, outcome: Outcome): Promise<AuthStep> {
    switch (outcome.kind) {
      case "challenge": {
        const exchange = this.#exchanges.add({ request, next: outcome.next });
        if (exchange === null) return this.#fail(request, "tryLater");
        return { kind: "challenge", exchange, challenge: outcome.challenge };
      }
      case "failed":
        if (outcome.reason === "badCredentials" && outcome.counted !== true) {
          this.#parts.limits.failed(request.remoteAddress);
        }
        return this.#fail(request, outcome.reason);
      case "proved":
        return await this.#succeed(request, outcome);
    }
  }

  async #succeed(request: AuthBegin, proof: Outcome & { kind: "proved" }): Promise<AuthStep> {
    const { account, login, final } = proof;
    // Looked up again: the password may have changed, or the account been disabled, while the proof was made.
    const now = await this.#parts.credentials.find(account.name);
    const same = now !== null &&
      (proof.certificate === null
        ? hasSamePassword(now, account)
        : (await this.#parts.credentials.certificate(proof.certificate))?.account === account.name);
    if (!same) return this.#fail(request, "badCredentials");
    this.#parts.limits.succeeded(request.remoteAddress);
    if (now.disabled !== null) return this.#fail(request, "accountDisabled", now.disabled);
    const capability = this.capabilities.issue(account.name, login);
    this.#count(request, "ok");
    this.#log.info("signed in", { ...fields(request), account: account.name, login });
    const hiddenCapabilities = this.#parts.hiddenCapabilities?.(account.name) ?? [];
    return {
      kind: "success",
      account: account.name,
      login,
      capability,
      final,
      ...hiddenCapabilities.length === 0 ? {} : { hiddenCapabilities },
    };
  }

  #fail(request: AuthBegin, reason: Reason, text: string | null = null): AuthStep {
    this.#count(request, reason);
    this.#log.info("sign-in failed", { ...fields(request), reason });
    return { kind: "failure", reason, text };
  }
}

function hasSamePassword(now: StoredAccount, then: StoredAccount): boolean {
  // A hash has a random salt: equal hashes are one setting of the password.
  return now.secrets !== null && then.secrets !== null &&
    printPhc(now.secrets.argon2) === printPhc(then.secrets.argon2);
}

function fields(request: AuthBegin) {
  const { cid, protocol, mechanism, remoteAddress, tls } = request;
  return { cid, protocol, mechanism, remoteAddress, tls };
}

const protocols: readonly unknown[] = [
  "imap",
  "submission",
  "account",
  "admin",
] satisfies AuthBegin["protocol"][];

/** Characters of a connection's id, an address and a fingerprint: what goes into logs and tables is short. */
const maxFieldLength = 128;

/** Whether what came over the connection has the shape that its type says: the front is not trusted with it. */
function isBegin(request: AuthBegin): boolean {
  const { protocol, mechanism, initial, remoteAddress, tls, certificate, cid } = request ?? {};
  return protocols.includes(protocol) && (mechanisms as readonly unknown[]).includes(mechanism) &&
    (initial === null || initial instanceof Uint8Array) && typeof tls === "boolean" &&
    (certificate === null || isShortText(certificate)) && isShortText(remoteAddress) && isShortText(cid);
}

function isShortText(value: unknown): boolean {
  return typeof value === "string" && value.length <= maxFieldLength;
}
