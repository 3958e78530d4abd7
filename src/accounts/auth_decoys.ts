/**
 * Secrets for accounts that do not exist, so that nobody can tell them from those that do: the same work is done,
 * and a client that asks twice is shown the same salt.
 *
 * @module
 */
import { createHmac } from "node:crypto";
import type { Bytes } from "../base/bytes.ts";
import type { CramMd5Secret } from "../sasl/cram_md5.ts";
import { md5Block, md5Start } from "../sasl/md5.ts";
import { type ScramHash, scramKeyBytes, type ScramSecret } from "../sasl/scram.ts";
import { argon2Costs, type Argon2Hash, argon2HashBytes, argon2SaltBytes } from "./auth_argon2.ts";
import {
  scramSaltBytes,
  scramSha1Iterations,
  scramSha256Iterations,
  scramSha256OldIterations,
} from "./auth_password.ts";

/** Octets of the key below. */
export const decoyKeyBytes = 32;

/** Makes up secrets by name. No password gives them. */
export class Decoys {
  readonly #key: Bytes;
  readonly #weak: boolean;

  /**
   * @param key Secret, and kept over restarts: salts that change with them would tell what is made up.
   * @param weak Whether to look like the accounts of a domain with weak mechanisms.
   */
  constructor(key: Bytes, weak = false) {
    if (key.length < decoyKeyBytes) throw new RangeError(`the key has less than ${decoyKeyBytes} octets`);
    this.#key = key;
    this.#weak = weak;
  }

  argon2(name: string): Argon2Hash {
    return {
      costs: argon2Costs,
      salt: this.#made("argon2 salt", name, argon2SaltBytes),
      hash: this.#made("argon2 hash", name, argon2HashBytes),
    };
  }

  scram(hash: ScramHash, name: string): ScramSecret {
    return {
      salt: this.#made(`${hash} salt`, name, scramSaltBytes),
      iterations: hash === "SHA-1"
        ? scramSha1Iterations
        : this.#weak
        ? scramSha256OldIterations
        : scramSha256Iterations,
      storedKey: this.#made(`${hash} stored key`, name, scramKeyBytes[hash]),
      serverKey: this.#made(`${hash} server key`, name, scramKeyBytes[hash]),
    };
  }

  cramMd5(name: string): CramMd5Secret {
    const state = (use: string) => {
      const block = new Uint8Array(64);
      block.set(this.#made(use, name, 32));
      return md5Block(md5Start, block);
    };
    return { inner: state("cram inner"), outer: state("cram outer") };
  }

  #made(use: string, name: string, bytes: number): Bytes {
    const whole = createHmac("sha256", this.#key).update(`${use}\0${name}`).digest();
    return new Uint8Array(whole.subarray(0, bytes));
  }
}
