/**
 * `tlsrpt lookup`: where a domain wants to hear how TLS went.
 *
 * Tested by `tests/scenarios/tls_commands_test.ts`.
 *
 * @module
 */
import { asciiDomain } from "../../address/domain.ts";
import { lookupRecord } from "../../tlsrpt/lookup.ts";
import { printRecord } from "../../tlsrpt/record.ts";
import type { Command } from "../command.ts";
import { domainOf } from "../dmarc/lookup.ts";
import { dnsOptions, withResolver } from "../dns/resolver.ts";

export const command: Command = {
  words: "tlsrpt lookup",
  arguments: "DOMAIN",
  count: 1,
  network: true,
  summary: "look up where a domain wants reports on TLS",
  help: `
Looks up the TXT record of a domain that names addresses for TLS reports (RFC 8460): once a day, those who send it mail tell
how often TLS worked, and what failed under which policy. Prints the record and its destinations. Exit code 1 if there is
no good record.`,
  options: dnsOptions,
  async run(args, output) {
    const domain = domainOf(args.positionals[0] ?? "");
    const found = await withResolver(args, (resolver) => lookupRecord(domain, resolver));
    const { status, security, why, record } = found;
    if (args.is("json")) output.out(JSON.stringify({ domain, ...found }));
    else if (record === null) output.out(`tlsrpt: ${status} (${security}): ${why}`);
    else {
      output.out(`_smtp._tls.${asciiDomain(domain)} TXT (${security}): ${printRecord(record)}`);
      output.out("This means: whoever sends mail there may report how TLS went, once a day, to:");
      for (const { uri, scheme } of record.destinations) output.out(`  ${uri}, ${wayOf(scheme)}`);
    }
    return status === "found" ? 0 : 1;
  },
};

/** RFC 8460 3 */
function wayOf(scheme: string): string {
  if (scheme === "mailto") return "by mail";
  return scheme === "https" ? "by an upload" : "in a way that nobody knows";
}
