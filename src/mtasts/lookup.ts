/**
 * Asks the DNS whether a domain has an MTA-STS policy. RFC 8461 3.1
 *
 * @module
 */
import { lookupOnlyText, type OnlyText, type TextKind } from "../dns/only_text.ts";
import type { Resolver } from "../dns/resolver.ts";
import { claimsToBeRecord, parseRecord, type StsRecord } from "./record.ts";

/** What the DNS says. Plain data. */
export type StsAnswer = OnlyText<StsRecord>;

const kind: TextKind<StsRecord> = {
  word: "MTA-STS",
  prefix: "_mta-sts.",
  claims: claimsToBeRecord,
  parse: parseRecord,
  found: (domain, { id }) => `${domain} has the MTA-STS policy ${id}`,
};

/**
 * Looks the record of a policy domain up: the next hop's, which is the recipient's domain or a smart host, and never a
 * domain above it (RFC 8461 3.4). An alias is followed (8.2).
 *
 * @param domain In normal form. Address literals have no policy.
 */
export function lookupRecord(domain: string, resolver: Resolver, signal?: AbortSignal): Promise<StsAnswer> {
  return lookupOnlyText(kind, domain, resolver, signal);
}
