/**
 * MTA-STS: domains that say which hosts get their mail, and that those prove it with certificates. RFC 8461
 *
 * Nothing here opens a connection: the DNS is asked through a `Resolver`, and a `PolicyFetcher` brings policies.
 *
 * ```ts ignore
 * let decision = decide({ remembered, txt: null, fetched: null, now });
 * const txt = decision.ask === "txt" ? await lookupRecord(domain, resolver) : null;
 * if (txt !== null) decision = decide({ remembered, txt, fetched: null, now });
 * if (decision.ask === "policy") {
 *   decision = decide({ remembered, txt, fetched: await fetcher.fetchPolicy(domain), now });
 * }
 * const { allowed, why } = judgeName(decision.applies, host); // Before dialling; judgeSession() after STARTTLS.
 * ```
 *
 * @module
 */
export * from "./judge.ts";
export * from "./life.ts";
export * from "./lookup.ts";
export * from "./policy.ts";
export * from "./record.ts";
export * from "./response.ts";
