/**
 * `spf lookup`: the SPF record of a domain.
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { fromLatin1 } from "../../base/bytes.ts";
import { isSpfRecord } from "../../spf/record.ts";
import type { Command } from "../command.ts";
import { CommandError } from "../command_error.ts";
import { absolute, dnsOptions, withResolver } from "../dns/resolver.ts";
import { recordOf } from "./parse.ts";

export const command: Command = {
  words: "spf lookup",
  arguments: "DOMAIN",
  count: 1,
  network: true,
  summary: "look up the SPF record of a domain and check it",
  help: `
Looks up the TXT records of a domain and prints the one that is its SPF record (RFC 7208). Exit code 1 if there is none,
several, or one that cannot be read.`,
  options: dnsOptions,
  async run(args, output) {
    const domain = args.positionals[0] ?? "";
    const answer = await withResolver(args, (resolver) => resolver.lookup(absolute(domain), "TXT"));
    if (answer.status === "failed") throw new CommandError(`${domain}: ${answer.why}`);
    const records = answer.records.map(({ strings }) => strings.map((each) => fromLatin1(each)).join(""))
      .filter(isSpfRecord);
    if (args.is("json")) {
      output.out(JSON.stringify({ domain, records, security: answer.security, why: answer.why }));
    } else for (const record of records) output.out(`${record} (${answer.security})`);
    if (records.length !== 1) {
      throw new CommandError(
        records.length === 0
          ? `${domain} has no SPF record`
          : `${domain} has ${records.length} SPF records: only one may be`,
      );
    }
    recordOf(records[0] ?? "");
    return 0;
  },
};
