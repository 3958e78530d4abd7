/**
 * Credentials in the store's database.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { Refused } from "../base/errors.ts";
import { accountNamed, accountWithId } from "../store/accounts.ts";
import {
  credentialNamed,
  credentialsOf,
  insertCredential,
  removeCredential,
  removeCredentials,
} from "../store/credentials.ts";
import type { Work } from "../store/query.ts";
import type { Store } from "../store/store.ts";
import {
  credentialKinds,
  type CredentialStore,
  parseSecrets,
  type PasswordSecrets,
  printSecrets,
  type RegisteredCertificate,
  type StoredAccount,
} from "./auth_credentials.ts";

/** No row has this id. */
const nobody = 0;

export class StoredCredentials implements CredentialStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  find(account: string | null): Promise<StoredAccount | null> {
    return Promise.resolve(this.#store.read(find(account ?? "")));
  }

  certificate(fingerprint: string): Promise<RegisteredCertificate | null> {
    return Promise.resolve(this.#store.read(findCertificate(fingerprint)));
  }

  setSecrets(account: string, secrets: PasswordSecrets, now: Millis): Promise<void> {
    return this.#store.writer.run(() => setSecrets(account, secrets, now));
  }

  addCertificate(certificate: RegisteredCertificate, now: Millis): Promise<void> {
    return this.#store.writer.run(() => addCertificate(certificate, now));
  }

  removeCertificate(account: string, fingerprint: string): Promise<boolean> {
    return this.#store.writer.run(() => removeCertificate(account, fingerprint));
  }
}

function* find(name: string): Work<StoredAccount | null> {
  const account = yield* accountNamed(name);
  const rows = yield* credentialsOf(account?.id ?? nobody); // Asked for nobody too: it takes its time.
  if (account === undefined) return null;
  return { name: account.name, disabled: account.login_disabled, secrets: parseSecrets(rows) };
}

function* findCertificate(fingerprint: string): Work<RegisteredCertificate | null> {
  const row = yield* credentialNamed(credentialKinds.certificate, fingerprint);
  const account = row && (yield* accountWithId(row.account_id));
  if (account === undefined || row === undefined) return null;
  const { login } = JSON.parse(row.data) as { login: string };
  return { fingerprint, account: account.name, login };
}

function* setSecrets(name: string, secrets: PasswordSecrets, now: Millis): Work<void> {
  const id = yield* idOf(name);
  const { certificate: _kept, ...kinds } = credentialKinds;
  for (const kind of Object.values(kinds)) yield* removeCredentials(id, kind);
  for (const { kind, data } of printSecrets(secrets)) {
    yield* insertCredential({ accountId: id, kind, name: "", data, now });
  }
}

function* addCertificate(certificate: RegisteredCertificate, now: Millis): Work<void> {
  const id = yield* idOf(certificate.account);
  const { fingerprint, login } = certificate;
  const existing = yield* credentialNamed(credentialKinds.certificate, fingerprint);
  if (existing !== undefined && existing.account_id !== id) {
    throw new Refused("mailboxExists", "the certificate is registered for another account");
  }
  yield* removeCredential(id, credentialKinds.certificate, fingerprint);
  const data = JSON.stringify({ login });
  yield* insertCredential({ accountId: id, kind: credentialKinds.certificate, name: fingerprint, data, now });
}

function* removeCertificate(name: string, fingerprint: string): Work<boolean> {
  return (yield* removeCredential(yield* idOf(name), credentialKinds.certificate, fingerprint)) > 0;
}

function* idOf(name: string): Work<number> {
  const account = yield* accountNamed(name);
  if (account === undefined) throw new Refused("noSuchMailbox", `there is no account ${name}`);
  return account.id;
}
