/**
 * Argon2id, which makes guessing at a stolen password hash cost memory. RFC 9106
 *
 * The work runs off the event loop. How much runs at once is bounded: signing in is open to strangers, and each
 * attempt takes 19 MB and some 40 ms of a processor.
 *
 * @module
 */
import { type Bytes, fromBase64, utf8 } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import { equalSecrets } from "../sasl/secrets.ts";

export interface Argon2Costs {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
}

/** What new hashes cost: the least that is recommended for passwords that are checked at each login. */
export const argon2Costs: Argon2Costs = { memoryKiB: 19 * 1024, passes: 2, lanes: 1 };

/** More than this is not believed of a stored hash. */
const maxMemoryKiB = 256 * 1024;
const maxPasses = 16;
const maxLanes = 8;

export interface Argon2Hash {
  readonly costs: Argon2Costs;
  readonly salt: Bytes;
  readonly hash: Bytes;
}

/** Octets of a new hash and of its salt. RFC 9106 3.1 */
export const argon2HashBytes = 32;
export const argon2SaltBytes = 16;

/** How the work is done. Tests count. */
export type Argon2 = (password: string, salt: Bytes, costs: Argon2Costs, bytes: number) => Promise<Bytes>;

/** What the runtime's types do not know yet. */
interface Argon2Algorithm extends Algorithm {
  readonly nonce: Bytes;
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** Argon2id of WebCrypto, version 1.3. */
export const argon2id: Argon2 = async (password, salt, costs, bytes) => {
  // "raw-secret" is newer than the types too.
  const format = "raw-secret" as "raw";
  const key = await crypto.subtle.importKey(format, utf8(password), "Argon2id", false, ["deriveBits"]);
  const algorithm: Argon2Algorithm = {
    name: "Argon2id",
    nonce: salt,
    memory: costs.memoryKiB,
    passes: costs.passes,
    parallelism: costs.lanes,
  };
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, 8 * bytes));
};

/** The usual text of a hash: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`. */
export function printPhc({ costs, salt, hash }: Argon2Hash): string {
  const text = (bytes: Bytes) => bytes.toBase64({ omitPadding: true });
  const { memoryKiB, passes, lanes } = costs;
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${lanes}$${text(salt)}$${text(hash)}`;
}

/** Reads {@link printPhc}'s; null for anything else, and for costs that no hash of ours has. */
export function parsePhc(text: string): Argon2Hash | null {
  const match = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([\w+/]+)\$([\w+/]+)$/.exec(text);
  if (match === null) return null;
  const [memoryKiB = 0, passes = 0, lanes = 0] = match.slice(1, 4).map(Number);
  const [salt, hash] = match.slice(4).map((each) => fromBase64(each + "=".repeat((4 - each.length % 4) % 4)));
  if (!salt || !hash || salt.length < 8 || hash.length < 16 || hash.length > 64 || salt.length > 64) {
    return null;
  }
  if (lanes < 1 || lanes > maxLanes || passes < 1 || passes > maxPasses) return null;
  if (memoryKiB < 8 * lanes || memoryKiB > maxMemoryKiB) return null;
  return { costs: { memoryKiB, passes, lanes }, salt, hash };
}

/** How many hashes are computed at once, and how many may wait for that. */
export interface GateLimits {
  readonly maxRunning: number;
  /** More are refused with `tryLater`. At 40 ms each, 200 wait about four seconds. */
  readonly maxWaiting: number;
}

export const usualGateLimits: GateLimits = { maxRunning: 2, maxWaiting: 200 };

/** Lets so many pass at once; the others wait in order. */
export class Gate {
  readonly #limits: GateLimits;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limits: GateLimits) {
    this.#limits = limits;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Runs `work` when there is room. @throws {Refused} `tryLater` if too many wait already. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limits.maxRunning) {
      if (this.#waiting.length >= this.#limits.maxWaiting) {
        throw new Refused("tryLater", "too many passwords wait to be checked");
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve)); // Its place is handed on below.
    } else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}

/** Whether the password gives this hash. */
export async function checkArgon2(argon2: Argon2, password: string, stored: Argon2Hash): Promise<boolean> {
  return equalSecrets(await argon2(password, stored.salt, stored.costs, stored.hash.length), stored.hash);
}
