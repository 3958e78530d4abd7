/**
 * Which of IPv4 and IPv6 lead anywhere from this machine, as asking servers has shown: nobody has to configure it, and a
 * family that is not there costs one look, or little waiting, a minute. IPv4 is asked first: of the zones that have servers at all, nearly every one has them there (RFC 3901 4).
 *
 * A family is away when nothing could be sent to one of its addresses, or several were silent one after the other, and no
 * address of it has answered of late: then it is the network, and not the server. Its addresses are asked last; and not at
 * all, if the other family has answered of late. Strangers choose which addresses are asked, so what they can do must not
 * take a family away that works.
 *
 * @module
 */
import type { Clock, Millis } from "../base/clock.ts";

/** The record type that has the addresses of a family. */
export type AddressType = "A" | "AAAA";

/** Servers of a family that are silent in a row, before it is taken to be away. */
export const silentsInRow = 2;

/** For how long it is passed over then. */
export const awayForMs = 60_000;

/** For how long an answer shows that a family is there, whatever others do. */
export const heardForMs = 60_000;

interface Family {
  readonly type: AddressType;
  awayUntil: Millis;
  heardAt: Millis;
  /** Since the last answer. */
  silent: number;
}

/** What is known of both families. */
export class AddressFamilies {
  readonly #clock: Clock;
  readonly #v4 = unknown("A");
  readonly #v6 = unknown("AAAA");

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether an address is to be asked after those of the other family. */
  isAway(address: string): boolean {
    return this.#away(this.#of(address));
  }

  /** Whether an address is not worth asking: its family is away, and the other is there. */
  isUseless(address: string): boolean {
    return this.#useless(this.#of(address));
  }

  /** Of what a server's addresses are to be looked up, in that order; never nothing. */
  types(): readonly AddressType[] {
    const inOrder = this.#away(this.#v4) && !this.#away(this.#v6)
      ? [this.#v6, this.#v4]
      : [this.#v4, this.#v6];
    return inOrder.filter((family) => !this.#useless(family)).map(({ type }) => type);
  }

  /** An address has answered. */
  answered(address: string): void {
    const family = this.#of(address);
    family.heardAt = this.#clock.monotonic();
    family.awayUntil = -Infinity;
    family.silent = 0;
  }

  /** An address was silent. */
  wasSilent(address: string): void {
    const family = this.#of(address);
    family.silent++;
    if (family.silent >= silentsInRow) this.#suspect(family);
  }

  /** Nothing could be sent to an address. */
  wasUnreachable(address: string): void {
    this.#suspect(this.#of(address));
  }

  #suspect(family: Family): void {
    if (this.#heard(family)) return;
    family.awayUntil = this.#clock.monotonic() + awayForMs;
    family.silent = 0;
  }

  #useless(family: Family): boolean {
    return this.#away(family) && this.#heard(family === this.#v4 ? this.#v6 : this.#v4);
  }

  #heard({ heardAt }: Family): boolean {
    return this.#clock.monotonic() - heardAt < heardForMs;
  }

  #away({ awayUntil }: Family): boolean {
    return awayUntil > this.#clock.monotonic();
  }

  #of(address: string): Family {
    return address.includes(":") ? this.#v6 : this.#v4;
  }
}

function unknown(type: AddressType): Family {
  return { type, awayUntil: -Infinity, heardAt: -Infinity, silent: 0 };
}
