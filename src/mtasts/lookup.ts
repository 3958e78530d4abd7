/**
 * Asks the DNS whether a domain has an MTA-STS policy. RFC 8461 3.1
 *
 * @module
 */
import { asciiDomain } from "../address/domain.ts";
import { concat, fromLatin1 } from "../base/bytes.ts";
import { maxNameOctets } from "../dns/name.ts";
import type { Resolver, Security } from "../dns/resolver.ts";
import { claimsToBeRecord, parseRecord, type StsRecord } from "./record.ts";

/** What the DNS says. Plain data. */
export interface StsAnswer {
  /**
   * - `found`: there is one good record.
   * - `none`: there is none, or several, or it breaks the grammar: all of these mean none (RFC 8461 3.1).
   * - `failed`: nobody knows for now.
   */
  readonly status: "found" | "none" | "failed";
  /** Null unless found. */
  readonly record: StsRecord | null;
  readonly security: Security;
  /** One sentence. */
  readonly why: string;
}

/** Most TXT records of one name that are looked at. */
export const maxTxtRecords = 50;

/**
 * Looks the record of a policy domain up: the next hop's, which is the recipient's domain or a smart host, and never a
 * domain above it (RFC 8461 3.4). An alias is followed (8.2).
 *
 * @param domain In normal form. Address literals have no policy.
 */
export async function lookupRecord(
  domain: string,
  resolver: Resolver,
  signal?: AbortSignal,
): Promise<StsAnswer> {
  if (domain.startsWith("[")) return none("an address has no policy", "indeterminate");
  const name = `_mta-sts.${asciiDomain(domain)}.`;
  if (name.length >= maxNameOctets) return none("the name to ask for is too long", "indeterminate");
  const answer = await resolver.lookup(name, "TXT", signal === undefined ? {} : { signal });
  const { security } = answer;
  if (answer.status === "failed") return { status: "failed", record: null, security, why: answer.why };
  const texts = answer.records.slice(0, maxTxtRecords).map(({ strings }) => fromLatin1(concat(strings)));
  const [text, ...more] = texts.filter(claimsToBeRecord);
  if (text === undefined) return none(`${domain} has no MTA-STS record`, security);
  if (more.length > 0) return none(`${domain} has several MTA-STS records, which counts as none`, security);
  try {
    const record = parseRecord(text);
    return { status: "found", record, security, why: `${domain} has the MTA-STS policy ${record.id}` };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return none(`the MTA-STS record of ${domain} counts as none: ${error.message}`, security);
  }
}

function none(why: string, security: Security): StsAnswer {
  return { status: "none", record: null, security, why };
}
