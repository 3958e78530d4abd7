/**
 * Which hosts take a domain's mail, in which order, and what DNSSEC says of that. RFC 5321 5.1, RFC 7505, RFC 7672 2.2
 *
 * A domain that does not exist is no domain that does not answer: its mail comes back at once, not after a day.
 *
 * @module
 */
import { asciiDomain, normalForm } from "../../address/domain.ts";
import { parseIp, printIp } from "../../base/ip_address.ts";
import { nameForPeople } from "../../dns/name.ts";
import type { DataByType, Name } from "../../dns/record.ts";
import type { Answer, Resolver, Security } from "../../dns/resolver.ts";
import { ownVerdict, type Verdict } from "./verdict.ts";

/** Hosts of one domain that are tried. RFC 5321 5.1 allows a limit of at least two. */
export const maxHosts = 10;

/** Where to go. */
export interface HostPlan {
  readonly kind: "hosts";
  /** The recipients' domain, in normal form, or an address literal. */
  readonly domain: string;
  /** Where its aliases lead, in normal form. */
  readonly expanded: string;
  /** The answer to the question for MX records; null of an address literal. */
  readonly mx: { readonly found: boolean; readonly security: Security } | null;
  /** In the order in which they are tried; domains in normal form, or one address. */
  readonly hosts: readonly string[];
}

/** Nowhere. */
export interface NoHosts {
  readonly kind: "nowhere";
  readonly verdict: Verdict;
}

/** Finds them. @param random From 0 to 1, 1 excluded. */
export async function findHosts(
  domain: string,
  resolver: Resolver,
  random: () => number,
  signal?: AbortSignal,
): Promise<HostPlan | NoHosts> {
  if (domain.startsWith("[")) return literal(domain);
  const options = signal === undefined ? {} : { signal };
  return planHosts(domain, await resolver.lookup(`${asciiDomain(domain)}.`, "MX", options), random);
}

/** What the answer to the question for MX records means. */
export function planHosts(domain: string, answer: Answer<"MX">, random: () => number): HostPlan | NoHosts {
  const expanded = expandedDomain(domain, answer);
  switch (answer.status) {
    case "failed":
      return nowhere("temporary", "4.4.3", failureWords(domain, answer)); // RFC 3463 3.5
    case "noSuchDomain":
      return nowhere(
        "permanent",
        "5.1.2", // RFC 3463 3.2
        expanded === domain
          ? `the domain ${domain} does not exist`
          : `the domain ${domain} leads to ${expanded}, which does not exist`,
      );
    case "noData": { // RFC 5321 5.1: the implicit MX
      const mx = { found: false, security: answer.security };
      return { kind: "hosts", domain, expanded, mx, hosts: [expanded] };
    }
    case "found": {
      if (answer.records.length === 1 && answer.records[0]?.exchange === ".") {
        return nowhere("permanent", "5.1.10", `the domain ${domain} takes no mail (null MX, RFC 7505)`);
      }
      const hosts = inOrder(answer.records, random).flatMap(({ exchange }) => hostName(exchange) ?? []);
      if (hosts.length === 0) {
        return nowhere(
          "permanent",
          "5.4.4", // RFC 3463 3.5
          `no MX record of ${domain} names a host`,
        );
      }
      const mx = { found: true, security: answer.security };
      return { kind: "hosts", domain, expanded, mx, hosts: [...new Set(hosts)].slice(0, maxHosts) };
    }
  }
}

/** Where the domain's aliases lead, in normal form. */
export function expandedDomain(domain: string, { canonicalName }: Pick<Answer, "canonicalName">): string {
  return hostName(canonicalName) ?? domain;
}

/** RFC 5321 5.1: the least preference first, equal ones in any order, to spread the load. */
function inOrder(
  records: readonly DataByType["MX"][],
  random: () => number,
): readonly DataByType["MX"][] {
  return records.map((record) => ({ record, place: random() }))
    .sort((a, b) => a.record.preference - b.record.preference || a.place - b.place)
    .map(({ record }) => record);
}

/** Underscores are no letters of host names, and in use all the same. */
function hostName(name: Name): string | null {
  return normalForm(name.replace(/\.$/, ""), { underscore: true });
}

/** RFC 5321 4.1.3 */
function literal(domain: string): HostPlan | NoHosts {
  const ip = parseIp(domain.slice(1, -1).replace(/^IPv6:/i, ""));
  if (ip === null) return nowhere("permanent", "5.1.3", `${domain} is no address that mail can be sent to`);
  return { kind: "hosts", domain, expanded: domain, mx: null, hosts: [printIp(ip)] };
}

/** Why a question has no answer; a forged one is not "no answer". */
export function failureWords(
  what: string,
  { type, failure, why, name }: Pick<Answer, "type" | "failure" | "why" | "name">,
): string {
  const question = `the ${type} records of ${what === "" ? nameForPeople(name) : what}`;
  switch (failure) {
    case "bogus":
      return `${question} are signed wrongly (DNSSEC), so they are not used: ${why}`;
    case "timeout":
      return `no name server answered in time for ${question}: ${why}`;
    case "aliases":
      return `${question} cannot be found: ${why}`;
    default:
      return `${question} could not be looked up: ${why}`;
  }
}

function nowhere(outcome: "temporary" | "permanent", status: string, text: string): NoHosts {
  return { kind: "nowhere", verdict: ownVerdict(outcome, status, text) };
}
