/**
 * TLS reports: telling domains how TLS with their mail servers went. RFC 8460
 *
 * @module
 */
export * from "./lookup.ts";
export * from "./record.ts";
export * from "./report.ts";
export * from "./results.ts";
