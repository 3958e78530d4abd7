/**
 * Whether the mailboxes that `domains.toml` names can be: mail for an address with one that cannot would be refused for good,
 * message by message, and only its senders would hear of it.
 *
 * @module
 */
import { mailboxName } from "../accounts/mail_names.ts";
import { Refused } from "../base/errors.ts";
import type { DynamicConfig } from "../config/dynamic_config.ts";
import { type Problem, tomlKey } from "../config/schema.ts";

/** A problem for each destination whose mailbox has a name that no mailbox has. */
export function checkDestinationMailboxes({ accounts }: Pick<DynamicConfig, "accounts">): Problem[] {
  return Object.entries(accounts).flatMap(([account, { destinations }]) =>
    Object.entries(destinations).flatMap(([address, { mailbox }]) => {
      const fault = faultOf(mailbox);
      const path = `accounts.${tomlKey(account)}.destinations.${tomlKey(address)}.mailbox`;
      return fault === null
        ? []
        : [{ path, message: `${JSON.stringify(mailbox)}: ${fault}; use one as "Inbox"` }];
    })
  );
}

function faultOf(mailbox: string): string | null {
  try {
    mailboxName(mailbox);
    return null;
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
}
