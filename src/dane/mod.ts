/**
 * DANE for SMTP: certificates published in the DNS, and proved by DNSSEC. RFC 6698, RFC 7671, RFC 7672
 *
 * `planDane` says how to connect to a host, `verifyDane` whether who is there is who should be, and `makeRecord` makes
 * what to publish.
 *
 * @module
 */
export * from "./make_record.ts";
export * from "./plan.ts";
export * from "./records.ts";
export * from "./verify.ts";
