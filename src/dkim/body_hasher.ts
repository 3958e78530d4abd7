/**
 * The hashes of a body, all of them in one pass. RFC 6376 3.7
 *
 * Signatures that ask for the same canonical form and length share one hash, and those of the same form share
 * the work of making it, whoever they belong to: DKIM, ARC, or a signer of our own.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Bytes } from "../base/bytes.ts";
import { type CanonicalBody, RelaxedBody, SimpleBody } from "./canonical_body.ts";
import type { Canonicalization } from "./signature.ts";

/**
 * Most different hashes of one body: each costs as much as hashing the body. Two forms without `l=` are usual.
 */
export const maxBodyHashes = 8;

/** One hash of a body. */
export interface BodyHash {
  readonly form: Canonicalization;
  /** Octets that are hashed at most (`l=`); null: all. */
  readonly limit: number | null;
  /** SHA-256. @throws {TypeError} Before the body is complete. */
  readonly digest: Bytes;
  /** Octets of the whole canonical body. @throws {TypeError} Before the body is complete. */
  readonly octets: number;
}

class RunningHash implements BodyHash {
  readonly form: Canonicalization;
  readonly limit: number | null;
  readonly #hash = createHash("sha256");
  #octets = 0;
  #digest: Bytes | null = null;

  constructor(form: Canonicalization, limit: number | null) {
    this.form = form;
    this.limit = limit;
  }

  update(piece: Uint8Array): void {
    const left = this.limit === null ? piece.length : this.limit - this.#octets;
    this.#octets += piece.length;
    if (left >= piece.length) this.#hash.update(piece);
    else if (left > 0) this.#hash.update(piece.subarray(0, left));
  }

  finish(): void {
    this.#digest = new Uint8Array(this.#hash.digest());
  }

  get digest(): Bytes {
    return this.#digest ?? tooEarly();
  }

  get octets(): number {
    return this.#digest === null ? tooEarly() : this.#octets;
  }
}

function tooEarly(): never {
  throw new TypeError("the body is not complete yet");
}

/** Hashes a body while it streams by. Say what is wanted, write the body, finish. */
export class DkimBodyHasher {
  readonly #max: number;
  readonly #hashes: RunningHash[] = [];
  #bodies: CanonicalBody[] | null = null;

  /** @param max More different hashes are refused. */
  constructor(max = maxBodyHashes) {
    this.#max = max;
  }

  /**
   * Asks for a hash, which may be one that somebody asked for before.
   *
   * @param limit How many octets of the canonical body count (`l=`); null: all.
   * @returns Null if it is one too many.
   * @throws {TypeError} If it is a new one and the body has begun.
   */
  want(form: Canonicalization, limit: number | null = null): BodyHash | null {
    const known = this.#hashes.find((hash) => hash.form === form && hash.limit === limit);
    if (known !== undefined) return known;
    if (this.#bodies !== null) throw new TypeError("the body has begun");
    if (this.#hashes.length >= this.#max) return null;
    const hash = new RunningHash(form, limit);
    this.#hashes.push(hash);
    return hash;
  }

  /** Takes the next octets of the body, split anywhere; they are not kept. */
  write(chunk: Uint8Array): void {
    for (const body of this.#begun()) body.write(chunk);
  }

  /** The body is complete. */
  finish(): void {
    for (const body of this.#begun()) body.finish();
    for (const hash of this.#hashes) hash.finish();
  }

  #begun(): readonly CanonicalBody[] {
    return this.#bodies ??= (["simple", "relaxed"] as const).flatMap((form) => {
      const hashes = this.#hashes.filter((hash) => hash.form === form);
      const [first] = hashes;
      if (first === undefined) return [];
      const sink = hashes.length === 1 ? (piece: Uint8Array) => first.update(piece) : (piece: Uint8Array) => {
        for (const hash of hashes) hash.update(piece);
      };
      return [form === "simple" ? new SimpleBody(sink) : new RelaxedBody(sink)];
    });
  }
}
