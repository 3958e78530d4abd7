/**
 * Mail addresses: reading, printing, comparing. RFC 5321, RFC 5890, RFC 6531
 *
 * @module
 */
export * from "./address.ts";
export * from "./domain.ts";
export * from "./localpart.ts";
export * from "./mailbox.ts";
export * from "./public_suffix.ts";
