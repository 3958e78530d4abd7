/**
 * Counting events per address and network in fixed slots of time, with one limit for each width of network.
 *
 * A window of a minute counts from each full minute of the clock that is handed in; at the next one
 * everything begins at 0. That lets twice the limit pass around the change, and costs one number per
 * network. Memory is bounded: when a table is full, its oldest network is forgotten; the wider networks, of
 * which there are fewer, still hold the total.
 *
 * @module
 */
import { type IpAddress, networkOf, printIp } from "./ip_address.ts";
import type { Millis } from "./clock.ts";

/** One number for each width in {@link prefixBits}: the address itself, its network, its wider network. */
export type PerNetwork = readonly [address: number, network: number, wide: number];

/** How wide the three networks are: one subscriber, one small network, one operator's block. */
export const prefixBits: Readonly<Record<4 | 6, PerNetwork>> = {
  4: [32, 26, 21],
  6: [64, 48, 32],
};

/** Keys of the three networks an address belongs to, from the narrow to the wide. */
export type NetworkKeys = readonly [address: string, network: string, wide: string];

/** The networks of an address, as keys for tables. */
export function networkKeys(ip: IpAddress): NetworkKeys {
  const [address, network, wide] = prefixBits[ip.version];
  return [key(ip, address), key(ip, network), key(ip, wide)];
}

function key(ip: IpAddress, bits: number): string {
  return `${printIp(networkOf(ip, bits))}/${bits}`;
}

/** A length of time and what is allowed in it. */
export interface RateWindow {
  readonly windowMs: number;
  readonly limits: PerNetwork;
}

/** Settings of {@link RateWindows}. */
export interface RateWindowSettings {
  readonly windows: readonly RateWindow[];
  /** The most networks remembered for each window and width. */
  readonly maxTracked: number;
}

/** The most networks remembered for each window and width, where nothing else is set; about 10 MB when full. */
export const defaultMaxTracked = 50_000;

interface Slots {
  readonly window: RateWindow;
  slot: number;
  readonly counts: readonly [Map<string, number>, Map<string, number>, Map<string, number>];
}

/** Counters over several windows at once. */
export class RateWindows {
  readonly #windows: readonly Slots[];
  readonly #maxTracked: number;

  constructor(settings: RateWindowSettings) {
    this.#maxTracked = settings.maxTracked;
    this.#windows = settings.windows.map((window) => ({
      window,
      slot: -1,
      counts: [new Map(), new Map(), new Map()],
    }));
  }

  /** Counts `n` events if that stays within every limit; else counts nothing and says false. */
  tryAdd(ip: IpAddress, now: Millis, n = 1): boolean {
    const keys = networkKeys(ip);
    if (!this.#fits(keys, now, n)) return false;
    this.#count(keys, n);
    return true;
  }

  /** Whether `n` more events would stay within every limit. */
  fits(ip: IpAddress, now: Millis, n = 1): boolean {
    return this.#fits(networkKeys(ip), now, n);
  }

  /** Counts `n` events, whatever the limits say. */
  add(ip: IpAddress, now: Millis, n = 1): void {
    this.#turn(now);
    this.#count(networkKeys(ip), n);
  }

  /** Takes back what this very address was counted for, from its networks too: it has proved itself. */
  forgive(ip: IpAddress, now: Millis): void {
    this.#turn(now);
    const keys = networkKeys(ip);
    for (const { counts } of this.#windows) {
      const own = counts[0].get(keys[0]) ?? 0;
      for (const [width, table] of counts.entries()) {
        const left = (table.get(keys[width] ?? "") ?? 0) - own;
        if (left > 0) table.set(keys[width] ?? "", left);
        else table.delete(keys[width] ?? "");
      }
    }
  }

  /** Networks remembered, over all windows and widths. */
  get tracked(): number {
    return this.#windows.reduce((sum, { counts }) => sum + counts.reduce((n, table) => n + table.size, 0), 0);
  }

  #fits(keys: NetworkKeys, now: Millis, n: number): boolean {
    this.#turn(now);
    return this.#windows.every(({ window, counts }) =>
      counts.every((table, width) =>
        (table.get(keys[width] ?? "") ?? 0) + n <= (window.limits[width] ?? Infinity)
      )
    );
  }

  #count(keys: NetworkKeys, n: number): void {
    for (const { counts } of this.#windows) {
      for (const [width, table] of counts.entries()) {
        const name = keys[width] ?? "";
        const before = table.get(name);
        if (before === undefined && table.size >= this.#maxTracked) forgetOldest(table);
        table.set(name, (before ?? 0) + n);
      }
    }
  }

  /** Begins new slots where time has come; also where the clock was set back. */
  #turn(now: Millis): void {
    for (const slots of this.#windows) {
      const slot = Math.floor(now / slots.window.windowMs);
      if (slot === slots.slot) continue;
      slots.slot = slot;
      for (const table of slots.counts) table.clear();
    }
  }
}

function forgetOldest(table: Map<string, number>): void {
  for (const name of table.keys()) {
    table.delete(name);
    return;
  }
}
