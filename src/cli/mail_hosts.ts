/**
 * The hosts that take a domain's mail, for commands that look at them. RFC 5321 5.1
 *
 * Tested by `tests/scenarios/tls_commands_test.ts`.
 *
 * @module
 */
import { asciiDomain, normalForm } from "../address/domain.ts";
import type { Name } from "../dns/record.ts";
import type { Resolver, Security } from "../dns/resolver.ts";

/** Most hosts that are looked at. */
export const maxMailHosts = 10;

export interface MailHosts {
  /** Where the domain's aliases lead, in normal form. */
  readonly expanded: string;
  /** What DNSSEC says of the MX records and the aliases before them, and whether there are any. */
  readonly mx: { readonly found: boolean; readonly security: Security };
  /** The most wanted first, each in normal form; without MX records the domain itself. */
  readonly hosts: readonly string[];
  /** One sentence. */
  readonly why: string;
}

/** Looks them up. @param domain In normal form. */
export async function mailHosts(domain: string, resolver: Resolver): Promise<MailHosts> {
  const { status, records, security, canonicalName, why } = await resolver.lookup(
    `${asciiDomain(domain)}.`,
    "MX",
  );
  const expanded = hostName(canonicalName) ?? domain;
  const mx = { found: status === "found", security };
  if (status === "failed") {
    return { expanded, mx, hosts: [], why: `the MX records could not be looked up: ${why}` };
  }
  if (status === "noSuchDomain") return { expanded, mx, hosts: [], why: `${expanded} does not exist` };
  if (status === "noData") {
    return {
      expanded,
      mx,
      hosts: [expanded],
      why: `there are no MX records, so ${expanded} itself takes its mail`,
    };
  }
  const sorted = records.toSorted((a, b) => a.preference - b.preference);
  const hosts = [...new Set(sorted.flatMap(({ exchange }) => hostName(exchange) ?? []))].slice(
    0,
    maxMailHosts,
  );
  if (hosts.length === 0) { // RFC 7505 3
    const isNull = records.length === 1 && records[0]?.exchange === ".";
    return {
      expanded,
      mx,
      hosts,
      why: isNull ? `${domain} takes no mail (null MX)` : "no MX record names a host",
    };
  }
  return { expanded, mx, hosts, why: `the MX records of ${domain} name ${hosts.join(", ")}` };
}

/** Null for what can be no host; underscores are in use all the same. */
function hostName(name: Name): string | null {
  return normalForm(name.replace(/\.$/, ""), { underscore: true });
}
