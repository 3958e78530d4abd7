/**
 * What one check asks the DNS: counted, limited, and with the weakest DNSSEC state of all the answers. RFC 7208 4.6.4
 *
 * Tested by `check_host_test.ts`.
 *
 * @module
 */
import { type IpAddress, parseIp, printIp } from "../base/ip_address.ts";
import type { Name, RecordType } from "../dns/record.ts";
import { weaker } from "../dns/security.ts";
import type { Answer, Resolver, Security } from "../dns/resolver.ts";
import { reverseName } from "./reverse_name.ts";

/** Terms that ask the DNS, in one check. RFC 7208 4.6.4 */
export const maxLookups = 10;
/** Terms that did not match and asked for what is not there, in one check. RFC 7208 4.6.4 */
export const maxVoidLookups = 2;
/** Hosts of one `mx`; more are an error. RFC 7208 4.6.4 */
export const maxMxHosts = 10;
/** Names of one address that are looked at; more are ignored. RFC 7208 4.6.4 */
export const maxPtrNames = 10;

/** Ends a check, however deep it is in includes. */
export class Stop extends Error {
  readonly status: "temperror" | "permerror";

  constructor(status: "temperror" | "permerror", why: string) {
    super(why);
    this.status = status;
  }
}

/** The lookups of one check and of everything that it includes. */
export class Lookups {
  readonly #resolver: Resolver;
  readonly #signal: AbortSignal | undefined;
  #terms = 0;
  #voids = 0;
  #isVoid = false;
  #security: Security | null = null;

  constructor(resolver: Resolver, signal: AbortSignal | undefined) {
    this.#resolver = resolver;
    this.#signal = signal;
  }

  /** Terms that asked so far. */
  get terms(): number {
    return this.#terms;
  }

  /** The weakest of all answers; `indeterminate` if nothing was asked that could be secure. */
  get security(): Security {
    return this.#security ?? "indeterminate";
  }

  /** Counts a term that asks. @throws {Stop} If it is one too many. */
  begin(): void {
    this.#isVoid = false;
    if (this.#terms === maxLookups) {
      throw new Stop("permerror", `the records ask for more than ${maxLookups} lookups`);
    }
    this.#terms++;
  }

  /**
   * Counts a term that asked for what is not there. The limit is on terms (RFC 7208 4.6.4), not on questions: an `mx`
   * whose hosts have no IPv6 addresses is one, or many a good record would be an error for clients of IPv6.
   *
   * @throws {Stop} If it is one too many.
   */
  endWithoutMatch(): void {
    if (this.#isVoid && ++this.#voids > maxVoidLookups) {
      throw new Stop("permerror", `more than ${maxVoidLookups} terms ask for what is not there`);
    }
    this.#isVoid = false;
  }

  /** Asks; where nobody knows, the answer says so. @throws {Stop} If the check was given up. */
  async ask<T extends RecordType>(name: Name, type: T): Promise<Answer<T>> {
    const signal = this.#signal;
    const answer = await this.#resolver.lookup(name, type, signal === undefined ? {} : { signal });
    if (answer.status === "failed" && (answer.failure === "aborted" || signal?.aborted === true)) {
      throw new Stop("temperror", "the check took too long, or was given up");
    }
    this.#security = weaker(this.#security ?? answer.security, answer.security);
    return answer;
  }

  /** An answer. @throws {Stop} If nobody knows. */
  async get<T extends RecordType>(name: Name, type: T): Promise<Answer<T>> {
    const answer = await this.ask(name, type);
    if (answer.status === "failed") throw new Stop("temperror", `${type} of ${name}: ${answer.why}`);
    return answer;
  }

  /** As {@link get}, and remembers where there is nothing. */
  async getForTerm<T extends RecordType>(name: Name, type: T): Promise<Answer<T>> {
    const answer = await this.get(name, type);
    if (answer.status !== "found") this.#isVoid = true;
    return answer;
  }

  /** The names of an address that lead back to it; errors are as if there were none. RFC 7208 5.5 */
  async validatedNames(ip: IpAddress): Promise<readonly Name[]> {
    const pointers = await this.ask(reverseName(ip), "PTR");
    if (pointers.status === "noData" || pointers.status === "noSuchDomain") this.#isVoid = true;
    const names = pointers.records.slice(0, maxPtrNames).map(({ target }) => target);
    // All at once: the address's owner, a stranger to the domain, could make each of them slow.
    const areBack = await Promise.all(names.map(async (name) => {
      const answer = ip.version === 4 ? await this.ask(name, "A") : await this.ask(name, "AAAA");
      return answer.records.some(({ address }) => isAddress(address, ip));
    }));
    return names.filter((_, i) => areBack[i]);
  }

  /** What `fn` gives, with the DNSSEC state as it was if that is null: what is not used weakens nothing. */
  async tryUse<T>(fn: () => Promise<T | null>): Promise<T | null> {
    const security = this.#security;
    let used: T | null = null;
    try {
      used = await fn();
    } finally {
      if (used === null) this.#security = security;
    }
    return used;
  }
}

/** Whether the data of an A or AAAA record are this address. */
export function isAddress(text: string, ip: IpAddress): boolean {
  const found = parseIp(text);
  return found !== null && printIp(found) === printIp(ip);
}
