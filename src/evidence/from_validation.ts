/**
 * How sure it is that a message is of its author's domain, whatever that domain asks of DMARC: reputation needs to know
 * it of every message, and most domains ask for nothing.
 *
 * @module
 */
import { isSameOrganization, type PublicSuffixes } from "../address/public_suffix.ts";
import type { DkimEvidence, Evidence, SpfEvidence } from "./evidence.ts";

/** @param author The domain of the single author, in normal form. */
export function validationOf(
  author: string,
  spf: SpfEvidence,
  dkim: readonly DkimEvidence[],
  dmarcStatus: string,
  suffixes: PublicSuffixes,
): Evidence["validation"] {
  const confirmed = confirmedDomains(spf, dkim);
  if (confirmed.includes(author)) return "strict";
  if (dmarcStatus === "pass") return "dmarc";
  return confirmed.some((domain) => isSameOrganization(domain, author, suffixes)) ? "relaxed" : "none";
}

/** The domains that sent the message or signed all of it. */
export function confirmedDomains(spf: SpfEvidence, dkim: readonly DkimEvidence[]): string[] {
  const domains: string[] = [];
  if (spf.status === "pass") domains.push(spf.domain);
  for (const { status, domain, lengthLimited } of dkim) {
    if (status === "pass" && domain !== null && !lengthLimited) domains.push(domain);
  }
  return domains;
}
