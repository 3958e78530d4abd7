/**
 * What the store keeps of an account's passwords and keys, and the interface by which it is found.
 *
 * Tested by `src/accounts/auth_store_test.ts`.
 *
 * @module
 */
import { type Bytes, fromBase64 } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import type { CramMd5Secret } from "../sasl/cram_md5.ts";
import type { Md5State } from "../sasl/md5.ts";
import type { ScramSecret } from "../sasl/scram.ts";
import { type Argon2Hash, parsePhc, printPhc } from "./auth_argon2.ts";

/** Everything that was derived from one password. The password itself is not kept. */
export interface PasswordSecrets {
  readonly argon2: Argon2Hash;
  readonly scramSha256: ScramSecret;
  /** Weak ones, null unless they were asked for when the password was set. */
  readonly scramSha1: ScramSecret | null;
  readonly cramMd5: CramMd5Secret | null;
}

/** An account, as far as signing in goes. */
export interface StoredAccount {
  readonly name: string;
  /** Why nobody may sign in, in the administrator's words; null if everybody may. */
  readonly disabled: string | null;
  /** Null where no password was set. */
  readonly secrets: PasswordSecrets | null;
}

/** A registered client certificate. */
export interface RegisteredCertificate {
  /** `ClientCertificate`'s: base64url of the SHA-256 of its public key. */
  readonly fingerprint: string;
  readonly account: string;
  /** The address as which it signs in. */
  readonly login: string;
}

/** Where credentials are kept. Accounts are known by name. */
export interface CredentialStore {
  /** Takes the same steps whether or not there is such an account; null as a name is nobody's. */
  find(account: string | null): Promise<StoredAccount | null>;
  certificate(fingerprint: string): Promise<RegisteredCertificate | null>;
  /** Replaces all that came from the old password. Refuses `noSuchMailbox` if there is no such account. */
  setSecrets(account: string, secrets: PasswordSecrets, now: Millis): Promise<void>;
  /** Refuses `noSuchMailbox`; `mailboxExists` if another account has registered it. */
  addCertificate(certificate: RegisteredCertificate, now: Millis): Promise<void>;
  /** Whether there was one. */
  removeCertificate(account: string, fingerprint: string): Promise<boolean>;
}

/** The kinds of rows. */
export const credentialKinds = {
  argon2: "password",
  scramSha256: "scramSha256",
  scramSha1: "scramSha1",
  cramMd5: "cramMd5",
  certificate: "certificate",
} as const;

/** A row's kind and JSON. */
export interface CredentialRow {
  readonly kind: string;
  readonly data: string;
}

/** Secrets as rows. */
export function printSecrets(secrets: PasswordSecrets): CredentialRow[] {
  const rows: CredentialRow[] = [
    { kind: credentialKinds.argon2, data: JSON.stringify({ phc: printPhc(secrets.argon2) }) },
    { kind: credentialKinds.scramSha256, data: printScram(secrets.scramSha256) },
  ];
  if (secrets.scramSha1) rows.push({ kind: credentialKinds.scramSha1, data: printScram(secrets.scramSha1) });
  if (secrets.cramMd5) rows.push({ kind: credentialKinds.cramMd5, data: JSON.stringify(secrets.cramMd5) });
  return rows;
}

/**
 * Rows as secrets; null if there is no password among them.
 *
 * @throws {TypeError} If a row is damaged.
 */
export function parseSecrets(rows: readonly CredentialRow[]): PasswordSecrets | null {
  const read = (kind: string): Json | null => {
    const row = rows.find((each) => each.kind === kind);
    return row === undefined ? null : JSON.parse(row.data) as Json;
  };
  const password = read(credentialKinds.argon2);
  const scramSha256 = parseScram(read(credentialKinds.scramSha256));
  if (password === null) return null;
  const argon2 = typeof password["phc"] === "string" ? parsePhc(password["phc"]) : null;
  if (argon2 === null || scramSha256 === null) throw damaged();
  return {
    argon2,
    scramSha256,
    scramSha1: parseScram(read(credentialKinds.scramSha1)),
    cramMd5: parseCramMd5(read(credentialKinds.cramMd5)),
  };
}

type Json = Readonly<Record<string, unknown>>;

function printScram(secret: ScramSecret): string {
  return JSON.stringify({
    salt: secret.salt.toBase64(),
    iterations: secret.iterations,
    storedKey: secret.storedKey.toBase64(),
    serverKey: secret.serverKey.toBase64(),
  });
}

function parseScram(json: Json | null): ScramSecret | null {
  if (json === null) return null;
  const { iterations } = json;
  if (typeof iterations !== "number" || !Number.isSafeInteger(iterations) || iterations < 1) throw damaged();
  return {
    salt: octets(json["salt"]),
    iterations,
    storedKey: octets(json["storedKey"]),
    serverKey: octets(json["serverKey"]),
  };
}

function parseCramMd5(json: Json | null): CramMd5Secret | null {
  return json && { inner: md5State(json["inner"]), outer: md5State(json["outer"]) };
}

function md5State(value: unknown): Md5State {
  if (!Array.isArray(value)) throw damaged();
  const [a, b, c, d, ...more]: readonly unknown[] = value;
  if (!isWord(a) || !isWord(b) || !isWord(c) || !isWord(d) || more.length > 0) throw damaged();
  return [a, b, c, d];
}

function isWord(value: unknown): value is number {
  return typeof value === "number" && value >>> 0 === value;
}

function octets(value: unknown): Bytes {
  const bytes = typeof value === "string" ? fromBase64(value) : null;
  if (bytes === null || bytes.length === 0) throw damaged();
  return bytes;
}

function damaged(): TypeError {
  return new TypeError("a stored credential is damaged");
}
