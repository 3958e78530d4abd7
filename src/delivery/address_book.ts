/**
 * Whose an address is, as delivery asks it: implemented by whoever holds the configuration.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import type { Resolution } from "./deliver.ts";

/** As {@link Resolution}, and for an address of ours the account and mailbox that its mail goes to. */
export type Destination =
  | { readonly kind: "local"; readonly account: string; readonly mailbox: string }
  | Exclude<Resolution, { readonly kind: "local" }>;

export interface AddressBook {
  /** Never throws; asked for every recipient, so it must be quick. */
  lookup(address: Address): Destination;
  /**
   * Whether an account may write in an address's name. Not the same as having its mail: nobody sends for a disabled domain,
   * and mail of an address can be refused while its owner still writes. Never throws.
   */
  maySend(account: string, address: Address): boolean;
}
