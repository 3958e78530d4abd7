/**
 * ARC: chains of what each handler of a message found. RFC 8617
 *
 * @module
 */
export * from "./message_verifier.ts";
export * from "./seal.ts";
export * from "./sets.ts";
export * from "./verify.ts";
