/**
 * Which accounts there are: made as the configuration asks for them, listed for the rest of the server.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import {
  accountNamed,
  type AccountRow,
  accountsAfter,
  createAccount,
  type FirstMailbox,
  setQuota,
} from "../store/accounts.ts";
import type { Work } from "../store/query.ts";
import type { Store } from "../store/store.ts";

/** An account as the rest of the server knows it. */
export interface Account {
  /** Its row; never shown outside. */
  readonly id: number;
  readonly name: string;
  /** Octets used, and most that may be; null for no limit. */
  readonly bytes: number;
  readonly maxBytes: number | null;
  /** Messages in all mailboxes, and most that may be; null for no limit. */
  readonly messages: number;
  readonly maxMessages: number | null;
}

/** What the configuration says of an account. */
export interface AccountSettings {
  readonly name: string;
  readonly maxBytes: number | null;
  readonly maxMessages?: number | null;
  /** Mailboxes of a new account; without it, Inbox and one for each special use. */
  readonly mailboxes?: readonly FirstMailbox[];
}

/** Longest name of an account, in characters. */
export const maxAccountName = 64;

/** Accounts read in one slice. */
const chunk = 1000;

/**
 * Makes sure that an account exists and has its quota.
 *
 * @returns The account's row.
 * @throws {Refused} `badName`
 */
export async function ensureAccount(store: Store, settings: AccountSettings): Promise<number> {
  const { name, maxBytes, maxMessages = null } = settings;
  if (name === "" || name.length > maxAccountName || name.normalize("NFC") !== name) {
    throw new Refused("badName", `${JSON.stringify(name)} cannot be the name of an account`);
  }
  return await store.writer.run(function* (tx): Work<number> {
    const row = yield* accountNamed(name);
    if (row === undefined) return yield* createAccount(tx, settings);
    if (row.max_bytes !== maxBytes || row.max_messages !== maxMessages) {
      yield* setQuota(row.id, maxBytes, maxMessages);
    }
    return row.id;
  });
}

/** The account of that name, or null. */
export function accountOf(store: Store, name: string): Account | null {
  const row = store.read(accountNamed(name));
  return row === undefined ? null : known(row);
}

/** Every account, in the order in which they were made. */
export function listAccounts(store: Store): Account[] {
  const accounts: Account[] = [];
  for (let id = 0;;) {
    const rows = store.read(accountsAfter(id, chunk));
    for (const row of rows) {
      accounts.push(known(row));
      id = row.id;
    }
    if (rows.length < chunk) return accounts;
  }
}

function known(row: AccountRow): Account {
  const { id, name, bytes, messages } = row;
  return { id, name, bytes, maxBytes: row.max_bytes, messages, maxMessages: row.max_messages };
}
