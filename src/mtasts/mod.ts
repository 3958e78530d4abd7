/**
 * MTA-STS: domains that say which hosts get their mail, and that those prove it with certificates. RFC 8461
 *
 * Nothing here opens a connection: the DNS is asked through a `Resolver`, and a `PolicyFetcher` brings policies.
 *
 * @module
 */
export * from "./judge.ts";
export * from "./life.ts";
export * from "./lookup.ts";
export * from "./policy.ts";
export * from "./record.ts";
