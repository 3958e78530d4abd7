/**
 * The mechanisms, from the client's messages to a proof. Nothing here can be told apart from outside by whether an
 * account exists: unknown names get made-up secrets (`auth_decoys.ts`), and the same work is done with them.
 *
 * The same holds for accounts that lack the weak secrets: SCRAM-SHA-1 and CRAM-MD5 then fail as with a wrong
 * password, since any other answer would tell that the account is there.
 *
 * Tested by `src/accounts/auth_session_test.ts`.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { asciiDomain } from "../address/domain.ts";
import { type Bytes, noBytes } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { type Reason, Refused } from "../base/errors.ts";
import { checkCramMd5, cramMd5Challenge, parseCramMd5 } from "../sasl/cram_md5.ts";
import { parseExternal } from "../sasl/external.ts";
import { beginLogin, continueLogin, type LoginStep } from "../sasl/login.ts";
import { parsePlain, type PasswordLogin } from "../sasl/plain.ts";
import { prepareOpaqueString, prepareUsername } from "../sasl/precis.ts";
import { type ScramHash, ScramServer } from "../sasl/scram.ts";
import { parseClientFirst } from "../sasl/scram_message.ts";
import type { AuthBegin } from "./authenticator.ts";
import { type Argon2, checkArgon2, type Gate } from "./auth_argon2.ts";
import type { PasswordCache } from "./auth_cache.ts";
import type { CredentialStore, StoredAccount } from "./auth_credentials.ts";
import type { Decoys } from "./auth_decoys.ts";
import type { FailureLimits } from "./auth_limits.ts";

/** What mechanisms work with; one for a whole process. */
export interface MechanismParts {
  readonly credentials: CredentialStore;
  /** The account that signs in with this address or name, or null. The name is prepared (RFC 8265 3.4). */
  readonly resolveLogin: (name: string) => string | null;
  /** Extensions of IMAP that an account hides; none unless given. */
  readonly hiddenCapabilities?: (account: string) => readonly string[];
  readonly decoys: Decoys;
  readonly cache: PasswordCache;
  readonly limits: FailureLimits;
  readonly gate: Gate;
  readonly argon2: Argon2;
  readonly clock: Clock;
  /** For challenges. */
  readonly hostname: string;
}

/** Where an exchange stands. */
export type Outcome =
  | {
    readonly kind: "challenge";
    readonly challenge: Bytes;
    readonly next: (response: Bytes) => Promise<Outcome>;
  }
  | {
    readonly kind: "proved";
    readonly account: StoredAccount;
    readonly login: string;
    readonly final: Bytes | null;
    /** The certificate's fingerprint if it was the proof, else null. */
    readonly certificate: string | null;
  }
  | {
    readonly kind: "failed";
    readonly reason: Reason;
    /** It was counted as a failure of its address already. */
    readonly counted?: true;
  };

const badRequest: Outcome = { kind: "failed", reason: "badRequest" };
const badCredentials: Outcome = { kind: "failed", reason: "badCredentials" };
const countedFailure: Outcome = { ...badCredentials, counted: true };

/** Random octets of a challenge or nonce. */
const nonceBytes = 18;

/** Begins an exchange. */
export function beginMechanism(parts: MechanismParts, request: AuthBegin): Promise<Outcome> {
  const { initial } = request;
  switch (request.mechanism) {
    case "PLAIN":
      return opened(initial, (message) => plain(parts, request, message));
    case "LOGIN":
      return login(parts, request, beginLogin(initial));
    case "CRAM-MD5":
      return Promise.resolve(cramMd5(parts, initial));
    case "SCRAM-SHA-1":
      return opened(initial, (message) => scram(parts, "SHA-1", message));
    case "SCRAM-SHA-256":
      return opened(initial, (message) => scram(parts, "SHA-256", message));
    case "EXTERNAL":
      return opened(initial, (message) => external(parts, request, message));
  }
}

/** Where the client speaks first and has not, it is asked to with an empty challenge. RFC 4422 5 */
function opened(initial: Bytes | null, next: (message: Bytes) => Promise<Outcome>): Promise<Outcome> {
  return initial === null ? Promise.resolve({ kind: "challenge", challenge: noBytes, next }) : next(initial);
}

function plain(parts: MechanismParts, request: AuthBegin, message: Bytes): Promise<Outcome> {
  const read = parsePlain(message);
  return read === null ? Promise.resolve(badRequest) : password(parts, request, read);
}

function login(parts: MechanismParts, request: AuthBegin, step: LoginStep): Promise<Outcome> {
  if (step.kind === "malformed") return Promise.resolve(badRequest);
  if (step.kind === "done") return password(parts, request, step.login);
  const next = (response: Bytes) => login(parts, request, continueLogin(step.state, response));
  return Promise.resolve({ kind: "challenge", challenge: step.challenge, next });
}

/** A name and the account that it leads to; `account` is null for names that lead nowhere. */
interface Subject {
  readonly login: string;
  readonly account: StoredAccount | null;
}

async function subjectOf(parts: MechanismParts, name: string): Promise<Subject> {
  const login = prepareUsername(name) ?? "";
  const account = login === "" ? null : parts.resolveLogin(login);
  return { login, account: await parts.credentials.find(account) };
}

/** Nobody acts for another: the identity to act as must be absent or the same. RFC 4422 3.4.1 */
function actsAsSelf(authzid: string, login: string): boolean {
  return authzid === "" || prepareUsername(authzid) === login;
}

async function password(parts: MechanismParts, request: AuthBegin, given: PasswordLogin): Promise<Outcome> {
  const subject = await subjectOf(parts, given.authcid);
  const stored = subject.account?.secrets?.argon2 ?? null;
  const prepared = prepareOpaqueString(given.password);
  const name = subject.account?.name ?? subject.login;
  const compared = stored ?? parts.decoys.argon2(subject.login);
  const known = parts.cache.knows(name, prepared ?? "", compared);
  let right = known;
  if (!known) {
    right = await parts.gate.run(() => {
      // Others may have failed while this waited; guesses sent all at once get no further than one by one.
      if (parts.limits.limited(request.remoteAddress)) {
        throw new Refused("rateLimited", "too many failed attempts");
      }
      // Counted before it is known: the next may begin before this has been acted upon. Success takes it back.
      parts.limits.failed(request.remoteAddress);
      return checkArgon2(parts.argon2, prepared ?? "", compared);
    });
  }
  if (!right || prepared === null || stored === null || subject.account === null) {
    return known ? badCredentials : countedFailure;
  }
  parts.cache.remember(name, prepared, stored);
  if (!actsAsSelf(given.authzid, subject.login)) return known ? badCredentials : countedFailure;
  return proved(subject.account, subject.login);
}

function cramMd5(parts: MechanismParts, initial: Bytes | null): Outcome {
  if (initial !== null) return badRequest; // The server speaks first. RFC 4422 5
  const challenge = cramMd5Challenge(randomBytes(nonceBytes), parts.clock.now(), asciiDomain(parts.hostname));
  return {
    kind: "challenge",
    challenge,
    next: async (response) => {
      const read = parseCramMd5(response);
      if (read === null) return badRequest;
      const subject = await subjectOf(parts, read.username);
      const stored = subject.account?.secrets?.cramMd5 ?? null;
      const right = checkCramMd5(stored ?? parts.decoys.cramMd5(subject.login), challenge, read);
      if (!right || stored === null || subject.account === null) return badCredentials;
      return proved(subject.account, subject.login);
    },
  };
}

async function scram(parts: MechanismParts, hash: ScramHash, message: Bytes): Promise<Outcome> {
  const first = parseClientFirst(message);
  // `p`: the client wants channel binding, which we have not announced. RFC 5802 6
  if (first === null || first.channelBinding === "p") return badRequest;
  const subject = await subjectOf(parts, first.username);
  const { secrets = null } = subject.account ?? {};
  const stored = secrets && (hash === "SHA-1" ? secrets.scramSha1 : secrets.scramSha256);
  const nonce = randomBytes(nonceBytes).toString("base64");
  const server = new ScramServer(hash, first, stored ?? parts.decoys.scram(hash, subject.login), nonce);
  return {
    kind: "challenge",
    challenge: server.challenge,
    next: (response) => {
      const result = server.finish(response);
      if (result.kind === "malformed") return Promise.resolve(badRequest);
      if (result.kind === "wrong" || stored === null || subject.account === null) {
        return Promise.resolve(badCredentials);
      }
      if (!actsAsSelf(first.authzid, subject.login)) return Promise.resolve(badCredentials);
      return Promise.resolve(proved(subject.account, subject.login, result.final));
    },
  };
}

async function external(parts: MechanismParts, request: AuthBegin, message: Bytes): Promise<Outcome> {
  const authzid = parseExternal(message);
  if (authzid === null) return badRequest;
  if (request.certificate === null) return { kind: "failed", reason: "mechanismUnavailable" };
  const registered = await parts.credentials.certificate(request.certificate);
  const account = await parts.credentials.find(registered?.account ?? null);
  if (registered === null || account === null) return badCredentials;
  const asked = authzid === "" ? registered.login : prepareUsername(authzid) ?? "";
  // Another address of the same account is as good; the account's own name too.
  const same = asked === registered.login || parts.resolveLogin(asked) === account.name;
  if (!same) return badCredentials;
  return { kind: "proved", account, login: asked, final: null, certificate: registered.fingerprint };
}

function proved(account: StoredAccount, login: string, final: Bytes | null = null): Outcome {
  return { kind: "proved", account, login, final, certificate: null };
}
