/**
 * SASL mechanisms as pure values and small state machines, both sides of each. RFC 4422
 *
 * @module
 */
export * from "./cram_md5.ts";
export * from "./external.ts";
export * from "./login.ts";
export * from "./plain.ts";
export * from "./precis.ts";
export * from "./scram.ts";
export * from "./scram_message.ts";
export * from "./secrets.ts";
