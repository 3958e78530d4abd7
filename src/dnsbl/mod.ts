/**
 * DNS blocklists (RFC 5782).
 *
 * @module
 */
export * from "./lookup.ts";
