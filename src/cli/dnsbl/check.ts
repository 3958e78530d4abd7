/**
 * `dnsbl check`: is an address on a blocklist?
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { lookupList } from "../../dnsbl/lookup.ts";
import { type Command, UsageError } from "../command.ts";
import { dnsOptions, withResolver } from "../dns/resolver.ts";
import { ipOf } from "../iprev.ts";

export const command: Command = {
  words: "dnsbl check",
  arguments: "LIST IP",
  count: 2,
  network: true,
  summary: "look an address up in a DNS blocklist",
  help: `
Looks up an address in a DNS blocklist (RFC 5782), as the server does for lists in dnsBlocklists of mailden.toml. Exit code
0 if it is not listed, 1 if it is, or if the list gave no sensible answer.`,
  options: dnsOptions,
  async run(args, output) {
    const [list = "", ipText = ""] = args.positionals;
    const ip = ipOf(ipText);
    const result = await withResolver(args, (resolver) => lookupList(ip, listOf(list), resolver));
    if (args.is("json")) output.out(JSON.stringify(result));
    else {
      output.out(`${list}: ${result.status}: ${result.why}`);
      if (result.text !== "") output.out(`${list} says: ${result.text}`);
    }
    return result.status === "notListed" ? 0 : 1;
  },
};

/** The domain of a list. @throws {UsageError} */
export function listOf(text: string): string {
  if (/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+\.?$/.test(text)) return text;
  throw new UsageError(`'${text}' is no domain of a list: write it as bl.example.org`);
}
