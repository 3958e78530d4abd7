/**
 * Where a domain's mail goes, for commands that look: the same hosts as the queue would try, with words for people.
 *
 * Tested by `tests/scenarios/tls_commands_test.ts`.
 *
 * @module
 */
import { asciiDomain } from "../address/domain.ts";
import type { Resolver, Security } from "../dns/resolver.ts";
import { expandedDomain, planHosts } from "../queue/runner/hosts.ts";

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
  const answer = await resolver.lookup(`${asciiDomain(domain)}.`, "MX");
  const expanded = expandedDomain(domain, answer);
  const mx = { found: answer.status === "found", security: answer.security };
  const plan = planHosts(domain, answer, () => 0); // Equal ones in the order of the answer.
  if (plan.kind === "nowhere") return { expanded, mx, hosts: [], why: plan.verdict.text };
  const { hosts } = plan;
  const why = mx.found
    ? `the MX records of ${domain} name ${hosts.join(", ")}`
    : `there are no MX records, so ${expanded} itself takes its mail`;
  return { expanded, mx, hosts, why };
}
