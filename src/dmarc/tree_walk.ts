/**
 * The DNS Tree Walk, which finds DMARC Policy Records from a domain upwards, and from them the Organizational
 * Domain: the topmost domain of the same owner. RFC 9989 4.10
 *
 * No list of public suffixes takes part. At most eight names are asked for, however long the domain is, one after
 * the other, as what is found may end the walk. Walks of one message share their answers: that of
 * `mail.example.org` costs one question more than that of `example.org`.
 *
 * @module
 */
import { asciiDomain, maxDomainOctets } from "../address/domain.ts";
import { concat, fromLatin1 } from "../base/bytes.ts";
import { sameName } from "../dns/name.ts";
import type { Answer, Resolver, Security } from "../dns/resolver.ts";
import { type DmarcRecord, parseRecord } from "./record.ts";

/** Questions of one walk. RFC 9989 4.10 */
export const maxWalkQueries = 8;

/** What stands at one domain on the way. */
export interface WalkStep {
  /** In normal form. */
  readonly domain: string;
  /** The single record there, or null. */
  readonly record: DmarcRecord | null;
  /** `several`: records of which none counts; `failed`: nobody knows, and the walk ends here. */
  readonly outcome: "record" | "none" | "several" | "failed";
  /** The DNS knows a name below the domain, so the domain exists (RFC 8020). False proves nothing. */
  readonly existenceProved: boolean;
  readonly security: Security;
  /** One sentence. */
  readonly why: string;
}

/** A walk from a domain to the root, or to where it ends before. */
export interface Walk {
  /** Where it began. */
  readonly domain: string;
  /** From the domain upwards; at least one. */
  readonly steps: readonly WalkStep[];
}

/** The domains whose records a walk looks at, if nothing ends it. RFC 9989 4.10, steps 3 to 7 */
export function walkDomains(domain: string): string[] {
  const labels = domain.split(".");
  const domains = [domain];
  let left = Math.min(labels.length - 1, maxWalkQueries - 1);
  for (; left > 0; left--) domains.push(labels.slice(-left).join("."));
  return domains;
}

/** Walks for one message. */
export class TreeWalker {
  readonly #resolver: Resolver;
  readonly #options: { readonly signal?: AbortSignal };
  readonly #steps = new Map<string, Promise<WalkStep>>();

  constructor(resolver: Resolver, signal?: AbortSignal) {
    this.#resolver = resolver;
    this.#options = signal === undefined ? {} : { signal };
  }

  /** @param domain In normal form. */
  async walk(domain: string): Promise<Walk> {
    const steps: WalkStep[] = [];
    for (const one of walkDomains(domain)) {
      const step = await this.#step(one);
      steps.push(step);
      // RFC 9989 4.10, steps 2 and 6
      if (step.outcome === "failed" || step.record !== null && step.record.psd !== "u") break;
    }
    return { domain, steps };
  }

  /**
   * Whether a domain exists, by one more question; null if nobody knows. RFC 9989 3.2.13, A.4
   *
   * @param domain In normal form.
   */
  async exists(domain: string): Promise<boolean | null> {
    const answer = await this.#resolver.lookup(`${asciiDomain(domain)}.`, "A", this.#options);
    return answer.status === "failed" ? null : !isMissing(answer);
  }

  #step(domain: string): Promise<WalkStep> {
    let step = this.#steps.get(domain);
    if (step === undefined) this.#steps.set(domain, step = this.#ask(domain));
    return step;
  }

  async #ask(domain: string): Promise<WalkStep> {
    const name = `_dmarc.${asciiDomain(domain)}.`;
    if (name.length > maxDomainOctets) {
      const why = `${domain} is too long for a name below it`;
      return { domain, record: null, outcome: "none", existenceProved: false, security: "secure", why };
    }
    return readStep(domain, await this.#resolver.lookup(name, "TXT", this.#options));
  }
}

/** RFC 9989 4.10, steps 2 and 6: of several records none counts. */
function readStep(domain: string, answer: Answer<"TXT">): WalkStep {
  const { status, security } = answer;
  const isKnown = status !== "failed" && !isMissing(answer);
  const step = { domain, record: null, existenceProved: isKnown, security } as const;
  if (status === "failed") {
    const why = `the record of ${domain} could not be looked up (${answer.failure}): ${answer.why}`;
    return { ...step, outcome: "failed", why };
  }
  const records = answer.records.slice(0, maxRecords).map((data) =>
    parseRecord(fromLatin1(concat(data.strings)))
  ).filter((record) => record !== null);
  const [record] = records;
  if (record === undefined) return { ...step, outcome: "none", why: `${domain} has no record` };
  if (records.length > 1) {
    return { ...step, outcome: "several", why: `${domain} has several records, of which none counts` };
  }
  return { ...step, record, outcome: "record", why: `${domain} has a record` };
}

/** Whether the name itself does not exist; one that is an alias does, wherever it leads. RFC 6604 3 */
function isMissing({ name, status, canonicalName }: Answer): boolean {
  return status === "noSuchDomain" && sameName(name, canonicalName);
}

/** Most TXT records of one name that are looked at; other texts stand there too. */
const maxRecords = 50;

/**
 * The Organizational Domain of the domain that was walked from; null if a failure keeps it unknown.
 * RFC 9989 4.10.2
 */
export function organizationalDomain({ domain, steps }: Walk): string | null {
  if (steps.some((step) => step.outcome === "failed")) return null;
  const last = steps.findLast((step) => step.record !== null);
  if (last === undefined) return domain;
  // Only the last can have a mark, as it ends the walk. Below the domain itself there is nothing but itself.
  if (last.record?.psd === "y") return domainBelow(last.domain, domain);
  return last.domain;
}

/** The domain of one label more than `above`, on the way down to `domain`. */
function domainBelow(above: string, domain: string): string {
  const labels = domain.split(".");
  return labels.slice(-(above.split(".").length + 1)).join(".");
}
