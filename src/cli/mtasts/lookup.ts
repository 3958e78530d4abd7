/**
 * `mtasts lookup`: a domain's MTA-STS record and policy, and what they mean for its hosts.
 *
 * Tested by `tests/scenarios/tls_commands_test.ts`.
 *
 * @module
 */
import { asciiDomain } from "../../address/domain.ts";
import type { Resolver } from "../../dns/resolver.ts";
import { judgeName } from "../../mtasts/judge.ts";
import { lookupRecord } from "../../mtasts/lookup.ts";
import { type Policy, policyLines, policyUrl } from "../../mtasts/policy.ts";
import { printRecord } from "../../mtasts/record.ts";
import { CheckedDialer } from "../../net/checked_dialer.ts";
import { HttpsPolicyFetcher } from "../../net/policy_fetcher.ts";
import { systemClock } from "../../net/system_clock.ts";
import type { Arguments, Command, Output } from "../command.ts";
import { domainOf } from "../dmarc/lookup.ts";
import { dnsOptions, withResolver } from "../dns/resolver.ts";
import { mailHosts } from "../mail_hosts.ts";
import { portOf } from "../reach.ts";
import { trustedBy, trustOption } from "../trust.ts";

export const command: Command = {
  words: "mtasts lookup",
  arguments: "DOMAIN",
  count: 1,
  network: true,
  summary: "look up a domain's MTA-STS policy, and what it means for its hosts",
  help: `
Looks up the TXT record that says whether a domain has an MTA-STS policy (RFC 8461), fetches the policy over HTTPS from
mta-sts.DOMAIN as the server does (one minute, no redirects, a certificate valid for that name, and no address inside of a
network), and says what it means: which of the domain's hosts may get its mail, and what happens to others. The server keeps a
policy for its max_age, whatever the DNS says later, so that whoever can forge DNS answers cannot take it away. Exit code
1 if there is no policy, or if it leaves out a host that the domain's MX records name.`,
  options: {
    ...trustOption,
    port: { type: "string", value: "PORT", doc: "ask the policy host on this port", default: "443" },
    loopback: { type: "boolean", doc: "ask a policy host on this machine too" },
    ...dnsOptions,
  },
  async run(args, output) {
    const domain = domainOf(args.positionals[0] ?? "");
    const trusted = await trustedBy(args);
    const found = await withResolver(args, (resolver) => look(domain, resolver, args, trusted));
    if (args.is("json")) output.out(JSON.stringify(found));
    else print(found, output);
    return found.policy !== null && found.hosts.every(({ allowed }) => allowed) ? 0 : 1;
  },
};

interface Found {
  readonly domain: string;
  readonly record: {
    readonly status: string;
    readonly id: string | null;
    readonly security: string;
    readonly why: string;
  };
  /** As published; null without. */
  readonly text: string | null;
  readonly url: string | null;
  readonly policy: Policy | null;
  /** Why there is no policy, of those who tried to fetch one. */
  readonly failure: string | null;
  readonly why: string;
  readonly hosts: readonly { readonly host: string; readonly allowed: boolean; readonly why: string }[];
}

async function look(
  domain: string,
  resolver: Resolver,
  args: Arguments,
  trusted: readonly string[] | undefined,
): Promise<Found> {
  const { status, record, security, why } = await lookupRecord(domain, resolver);
  const none: Found = {
    domain,
    record: { status, id: record?.id ?? null, security, why },
    text: record === null ? null : printRecord(record),
    url: null,
    policy: null,
    failure: null,
    why,
    hosts: [],
  };
  if (record === null) return none;
  const fetcher = new HttpsPolicyFetcher({
    dialer: new CheckedDialer({ resolver, clock: systemClock, allowLoopback: args.is("loopback") }),
    clock: systemClock,
    port: portOf(args.text("port") ?? ""),
    ...(trusted === undefined ? {} : { trusted }),
  });
  const url = policyUrl(asciiDomain(domain));
  const fetched = await fetcher.fetchPolicy(domain);
  if (!fetched.ok) return { ...none, url, failure: fetched.failure, why: fetched.why };
  const { policy } = fetched;
  const { hosts } = await mailHosts(domain, resolver);
  const verdicts = hosts.map((host) => {
    // Whether a name is named does not depend on the mode; a mode of none names nobody and asks for nothing.
    const { fault, why } = judgeName(policy, host);
    return { host, allowed: fault === null, why };
  });
  return { ...none, url, policy, why: meaning(domain, policy), hosts: verdicts };
}

function meaning(domain: string, { mode, mx, maxAgeSeconds }: Policy): string {
  const kept = `it is kept for ${duration(maxAgeSeconds)}`;
  const hosts = mx.length > shownPatterns
    ? `${mx.slice(0, shownPatterns).join(", ")} and ${mx.length - shownPatterns} more`
    : mx.join(", ");
  switch (mode) {
    case "none":
      return `${domain} asks for nothing (any more); ${kept}`;
    case "testing":
      return `mail for ${domain} should go to ${hosts} alone, over TLS with a certificate for that name; the policy is only in ` +
        `test: mail goes out either way, and whoever sends TLS reports tells of what failed; ${kept}`;
    case "enforce":
      return `mail for ${domain} goes to ${hosts} alone, over TLS with a certificate for that name, or not at all; ${kept}`;
  }
}

const shownPatterns = 10;

function duration(seconds: number): string {
  if (seconds < 7200) return `${seconds} s`;
  return seconds < 2 * 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} days`;
}

function print({ domain, record, text, url, policy, failure, why, hosts }: Found, output: Output): void {
  if (text === null) return output.out(`mtasts: ${record.status} (${record.security}): ${why}`);
  output.out(`_mta-sts.${asciiDomain(domain)} TXT (${record.security}): ${text}`);
  output.out(`${url}:`);
  if (policy === null) return output.out(`  no policy (${failure}): ${why}`);
  for (const line of policyLines(policy)) output.out(`  ${line}`);
  output.out(`This means: ${why}.`);
  for (const { host, why } of hosts) output.out(`  ${host}: ${why}`);
}
