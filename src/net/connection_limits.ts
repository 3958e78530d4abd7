/**
 * How many connections, and how many new ones a minute, an address and its networks may have.
 *
 * Decided before anything is read: a refused connection costs a few table lookups. Addresses count as
 * themselves, as a small network and as a wide one (see `prefixBits`), so that neither many addresses of one
 * host nor one host of many takes everybody's place.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { isLoopback, parseIp } from "../base/ip_address.ts";
import {
  defaultMaxTracked,
  type NetworkKeys,
  networkKeys,
  type PerNetwork,
  RateWindows,
} from "../base/rate_windows.ts";
import type { OpenFiles } from "./open_files.ts";

/** Limits of one service. */
export interface ConnectionLimitSettings {
  /** Open connections of all peers together. */
  readonly maxOpen: number;
  /** Open connections for each width of network. */
  readonly openPerNetwork: PerNetwork;
  /** New connections in a minute for each width of network. */
  readonly newPerMinute: PerNetwork;
  /** Networks remembered for each width of {@link newPerMinute}. */
  readonly maxTracked: number;
  /** Whether this machine's own connections count for nothing but `maxOpen`. */
  readonly exemptLoopback: boolean;
}

export const defaultConnectionLimits: ConnectionLimitSettings = {
  maxOpen: 10_000,
  openPerNetwork: [30, 90, 270],
  newPerMinute: [300, 900, 2700],
  maxTracked: defaultMaxTracked,
  exemptLoopback: false,
};

/** The files of the process that the connections of several services take from. */
export interface ConnectionFiles {
  readonly together: OpenFiles;
  /** That each connection has open. */
  readonly each: number;
}

/** Why a connection is refused: too many are open in all, or from its network; or it comes back too often. */
export type Refusal = "full" | "open" | "rate";

/** The answer to a new connection. Call `release` once when an admitted one has ended. */
export type Admission =
  | { readonly kind: "admitted"; release(): void }
  | { readonly kind: "refused"; readonly why: Refusal };

const minuteMs = 60_000;

export class ConnectionLimits {
  readonly #clock: Clock;
  readonly #settings: ConnectionLimitSettings;
  readonly #rates: RateWindows;
  readonly #files: ConnectionFiles | null;
  /** Bounded by `maxOpen`, since each open connection has one key for each width. */
  readonly #openBy = new Map<string, number>();
  #open = 0;

  /** @param files Null for any number. */
  constructor(
    clock: Clock,
    settings: Partial<ConnectionLimitSettings> = {},
    files: ConnectionFiles | null = null,
  ) {
    this.#clock = clock;
    this.#files = files;
    this.#settings = { ...defaultConnectionLimits, ...settings };
    this.#rates = new RateWindows({
      windows: [{ windowMs: minuteMs, limits: this.#settings.newPerMinute }],
      maxTracked: this.#settings.maxTracked,
    });
  }

  /** Counts a connection from this address, or refuses it; refused ones are not counted. */
  admit(address: string): Admission {
    if (this.#open >= this.#settings.maxOpen) return { kind: "refused", why: "full" };
    const ip = parseIp(address.replace(/%.*$/, "")); // A zone (RFC 4007 11) says where, not who.
    if (ip === null || (this.#settings.exemptLoopback && isLoopback(ip))) return this.#withFiles(null);
    const keys = networkKeys(ip);
    const { openPerNetwork } = this.#settings;
    const over = keys.some((key, i) => (this.#openBy.get(key) ?? 0) >= (openPerNetwork[i] ?? Infinity));
    if (over) return { kind: "refused", why: "open" };
    if (!this.#rates.tryAdd(ip, this.#clock.now())) return { kind: "refused", why: "rate" };
    return this.#withFiles(keys);
  }

  /** Connections open now. */
  get open(): number {
    return this.#open;
  }

  /** Networks that have a number in memory. */
  get tracked(): number {
    return this.#openBy.size + this.#rates.tracked;
  }

  #withFiles(keys: NetworkKeys | null): Admission {
    if (this.#files?.together.take(this.#files.each) === false) return { kind: "refused", why: "full" };
    return this.#admitted(keys);
  }

  #admitted(keys: NetworkKeys | null): Admission {
    this.#open++;
    if (keys !== null) { for (const key of keys) this.#openBy.set(key, (this.#openBy.get(key) ?? 0) + 1); }
    let released = false;
    return {
      kind: "admitted",
      release: () => {
        if (released) return;
        released = true;
        this.#open--;
        this.#files?.together.give(this.#files.each);
        for (const key of keys ?? []) {
          const left = (this.#openBy.get(key) ?? 0) - 1;
          if (left > 0) this.#openBy.set(key, left);
          else this.#openBy.delete(key);
        }
      },
    };
  }
}
