/**
 * `dane dialmx`: is mail for a domain protected by DANE, and do its hosts verify?
 *
 * Tested by `tests/scenarios/tls_commands_test.ts`.
 *
 * @module
 */
import { type Command, type Output } from "../command.ts";
import { domainOf } from "../dmarc/lookup.ts";
import { dnsOptions, withResolver } from "../dns/resolver.ts";
import { mailHosts } from "../mail_hosts.ts";
import { portOf, reachOptions, reachSettings } from "../reach.ts";
import { ehloOf, ehloOption } from "../smtp/dialogue.ts";
import { checkHost, type HostFinding, usagesOf, usagesOption, verdictLine } from "./check_host.ts";

export const command: Command = {
  words: "dane dialmx",
  arguments: "DOMAIN [MXHOST]",
  count: 1,
  optional: 1,
  network: true,
  summary: "go the way of mail to a domain, and verify its hosts with DANE",
  help: `
Goes the way that mail to a domain goes: aliases, MX records, addresses, TLSA records, a connection to port 25, STARTTLS;
for each of its hosts, or the one that is named. Tells at each step what DNSSEC says, and at the end whether the host's
certificate is one that its TLSA records name (RFC 7672). Where MX records are not signed, a host may verify and the domain
is still not protected: anybody who can forge DNS answers can name another host. Exit code 0 if the domain is protected
and every host that was looked at verifies.`,
  options: {
    ...usagesOption,
    ...ehloOption,
    port: { type: "string", value: "PORT", doc: "instead of 25, for tests", default: "25" },
    ...reachOptions,
    ...dnsOptions,
  },
  async run(args, output) {
    const [domainText = "", hostText] = args.positionals;
    const domain = domainOf(domainText);
    const only = hostText === undefined ? null : domainOf(hostText);
    const port = portOf(args.text("port") ?? "");
    const json = args.is("json");
    const tell = json ? () => {} : (line: string) => output.out(line);
    const wish = {
      startTls: true,
      ehlo: ehloOf(args),
      usages: usagesOf(args.text("usages")),
      reach: reachSettings(args),
    };
    const found = await withResolver(args, async (resolver) => {
      const { expanded, mx, hosts, why } = await mailHosts(domain, resolver);
      if (expanded !== domain) tell(`${domain} is an alias of ${expanded}`);
      tell(`${why} (${mx.security})`);
      if (only !== null && !hosts.includes(only)) tell(`${only} is none of them: no mail goes there`);
      const route = { nextHop: domain, expandedNextHop: expanded, mx, port };
      const findings: HostFinding[] = [];
      for (const host of only === null ? hosts : [only]) {
        tell("");
        findings.push(await checkHost({ host, isAddress: false }, route, wish, resolver, tell));
      }
      const verified = findings.length > 0 && findings.every((one) => one.verified);
      const isProtected = mx.security === "secure" && verified && (only === null || hosts.includes(only));
      return { domain, expanded, mx, why, hosts: findings, verified, protected: isProtected };
    });
    if (json) output.out(JSON.stringify(found));
    else conclude(found, output);
    return found.protected ? 0 : 1;
  },
};

interface Found {
  readonly domain: string;
  readonly mx: { readonly security: string };
  readonly hosts: readonly HostFinding[];
  readonly verified: boolean;
  readonly protected: boolean;
}

function conclude({ domain, mx, hosts, verified, protected: isProtected }: Found, output: Output): void {
  output.out("");
  for (const host of hosts) output.out(verdictLine(host));
  if (isProtected) output.out(`mail for ${domain} is protected by DANE`);
  else if (verified && mx.security !== "secure") {
    output.out(
      `mail for ${domain} is NOT protected by DANE: its MX records are ${mx.security}, so that only the way to the hosts ` +
        "that they happen to name is",
    );
  } else output.out(`mail for ${domain} is NOT protected by DANE`);
}
