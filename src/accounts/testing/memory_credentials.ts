/**
 * Credentials in memory, for tests.
 *
 * @module
 */
import { Refused } from "../../base/errors.ts";
import type {
  CredentialStore,
  PasswordSecrets,
  RegisteredCertificate,
  StoredAccount,
} from "../auth_credentials.ts";

export class MemoryCredentials implements CredentialStore {
  readonly accounts = new Map<string, StoredAccount>();
  readonly #certificates = new Map<string, RegisteredCertificate>();
  /** Names that were looked for, null for nobody's. */
  readonly found: (string | null)[] = [];

  /** Adds an account without a password. */
  add(name: string): void {
    this.accounts.set(name, { name, disabled: null, secrets: null });
  }

  disable(name: string, disabled: string | null): void {
    this.accounts.set(name, { ...this.#account(name), disabled });
  }

  find(account: string | null): Promise<StoredAccount | null> {
    this.found.push(account);
    return Promise.resolve(this.accounts.get(account ?? "") ?? null);
  }

  certificate(fingerprint: string): Promise<RegisteredCertificate | null> {
    return Promise.resolve(this.#certificates.get(fingerprint) ?? null);
  }

  setSecrets(account: string, secrets: PasswordSecrets): Promise<void> {
    this.accounts.set(account, { ...this.#account(account), secrets });
    return Promise.resolve();
  }

  addCertificate(certificate: RegisteredCertificate): Promise<void> {
    this.#certificates.set(certificate.fingerprint, certificate);
    return Promise.resolve();
  }

  removeCertificate(_account: string, fingerprint: string): Promise<boolean> {
    return Promise.resolve(this.#certificates.delete(fingerprint));
  }

  #account(name: string): StoredAccount {
    const account = this.accounts.get(name);
    if (account === undefined) throw new Refused("noSuchMailbox", name);
    return account;
  }
}
