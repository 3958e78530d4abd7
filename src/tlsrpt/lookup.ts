/**
 * Asks the DNS where a domain wants its TLS reports. RFC 8460 3
 *
 * Tested by `src/tlsrpt/record_test.ts`
 *
 * @module
 */
import { lookupOnlyText, type OnlyText, type TextKind } from "../dns/only_text.ts";
import type { Resolver } from "../dns/resolver.ts";
import { claimsToBeRecord, parseRecord, type TlsrptRecord } from "./record.ts";

/** What the DNS says. Plain data. */
export type TlsrptAnswer = OnlyText<TlsrptRecord>;

const kind: TextKind<TlsrptRecord> = {
  word: "TLSRPT",
  prefix: "_smtp._tls.",
  claims: claimsToBeRecord,
  parse: parseRecord,
  found: (domain) => `${domain} wants TLS reports`,
};

/**
 * Looks the record of a policy domain up: a recipient's domain (MTA-STS, or no policy), or a TLSA base domain (DANE).
 *
 * @param domain In normal form. Address literals have none.
 */
export function lookupRecord(
  domain: string,
  resolver: Resolver,
  signal?: AbortSignal,
): Promise<TlsrptAnswer> {
  return lookupOnlyText(kind, domain, resolver, signal);
}
