/**
 * LIMITS: what a server will take, told before it is tried. RFC 9422
 *
 * @module
 */

/** Limits in the registry; null where the server names none. RFC 9422 4 */
export interface Limits {
  /** MAIL commands on one connection. */
  readonly mailMax: number | null;
  /** Recipients of one transaction. */
  readonly rcptMax: number | null;
  /** Domains among the recipients of one connection. */
  readonly rcptDomainMax: number | null;
}

/** The value of EHLO's keyword LIMITS. */
export function printLimits(limits: Limits): string {
  const words: string[] = [];
  if (limits.mailMax !== null) words.push(`MAILMAX=${limits.mailMax}`);
  if (limits.rcptMax !== null) words.push(`RCPTMAX=${limits.rcptMax}`);
  if (limits.rcptDomainMax !== null) words.push(`RCPTDOMAINMAX=${limits.rcptDomainMax}`);
  return words.join(" ");
}

/** Reads what follows LIMITS. Unknown names and values that cannot be right are passed over. RFC 9422 3 */
export function parseLimits(text: string): Limits {
  const found = new Map<string, number>();
  for (const word of text.split(" ")) {
    const match = /^([A-Za-z0-9_-]+)=([1-9][0-9]{0,5})$/.exec(word);
    if (match?.[1] !== undefined) found.set(match[1].toUpperCase(), Number(match[2]));
  }
  return {
    mailMax: found.get("MAILMAX") ?? null,
    rcptMax: found.get("RCPTMAX") ?? null,
    rcptDomainMax: found.get("RCPTDOMAINMAX") ?? null,
  };
}
