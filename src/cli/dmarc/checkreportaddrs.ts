/**
 * `dmarc checkreportaddrs`: may reports be sent where the record wants them?
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { discover } from "../../dmarc/discovery.ts";
import { checkReportAddresses } from "../../dmarc/report_addresses.ts";
import { TreeWalker } from "../../dmarc/tree_walk.ts";
import type { Command } from "../command.ts";
import { CommandError } from "../command_error.ts";
import { dnsOptions, withResolver } from "../dns/resolver.ts";
import { domainOf } from "./lookup.ts";

export const command: Command = {
  words: "dmarc checkreportaddrs",
  arguments: "DOMAIN",
  count: 1,
  network: true,
  summary: "check that those who get a domain's DMARC reports have agreed to",
  help: `
Finds the DMARC record of a domain and checks each address that it names for reports: one of another organization must
have published that it wants them (RFC 9990 section 4). Exit code 1 if one is refused.`,
  options: dnsOptions,
  async run(args, output) {
    const domain = domainOf(args.positionals[0] ?? "");
    const checked = await withResolver(args, async (resolver) => {
      const { status, record, recordDomain, why } = await discover(domain, new TreeWalker(resolver));
      if (status === "failed") {
        throw new CommandError(`Nobody knows whether ${domain} has a DMARC record: ${why}`);
      }
      if (record === null || recordDomain === null) {
        throw new CommandError(`${domain} has no DMARC record: ${why}`);
      }
      const [rua, ruf] = await Promise.all([
        checkReportAddresses(recordDomain, record, resolver),
        checkReportAddresses(recordDomain, record, resolver, { tag: "ruf" }),
      ]);
      return { rua, ruf };
    });
    const all = [...checked.rua, ...checked.ruf];
    if (args.is("json")) output.out(JSON.stringify(checked));
    else if (all.length === 0) output.out("the record names nobody for reports");
    for (const [tag, addresses] of args.is("json") ? [] : Object.entries(checked)) {
      for (const { uri, status, why } of addresses) output.out(`${tag}=${uri.uri}: ${status}: ${why}`);
    }
    return all.some(({ status }) => status === "refused") ? 1 : 0;
  },
};
