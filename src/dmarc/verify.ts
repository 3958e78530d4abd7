/**
 * DMARC of one message, with the questions that it takes. RFC 9989 5.3
 *
 * @module
 */
import { discover, type Discovery } from "./discovery.ts";
import {
  type DkimIdentifier,
  type DmarcResult,
  domainsToWalk,
  evaluate,
  type SpfIdentifier,
} from "./evaluate.ts";
import { organizationalDomain, TreeWalker } from "./tree_walk.ts";
import type { Resolver } from "../dns/resolver.ts";

/** Verifies one Author Domain: begins with its header field, ends when SPF and DKIM are known. */
export class DmarcVerifier {
  readonly #walker: TreeWalker;
  readonly #discovery: Promise<Discovery>;

  /**
   * Begins to look for the record at once.
   *
   * @param domain The Author Domain, in normal form.
   * @param walker Shared by the Author Domains of one message.
   * @param discovery If it is known already, or on its way.
   */
  constructor(domain: string, walker: TreeWalker, discovery = discover(domain, walker)) {
    this.#walker = walker;
    this.#discovery = discovery;
    this.#discovery.catch(() => {}); // Whoever finishes gets the error; nobody may.
  }

  /** @param spf Of MAIL FROM; null if it was not checked. */
  async finish(spf: SpfIdentifier | null, dkim: readonly DkimIdentifier[]): Promise<DmarcResult> {
    const discovery = await this.#discovery;
    const known = { discovery, spf, dkim };
    const walked = await Promise.all(
      domainsToWalk(known).map(async (domain) =>
        [domain, organizationalDomain(await this.#walker.walk(domain))] as const
      ),
    );
    return evaluate({ ...known, organizations: new Map(walked) });
  }
}

/** The same in one call. @param domain The Author Domain, in normal form. */
export function verifyDmarc(
  domain: string,
  spf: SpfIdentifier | null,
  dkim: readonly DkimIdentifier[],
  resolver: Resolver,
  signal?: AbortSignal,
): Promise<DmarcResult> {
  return new DmarcVerifier(domain, new TreeWalker(resolver, signal)).finish(spf, dkim);
}
