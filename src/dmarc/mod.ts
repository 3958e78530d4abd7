/**
 * DMARC: what a domain wants done with mail in its name that is not its own. RFC 9989, RFC 9990 4, RFC 9991 5
 *
 * @module
 */
export * from "./discovery.ts";
export * from "./evaluate.ts";
export * from "./record.ts";
export * from "./report_addresses.ts";
export * from "./report_uri.ts";
export * from "./tree_walk.ts";
export * from "./verify.ts";
