/**
 * Which domains belong together, as the Public Suffix List has it: the interface alone.
 *
 * Only for reputation, and for what DKIM leaves to the verifier (RFC 6376 6.1.1): DMARC asks the DNS itself
 * (RFC 9989 4.10). The list is data that changes weekly; who has it hands it in.
 *
 * Tested by `src/evidence/public_suffix_list_test.ts`.
 *
 * @module
 */

/** The list. Domains are in normal form, here and in answers. */
export interface PublicSuffixes {
  /**
   * Whether it is a registry's, below which others have their domains, as `com` and `co.uk`. Not so the domain of a
   * company that lets its customers use names below it: it sends and signs mail of its own.
   */
  isPublicSuffix(domain: string): boolean;
  /** The domain of one label more than its public suffix, a company's too; null for a public suffix itself. */
  organizationalDomain(domain: string): string | null;
}

/** Whether two domains are of one organization; a public suffix is only of its own. */
export function isSameOrganization(a: string, b: string, suffixes: PublicSuffixes): boolean {
  if (a === b) return true;
  const organization = suffixes.organizationalDomain(a);
  return organization !== null && organization === suffixes.organizationalDomain(b);
}
