/**
 * Failed attempts to sign in, by address and network: whoever guesses is soon refused without being heard.
 *
 * Counted in the store, where credentials are checked, for all listeners and protocols together; kept in memory. So a front
 * that ended and was started again, which strangers could bring about before anything else, gives nobody fresh attempts. A store
 * that is started again does, ten a minute for an address as after any minute; who can end the store at will has better to do.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { type IpAddress, parseIp } from "../base/ip_address.ts";
import { defaultMaxTracked, RateWindows, type RateWindowSettings } from "../base/rate_windows.ts";

/** Failures in a minute and in a day, for an address, its network and its wider network. */
export const failureLimits: RateWindowSettings = {
  windows: [
    { windowMs: 60 * 1000, limits: [10, 30, 90] },
    { windowMs: 24 * 60 * 60 * 1000, limits: [50, 150, 450] },
  ],
  maxTracked: defaultMaxTracked,
};

/** Those whose address cannot be read share one. */
const unknownAddress: IpAddress = { version: 4, bytes: new Uint8Array(4) };

export class FailureLimits {
  readonly #clock: Clock;
  readonly #windows: RateWindows;

  constructor(clock: Clock, settings: RateWindowSettings = failureLimits) {
    this.#clock = clock;
    this.#windows = new RateWindows(settings);
  }

  /** Whether nothing more is heard from this address for now. */
  limited(remoteAddress: string): boolean {
    return !this.#windows.fits(address(remoteAddress), this.#clock.now());
  }

  failed(remoteAddress: string): void {
    this.#windows.add(address(remoteAddress), this.#clock.now());
  }

  /** Somebody signed in from there: its earlier failures do not count any more. */
  succeeded(remoteAddress: string): void {
    this.#windows.forgive(address(remoteAddress), this.#clock.now());
  }
}

function address(text: string): IpAddress {
  return parseIp(text) ?? unknownAddress;
}
