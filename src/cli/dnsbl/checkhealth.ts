/**
 * `dnsbl checkhealth`: does a blocklist work?
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { checkHealth } from "../../dnsbl/health.ts";
import type { Command } from "../command.ts";
import { dnsOptions, withResolver } from "../dns/resolver.ts";
import { listOf } from "./check.ts";

export const command: Command = {
  words: "dnsbl checkhealth",
  arguments: "LIST",
  count: 1,
  network: true,
  summary: "check that a DNS blocklist lists what it must, and not everything",
  help: `
Asks a DNS blocklist for 127.0.0.2, which every list has, and 127.0.0.1, which none may have (RFC 5782 section 5). A
list that fails is not used by the server. Exit code 1 if it does not work.`,
  options: dnsOptions,
  async run(args, output) {
    const list = listOf(args.positionals[0] ?? "");
    const health = await withResolver(args, (resolver) => checkHealth(list, resolver));
    if (args.is("json")) output.out(JSON.stringify({ list, ...health }));
    else output.out(`${list}: ${health.healthy ? "healthy" : "broken"}: ${health.why}`);
    return health.healthy ? 0 : 1;
  },
};
