/**
 * `spf check`: may this host send for this domain?
 *
 * Tested by `tests/scenarios/dns_commands_test.ts`.
 *
 * @module
 */
import { checkHost } from "../../spf/check_host.ts";
import { printReceivedSpf } from "../../spf/received_spf.ts";
import type { Command } from "../command.ts";
import { dnsOptions, withResolver } from "../dns/resolver.ts";
import { ipOf } from "../iprev.ts";

export const command: Command = {
  words: "spf check",
  arguments: "DOMAIN IP",
  count: 2,
  network: true,
  summary: "check whether an address may send mail for a domain",
  help: `
Evaluates the SPF record of a domain (RFC 7208) for mail from an address, as the server does when mail comes in. DOMAIN may
be an address (user@domain), whose local part some records look at. Prints the result, why, and the Received-SPF field.
Exit code 0 for pass, 1 for anything else.`,
  options: {
    helo: { type: "string", value: "NAME", doc: "what the host says in EHLO; else the domain" },
    ...dnsOptions,
  },
  async run(args, output) {
    const [who = "", ipText = ""] = args.positionals;
    const ip = ipOf(ipText);
    const at = who.lastIndexOf("@");
    const domain = who.slice(at + 1);
    const local = at === -1 ? null : who.slice(0, at);
    const helo = args.text("helo") ?? domain;
    const request = { ip, domain, local, helo, receiver: "localhost" };
    const result = await withResolver(args, (resolver) => checkHost(request, { resolver, now: Date.now() }));
    if (args.is("json")) output.out(JSON.stringify(result));
    else {
      output.out(
        `spf: ${result.status} (${result.security}, ${result.lookups} of 10 lookups): ${result.why}`,
      );
      if (result.explanation !== null) output.out(`${domain} explains: ${result.explanation}`);
      const from = local === null ? null : who;
      output.out(
        printReceivedSpf(result, { identity: "mailfrom", ip, from, helo, receiver: "localhost" }).trimEnd(),
      );
    }
    return result.status === "pass" ? 0 : 1;
  },
};
