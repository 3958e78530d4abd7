/**
 * `iprev`: does the name of an address lead back to it?
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { type IpAddress, parseIp } from "../base/ip_address.ts";
import { iprev } from "../spf/iprev.ts";
import { type Command, UsageError } from "./command.ts";
import { dnsOptions, withResolver } from "./dns/resolver.ts";

/** An address that somebody typed. @throws {UsageError} */
export function ipOf(text: string): IpAddress {
  const ip = parseIp(text);
  if (ip === null) throw new UsageError(`'${text}' is no IP address: write it as 192.0.2.1 or 2001:db8::1`);
  return ip;
}

export const command: Command = {
  words: "iprev",
  arguments: "IP",
  count: 1,
  network: true,
  summary: "check that the name of an address leads back to the address",
  help: `
Looks up the names of an address, and the addresses of each name, as the server does with everybody who sends mail
(RFC 8601 section 3). Many servers refuse mail from an address without such a name. Exit code 1 unless it passes.`,
  options: dnsOptions,
  async run(args, output) {
    const ip = ipOf(args.positionals[0] ?? "");
    const result = await withResolver(args, (resolver) => iprev(ip, resolver));
    if (args.is("json")) output.out(JSON.stringify(result));
    else output.out(`iprev: ${result.status} (${result.security}): ${result.why}`);
    return result.status === "pass" ? 0 : 1;
  },
};
