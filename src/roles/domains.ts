/**
 * `domains.toml` as address resolution wants it.
 *
 * @module
 */
import type { Domains } from "../accounts/addresses.ts";
import type { DynamicConfig } from "../config/dynamic_config.ts";
import type { StaticConfig } from "../config/static_config.ts";

/** The domains, accounts and addresses of a configuration. */
export function domainsOf(config: StaticConfig, dynamic: DynamicConfig): Domains {
  const [first] = Object.keys(dynamic.accounts);
  const postmaster = config.localserve?.account ?? first;
  const hostnames = [
    config.hostname,
    ...Object.values(config.listeners).map((listener) => listener.hostname),
  ];
  return {
    hostnames: hostnames.flatMap((name) => name === null ? [] : [name.toLowerCase()]),
    postmaster: postmaster === undefined ? null : { account: postmaster, mailbox: "Inbox" },
    domains: new Map(Object.entries(dynamic.domains)),
    accounts: new Map(
      Object.entries(dynamic.accounts).map(([name, account]) => [name, {
        destinations: new Map(
          Object.entries(account.destinations).map((
            [address, { mailbox }],
          ) => [address, { mailbox, refusal: null }]),
        ),
      }]),
    ),
    acceptAny: config.localserve?.account ?? null,
  };
}
