/**
 * Passwords: which are accepted, what is derived from one, and how one is made up.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import { cramMd5Secret } from "../sasl/cram_md5.ts";
import { prepareOpaqueString } from "../sasl/precis.ts";
import { deriveScram } from "../sasl/scram.ts";
import { type Argon2, argon2Costs, argon2HashBytes, argon2SaltBytes } from "./auth_argon2.ts";
import type { PasswordSecrets } from "./auth_credentials.ts";

/** Characters of a password, at least and at most. */
export const minPasswordLength = 8;
export const maxPasswordLength = 512;

/** A hundred thousand make a guess at a stolen secret cost about 15 ms. RFC 7677 4 asks for 4096 at least. */
export const scramSha256Iterations = 100_000;

/**
 * The most that Cyrus SASL's clients (mbsync and mutt among them) agree to compute; with more they fail to sign in. Used
 * where weak secrets stand beside it anyhow, which are far cheaper to guess at.
 */
export const scramSha256OldIterations = 65_536;

/** Only where the weak secrets are wanted: those of CRAM-MD5 beside them are far cheaper to guess at anyhow. */
export const scramSha1Iterations = 10_000;

/** Octets of a new salt. */
export const scramSaltBytes = 16;

/** How new secrets are made. */
export interface DeriveSettings {
  readonly argon2: Argon2;
  /**
   * Whether to derive secrets for SCRAM-SHA-1 and CRAM-MD5 too: for passwords that were made up here, which cannot be
   * guessed, and where the domain's `weakMechanisms` asks for it.
   */
  readonly weak: boolean;
}

/**
 * A password as it is hashed. RFC 8265 4.2
 *
 * @throws {Refused} `badRequest` if it is too short, too long, or holds what no password may hold.
 */
export function preparePassword(password: string): string {
  const prepared = prepareOpaqueString(password);
  if (prepared === null) {
    throw new Refused("badRequest", "the password holds characters that are not allowed");
  }
  const length = [...prepared].length;
  if (length < minPasswordLength) {
    throw new Refused("badRequest", `the password has less than ${minPasswordLength} characters`);
  }
  if (length > maxPasswordLength) {
    throw new Refused("badRequest", `the password has more than ${maxPasswordLength} characters`);
  }
  return prepared;
}

/** Everything that is kept of a password. @throws {Refused} As {@link preparePassword}. */
export async function deriveSecrets(password: string, settings: DeriveSettings): Promise<PasswordSecrets> {
  const prepared = preparePassword(password);
  const salt = random(argon2SaltBytes);
  const [hash, scramSha256, scramSha1] = await Promise.all([
    settings.argon2(prepared, salt, argon2Costs, argon2HashBytes),
    deriveScram(
      "SHA-256",
      prepared,
      random(scramSaltBytes),
      settings.weak ? scramSha256OldIterations : scramSha256Iterations,
    ),
    settings.weak ? deriveScram("SHA-1", prepared, random(scramSaltBytes), scramSha1Iterations) : null,
  ]);
  return {
    argon2: { costs: argon2Costs, salt, hash },
    scramSha256,
    scramSha1,
    cramMd5: settings.weak ? cramMd5Secret(prepared) : null,
  };
}

/** Letters and digits that cannot be taken for each other, and are where they are on most keyboards. */
export const passwordAlphabet = "abcdefghjkmnpqrstuvwxABCDEFGHJKLMNPQRSTUVWX23456789";

/** Characters of a password that is made up: 90 bits, beyond guessing even with CRAM-MD5's secret in hand. */
export const generatedLength = 16;

/** A password that nobody has. */
export function generatePassword(): string {
  // Octets above the last whole multiple would favour some letters: they are drawn again.
  const fair = 256 - 256 % passwordAlphabet.length;
  let password = "";
  while (password.length < generatedLength) {
    for (const octet of random(32)) {
      if (octet < fair && password.length < generatedLength) {
        password += passwordAlphabet[octet % passwordAlphabet.length];
      }
    }
  }
  return password;
}

function random(bytes: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(bytes));
}
