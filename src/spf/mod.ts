/**
 * SPF (RFC 7208, RFC 8616), and reverse names of addresses (RFC 8601 3).
 *
 * @module
 */
export * from "./check_host.ts";
export * from "./iprev.ts";
export * from "./macro.ts";
export * from "./received_spf.ts";
export * from "./record.ts";
export * from "./reverse_name.ts";
