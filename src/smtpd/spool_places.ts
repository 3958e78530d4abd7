/**
 * Who among strangers may have a large message on its way in: each of these has a spool file at the store, which gives the
 * front so many for all strangers together.
 *
 * Without shares, nine addresses that open 30 connections each, and send slowly, have all of them, for half an hour. So an
 * address and its networks have a share, as with connections. Where no place is left, in a share or in all, whoever has sent
 * no whole piece for a minute loses its own to the next who asks, and where nobody is so slow, the one who asks is told to come
 * again. To keep all places from everybody else takes addresses in four wide networks at least, and a megabyte a second.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { Refused } from "../base/errors.ts";
import { isLoopback, parseIp } from "../base/ip_address.ts";
import { networkKeys, type PerNetwork } from "../base/rate_windows.ts";
import type { Deliver, DeliveryResult, Incoming } from "../delivery/deliver.ts";

/** How many places there are. */
export interface SpoolPlaceSettings {
  /** For all strangers; some less than the store's `maxOwnSpools`, since what is dropped takes a moment to go. */
  readonly maxPlaces: number;
  /** Shares; those of this machine itself have none. */
  readonly perNetwork: PerNetwork;
  /** Who has sent no piece (`maxInlineBytes`, 256 KB) for so long may lose its place: less than 4.4 KB a second. */
  readonly slowMs: number;
}

export const defaultSpoolPlaces: SpoolPlaceSettings = {
  maxPlaces: 240,
  perNetwork: [16, 32, 64],
  slowMs: 60_000,
};

/** For localserve: whoever tries it out from elsewhere may send as much at once as from this machine. */
export const unsharedPlaces: SpoolPlaceSettings = {
  ...defaultSpoolPlaces,
  perNetwork: [Infinity, Infinity, Infinity],
};

/** One large message on its way in. */
interface Place {
  readonly spool: string;
  readonly keys: readonly string[];
  /** When its last piece came. */
  at: number;
  /** It is complete, and at the store. */
  handedOver: boolean;
}

/** The places of all strangers. */
export class SpoolPlaces {
  readonly #deliver: Deliver;
  readonly #clock: Clock;
  readonly #settings: SpoolPlaceSettings;
  /** By spool file. */
  readonly #places = new Map<string, Place>();
  /** How many each network has, with those that are being opened. */
  readonly #taken = new Map<string, number>();

  constructor(deliver: Deliver, clock: Clock, settings: SpoolPlaceSettings = defaultSpoolPlaces) {
    this.#deliver = deliver;
    this.#clock = clock;
    this.#settings = settings;
  }

  /** What a connection from this address delivers with. */
  of(remoteAddress: string): Deliver {
    const keys = keysOf(remoteAddress);
    return {
      resolve: (request) => this.#deliver.resolve(request),
      spoolOpen: () => this.#open(keys),
      spoolWrite: ({ spool, bytes }) => this.#write(spool, bytes),
      spoolDrop: ({ spool }) => this.#drop(spool),
      deliver: (incoming) => this.#hand(incoming),
      outcome: (request) => this.#deliver.outcome(request),
    };
  }

  /** Networks that have a place, and all of them together. */
  get tracked(): number {
    return this.#taken.size;
  }

  async #open(keys: readonly string[]): Promise<string> {
    for (const [i, key] of keys.entries()) {
      if ((this.#taken.get(key) ?? 0) >= this.#limit(i)) await this.#makeRoom(key);
    }
    // Others may have asked while one was made free.
    if (keys.some((key, i) => (this.#taken.get(key) ?? 0) >= this.#limit(i))) throw noPlace();
    this.#count(keys, 1);
    try {
      const spool = await this.#deliver.spoolOpen({});
      this.#places.set(spool, { spool, keys, at: this.#clock.monotonic(), handedOver: false });
      return spool;
    } catch (error) {
      this.#count(keys, -1);
      throw error;
    }
  }

  async #write(spool: string, bytes: Bytes): Promise<void> {
    const place = this.#places.get(spool);
    if (place === undefined) throw lostPlace();
    place.at = this.#clock.monotonic();
    await this.#deliver.spoolWrite({ spool, bytes });
  }

  /** The place is free only when the file has gone, or the store itself. */
  async #drop(spool: string): Promise<void> {
    const place = this.#places.get(spool);
    if (place === undefined) return; // It was dropped when it lost its place.
    this.#places.delete(spool);
    try {
      await this.#deliver.spoolDrop({ spool });
    } finally {
      this.#count(place.keys, -1);
    }
  }

  async #hand(incoming: Incoming): Promise<readonly DeliveryResult[]> {
    const { spool } = incoming;
    if (spool === null) return await this.#deliver.deliver(incoming);
    const place = this.#places.get(spool);
    if (place === undefined) throw lostPlace();
    place.handedOver = true;
    const results = await this.#deliver.deliver(incoming);
    // If it fails, whoever gave up drops it.
    if (this.#places.delete(spool)) this.#count(place.keys, -1);
    return results;
  }

  /** Takes the place of the slowest of a network, if it is slow enough. */
  async #makeRoom(key: string): Promise<void> {
    let slowest: Place | null = null;
    for (const place of this.#places.values()) {
      if (place.handedOver || !place.keys.includes(key)) continue;
      if (slowest === null || place.at < slowest.at) slowest = place;
    }
    if (slowest === null || this.#clock.monotonic() - slowest.at < this.#settings.slowMs) return;
    await this.#drop(slowest.spool).catch(() => {}); // Then the store is away, and tells so itself.
  }

  /** @param i Of {@link keysOf}. */
  #limit(i: number): number {
    const { maxPlaces, perNetwork } = this.#settings;
    return i === 0 ? maxPlaces : perNetwork[i - 1] ?? Infinity;
  }

  #count(keys: readonly string[], change: number): void {
    for (const key of keys) {
      const now = (this.#taken.get(key) ?? 0) + change;
      if (now > 0) this.#taken.set(key, now);
      else this.#taken.delete(key);
    }
  }
}

/** All, then the networks from the narrow to the wide. */
function keysOf(remoteAddress: string): readonly string[] {
  const ip = parseIp(remoteAddress.replace(/%.*$/, "")); // A zone (RFC 4007 11) says where, not who.
  return ip === null || isLoopback(ip) ? [everybody] : [everybody, ...networkKeys(ip)];
}

const everybody = "";

function noPlace(): Refused {
  return new Refused("rateLimited", "no place for another large message now");
}

function lostPlace(): Refused {
  return new Refused("rateLimited", "it came too slowly while others waited for its place");
}
