/**
 * The recipients of a transaction: in the order in which they were named, each once.
 *
 * A list is never changed: adding gives another. Both share their memory, since a session goes on with the newer
 * one alone; thousands of recipients then cost no more than each of them.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import { addressKey } from "../address/mailbox.ts";

/** Someone who shall get the message. */
export interface Recipient {
  readonly address: Address;
  /** Whether the address exists. If it does not, that is said after the message only: see `Judgement`. */
  readonly known: boolean;
  /** As in `Rcpt`. */
  readonly notify: string | null;
  readonly orcpt: string | null;
}

/** What lists share: each knows how many of it are its own. */
interface Memory {
  readonly list: Recipient[];
  /** Where in the list an address is. */
  readonly places: Map<string, number>;
}

export class Recipients {
  readonly length: number;
  readonly #memory: Memory;

  private constructor(memory: Memory, length: number) {
    this.#memory = memory;
    this.length = length;
  }

  /** No recipients. */
  static none(): Recipients {
    return new Recipients({ list: [], places: new Map() }, 0);
  }

  /** Who was named first, or null. */
  get first(): Recipient | null {
    return this.length === 0 ? null : this.#memory.list[0] ?? null;
  }

  /** Whether there is this address, letter for letter. */
  has(address: Address): boolean {
    return (this.#memory.places.get(addressKey(address)) ?? Infinity) < this.length;
  }

  /** These and another one, who is not among them. */
  with(recipient: Recipient): Recipients {
    const memory = this.length === this.#memory.list.length ? this.#memory : copyOf(this.all());
    memory.places.set(addressKey(recipient.address), memory.list.length);
    memory.list.push(recipient);
    return new Recipients(memory, memory.list.length);
  }

  /** All of them, for good. */
  all(): readonly Recipient[] {
    return this.#memory.list.slice(0, this.length);
  }
}

function copyOf(recipients: readonly Recipient[]): Memory {
  const places = new Map(recipients.map(({ address }, i) => [addressKey(address), i]));
  return { list: [...recipients], places };
}
