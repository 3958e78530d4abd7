/**
 * Asks the DNS where a domain wants its TLS reports. RFC 8460 3
 *
 * Tested by `src/tlsrpt/record_test.ts`
 *
 * @module
 */
import { asciiDomain } from "../address/domain.ts";
import { concat, fromLatin1 } from "../base/bytes.ts";
import { maxNameOctets } from "../dns/name.ts";
import type { Resolver, Security } from "../dns/resolver.ts";
import { claimsToBeRecord, parseRecord, type TlsrptRecord } from "./record.ts";

/** What the DNS says. Plain data. */
export interface TlsrptAnswer {
  /**
   * - `found`: there is one good record.
   * - `none`: there is none, or several, or it breaks the grammar.
   * - `failed`: nobody knows for now.
   */
  readonly status: "found" | "none" | "failed";
  /** Null unless found. */
  readonly record: TlsrptRecord | null;
  readonly security: Security;
  /** One sentence. */
  readonly why: string;
}

/** Most TXT records of one name that are looked at. */
export const maxTxtRecords = 50;

/**
 * Looks the record of a policy domain up: a recipient's domain (MTA-STS, or no policy), or a TLSA base domain (DANE).
 *
 * @param domain In normal form. Address literals have none.
 */
export async function lookupRecord(
  domain: string,
  resolver: Resolver,
  signal?: AbortSignal,
): Promise<TlsrptAnswer> {
  if (domain.startsWith("[")) return none("an address wants no reports", "indeterminate");
  const name = `_smtp._tls.${asciiDomain(domain)}.`;
  if (name.length >= maxNameOctets) return none("the name to ask for is too long", "indeterminate");
  const answer = await resolver.lookup(name, "TXT", signal === undefined ? {} : { signal });
  const { security } = answer;
  if (answer.status === "failed") return { status: "failed", record: null, security, why: answer.why };
  const texts = answer.records.slice(0, maxTxtRecords).map(({ strings }) => fromLatin1(concat(strings)));
  const [text, ...more] = texts.filter(claimsToBeRecord);
  if (text === undefined) return none(`${domain} has no TLSRPT record`, security);
  if (more.length > 0) return none(`${domain} has several TLSRPT records, which counts as none`, security);
  try {
    return { status: "found", record: parseRecord(text), security, why: `${domain} wants TLS reports` };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return none(`the TLSRPT record of ${domain} counts as none: ${error.message}`, security);
  }
}

function none(why: string, security: Security): TlsrptAnswer {
  return { status: "none", record: null, security, why };
}
