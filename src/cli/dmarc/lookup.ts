/**
 * `dmarc lookup`: the policy that applies to a domain.
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { parseDomain } from "../../address/domain.ts";
import { discover, type Discovery } from "../../dmarc/discovery.ts";
import { printRecord } from "../../dmarc/record.ts";
import { TreeWalker } from "../../dmarc/tree_walk.ts";
import { type Arguments, type Command, UsageError } from "../command.ts";
import { dnsOptions, withResolver } from "../dns/resolver.ts";

/** A domain that somebody typed, in normal form. @throws {UsageError} */
export function domainOf(text: string): string {
  try {
    return parseDomain(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(error.message);
    throw error;
  }
}

/** Finds the record of the domain that a command was given. */
export function discoverFor(args: Arguments, domain: string): Promise<Discovery> {
  return withResolver(args, (resolver) => discover(domain, new TreeWalker(resolver)));
}

export const command: Command = {
  words: "dmarc lookup",
  arguments: "DOMAIN",
  count: 1,
  network: true,
  summary: "look up the DMARC record that applies to a domain",
  help: `
Finds the DMARC record of a domain: its own, or that of the organization above it, by walking up the DNS (RFC 9989 section
4.10). Prints the record, where it stands, and the organizational domain. Exit code 1 if there is none.`,
  options: dnsOptions,
  async run(args, output) {
    const found = await discoverFor(args, domainOf(args.positionals[0] ?? ""));
    if (args.is("json")) output.out(JSON.stringify(found));
    else {
      if (found.record !== null) output.out(printRecord(found.record));
      output.out(`dmarc: ${found.status} (${found.security}): ${found.why}`);
      if (found.organizationalDomain !== null) {
        output.out(`organizational domain: ${found.organizationalDomain}`);
      }
    }
    return found.status === "found" ? 0 : 1;
  },
};
